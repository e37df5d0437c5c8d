//! Dynamic registration: point 63, attacks 2, 17 and 18.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use siegel_crypto::SigningKey;
use siegel_oidc::{assertion, pkce};

use crate::house::House;
use crate::person::Browser;
use crate::rp::{Fields, Reply, Rp, Tokens, basic, encoded, fields, fresh, head, now};
use crate::seed;
use crate::trail::Trail;

cases! {
    a_registration_needs_a_token_to_begin_with;
    a_registered_client_works_and_reads_itself = "oidcc-registration-logo-uri", "oidcc-registration-policy-uri";
    a_registration_token_is_for_one_client_and_rotates;
    a_registration_that_contradicts_itself_is_refused = "oidcc-redirect-uri-regfrag";
    a_sector_lists_all_redirect_uris_of_its_clients =
        "oidcc-registration-sector-uri", "oidcc-registration-sector-bad";
    keys_are_not_fetched_from_inside = "oidcc-registration-jwks-uri";
    a_sector_is_not_fetched_from_inside;
    no_logout_token_goes_inside;
}

/// Sends a registration with the initial token.
async fn register(house: &House, metadata: &Value) -> anyhow::Result<Reply> {
    let call = house.builder()?.build()?.post(house.url("/register"));
    let call = call.bearer_auth(seed::INITIAL_TOKEN).json(metadata);
    Reply::of(call.send().await?).await
}

fn metadata(house: &House) -> Value {
    json!({
        "client_name": "Dynamisch & <b>fett</b>",
        "redirect_uris": [house.world.url("/dynamic/cb")],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "client_secret_basic",
        "an_unknown_member": {"x": 1},
    })
}

fn with(house: &House, changes: &[(&str, Value)]) -> Value {
    let mut all = metadata(house);
    for (name, value) in changes {
        all[*name] = value.clone();
    }
    all
}

/// Logs Erika in at a client that registered itself.
async fn log_in(house: &House, id: &str, secret: &str) -> anyhow::Result<Tokens> {
    let redirect = house.world.url("/dynamic/cb");
    let verifier = fresh()?;
    let request = fields([
        ("client_id", id),
        ("redirect_uri", &redirect),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("state", "s"),
        ("code_challenge", &pkce::challenge(&verifier)),
        ("code_challenge_method", "S256"),
    ]);
    let browser = Browser::new(house)?;
    let url = house.url(&format!("/authorize?{}", encoded(&request)?));
    let landing = browser.walk(browser.open(&url).await?, house.person("erika")?).await?;
    let answer: Fields = landing.answer()?.into_iter().collect();
    let form = fields([
        ("grant_type", "authorization_code"),
        ("code", answer.get("code").context("no code")?),
        ("redirect_uri", &redirect),
        ("code_verifier", &verifier),
    ]);
    let header = [("authorization", basic(id, secret))];
    Tokens::of(Rp::new(house, "basic")?.send("/token", &form, &header).await?)
}

async fn a_registration_needs_a_token_to_begin_with(house: &House) -> anyhow::Result<()> {
    let discovery = house.url("/.well-known/openid-configuration");
    let http = house.builder()?.build()?;
    let found = Reply::of(http.get(discovery).send().await?).await?;
    ensure!(found.text("registration_endpoint") == house.url("/register"), "{found:?}");
    let good = metadata(house);
    let call = || http.post(house.url("/register")).json(&good);
    let rp = Rp::new(house, "basic")?;
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    for call in [
        call(),
        call().bearer_auth("wrong"),
        call().bearer_auth(tokens.access),
        call().header("authorization", basic("basic", &seed::secret("basic"))),
    ] {
        let reply = Reply::of(call.send().await?).await?;
        ensure!(reply.status == 401 && reply.text("client_id").is_empty(), "{reply:?}");
    }
    Ok(())
}

async fn a_registered_client_works_and_reads_itself(house: &House) -> anyhow::Result<()> {
    let asked = with(
        house,
        &[
            ("logo_uri", json!("https://client.example/logo.png")),
            ("policy_uri", json!("https://client.example/policy")),
        ],
    );
    let made = register(house, &asked).await?;
    ensure!(made.status == 201, "{made:?}");
    ensure!(made.header("cache-control").contains("no-store"), "{made:?}");
    let (id, secret) = (made.text("client_id"), made.text("client_secret"));
    ensure!(!id.is_empty() && secret.len() >= 32, "{made:?}");
    ensure!(made.json()["client_secret_expires_at"] == 0, "{made:?}");
    ensure!(made.json().get("an_unknown_member").is_none(), "{made:?}");
    let tokens = log_in(house, &id, &secret).await?;
    let id_token = tokens.id_token.clone().context("no id_token")?;
    // OpenID Connect Registration §2: RS256 is what a client gets that says nothing.
    ensure!(head(&id_token)?["alg"] == "RS256", "{}", head(&id_token)?);

    let http = house.builder()?.build()?;
    let call = http.get(made.text("registration_client_uri"));
    let read = call.bearer_auth(made.text("registration_access_token")).send().await?;
    let read = Reply::of(read).await?.ok()?;
    for name in ["client_id", "redirect_uris", "client_name", "logo_uri", "policy_uri"] {
        ensure!(read.json()[name] == made.json()[name], "{name}: {read:?}");
    }
    Ok(())
}

