//! The provider as a relying party of others, good and malicious ones: point 65, attacks 14, 26
//! and 27.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use siegel_crypto::{b64, sha256};
use url::Url;

use crate::elsewhere::{Land, Visit, hrefs};
use crate::forge;
use crate::house::House;
use crate::person::{Browser, Landing, text};
use crate::rp::{Rp, Tokens, fresh, now};
use crate::seed;
use crate::trail::Trail;

cases! {
    a_log_in_elsewhere_counts_by_the_table_and_never_above_the_cap;
    an_answer_from_elsewhere_is_checked_in_full =
        "oidcc-client-test-invalid-aud", "oidcc-client-test-missing-iat", "oidcc-client-test-invalid-iss",
        "oidcc-client-test-missing-sub", "oidcc-client-test-nonce-invalid",
        "oidcc-client-test-idtoken-sig-none";
    an_answer_belongs_to_the_browser_and_provider_it_was_asked_of;
    an_answer_from_elsewhere_is_good_once;
    a_failure_elsewhere_leaves_a_way_back;
    an_address_confirmed_elsewhere_takes_no_account_over;
    an_account_elsewhere_is_linked_only_with_proof_of_both;
    a_recycled_account_elsewhere_is_not_its_former_holders;
}

async fn a_log_in_elsewhere_counts_by_the_table_and_never_above_the_cap(
    house: &House,
) -> anyhow::Result<()> {
    let land = Land::open(house, "land")?;
    for (acr, level) in [
        (json!("loa-low"), 2),
        (json!("loa-sub"), 3),
        // Above the cap, and what nobody agreed on.
        (json!("loa-high"), 3),
        (json!("http://eidas.europa.eu/LoA/high"), 1),
        (json!("high"), 1),
        (Value::Null, 1),
    ] {
        let visit = Visit::begin(house).await?;
        let bend = |claims: &mut Value| {
            claims["acr"] = acr.clone();
            claims["trust_level"] = json!(4);
        };
        let landing = land.log_in(&visit, &fresh()?, bend).await?;
        let claims = visit.tokens(landing).await?.claims()?;
        ensure!(claims["trust_level"] == level, "{acr}: {claims}");
        let sub = claims["sub"].as_str().unwrap_or_default();
        ensure!(!sub.contains("land"), "where somebody has an account is told: {sub}");
    }
    // Asked for more than the cap, the client does not get it in silence.
    let rp = Rp::new(house, "federating")?;
    let claims = r#"{"id_token":{"acr":{"essential":true,"value":"high"}}}"#;
    let request = rp.request()?.with("claims", claims);
    let browser = Browser::new(house)?;
    let page = rp.silently(&request, &browser).await?.page()?;
    let offered = hrefs(&page.html).iter().any(|href| href.contains("to=land"));
    if offered {
        let visit = Visit { rp, browser, request, page };
        let bend = |claims: &mut Value| claims["acr"] = json!("loa-high");
        let page = land.log_in(&visit, &fresh()?, bend).await?.page()?;
        ensure!(page.url.as_str().starts_with(&house.origin), "{}", page.url);
    }
    Ok(())
}

