//! Refresh tokens: points 43 to 45, attacks 7 and 9.

use anyhow::{Context as _, ensure};
use serde_json::json;
use siegel_crypto::SigningKey;

use crate::house::House;
use crate::person::Browser;
use crate::rp::{Fields, Reply, Rp, Tokens, basic, fields, payload};
use crate::seed;
use crate::trail::Trail;

cases! {
    a_bearer_clients_refresh_token_rotates = "oidcc-refresh-token";
    a_spent_refresh_token_revokes_its_family_after_the_grace;
    fifty_parallel_refreshes_leave_one_family_alive;
    a_fapi_refresh_token_is_kept_and_bound_to_its_client = "fapi2-security-profile-final-refresh-token";
    a_refresh_token_belongs_to_its_client_and_key;
    a_scope_can_only_shrink;
    an_id_token_on_refresh_tells_of_the_same_log_in;
    a_rotated_refresh_token_stays_dead_over_a_restart;
}

async fn a_bearer_clients_refresh_token_rotates(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let first = rp.log_in(&rp.request()?, "erika").await?;
    let second = Tokens::of(rp.refresh(first.refresh_token()?, Fields::new()).await?)?;
    ensure!(second.refresh_token()? != first.refresh_token()?, "it was not rotated");
    ensure!(second.access != first.access);
    // The answer may have been lost: shortly after, the spent one gives another successor.
    let again = Tokens::of(rp.refresh(first.refresh_token()?, Fields::new()).await?)?;
    let third = Tokens::of(rp.refresh(again.refresh_token()?, Fields::new()).await?)?;
    rp.userinfo(&third).await?.ok()?;
    Ok(())
}

async fn a_spent_refresh_token_revokes_its_family_after_the_grace(
    house: &House,
) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "basic")?;
    let first = rp.log_in(&rp.request()?, "erika").await?;
    let spent = first.refresh_token()?;
    let second = Tokens::of(rp.refresh(spent, Fields::new()).await?)?;
    rp.userinfo(&second).await?.ok()?;
    house.age_spent_refresh(spent, 60).await?;
    rp.refresh(spent, Fields::new()).await?.refused("invalid_grant")?;
    let heir = rp.refresh(second.refresh_token()?, Fields::new()).await?;
    heir.refused("invalid_grant").context("the honest successor outlived the family")?;
    for tokens in [&first, &second] {
        ensure!(rp.userinfo(tokens).await?.status == 401, "an access token outlived the family");
        ensure!(rp.introspect(&tokens.access).await? == json!({"active": false}));
    }
    trail.shows("identity.token.issued", "REFRESH_TOKEN_REUSED").await
}

async fn fifty_parallel_refreshes_leave_one_family_alive(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let first = rp.log_in(&rp.request()?, "erika").await?;
    let (http, url) = (rp.http()?, house.url("/token"));
    let refresh = first.refresh_token()?;
    let form = fields([("grant_type", "refresh_token"), ("refresh_token", refresh)]);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let call = http.post(&url).header("authorization", basic("basic", &seed::secret("basic")));
        let call = call.form(&form).send();
        calls.spawn(async move { Reply::of(call.await?).await });
    }
    let mut heirs = Vec::new();
    while let Some(done) = calls.join_next().await {
        let reply = done??;
        match reply.status {
            200 => heirs.push(Tokens::of(reply)?),
            400 => reply.refused("invalid_grant")?,
            _ => anyhow::bail!("answered {reply:?}"),
        }
    }
    ensure!(!heirs.is_empty(), "nobody won");
    let family = |tokens: &Tokens| anyhow::Ok(payload(&tokens.access)?["gid"].clone());
    for heir in &heirs {
        ensure!(family(heir)? == family(&first)?, "a second family came to be");
    }
    let heir = heirs.last().context("nobody won")?;
    rp.userinfo(heir).await?.ok().context("the family is dead")?;
    let next = Tokens::of(rp.refresh(heir.refresh_token()?, Fields::new()).await?)?;
    house.age_spent_refresh(refresh, 60).await?;
    rp.refresh(refresh, Fields::new()).await?.refused("invalid_grant")?;
    ensure!(rp.userinfo(&next).await?.status == 401, "a branch of the family survived");
    Ok(())
}

async fn a_fapi_refresh_token_is_kept_and_bound_to_its_client(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "fapi")?;
    let first = rp.log_in(&rp.request()?, "erika").await?;
    let refresh = first.refresh_token()?;
    for _ in 0..3 {
        let next = Tokens::of(rp.refresh(refresh, Fields::new()).await?)?;
        ensure!(next.refresh.as_deref().is_none_or(|t| t == refresh), "it was rotated");
        ensure!(next.kind == "DPoP", "{:?}", next.kind);
        rp.userinfo(&next).await?.ok()?;
    }
    let bare = Rp { dpop: None, ..rp.clone() };
    let unbound = bare.refresh(refresh, Fields::new()).await?;
    ensure!(unbound.status == 400 && unbound.text("access_token").is_empty(), "{unbound:?}");
    let other = Rp::new(house, "portal")?;
    let other = Rp { dpop: rp.dpop.clone(), ..other };
    other.refresh(refresh, Fields::new()).await?.refused("invalid_grant")
}

