//! Parameters about the session and the subject: points 20 to 24, 29, 32. Releases are in
//! `releases.rs`, levels in `levels.rs`.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use siegel_crypto::{SigningKey, b64};

use crate::house::House;
use crate::person::{Browser, Landing, text};
use crate::rp::{Request, Rp, Tokens, head, now};

cases! {
    prompt_none_never_shows_a_page =
        "oidcc-prompt-none-not-logged-in", "oidcc-prompt-none-logged-in";
    prompt_none_stands_alone;
    prompt_login_asks_for_the_credential_again_and_moves_auth_time = "oidcc-prompt-login";
    max_age_is_enforced_and_zero_demands_a_fresh_log_in =
        "oidcc-max-age-1", "oidcc-max-age-10000";
    the_age_of_a_log_in_is_told_whenever_it_was_asked_for;
    select_account_lets_another_person_in;
    a_hint_of_the_same_person_is_answered_silently = "oidcc-id-token-hint";
    a_hint_of_somebody_else_is_answered_login_required;
    an_expired_hint_counts_and_a_forged_one_does_not;
    wishes_nobody_knows_are_ignored =
        "oidcc-login-hint", "oidcc-ui-locales", "oidcc-display-page", "oidcc-display-popup",
        "oidcc-claims-locales";
    a_login_hint_does_not_tell_whether_there_is_an_account;
    a_log_in_for_one_sector_is_none_for_another;
    a_tenant_may_let_its_sectors_share_a_log_in;
    clients_of_one_sector_know_a_person_by_one_subject_and_others_by_another;
}

async fn silent(rp: &Rp<'_>, browser: &Browser<'_>) -> anyhow::Result<(Request, Landing)> {
    let request = rp.request()?.with("prompt", "none");
    let landing = rp.silently(&request, browser).await?;
    Ok((request, landing))
}

async fn prompt_none_never_shows_a_page(house: &House) -> anyhow::Result<()> {
    for id in ["basic", "pushing", "fapi"] {
        let rp = Rp::new(house, id)?;
        let (request, landing) = silent(&rp, &Browser::new(house)?).await?;
        rp.told(landing, &request, "login_required")?;
        let browser = Browser::new(house)?;
        let first = rp.log_in_with(&rp.request()?, &browser, "erika").await?.claims()?;
        let request = rp.request()?.with("prompt", "none");
        let again = rp.log_in_with(&request, &browser, "erika").await?.claims()?;
        for name in ["sub", "auth_time", "sid"] {
            ensure!(first[name] == again[name], "{id}: {name} of {again} is not that of {first}");
        }
        // By POST from the client's page as well.
        let request = rp.request()?.with("prompt", "none");
        if !rp.par {
            let origin = house.world.url("");
            let landing = browser.post_from(&origin, "/authorize", &request.fields).await?;
            ensure!(landing.fields()?.contains_key("code"), "{id}: by POST");
        }
    }
    let rp = Rp::new(house, "basic")?;
    let request = rp.request()?.with("prompt", "none").with("acr_values", "high");
    let landing = rp.silently(&request, &rp.entered("erika").await?).await?;
    rp.told(landing, &request, "interaction_required")
}

async fn prompt_none_stands_alone(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    for prompt in ["none login", "consent none", "none select_account", "login none consent"] {
        rp.refuses(&rp.request()?.with("prompt", prompt), "invalid_request").await?;
    }
    Ok(())
}

