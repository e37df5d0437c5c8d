//! Pushed authorization requests (RFC 9126): points 35 to 37. That a handle runs out needs a clock
//! that can be moved: see `POINTS.md`.

use anyhow::{Context as _, ensure};
use siegel_crypto::SigningKey;

use crate::house::House;
use crate::person::Browser;
use crate::rp::{Fields, Rp, Tokens, basic, fields};
use crate::seed;
use crate::trail::Trail;

cases! {
    a_pushed_request_logs_in = "fapi2-security-profile-final-happy-flow";
    a_request_is_pushed_by_its_client_and_nobody_else;
    a_handle_cannot_be_pushed =
        "fapi2-security-profile-final-par-authorization-request-containing-request_uri-form-param";
    a_handle_is_short_lived_and_cannot_be_guessed;
    a_handle_may_be_opened_again_until_a_code_was_issued =
        "fapi2-security-profile-final-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds";
    a_handle_is_spent_by_the_code = "fapi2-security-profile-final-par-attempt-reuse-request_uri";
    a_handle_belongs_to_its_client =
        "fapi2-security-profile-final-par-attempt-to-use-request_uri-for-different-client";
    nothing_beside_the_handle_counts;
    what_is_wrong_with_a_request_is_said_when_it_is_pushed;
    a_client_registered_so_must_push =
        "fapi2-security-profile-final-ensure-unsigned-authorization-request-without-using-par-fails";
    requests_are_pushed_by_post = "fapi2-security-profile-final-par-attempt-invalid-http-method";
    a_key_proven_while_pushing_is_the_key_of_the_code =
        "fapi2-security-profile-final-ensure-dpopproof-at-par-endpoint-binding-success",
        "fapi2-security-profile-final-ensure-mismatched-dpop-jkt-fails",
        "fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt";
    credentials_of_the_client_are_not_kept_with_the_request;
}

async fn a_pushed_request_logs_in(house: &House) -> anyhow::Result<()> {
    for id in ["basic", "post", "portal", "native", "pushing", "fapi"] {
        let mut rp = Rp::new(house, id)?;
        rp.par = true;
        let request = rp.request()?;
        let tokens = rp.log_in(&request, "erika").await?;
        ensure!(tokens.claims()?["nonce"] == request.get("nonce"), "{id}");
    }
    Ok(())
}

async fn a_request_is_pushed_by_its_client_and_nobody_else(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "basic")?;
    let form = rp.request()?.fields;
    rp.send("/par", &form, &[]).await?.refused("invalid_client")?;
    let wrong = [("authorization", basic("basic", "falsch"))];
    let reply = rp.send("/par", &form, &wrong).await?;
    reply.refused("invalid_client")?;
    ensure!(reply.status == 401 && !reply.header("www-authenticate").is_empty(), "{reply:?}");
    // As another client: whose request it is says the authentication.
    let other = [("authorization", basic("post", &seed::secret("post")))];
    ensure!(rp.send("/par", &form, &other).await?.status >= 400, "in another client's name");
    let jwt = Rp::new(house, "portal")?;
    let mut form = jwt.request()?.fields;
    form.extend(jwt.bent_assertion(|claims| claims["aud"] = "https://evil.example".into())?);
    jwt.send("/par", &form, &[]).await?.refused("invalid_client")?;
    trail.shows("identity.authorization.refused", "invalid_client").await
}

async fn a_handle_cannot_be_pushed(house: &House) -> anyhow::Result<()> {
    for id in ["basic", "fapi"] {
        let rp = Rp::new(house, id)?;
        let handle = rp.post("/par", rp.request()?.fields).await?.ok()?.text("request_uri");
        for uri in [handle.as_str(), "https://world.example/r", "urn:x"] {
            let form = rp.request()?.with("request_uri", uri).fields;
            rp.post("/par", form).await?.refused("invalid_request")?;
        }
    }
    Ok(())
}

async fn a_handle_is_short_lived_and_cannot_be_guessed(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let form = rp.request()?.fields;
    let mut handles = Vec::new();
    for _ in 0..3 {
        let reply = rp.post("/par", form.clone()).await?;
        ensure!(reply.status == 201, "{}: {}", reply.status, reply.body);
        ensure!(reply.header("cache-control").contains("no-store"), "{reply:?}");
        let lifetime = reply.json()["expires_in"].as_i64().context("no expires_in")?;
        ensure!((5..=600).contains(&lifetime), "{lifetime} s");
        handles.push(reply.text("request_uri"));
    }
    for handle in &handles {
        let random = handle.strip_prefix("urn:ietf:params:oauth:request_uri:");
        let random = random.context("not a handle")?;
        // 128 bits are 22 characters of base64url.
        ensure!(random.len() >= 22, "{random}");
        ensure!(handles.iter().filter(|h| *h == handle).count() == 1, "twice the same");
    }
    let guessed = format!("urn:ietf:params:oauth:request_uri:{}", "A".repeat(43));
    let page = Browser::new(house)?.open(&rp.handle_address(&guessed)?).await?.page()?;
    ensure!(page.status == 400 && !page.is_login(), "{}", page.status);
    Ok(())
}

