//! What the FAPI 2.0 Security Profile adds (§5.3), beyond the points of the other files.

use anyhow::{Context as _, ensure};
use serde_json::json;
use siegel_crypto::SigningKey;
use siegel_oidc::assertion;

use crate::forge;
use crate::house::House;
use crate::person::{Browser, Landing};
use crate::rp::{Fields, Rp, Tokens, encoded, fields, fresh, now, payload};
use crate::seed;
use crate::trail::Trail;

cases! {
    a_fapi_log_in_is_pushed_bound_and_answered_with_the_issuer = "fapi2-security-profile-final-happy-flow";
    a_fapi_client_gets_no_log_in_that_was_not_pushed =
        "fapi2-security-profile-final-ensure-unsigned-authorization-request-without-using-par-fails";
    a_fapi_client_gets_no_unbound_token = "fapi2-security-profile-final-ensure-holder-of-key-required";
    a_fapi_client_signs_with_no_old_algorithm =
        "fapi2-security-profile-final-ensure-signed-client-assertion-with-RS256-fails";
    a_fapi_client_must_prove_itself_at_the_token_endpoint =
        "fapi2-security-profile-final-ensure-client-assertion-in-token-endpoint";
}

async fn a_fapi_log_in_is_pushed_bound_and_answered_with_the_issuer(
    house: &House,
) -> anyhow::Result<()> {
    for id in ["fapi", "fapi-mtls"] {
        let rp = Rp::new(house, id)?;
        let request = rp.request()?;
        let address = rp.address(&request).await?;
        for name in ["scope", "state", "redirect_uri", "code_challenge"] {
            ensure!(!address.contains(&format!("{name}=")), "{id}: {name} is in the address");
        }
        let browser = Browser::new(house)?;
        let landing = browser.walk(browser.open(&address).await?, house.person("erika")?).await?;
        let answer: Fields = landing.answer()?.into_iter().collect();
        ensure!(answer.get("iss") == Some(&house.origin), "{id}: {answer:?}");
        let code = answer.get("code").context("no code")?;
        let tokens = Tokens::of(rp.post("/token", rp.redemption(&request, code)).await?)?;
        let cnf = payload(&tokens.access)?["cnf"].clone();
        let bound = if id == "fapi" { &cnf["jkt"] } else { &cnf["x5t#S256"] };
        ensure!(bound.is_string(), "{id}: {cnf}");
        ensure!(rp.userinfo(&tokens).await?.ok()?.json()["sub"] == tokens.claims()?["sub"]);
    }
    Ok(())
}

async fn a_fapi_client_gets_no_log_in_that_was_not_pushed(house: &House) -> anyhow::Result<()> {
    for id in ["fapi", "fapi-mtls", "pushing"] {
        let rp = Rp::new(house, id)?;
        let request = rp.request()?;
        let url = house.url(&format!("/authorize?{}", encoded(&request.fields)?));
        match Browser::new(house)?.open(&url).await? {
            Landing::Page(page) => ensure!(page.status == 400, "{id}: {}", page.status),
            landing => {
                let answer: Fields = landing.answer()?.into_iter().collect();
                let error = answer.get("error").map(String::as_str);
                ensure!(error == Some("invalid_request"), "{id}: {answer:?}");
            }
        }
    }
    Ok(())
}

async fn a_fapi_client_gets_no_unbound_token(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "fapi")?;
    let request = rp.request()?;
    let code = rp.code(&request, "erika").await?;
    let unbound = Rp { dpop: None, ..rp.clone() };
    let reply = unbound.post("/token", rp.redemption(&request, &code)).await?;
    let codes = ["invalid_dpop_proof", "invalid_request", "invalid_grant"];
    ensure!(reply.status == 400 && codes.contains(&reply.error().as_str()), "{reply:?}");
    trail.shows("identity.token.refused", &reply.error()).await
}

async fn a_fapi_client_signs_with_no_old_algorithm(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "fapi-rsa")?;
    let seconds = now().as_seconds();
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": "fapi-rsa"});
    let claims = json!({"iss": rp.id, "sub": rp.id, "aud": house.origin, "exp": seconds + 60,
        "iat": seconds, "jti": fresh()?});
    let made = forge::by_rsa(seed::RSA_KEY_PEM, &header, &claims)?;
    let mut form = fields([
        ("grant_type", "refresh_token"),
        ("refresh_token", "unknown"),
        ("client_assertion_type", assertion::TYPE),
        ("client_assertion", &made),
    ]);
    rp.send("/token", &form, &[]).await?.refused("invalid_client").context("RS256")?;
    // With the key of the right kind beside it all is well.
    form.extend(rp.assertion()?);
    rp.send("/token", &form, &[]).await?.refused("invalid_grant").context("ES256")
}

async fn a_fapi_client_must_prove_itself_at_the_token_endpoint(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "fapi")?;
    let request = rp.request()?;
    let code = rp.code(&request, "erika").await?;
    let key = rp.dpop.clone().context("fapi has a key")?;
    let hello = rp.post_once("/par", Fields::new(), None).await?.header("dpop-nonce");
    let mut form = rp.redemption(&request, &code);
    form.insert("client_id".into(), "fapi".into());
    let proof = rp.proof(&key, "POST", "/token", None, Some(&hello))?;
    rp.send("/token", &form, &[("dpop", proof)]).await?.refused("invalid_client")?;
    // A stranger's assertion proves the stranger.
    let stranger = SigningKey::generate()?;
    let forged = assertion::make(&stranger, "fapi", &house.origin, fresh()?, now())?;
    form.extend(fields([
        ("client_assertion_type", assertion::TYPE),
        ("client_assertion", &forged),
    ]));
    let proof = rp.proof(&key, "POST", "/token", None, Some(&hello))?;
    rp.send("/token", &form, &[("dpop", proof)]).await?.refused("invalid_client")?;
    // Nothing of that used the code up.
    Tokens::of(rp.post("/token", rp.redemption(&request, &code)).await?)?;
    Ok(())
}