/// Until the clock of both sides shows another second: `auth_time` has no fractions.
async fn another_second() {
    let before = now().as_seconds();
    while now().as_seconds() == before {
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

async fn prompt_login_asks_for_the_credential_again_and_moves_auth_time(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let before = rp.log_in_with(&rp.request()?, &browser, "erika").await?.claims()?;
    another_second().await;
    let request = rp.request()?.with("prompt", "login");
    let page = rp.silently(&request, &browser).await?.page()?;
    ensure!(page.is_login(), "no log-in form: {}", text(&page.html));
    // Going back to the start of the request does not get around it.
    let page = browser.open(page.url.as_str()).await?.page()?;
    ensure!(page.is_login(), "a second look is enough: {}", text(&page.html));
    let landing = browser.enter(&page, house.person("erika")?).await?;
    let code = landing.fields()?.get("code").cloned().context("no code")?;
    let reply = rp.post("/token", rp.redemption(&request, &code)).await?;
    let after = Tokens::of(reply)?.claims()?;
    ensure!(after["sub"] == before["sub"], "another subject");
    ensure!(after["auth_time"].as_i64() > before["auth_time"].as_i64(), "{before} {after}");
    Ok(())
}

async fn max_age_is_enforced_and_zero_demands_a_fresh_log_in(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let before = rp.log_in_with(&rp.request()?, &browser, "erika").await?.claims()?;
    let old = rp.request()?.with("max_age", "10000").with("prompt", "none");
    let same = rp.log_in_with(&old, &browser, "erika").await?.claims()?;
    ensure!(same["auth_time"] == before["auth_time"], "{same}");
    for prompt in ["none", "consent none"] {
        let request = rp.request()?.with("max_age", "0").with("prompt", prompt);
        let error = if prompt == "none" { "login_required" } else { "invalid_request" };
        rp.told(rp.silently(&request, &browser).await?, &request, error)?;
    }
    another_second().await;
    let request = rp.request()?.with("max_age", "0");
    let landing = rp.silently(&request, &browser).await?;
    let Landing::Page(page) = &landing else { anyhow::bail!("max_age=0 asked for nothing") };
    ensure!(page.is_login(), "{}", text(&page.html));
    let answer = browser.walk(landing, house.person("erika")?).await?.fields()?;
    let code = answer.get("code").context("no code")?;
    let after = Tokens::of(rp.post("/token", rp.redemption(&request, code)).await?)?.claims()?;
    ensure!(after["auth_time"].as_i64() > before["auth_time"].as_i64(), "{before} {after}");
    for bad in ["-1", "soon", "1.5", "99999999999999999999"] {
        rp.refuses(&rp.request()?.with("max_age", bad), "invalid_request").await?;
    }
    Ok(())
}

async fn the_age_of_a_log_in_is_told_whenever_it_was_asked_for(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = rp.entered("erika").await?;
    let claims = json!({"id_token": {"auth_time": {"essential": true}}}).to_string();
    for (name, value) in [("max_age", "600"), ("claims", claims.as_str())] {
        let asked = rp.request()?.with(name, value);
        let told = rp.log_in_with(&asked, &browser, "erika").await?.claims()?;
        let at = told["auth_time"].as_i64().context("no auth_time")?;
        ensure!((now().as_seconds() - 60..=now().as_seconds()).contains(&at), "{told}");
    }
    Ok(())
}

async fn select_account_lets_another_person_in(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let erika = rp.log_in_with(&rp.request()?, &browser, "erika").await?;
    let request = rp.request()?.with("prompt", "select_account");
    let landing = rp.silently(&request, &browser).await?;
    let answer = browser.walk(landing, house.person("max")?).await?.fields()?;
    let code = answer.get("code").context("no code")?;
    let max = Tokens::of(rp.post("/token", rp.redemption(&request, code)).await?)?;
    ensure!(max.claims()?["sub"] != erika.claims()?["sub"], "still the first person");
    // Two people do not share a session.
    ensure!(rp.userinfo(&erika).await?.status == 401, "the first person's token still works");
    Ok(())
}

async fn a_hint_of_the_same_person_is_answered_silently(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let tokens = rp.log_in_with(&rp.request()?, &browser, "erika").await?;
    let hint = tokens.id_token.as_deref().context("no id_token")?;
    for prompt in ["none", ""] {
        let request = rp.request()?.with("prompt", prompt).with("id_token_hint", hint);
        let answer = rp.silently(&request, &browser).await?.fields()?;
        ensure!(answer.contains_key("code"), "prompt={prompt}: {answer:?}");
    }
    Ok(())
}

async fn a_hint_of_somebody_else_is_answered_login_required(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let max = rp.log_in(&rp.request()?, "max").await?;
    let hint = max.id_token.as_deref().context("no id_token")?;
    let browser = rp.entered("erika").await?;
    let request = rp.request()?.with("prompt", "none").with("id_token_hint", hint);
    rp.told(rp.silently(&request, &browser).await?, &request, "login_required")?;
    // With pages the hinted person may come; the other one gets no code.
    let request = rp.request()?.with("id_token_hint", hint);
    let landing = rp.silently(&request, &browser).await?;
    ensure!(matches!(&landing, Landing::Page(p) if p.is_login()), "{landing:?}");
    let page = landing.page()?;
    let wrong = browser.enter(&page, house.person("erika")?).await?;
    if let Landing::Away(_) = &wrong {
        rp.told(wrong, &request, "login_required")?;
    } else {
        ensure!(wrong.page()?.is_login(), "somebody else went on");
    }
    let request = rp.request()?.with("id_token_hint", hint);
    let landing = rp.silently(&request, &browser).await?;
    let answer = browser.walk(landing, house.person("max")?).await?.fields()?;
    ensure!(answer.contains_key("code"), "the hinted person: {answer:?}");
    Ok(())
}

async fn an_expired_hint_counts_and_a_forged_one_does_not(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let tokens = rp.log_in_with(&rp.request()?, &browser, "erika").await?;
    let own = tokens.id_token.clone().context("no id_token")?;
    let claims = tokens.claims()?;
    let ask = async |hint: &str| {
        let request = rp.request()?.with("prompt", "none").with("id_token_hint", hint);
        let answer = rp.silently(&request, &browser).await?.fields()?;
        Ok::<_, anyhow::Error>(answer.get("error").cloned().unwrap_or_else(|| "code".to_owned()))
    };
    let provider = house.signing_key()?;
    ensure!(head(&own)?["kid"] == provider.kid(), "not the provider's key");
    let mut expired = claims.clone();
    expired["exp"] = json!(now().as_seconds() - 86_400);
    expired["iat"] = json!(now().as_seconds() - 90_000);
    ensure!(ask(&provider.sign("JWT", &expired)?).await? == "code", "expired");
    let bent = |name: &str, value: Value| -> anyhow::Result<String> {
        let mut bent = claims.clone();
        bent[name] = value;
        Ok(provider.sign("JWT", &bent)?)
    };
    let stranger = SigningKey::generate()?.sign("JWT", &claims)?;
    let [_, payload, signature] = own.split('.').collect::<Vec<_>>()[..] else {
        anyhow::bail!("not a JWS")
    };
    let unsigned = format!("{}.{payload}.", b64::encode(r#"{"alg":"none","typ":"JWT"}"#));
    let swapped = format!("{}.{payload}.{signature}", b64::encode(r#"{"alg":"HS256"}"#));
    for (why, hint) in [
        ("another issuer", bent("iss", json!("https://evil.example"))?),
        ("another client", bent("aud", json!("portal"))?),
        ("another key", stranger),
        ("no signature", unsigned),
        ("another header", swapped),
        ("no JWT", "x".to_owned()),
        ("an access token", tokens.access.clone()),
    ] {
        let answer = ask(&hint).await?;
        let refused = ["invalid_request", "login_required"].contains(&answer.as_str());
        ensure!(refused, "{why}: {answer}");
    }
    Ok(())
}

async fn wishes_nobody_knows_are_ignored(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = rp.entered("erika").await?;
    for (name, value) in [
        ("display", "page"),
        ("display", "popup"),
        ("display", "hologram"),
        ("ui_locales", "tlh de-x-old fr"),
        ("claims_locales", "se"),
        ("login_hint", "nobody@people.example"),
        ("login_hint", "\"><script>"),
        ("prompt", "dance"),
        ("acr_values", "gold"),
    ] {
        let answer = rp.silently(&rp.request()?.with(name, value), &browser).await?.fields()?;
        ensure!(answer.contains_key("code"), "{name}={value}: {answer:?}");
    }
    let english = rp.request()?.with("ui_locales", "tlh en");
    let german = rp.request()?.with("ui_locales", "tlh de");
    let page = rp.silently(&german, &Browser::new(house)?).await?.page()?;
    ensure!(page.html.contains("lang=\"de\""), "ui_locales=de");
    let page = rp.silently(&english, &Browser::new(house)?).await?.page()?;
    ensure!(page.html.contains("lang=\"en\""), "ui_locales=en");
    Ok(())
}

async fn a_login_hint_does_not_tell_whether_there_is_an_account(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let mut pages = Vec::new();
    for email in ["erika@people.example", "elvis@people.example"] {
        let request = rp.request()?.with("login_hint", email);
        let page = rp.silently(&request, &Browser::new(house)?).await?.page()?;
        ensure!(page.attribute("username", "value") == Some(email), "not filled in: {email}");
        // What differs by request anyway.
        let id = page.url.path().rsplit('/').next().unwrap_or_default().to_owned();
        let csrf = page
            .form(|f| f.has("csrf_token"))
            .and_then(|f| f.controls.into_iter().find(|c| c.name == "csrf_token").map(|c| c.value));
        let html = page.html.replace(&id, "").replace(email, "");
        pages.push((page.status, html.replace(&csrf.unwrap_or_default(), "")));
    }
    let [known, unknown] = &pages[..] else { anyhow::bail!("two pages") };
    ensure!(known == unknown, "the pages differ");
    Ok(())
}

async fn a_log_in_for_one_sector_is_none_for_another(house: &House) -> anyhow::Result<()> {
    let (portal, sister) = (Rp::new(house, "portal")?, Rp::new(house, "sister")?);
    let basic = Rp::new(house, "basic")?;
    let browser = portal.entered("erika").await?;
    let (_, landing) = silent(&sister, &browser).await?;
    ensure!(landing.fields()?.contains_key("code"), "a client of the same sector");
    let (request, landing) = silent(&basic, &browser).await?;
    basic.told(landing, &request, "login_required")?;
    let landing = basic.silently(&basic.request()?, &browser).await?;
    let page = landing.page()?;
    ensure!(page.is_login(), "{}", text(&page.html));
    ensure!(page.html.contains("erika@people.example"), "the account is not filled in");
    // The credential counts for the new sector from now on, and its time is that of this sector.
    another_second().await;
    let first = portal.log_in_with(&portal.request()?, &browser, "erika").await?.claims()?;
    let second = basic.log_in_with(&basic.request()?, &browser, "erika").await?.claims()?;
    ensure!(second["auth_time"].as_i64() > first["auth_time"].as_i64(), "{first} {second}");
    let third = portal.log_in_with(&portal.request()?, &browser, "erika").await?.claims()?;
    ensure!(third["auth_time"] == first["auth_time"], "moved by another sector: {third}");
    Ok(())
}

async fn a_tenant_may_let_its_sectors_share_a_log_in(house: &House) -> anyhow::Result<()> {
    let (one, two) = (Rp::new(house, "verbund-a")?, Rp::new(house, "verbund-b")?);
    let browser = Browser::new(house)?;
    let first = one.log_in_with(&one.request()?, &browser, "erika").await?.claims()?;
    let request = two.request()?.with("prompt", "none");
    let second = two.log_in_with(&request, &browser, "erika").await?.claims()?;
    ensure!(first["auth_time"] == second["auth_time"], "{first} {second}");
    ensure!(first["sub"] != second["sub"] && first["sid"] != second["sid"], "{first} {second}");
    let outside = Rp::new(house, "other")?;
    let (request, landing) = silent(&outside, &browser).await?;
    outside.told(landing, &request, "login_required")
}

async fn clients_of_one_sector_know_a_person_by_one_subject_and_others_by_another(
    house: &House,
) -> anyhow::Result<()> {
    let mut subjects = Vec::new();
    for (id, person) in [
        ("portal", "erika"),
        ("sister", "erika"),
        ("portal", "erika"),
        ("basic", "erika"),
        ("post", "erika"),
        ("portal", "max"),
        ("basic", "max"),
    ] {
        let rp = Rp::new(house, id)?;
        let tokens = rp.log_in(&rp.request()?, person).await?;
        let subject = tokens.claims()?["sub"].as_str().unwrap_or_default().to_owned();
        ensure!((1..=255).contains(&subject.len()) && subject.is_ascii(), "{subject}");
        ensure!(rp.userinfo(&tokens).await?.ok()?.text("sub") == subject, "{id} at userinfo");
        subjects.push(subject);
    }
    let [portal, sister, again, basic, post, max, max_basic] = &subjects[..] else {
        anyhow::bail!("seven subjects")
    };
    ensure!(portal == sister && portal == again, "one sector, one subject: {subjects:?}");
    let mut different = vec![portal, basic, post, max, max_basic];
    different.sort();
    different.dedup();
    ensure!(different.len() == 5, "every sector and person has another: {subjects:?}");
    Ok(())
}