async fn a_refresh_token_belongs_to_its_client_and_key(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "basic")?;
    let request = rp.request()?;
    let tokens = rp.log_in(&request, "erika").await?;
    for other in ["post", "portal", "stock", "native"] {
        let thief = Rp::new(house, other)?;
        let stolen = thief.refresh(tokens.refresh_token()?, Fields::new()).await?;
        stolen.refused("invalid_grant").with_context(|| other.to_owned())?;
        // A code as well, with everything that belongs to it.
        let request = rp.request()?;
        let code = rp.code(&request, "erika").await?;
        let stolen = thief.post("/token", rp.redemption(&request, &code)).await?;
        stolen.refused("invalid_grant").with_context(|| other.to_owned())?;
    }
    trail.shows("identity.token.refused", "invalid_grant").await?;
    rp.userinfo(&tokens).await?.ok().context("the theft hurt the owner")?;

    // Nothing but the key stands between a public client's token and a thief.
    let native = Rp { dpop: Some(SigningKey::generate()?), ..Rp::new(house, "native")? };
    let request =
        native.request()?.with("scope", "openid offline_access").with("prompt", "consent");
    let bound = native.log_in(&request, "erika").await?;
    ensure!(bound.kind == "DPoP", "{}", bound.kind);
    let refresh = bound.refresh_token()?;
    let other_key = Rp { dpop: Some(SigningKey::generate()?), ..native.clone() };
    let no_key = Rp { dpop: None, ..native.clone() };
    for thief in [&other_key, &no_key] {
        let refused = thief.refresh(refresh, Fields::new()).await?;
        let codes = ["invalid_dpop_proof", "invalid_grant"];
        ensure!(codes.contains(&refused.error().as_str()), "{refused:?}");
    }
    Tokens::of(native.refresh(refresh, Fields::new()).await?)?;
    Ok(())
}

async fn a_scope_can_only_shrink(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let request = rp.request()?.with("scope", "openid email account.read");
    let tokens = rp.log_in(&request, "erika").await?;
    let less = rp.refresh(tokens.refresh_token()?, fields([("scope", "openid")])).await?;
    let less = Tokens::of(less)?;
    ensure!(less.reply.text("scope") == "openid", "{:?}", less.reply);
    ensure!(payload(&less.access)?["scope"] == "openid");
    let about = rp.userinfo(&less).await?.ok()?.json();
    ensure!(about.get("email").is_none(), "a claim outlived its scope: {about}");
    for wider in ["openid profile", "openid email address", "identity.self"] {
        let refused = rp.refresh(less.refresh_token()?, fields([("scope", wider)])).await?;
        refused.refused("invalid_scope").with_context(|| wider.to_owned())?;
    }
    Ok(())
}

async fn an_id_token_on_refresh_tells_of_the_same_log_in(house: &House) -> anyhow::Result<()> {
    for id in ["basic", "fapi"] {
        let rp = Rp::new(house, id)?;
        let first = rp.log_in(&rp.request()?, "erika").await?;
        let next = Tokens::of(rp.refresh(first.refresh_token()?, Fields::new()).await?)?;
        let (before, after) = (first.claims()?, next.claims()?);
        for name in ["iss", "sub", "aud", "auth_time", "sid"] {
            ensure!(before[name] == after[name], "{id}, {name}: {before} and {after}");
        }
        ensure!(after["iat"].as_i64() >= before["iat"].as_i64(), "{after}");
        ensure!(after.get("nonce").is_none(), "a nonce belongs to one request: {after}");
    }
    Ok(())
}

async fn a_rotated_refresh_token_stays_dead_over_a_restart(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let first = rp.log_in_with(&rp.request()?, &browser, "erika").await?;
    let live = rp.log_in(&rp.request()?, "max").await?;
    let second = Tokens::of(rp.refresh(first.refresh_token()?, Fields::new()).await?)?;
    house.age_spent_refresh(first.refresh_token()?, 60).await?;
    let portal = Rp::new(house, "portal")?;
    let assertion = portal.assertion()?;
    let mut form = fields([("grant_type", "refresh_token"), ("refresh_token", "unknown")]);
    form.extend(assertion);
    portal.send("/token", &form, &[]).await?.refused("invalid_grant")?;

    house.kill(0)?;
    house.start_one(0).await?;

    for _ in 0..2 {
        rp.refresh(first.refresh_token()?, Fields::new()).await?.refused("invalid_grant")?;
        portal.send("/token", &form, &[]).await?.refused("invalid_client")?;
    }
    let heir = rp.refresh(second.refresh_token()?, Fields::new()).await?;
    heir.refused("invalid_grant")?;
    // What was well stays well, the browser's session among it.
    rp.userinfo(&live).await?.ok()?;
    Tokens::of(rp.refresh(live.refresh_token()?, Fields::new()).await?)?;
    let request = rp.request()?.with("prompt", "none");
    let answer = rp.silently(&request, &browser).await?.answer()?;
    ensure!(answer.iter().any(|(name, _)| name == "code"), "{answer:?}");
    Ok(())
}