async fn an_answer_from_elsewhere_is_checked_in_full(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let land = Land::open(house, "land")?;
    let other = house.keys.get("insel").context("a key")?;
    let seconds = now().as_seconds();
    let bends: [(&str, Value); 16] = [
        ("another audience", json!({"aud": "other"})),
        ("several audiences", json!({"aud": ["siegel", "other"]})),
        ("an authorised party that is not us", json!({"azp": "other"})),
        ("no audience", json!({"aud": null})),
        ("another issuer", json!({"iss": "https://other.example"})),
        ("no issuer", json!({"iss": null})),
        ("no end", json!({"exp": null})),
        ("over", json!({"exp": seconds - 120, "iat": seconds - 300})),
        ("no beginning", json!({"iat": null})),
        ("from the future", json!({"iat": seconds + 600, "exp": seconds + 900})),
        ("another nonce", json!({"nonce": "other"})),
        ("no nonce", json!({"nonce": null})),
        ("no subject", json!({"sub": null})),
        ("an empty subject", json!({"sub": ""})),
        ("a log-in long ago", json!({"auth_time": seconds - 10_000_000})),
        ("another access token", json!({"at_hash": b64::encode([0; 16])})),
    ];
    for (what, bend) in bends {
        let visit = Visit::begin(house).await?;
        let landing = land
            .log_in(&visit, &fresh()?, |claims| {
                for (name, value) in bend.as_object().into_iter().flatten() {
                    if let (Value::Object(all), true) = (&mut *claims, value.is_null()) {
                        all.remove(name);
                    } else {
                        claims[name] = value.clone();
                    }
                }
            })
            .await?;
        visit.refused(landing).await.with_context(|| what.to_owned())?;
    }
    let public = serde_json::to_string(land.key.public_jwk())?;
    let (none, hs) = (json!({"alg": "none"}), json!({"alg": "HS256", "kid": land.key.kid()}));
    for way in ["unsigned", "the public key as secret", "the client's secret", "another's key"] {
        let visit = Visit::begin(house).await?;
        let sent = land.go(&visit.browser, &visit.page).await?;
        let claims = land.claims(&sent, &fresh()?);
        land.gives(&match way {
            "unsigned" => forge::unsigned(&none, &claims),
            "the public key as secret" => forge::hmac(public.as_bytes(), &hs, &claims),
            "the client's secret" => forge::hmac(seed::UPSTREAM_SECRET.as_bytes(), &hs, &claims),
            _ => forge::by(other, &land.header(), &claims)?,
        });
        let landing = visit.browser.open(land.answer(&sent)?.as_str()).await?;
        visit.refused(landing).await.with_context(|| way.to_owned())?;
    }
    trail.shows("identity.upstream.refused", "UPSTREAM_ID_TOKEN").await?;
    // The honest one, with the hash of its access token, is taken.
    let visit = Visit::begin(house).await?;
    let half = sha256(b"elsewhere").get(..16).map(b64::encode).unwrap_or_default();
    let bend = |claims: &mut Value| claims["at_hash"] = json!(half);
    let landing = land.log_in(&visit, &fresh()?, bend).await?;
    visit.tokens(landing).await?;
    Ok(())
}

async fn an_answer_belongs_to_the_browser_and_provider_it_was_asked_of(
    house: &House,
) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let (land, island) = (Land::open(house, "land")?, Land::open(house, "insel")?);
    let visit = Visit::begin(house).await?;
    let sent = land.go(&visit.browser, &visit.page).await?;
    ensure!(sent.callback == house.url("/login/upstream/land/callback"), "{}", sent.callback);
    let honest = forge::by(land.key, &land.header(), &land.claims(&sent, &fresh()?))?;
    land.gives(&honest);
    let good = land.answer(&sent)?;

    // Another browser gets the answer (log-in CSRF).
    let victim = Visit::begin(house).await?;
    victim.refused(victim.browser.open(good.as_str()).await?).await.context("another browser")?;
    trail.shows("identity.upstream.refused", "UPSTREAM_UNKNOWN_STATE").await?;
    // A state nobody made, none at all, and the answer at another provider's address.
    let bent = |from: &str, to: &str| Url::parse(&good.as_str().replace(from, to));
    let mut stateless = good.clone();
    stateless.set_query(Some("code=x"));
    for (what, url) in [
        ("a made-up state", bent(&sent.state, "made-up")?),
        ("no state", stateless),
        ("another provider's callback", bent("/upstream/land/", "/upstream/insel/")?),
        ("a provider nobody knows", bent("/upstream/land/", "/upstream/unknown/")?),
    ] {
        let landing = visit.browser.open(url.as_str()).await?;
        visit.refused(landing).await.with_context(|| what.to_owned())?;
    }
    // Mix-up: the other provider's name, or none where there must be one.
    let mut nameless = Url::parse(&sent.callback)?;
    nameless.query_pairs_mut().append_pair("code", "x").append_pair("state", &sent.state);
    let visit = Visit::begin(house).await?;
    for other in [Some(island.issuer()), None] {
        let sent = land.go(&visit.browser, &visit.page).await?;
        land.gives(&forge::by(land.key, &land.header(), &land.claims(&sent, &fresh()?))?);
        let mut url = Url::parse(&sent.callback)?;
        url.query_pairs_mut().append_pair("code", "x").append_pair("state", &sent.state);
        if let Some(other) = &other {
            url.query_pairs_mut().append_pair("iss", other);
        }
        let landing = visit.browser.open(url.as_str()).await?;
        visit.refused(landing).await.with_context(|| format!("iss {other:?}"))?;
    }
    trail.shows("identity.upstream.refused", "UPSTREAM_OTHER_ISSUER").await
}

