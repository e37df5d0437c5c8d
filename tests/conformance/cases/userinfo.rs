//! The userinfo endpoint: point 55.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::token::published;
use crate::house::House;
use crate::rp::{Reply, Rp, fields, head};
use crate::trail::Trail;

cases! {
    userinfo_answers_get_and_post_with_the_same_subject = "oidcc-userinfo-get", "oidcc-userinfo-post-header";
    userinfo_takes_a_token_from_the_header_alone = "oidcc-userinfo-post-body";
    userinfo_says_what_was_wrong_with_a_token;
    userinfo_is_signed_where_registered_so;
    userinfo_holds_what_was_released_and_nothing_else;
}

async fn userinfo_answers_get_and_post_with_the_same_subject(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let tokens = rp.log_in(&rp.request()?.with("scope", "openid email"), "erika").await?;
    let (http, url) = (rp.http()?, house.url("/userinfo"));
    let get = Reply::of(http.get(&url).bearer_auth(&tokens.access).send().await?).await?.ok()?;
    let post = http.post(&url).bearer_auth(&tokens.access);
    let post = Reply::of(post.form(&fields([])).send().await?).await?.ok()?;
    ensure!(get.json() == post.json(), "{} and {}", get.body, post.body);
    ensure!(get.json()["sub"] == tokens.claims()?["sub"], "{}", get.body);
    ensure!(get.header("content-type").starts_with("application/json"), "{get:?}");
    ensure!(get.header("cache-control").contains("no-store"), "{get:?}");
    let lower = http.get(&url).header("authorization", format!("bearer {}", tokens.access));
    Reply::of(lower.send().await?).await?.ok().context("the scheme's case does not matter")?;
    Ok(())
}

async fn userinfo_takes_a_token_from_the_header_alone(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    let (http, url) = (rp.http()?, house.url("/userinfo"));
    let in_query = http.get(format!("{url}?access_token={}", tokens.access));
    let in_query = Reply::of(in_query.send().await?).await?;
    let in_body = http.post(&url).form(&fields([("access_token", &tokens.access)]));
    let in_body = Reply::of(in_body.send().await?).await?;
    for reply in [in_query, in_body] {
        ensure!((400..=401).contains(&reply.status), "{reply:?}");
        ensure!(!reply.body.contains("sub"), "{reply:?}");
    }
    let twice = http.get(&url).bearer_auth(&tokens.access).bearer_auth(&tokens.access);
    let twice = Reply::of(twice.send().await?).await?;
    ensure!((400..=401).contains(&twice.status), "{twice:?}");
    Ok(())
}

async fn userinfo_says_what_was_wrong_with_a_token(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "basic")?;
    let (http, url) = (rp.http()?, house.url("/userinfo"));
    let nothing = Reply::of(http.get(&url).send().await?).await?;
    let challenge = nothing.header("www-authenticate");
    ensure!(nothing.status == 401 && challenge.starts_with("Bearer"), "{nothing:?}");
    ensure!(!challenge.contains("error="), "nothing was presented: {challenge}");

    let good = rp.log_in(&rp.request()?, "erika").await?;
    let mut changed = good.access.clone();
    changed.replace_range(changed.len() - 6.., "AAAAAA");
    for bad in ["abc", "a.b.c", &changed, good.refresh_token()?] {
        let reply = Reply::of(http.get(&url).bearer_auth(bad).send().await?).await?;
        ensure!(reply.status == 401, "{reply:?}");
        let challenge = reply.header("www-authenticate");
        ensure!(challenge.starts_with("Bearer"), "{challenge}");
        ensure!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
    trail.shows("identity.userinfo.refused", "invalid_token").await?;

    let other = rp.log_in(&rp.request()?.with("scope", "openid account.read"), "erika").await?;
    let more = fields([("resource", "urn:siegel:account")]);
    let elsewhere = crate::rp::Tokens::of(rp.refresh(other.refresh_token()?, more).await?)?;
    let refused = rp.userinfo(&elsewhere).await?;
    ensure!(refused.status == 401, "a token for another service: {refused:?}");

    let without = rp.request()?.with("scope", "identity.self").without("nonce");
    let without = rp.log_in(&without, "erika").await?;
    ensure!(without.id_token.is_none(), "plain OAuth has no ID token");
    let narrow = rp.userinfo(&without).await?;
    ensure!(narrow.status == 403, "{narrow:?}");
    ensure!(narrow.header("www-authenticate").contains("insufficient_scope"), "{narrow:?}");
    Ok(())
}

async fn userinfo_is_signed_where_registered_so(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "signed-userinfo")?;
    let tokens = rp.log_in(&rp.request()?.with("scope", "openid email"), "erika").await?;
    let reply = rp.userinfo(&tokens).await?.ok()?;
    ensure!(reply.header("content-type").starts_with("application/jwt"), "{reply:?}");
    let keys = published(house).await?;
    let header = head(&reply.body)?;
    let kid = header["kid"].as_str().context("no kid")?;
    let jwk = keys.find(kid).context("not a published key")?;
    let claims: Value = siegel_crypto::verify_untyped(&reply.body, jwk)?;
    ensure!(claims["iss"] == house.origin.as_str(), "{claims}");
    ensure!(claims["aud"] == "signed-userinfo" || claims["aud"] == json!(["signed-userinfo"]));
    ensure!(claims["sub"] == tokens.claims()?["sub"], "{claims}");
    // It is no token: it opens nothing.
    let disguised = crate::rp::Tokens { access: reply.body.clone(), ..tokens };
    ensure!(rp.userinfo(&disguised).await?.status == 401);
    Ok(())
}

async fn userinfo_holds_what_was_released_and_nothing_else(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let bare = rp.log_in(&rp.request()?, "erika").await?;
    let about = rp.userinfo(&bare).await?.ok()?.json();
    for name in ["email", "given_name", "family_name", "name", "birthdate", "address"] {
        ensure!(about.get(name).is_none(), "{name} was released to nobody: {about}");
    }
    let more = rp.log_in(&rp.request()?.with("scope", "openid email profile"), "erika").await?;
    let about = rp.userinfo(&more).await?.ok()?.json();
    ensure!(about["email"] == house.person("erika")?.email.as_str(), "{about}");
    ensure!(about["given_name"] == "erika", "{about}");
    ensure!(about.get("address").is_none(), "{about}");
    let before = rp.userinfo(&bare).await?.ok()?.json();
    ensure!(before.get("email").is_none(), "an old token grew: {before}");
    Ok(())
}