async fn a_registration_token_is_for_one_client_and_rotates(house: &House) -> anyhow::Result<()> {
    let one = register(house, &metadata(house)).await?.ok()?;
    let other = register(house, &metadata(house)).await?.ok()?;
    let http = house.builder()?.build()?;
    let (uri, token) = (one.text("registration_client_uri"), one.text("registration_access_token"));
    for wrong in [other.text("registration_access_token"), seed::INITIAL_TOKEN.to_owned()] {
        for call in [http.get(&uri), http.delete(&uri), http.put(&uri).json(&metadata(house))] {
            let reply = Reply::of(call.bearer_auth(&wrong).send().await?).await?;
            ensure!((401..=403).contains(&reply.status), "{reply:?}");
        }
    }
    let mut changed = metadata(house);
    changed["client_id"] = json!(one.text("client_id"));
    changed["client_name"] = json!("Anders");
    let call = http.put(&uri).bearer_auth(&token).json(&changed);
    let updated = Reply::of(call.send().await?).await?.ok()?;
    ensure!(updated.text("client_name") == "Anders", "{updated:?}");
    let next = updated.text("registration_access_token");
    ensure!(!next.is_empty() && next != token, "the token was not rotated");
    let old = Reply::of(http.get(&uri).bearer_auth(&token).send().await?).await?;
    ensure!(old.status == 401, "the old token still opens: {old:?}");
    changed["client_id"] = json!(other.text("client_id"));
    let foreign = http.put(&uri).bearer_auth(&next).json(&changed).send().await?;
    ensure!(foreign.status().as_u16() == 400, "a client took another's id");
    let call = http.delete(&uri).bearer_auth(&next);
    ensure!(call.send().await?.status().as_u16() == 204);
    let gone = Reply::of(http.get(&uri).bearer_auth(&next).send().await?).await?;
    ensure!(gone.status == 401, "{gone:?}");
    Ok(())
}

async fn a_registration_that_contradicts_itself_is_refused(house: &House) -> anyhow::Result<()> {
    let key = SigningKey::generate()?;
    let jwks = json!({"keys": [key.public_jwk()]});
    let own = house.world.url("/dynamic/cb");
    let uris = |uri: &str| with(house, &[("redirect_uris", json!([uri]))]);
    for (what, metadata, error) in [
        (
            "two key sets",
            with(
                house,
                &[("jwks", jwks.clone()), ("jwks_uri", json!("https://client.example/jwks"))],
            ),
            "invalid_client_metadata",
        ),
        ("a fragment", uris(&format!("{own}#part")), "invalid_redirect_uri"),
        ("plain http", uris("http://client.example/cb"), "invalid_redirect_uri"),
        ("a script", uris("javascript:alert(1)"), "invalid_redirect_uri"),
        ("data", uris("data:text/html,x"), "invalid_redirect_uri"),
        ("a wildcard", uris("https://portal.example*/cb"), "invalid_redirect_uri"),
        ("a wildcard path", uris("https://portal.example/*"), "invalid_redirect_uri"),
        ("several @", uris("https://a@b@portal.example/cb"), "invalid_redirect_uri"),
        ("its own code", uris("https://portal.example/cb?code=x"), "invalid_redirect_uri"),
        ("a relative one", uris("/cb"), "invalid_redirect_uri"),
        ("none", with(house, &[("redirect_uris", json!([]))]), "invalid_redirect_uri"),
        (
            "an unknown way to prove itself",
            with(house, &[("token_endpoint_auth_method", json!("client_secret_jwt"))]),
            "invalid_client_metadata",
        ),
        (
            "keys without one",
            with(house, &[("token_endpoint_auth_method", json!("private_key_jwt"))]),
            "invalid_client_metadata",
        ),
        (
            "an unsigned ID token",
            with(house, &[("id_token_signed_response_alg", json!("none"))]),
            "invalid_client_metadata",
        ),
    ] {
        let reply = register(house, &metadata).await?;
        ensure!(reply.status == 400, "{what}: {reply:?}");
        reply.refused(error).with_context(|| what.to_owned())?;
    }
    Ok(())
}

