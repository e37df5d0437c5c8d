//! PKCE and the life of a code: points 9 to 14. That a code lives at most 60 s needs a clock that
//! can be moved: see `POINTS.md`.

use anyhow::ensure;
use siegel_crypto::{SigningKey, thumbprint};
use siegel_oidc::pkce;
use tokio::task::JoinSet;

use crate::house::House;
use crate::person::Browser;
use crate::rp::{Fields, Request, Rp, Tokens, basic};
use crate::seed;

cases! {
    a_challenge_is_demanded_of_every_client_not_registered_without =
        "fapi2-security-profile-final-par-ensure-pkce-required";
    a_confidential_client_may_be_registered_without_a_challenge =
        "oidcc-ensure-request-with-valid-pkce-succeeds";
    a_verifier_without_an_earlier_challenge_is_refused;
    a_challenge_demands_its_verifier =
        "fapi2-security-profile-final-ensure-pkce-code-verifier-required",
        "fapi2-security-profile-final-incorrect-pkce-code-verifier-rejected";
    a_challenge_in_plain_is_refused = "fapi2-security-profile-final-par-plain-pkce-rejected";
    a_verifier_has_43_to_128_unreserved_characters;
    a_code_works_once_and_its_second_use_ends_what_the_first_gave =
        "oidcc-codereuse", "oidcc-codereuse-30seconds",
        "fapi2-security-profile-final-attempt-reuse-authorization-code-after-one-second";
    a_code_is_bound_to_its_client =
        "fapi2-security-profile-final-ensure-authorization-code-is-bound-to-client";
    a_code_is_bound_to_its_redirect_uri;
    a_code_is_bound_to_the_key_the_request_named =
        "fapi2-security-profile-final-ensure-dpop-auth-code-binding-success",
        "fapi2-security-profile-final-ensure-token-endpoint-fails-with-mismatched-dpop-jkt";
    of_many_redemptions_at_once_exactly_one_wins;
}

async fn a_challenge_is_demanded_of_every_client_not_registered_without(
    house: &House,
) -> anyhow::Result<()> {
    for id in ["basic", "portal", "post", "native", "pushing", "fapi"] {
        let rp = Rp::new(house, id)?;
        let request = rp.request()?.without("code_challenge").without("code_challenge_method");
        rp.refuses(&request, "invalid_request").await?;
    }
    Ok(())
}

async fn a_confidential_client_may_be_registered_without_a_challenge(
    house: &House,
) -> anyhow::Result<()> {
    let mut rp = Rp::new(house, "stock")?;
    rp.log_in(&rp.request()?, "erika").await?;
    rp.pkce = true;
    rp.log_in(&rp.request()?, "erika").await?;
    Ok(())
}

async fn a_verifier_without_an_earlier_challenge_is_refused(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "stock")?;
    let request = rp.request()?;
    let code = rp.code(&request, "erika").await?;
    let mut form = rp.redemption(&request, &code);
    form.insert("code_verifier".into(), request.verifier.clone());
    rp.post("/token", form).await?.refused("invalid_grant")
}

/// A request, and a code for it in a browser whose person is logged in.
async fn code(
    rp: &Rp<'_>,
    browser: &Browser<'_>,
    change: impl Fn(Request) -> Request,
) -> anyhow::Result<(Request, String)> {
    let request = change(rp.request()?);
    let code = rp.code_in(&request, browser, rp.house.person("erika")?).await?;
    Ok((request, code))
}

async fn a_challenge_demands_its_verifier(house: &House) -> anyhow::Result<()> {
    for id in ["basic", "stock", "native", "fapi"] {
        let mut rp = Rp::new(house, id)?;
        rp.pkce = true;
        let browser = Browser::new(house)?;
        let (request, first) = code(&rp, &browser, |r| r).await?;
        let mut form = rp.redemption(&request, &first);
        form.remove("code_verifier");
        rp.post("/token", form).await?.refused("invalid_grant")?;
        let (request, second) = code(&rp, &browser, |r| r).await?;
        let mut form = rp.redemption(&request, &second);
        form.insert("code_verifier".into(), rp.request()?.verifier);
        rp.post("/token", form).await?.refused("invalid_grant")?;
        // Whoever guessed wrong has used the code up.
        let right = rp.post("/token", rp.redemption(&request, &second)).await?;
        right.refused("invalid_grant")?;
    }
    Ok(())
}

async fn a_challenge_in_plain_is_refused(house: &House) -> anyhow::Result<()> {
    for id in ["basic", "stock", "native", "fapi"] {
        let mut rp = Rp::new(house, id)?;
        rp.pkce = true;
        let plain = |method: &str| -> anyhow::Result<Request> {
            let request = rp.request()?;
            let verifier = request.verifier.clone();
            let request = request.with("code_challenge", &verifier);
            Ok(request.with("code_challenge_method", method))
        };
        rp.refuses(&plain("plain")?, "invalid_request").await?;
        rp.refuses(&plain("s256")?, "invalid_request").await?;
        // Absent means plain (RFC 7636 §4.3).
        rp.refuses(&plain("S256")?.without("code_challenge_method"), "invalid_request").await?;
    }
    Ok(())
}