async fn an_answer_from_elsewhere_is_good_once(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let land = Land::open(house, "land")?;
    let visit = Visit::begin(house).await?;
    let sent = land.go(&visit.browser, &visit.page).await?;
    land.gives(&forge::by(land.key, &land.header(), &land.claims(&sent, &fresh()?))?);
    let url = land.answer(&sent)?;
    let asked = house.world.seen("/land/token").len();
    let landing = visit.browser.open(url.as_str()).await?;
    visit.tokens(landing).await?;
    let again = visit.browser.open(url.as_str()).await?.page()?;
    ensure!(again.status >= 400, "the answer was taken twice: {}", again.url);
    ensure!(house.world.seen("/land/token").len() == asked + 1, "the code was sent twice");
    let body = house.world.seen("/land/token").pop().context("no call")?.body;
    ensure!(body.contains("code_verifier="), "{body}");
    trail.shows("identity.upstream.refused", "UPSTREAM_UNKNOWN_STATE").await
}

async fn a_failure_elsewhere_leaves_a_way_back(house: &House) -> anyhow::Result<()> {
    let land = Land::open(house, "land")?;
    let visit = Visit::begin(house).await?;
    for (what, error) in [("given up", "access_denied"), ("broken", "server_error")] {
        let sent = land.go(&visit.browser, &visit.page).await?;
        let mut url = Url::parse(&sent.callback)?;
        url.query_pairs_mut()
            .append_pair("error", error)
            .append_pair("error_description", "<script>alert(1)</script>")
            .append_pair("state", &sent.state)
            .append_pair("iss", &land.issuer());
        let page = visit.browser.open(url.as_str()).await?.page()?;
        ensure!(!page.html.contains("alert(1)"), "{what}: the other's text is on our page");
        let back = hrefs(&page.html).into_iter().find(|h| h.contains("/login/"));
        let back = page.url.join(&back.with_context(|| format!("{what}: no way back"))?)?;
        ensure!(visit.browser.open(back.as_str()).await?.page()?.is_login(), "{what}");
    }
    // Its token endpoint is down.
    let sent = land.go(&visit.browser, &visit.page).await?;
    house.world.serve("/land/token", 500, "text/plain", "down");
    let landing = visit.browser.open(land.answer(&sent)?.as_str()).await?;
    visit.refused(landing).await?;
    Ok(())
}

async fn an_address_confirmed_elsewhere_takes_no_account_over(house: &House) -> anyhow::Result<()> {
    let land = Land::open(house, "land")?;
    let victim = house.person("max")?;
    let own = Visit::begin(house).await?;
    let known = own.tokens(Landing::Page(own.page_again().await?)).await?.claims()?["sub"].clone();
    for verified in [true, false] {
        let visit = Visit::begin(house).await?;
        let bend = |claims: &mut Value| {
            claims["email"] = json!(victim.email);
            claims["email_verified"] = json!(verified);
        };
        let landing = land.log_in(&visit, &fresh()?, bend).await?;
        match landing {
            Landing::Page(page) if page.status >= 400 => {}
            landing => {
                let claims = visit.tokens(landing).await?.claims()?;
                ensure!(claims["sub"] != known, "the account was taken over ({verified})");
                ensure!(claims.get("email").is_none_or(|e| e != victim.email.as_str()), "{claims}");
            }
        }
    }
    Ok(())
}