async fn a_handle_may_be_opened_again_until_a_code_was_issued(house: &House) -> anyhow::Result<()> {
    for id in ["pushing", "fapi"] {
        let rp = Rp::new(house, id)?;
        let request = rp.request()?;
        let address = rp.address(&request).await?;
        let browser = Browser::new(house)?;
        for _ in 0..2 {
            ensure!(browser.open(&address).await?.page()?.is_login(), "{id}: no log-in");
        }
        // Nor does it hurt that another browser looked at it.
        ensure!(Browser::new(house)?.open(&address).await?.page()?.is_login(), "{id}");
        let start = browser.open(&address).await?;
        let answer = browser.walk(start, house.person("erika")?).await?.fields()?;
        let code = answer.get("code").context("no code")?;
        Tokens::of(rp.post("/token", rp.redemption(&request, code)).await?)?;
    }
    Ok(())
}

async fn a_handle_is_spent_by_the_code(house: &House) -> anyhow::Result<()> {
    for id in ["pushing", "fapi"] {
        let rp = Rp::new(house, id)?;
        let address = rp.address(&rp.request()?).await?;
        let browser = Browser::new(house)?;
        let open_elsewhere = browser.open(&address).await?.page()?;
        let start = browser.open(&address).await?;
        let answer = browser.walk(start, house.person("erika")?).await?.fields()?;
        ensure!(answer.contains_key("code"), "{answer:?}");
        let again = browser.open(&address).await?;
        let page = again.page().with_context(|| format!("{id}: answered twice"))?;
        ensure!(page.status == 400 && !page.is_login(), "{id}: {}", page.status);
        // A page of the same request that stood open in another tab gives no second code.
        let late = browser.enter(&open_elsewhere, house.person("erika")?).await?;
        let late = late.page().with_context(|| format!("{id}: a second code"))?;
        ensure!(late.status >= 400, "{id}: {}", late.status);
    }
    Ok(())
}

async fn a_handle_belongs_to_its_client(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    for (id, thief) in [("pushing", "portal"), ("fapi", "pushing")] {
        let rp = Rp::new(house, id)?;
        // Registered for both: it is the handle that belongs to one of them.
        let request = rp.request()?.with("redirect_uri", &house.world.url("/second/cb"));
        let handle = rp.post("/par", request.fields).await?.ok()?.text("request_uri");
        let thief = Rp::new(house, thief)?;
        let page = Browser::new(house)?.open(&thief.handle_address(&handle)?).await?.page()?;
        ensure!(page.status == 400 && !page.is_login(), "{id}: {}", page.status);
        // It still works for the one it belongs to.
        let page = Browser::new(house)?.open(&rp.handle_address(&handle)?).await?.page()?;
        ensure!(page.is_login(), "{id}: spoiled by another client");
    }
    trail.shows("identity.authorization.refused", "invalid_request_uri").await
}

async fn nothing_beside_the_handle_counts(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "pushing")?;
    let (request, other) = (rp.request()?, rp.request()?);
    let address = rp.address(&request).await?;
    let mut beside: Fields = other.fields;
    beside.remove("client_id");
    beside.insert("redirect_uri".into(), house.world.url("/second/cb"));
    beside.insert("scope".into(), "openid email".into());
    beside.insert("prompt".into(), "none".into());
    let address = format!("{address}&{}", crate::rp::encoded(&beside)?);
    let browser = Browser::new(house)?;
    let start = browser.open(&address).await?;
    let answer = browser.walk(start, house.person("erika")?).await?;
    if let crate::person::Landing::Away(url) = &answer {
        ensure!(url.as_str().starts_with(&rp.redirect_uri), "{url}");
    }
    let answer = answer.fields()?;
    ensure!(answer.get("state").is_some_and(|s| s == request.get("state")), "{answer:?}");
    let code = answer.get("code").context("no code")?;
    let tokens = Tokens::of(rp.post("/token", rp.redemption(&request, code)).await?)?;
    ensure!(tokens.claims()?["nonce"] == request.get("nonce"));
    ensure!(tokens.reply.text("scope") == "openid", "{}", tokens.reply.body);
    Ok(())
}