async fn a_verifier_has_43_to_128_unreserved_characters(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = rp.entered("erika").await?;
    let cases = [
        ("a".repeat(42), false),
        ("a".repeat(129), false),
        (format!("{}+", "a".repeat(43)), false),
        (format!("{}ä", "a".repeat(43)), false),
        (format!("{} ", "a".repeat(43)), false),
        ("a".repeat(43), true),
        (format!("-._~{}", "Z9".repeat(62)), true),
    ];
    for (verifier, good) in cases {
        let challenge = pkce::challenge(&verifier);
        let (request, code) = code(&rp, &browser, |r| r.with("code_challenge", &challenge)).await?;
        let mut form = rp.redemption(&request, &code);
        form.insert("code_verifier".into(), verifier.clone());
        let reply = rp.post("/token", form).await?;
        if good {
            reply.ok()?;
        } else {
            reply.refused("invalid_grant")?;
        }
    }
    Ok(())
}

async fn a_code_works_once_and_its_second_use_ends_what_the_first_gave(
    house: &House,
) -> anyhow::Result<()> {
    for id in ["basic", "fapi"] {
        let rp = Rp::new(house, id)?;
        let (request, code) = code(&rp, &Browser::new(house)?, |r| r).await?;
        let tokens = Tokens::of(rp.post("/token", rp.redemption(&request, &code)).await?)?;
        rp.userinfo(&tokens).await?.ok()?;
        rp.post("/token", rp.redemption(&request, &code)).await?.refused("invalid_grant")?;
        let userinfo = rp.userinfo(&tokens).await?;
        ensure!(userinfo.status == 401, "{id}: the access token still works");
        let refreshed = rp.refresh(tokens.refresh_token()?, Fields::new()).await?;
        refreshed.refused("invalid_grant")?;
    }
    Ok(())
}

async fn a_code_is_bound_to_its_client(house: &House) -> anyhow::Result<()> {
    let (rp, thief) = (Rp::new(house, "basic")?, Rp::new(house, "post")?);
    let (request, code) = code(&rp, &Browser::new(house)?, |r| r).await?;
    thief.post("/token", rp.redemption(&request, &code)).await?.refused("invalid_grant")?;
    // The thief cannot even spoil it.
    rp.post("/token", rp.redemption(&request, &code)).await?.ok()?;
    Ok(())
}

async fn a_code_is_bound_to_its_redirect_uri(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = rp.entered("erika").await?;
    for other in [Some(house.world.url("/second/cb")), Some(format!("{}/", rp.redirect_uri)), None]
    {
        let (request, code) = code(&rp, &browser, |r| r).await?;
        let mut form = rp.redemption(&request, &code);
        form.remove("redirect_uri");
        if let Some(other) = other {
            form.insert("redirect_uri".into(), other);
        }
        rp.post("/token", form).await?.refused("invalid_grant")?;
    }
    Ok(())
}

async fn a_code_is_bound_to_the_key_the_request_named(house: &House) -> anyhow::Result<()> {
    let mut rp = Rp::new(house, "portal")?;
    let browser = rp.entered("erika").await?;
    let (own, other) = (SigningKey::generate()?, SigningKey::generate()?);
    let jkt = thumbprint(own.public_jwk())?;
    for (key, good) in [(None, false), (Some(other), false), (Some(own), true)] {
        rp.dpop = None;
        let (request, code) = code(&rp, &browser, |r| r.with("dpop_jkt", &jkt)).await?;
        rp.dpop = key;
        let reply = rp.post("/token", rp.redemption(&request, &code)).await?;
        if good {
            ensure!(reply.ok()?.text("token_type") == "DPoP");
        } else {
            ensure!(reply.status == 400, "{}", reply.body);
            ensure!(["invalid_grant", "invalid_dpop_proof"].contains(&reply.error().as_str()));
        }
    }
    Ok(())
}

async fn of_many_redemptions_at_once_exactly_one_wins(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let (request, code) = code(&rp, &Browser::new(house)?, |r| r).await?;
    let mut tries = JoinSet::new();
    for _ in 0..12 {
        let call = rp.http()?.post(rp.endpoint("/token"));
        let call = call.header("authorization", basic(&rp.id, &seed::secret(&rp.id)));
        tries.spawn(call.form(&rp.redemption(&request, &code)).send());
    }
    let mut statuses = Vec::new();
    while let Some(answer) = tries.join_next().await {
        statuses.push(answer??.status().as_u16());
    }
    statuses.sort_unstable();
    ensure!(statuses.first() == Some(&200), "nobody won: {statuses:?}");
    ensure!(statuses.iter().skip(1).all(|s| *s == 400), "{statuses:?}");
    Ok(())
}