async fn an_account_elsewhere_is_linked_only_with_proof_of_both(
    house: &House,
) -> anyhow::Result<()> {
    let land = Land::open(house, "land")?;
    let subject = fresh()?;
    // Unsolicited, in nobody's name: nothing happens.
    let stranger = Browser::new(house)?;
    let forged = house.url("/login/upstream/land/link?answer=upl_00000000000000000000000000000000");
    if let Landing::Page(page) = stranger.open(&forged).await? {
        ensure!(page.is_login() || page.status >= 400, "{}: {}", page.url, text(&page.html));
    }
    // With both proofs: the own password first, then the account elsewhere.
    let person = house.person("verbunden")?;
    let visit = Visit::begin(house).await?;
    let landing = Landing::Page(visit.page_again().await?);
    let answer = visit.browser.walk(landing, person).await?.answer()?;
    let code = answer.into_iter().find(|(name, _)| name == "code").context("no code")?.1;
    let own = visit.rp.post("/token", visit.rp.redemption(&visit.request, &code)).await?;
    let own = Tokens::of(own)?.claims()?["sub"].clone();
    let page = visit.browser.open("/login/upstream/land/link").await?.page()?;
    let form = page.form(|f| f.method == "post" && f.action.contains("upstream"));
    let form = form.with_context(|| format!("no question: {}", text(&page.html)))?;
    let sent = land.sent(visit.browser.submit(&page, &form, &[]).await?)?;
    land.gives(&forge::by(land.key, &land.header(), &land.claims(&sent, &subject))?);
    let url = land.answer(&sent)?;
    // Whoever else brings that answer links nothing.
    let thief = Visit::begin(house).await?;
    let refused = thief.browser.open(url.as_str()).await?.page()?;
    ensure!(refused.status >= 400, "{}", refused.url);
    let mut page = visit.browser.open(url.as_str()).await?.page()?;
    if let Some(form) = page.form(|f| f.method == "post" && f.action.contains("upstream")) {
        page = visit.browser.submit(&page, &form, &[]).await?.page()?;
    }
    ensure!(page.status == 200, "{}: {}", page.url, text(&page.html));
    // From now on the account elsewhere leads to this one.
    let later = Visit::begin(house).await?;
    let landing = land.log_in(&later, &subject, |_| {}).await?;
    let claims = later.tokens(landing).await?.claims()?;
    ensure!(claims["sub"] == own, "another account: {claims}");
    Ok(())
}

async fn a_recycled_account_elsewhere_is_not_its_former_holders(
    house: &House,
) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let land = Land::open(house, "land")?;
    let subject = fresh()?;
    let named = |given: &'static str, born: &'static str| {
        move |claims: &mut Value| {
            claims["given_name"] = json!(given);
            claims["family_name"] = json!("Vorbesitz");
            claims["birthdate"] = json!(born);
        }
    };
    let first = Visit::begin(house).await?;
    let landing = land.log_in(&first, &subject, named("Anna", "1960-01-01")).await?;
    first.tokens(landing).await?;
    let second = Visit::begin(house).await?;
    let landing = land.log_in(&second, &subject, named("Bernd", "2001-12-31")).await?;
    second.refused(landing).await?;
    trail.shows("identity.upstream.refused", "UPSTREAM_RECYCLED").await?;
    // The same holder comes in as before.
    let third = Visit::begin(house).await?;
    let landing = land.log_in(&third, &subject, named("Anna", "1960-01-01")).await?;
    third.tokens(landing).await?;
    Ok(())
}