async fn a_sector_lists_all_redirect_uris_of_its_clients(house: &House) -> anyhow::Result<()> {
    let world = &house.world;
    let (list, own) = (world.url("/sector/list.json"), world.url("/dynamic/cb"));
    let asked = with(house, &[("sector_identifier_uri", json!(list))]);
    world.serve_json("/sector/list.json", &json!([own, "https://other.example/cb"]));
    let mut subjects = Vec::new();
    for _ in 0..2 {
        let made = register(house, &asked).await?.ok()?;
        let tokens = log_in(house, &made.text("client_id"), &made.text("client_secret")).await?;
        subjects.push(tokens.claims()?["sub"].clone());
    }
    ensure!(subjects.first() == subjects.last(), "one sector, two subjects: {subjects:?}");
    world.serve_json("/sector/list.json", &json!(["https://other.example/cb"]));
    register(house, &asked).await?.refused("invalid_client_metadata").context("not listed")?;
    world.serve("/sector/list.json", 200, "application/json", "nonsense");
    register(house, &asked).await?.refused("invalid_client_metadata").context("no list")?;
    world.redirect("/sector/list.json", &world.url("/sector/other.json"));
    world.serve_json("/sector/other.json", &json!([own]));
    register(house, &asked).await?.refused("invalid_client_metadata").context("a redirect")
}

async fn keys_are_not_fetched_from_inside(house: &House) -> anyhow::Result<()> {
    let before = house.inside.knocks();
    let key = SigningKey::generate()?;
    let rp = Rp::new(house, "basic")?;
    let trail = Trail::begin(house).await?;
    let hop = house.world.url("/hop/jwks");
    house.world.redirect("/hop/jwks", &format!("https://localhost:{}/x", house.inside.port));
    let mut used = 0;
    for uri in house.inside.addresses().into_iter().chain([hop]) {
        let asked = with(
            house,
            &[("token_endpoint_auth_method", json!("private_key_jwt")), ("jwks_uri", json!(uri))],
        );
        let made = register(house, &asked).await?;
        if made.status != 201 {
            made.refused("invalid_client_metadata").with_context(|| uri.clone())?;
            continue;
        }
        used += 1;
        let id = made.text("client_id");
        let proof = assertion::make(&key, &id, &house.origin, fresh()?, now())?;
        let form = fields([
            ("grant_type", "refresh_token"),
            ("refresh_token", "unknown"),
            ("client_assertion_type", assertion::TYPE),
            ("client_assertion", &proof),
        ]);
        rp.send("/token", &form, &[]).await?.refused("invalid_client").with_context(|| uri)?;
    }
    ensure!(house.inside.knocks() == before, "somebody knocked inside");
    ensure!(used > 0, "the redirect was not tried");
    trail.shows("identity.token.refused", "invalid_client").await?;
    // An address outside works.
    house.world.serve(
        "/dynamic/jwks",
        200,
        "application/json",
        json!({"keys": [key.public_jwk()]}).to_string(),
    );
    let asked = with(
        house,
        &[
            ("token_endpoint_auth_method", json!("private_key_jwt")),
            ("jwks_uri", json!(house.world.url("/dynamic/jwks"))),
        ],
    );
    let id = register(house, &asked).await?.ok()?.text("client_id");
    let proof = assertion::make(&key, &id, &house.origin, fresh()?, now())?;
    let form = fields([
        ("grant_type", "refresh_token"),
        ("refresh_token", "unknown"),
        ("client_assertion_type", assertion::TYPE),
        ("client_assertion", &proof),
    ]);
    rp.send("/token", &form, &[]).await?.refused("invalid_grant")
}

async fn a_sector_is_not_fetched_from_inside(house: &House) -> anyhow::Result<()> {
    let before = house.inside.knocks();
    for uri in house.inside.addresses() {
        let asked = with(house, &[("sector_identifier_uri", json!(uri))]);
        let refused = register(house, &asked).await?;
        refused.refused("invalid_client_metadata").with_context(|| uri)?;
    }
    ensure!(house.inside.knocks() == before, "somebody knocked inside");
    Ok(())
}

async fn no_logout_token_goes_inside(house: &House) -> anyhow::Result<()> {
    let before = house.inside.knocks();
    house.world.serve("/listening/logout", 200, "text/plain", "");
    let (inward, listening) = (Rp::new(house, "inward")?, Rp::new(house, "listening")?);
    let browser = Browser::new(house)?;
    let first = inward.log_in_with(&inward.request()?, &browser, "erika").await?;
    listening.log_in_with(&listening.request()?, &browser, "erika").await?;
    let seen = house.world.seen("/listening/logout").len();
    let bye = house.world.url("/inward/bye");
    let hint = first.id_token.clone().unwrap_or_default();
    let asked = fields([("id_token_hint", &hint), ("post_logout_redirect_uri", &bye)]);
    let landing = browser.open(&house.url(&format!("/logout?{}", encoded(&asked)?))).await?;
    if let crate::person::Landing::Page(page) = &landing {
        let form = page.form(|f| f.method == "post" && f.action.contains("logout"));
        browser.submit(page, &form.context("no question")?, &[]).await?;
    }
    // Both were due at once: when the one has heard, the other was tried.
    let heard = async {
        while house.world.seen("/listening/logout").len() == seen {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), heard).await.context("nobody was told")?;
    ensure!(house.inside.knocks() == before, "somebody knocked inside");
    Ok(())
}