async fn what_is_wrong_with_a_request_is_said_when_it_is_pushed(
    house: &House,
) -> anyhow::Result<()> {
    for id in ["basic", "fapi"] {
        let rp = Rp::new(house, id)?;
        for (name, value, error) in [
            ("redirect_uri", "https://evil.example/cb", "invalid_request"),
            ("response_type", "token", "unsupported_response_type"),
            ("scope", "unheard_of", "invalid_scope"),
            ("resource", "https://evil.example/", "invalid_target"),
            ("prompt", "none login", "invalid_request"),
            ("claims", "{", "invalid_request"),
            ("code_challenge_method", "plain", "invalid_request"),
        ] {
            let form = rp.request()?.with(name, value).fields;
            let reply = rp.post("/par", form).await?;
            reply.refused(error).with_context(|| format!("{id}: {name}={value}"))?;
            ensure!(reply.status == 400, "{}", reply.status);
        }
    }
    Ok(())
}

async fn a_client_registered_so_must_push(house: &House) -> anyhow::Result<()> {
    for id in ["pushing", "fapi"] {
        let mut rp = Rp::new(house, id)?;
        rp.par = false;
        rp.refuses(&rp.request()?, "invalid_request").await?;
    }
    let metadata = super::metadata(house).await?;
    let endpoint = house.url("/par");
    ensure!(metadata["pushed_authorization_request_endpoint"] == endpoint.as_str(), "{metadata}");
    ensure!(metadata["require_pushed_authorization_requests"] == false, "{metadata}");
    Ok(())
}

async fn requests_are_pushed_by_post(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "fapi")?;
    let mut form = rp.request()?.fields;
    form.extend(rp.assertion()?);
    let url = format!("{}?{}", house.url("/par"), crate::rp::encoded(&form)?);
    for method in [http::Method::GET, http::Method::PUT, http::Method::DELETE] {
        let answer = rp.http()?.request(method.clone(), &url).send().await?;
        ensure!(answer.status().as_u16() == 405, "{method}: {}", answer.status());
    }
    // Parameters in the address do not count for a POST either.
    let answer = rp.http()?.post(&url).form(&fields([])).send().await?;
    ensure!(answer.status().is_client_error(), "{}", answer.status());
    let json = rp.http()?.post(house.url("/par")).header("content-type", "application/json");
    let json = json.body(serde_json::to_string(&form)?).send().await?;
    ensure!(json.status().as_u16() == 400, "JSON: {}", json.status());
    Ok(())
}

async fn a_key_proven_while_pushing_is_the_key_of_the_code(house: &House) -> anyhow::Result<()> {
    let mut rp = Rp::new(house, "fapi")?;
    let person = house.person("erika")?;
    let browser = rp.entered("erika").await?;
    let request = rp.request()?;
    let code = rp.code_in(&request, &browser, person).await?;
    let own = rp.dpop.replace(SigningKey::generate()?);
    let reply = rp.post("/token", rp.redemption(&request, &code)).await?;
    ensure!(reply.status == 400, "{}", reply.body);
    ensure!(["invalid_grant", "invalid_dpop_proof"].contains(&reply.error().as_str()), "{reply:?}");
    rp.dpop = own;
    let request = rp.request()?;
    let code = rp.code_in(&request, &browser, person).await?;
    Tokens::of(rp.post("/token", rp.redemption(&request, &code)).await?)?;
    // A request that names another key than the one it is proven with.
    let jkt = siegel_crypto::thumbprint(SigningKey::generate()?.public_jwk())?;
    let reply = rp.post("/par", rp.request()?.with("dpop_jkt", &jkt).fields).await?;
    ensure!(reply.status == 400, "{}", reply.body);
    let known = ["invalid_request", "invalid_dpop_proof"];
    ensure!(known.contains(&reply.error().as_str()), "{reply:?}");
    Ok(())
}

async fn credentials_of_the_client_are_not_kept_with_the_request(
    house: &House,
) -> anyhow::Result<()> {
    let mut rp = Rp::new(house, "post")?;
    rp.par = true;
    let page = Browser::new(house)?.open(&rp.address(&rp.request()?).await?).await?.page()?;
    ensure!(page.is_login() && !page.html.contains("geheim"), "the secret is on the page");
    ensure!(!house.logs().contains("geheim & post"), "the secret is in the log");
    ensure!(!house.logs().contains("client_assertion="), "an assertion is in the log");
    Ok(())
}
