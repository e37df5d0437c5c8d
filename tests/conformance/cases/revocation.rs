//! Revocation: point 57.

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::house::House;
use crate::rp::{Fields, Rp, Tokens, basic, fields};
use crate::trail::Trail;

cases! {
    revoking_what_nobody_knows_succeeds;
    a_revoked_refresh_token_takes_its_access_tokens_with_it;
    a_revoked_access_token_is_dead_at_once;
    nobody_revokes_anothers_token;
}

async fn revoking_what_nobody_knows_succeeds(house: &House) -> anyhow::Result<()> {
    for id in ["basic", "portal", "native", "fapi"] {
        let rp = Rp::new(house, id)?;
        for token in ["nonsense", "a.b.c"] {
            let reply = rp.post("/revoke", fields([("token", token)])).await?;
            ensure!(reply.status == 200, "{id}: {reply:?}");
        }
        let hinted = fields([("token", "nonsense"), ("token_type_hint", "whatever")]);
        ensure!(rp.post("/revoke", hinted).await?.status == 200);
        rp.post("/revoke", Fields::new()).await?.refused("invalid_request")?;
    }
    Ok(())
}

async fn a_revoked_refresh_token_takes_its_access_tokens_with_it(
    house: &House,
) -> anyhow::Result<()> {
    for id in ["basic", "fapi"] {
        let rp = Rp::new(house, id)?;
        let first = rp.log_in(&rp.request()?, "erika").await?;
        let second = Tokens::of(rp.refresh(first.refresh_token()?, Fields::new()).await?)?;
        let last =
            second.refresh.clone().unwrap_or_else(|| first.refresh.clone().unwrap_or_default());
        let hinted = fields([("token", &last), ("token_type_hint", "refresh_token")]);
        ensure!(rp.post("/revoke", hinted).await?.status == 200);
        for tokens in [&first, &second] {
            let refused = rp.userinfo(tokens).await?;
            ensure!(refused.status == 401, "{id}: {refused:?}");
            ensure!(rp.introspect(&tokens.access).await? == json!({"active": false}), "{id}");
        }
        rp.refresh(&last, Fields::new()).await?.refused("invalid_grant")?;
        // Once more is no mistake.
        ensure!(rp.post("/revoke", fields([("token", &last)])).await?.status == 200);
    }
    Ok(())
}

async fn a_revoked_access_token_is_dead_at_once(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    let elsewhere = rp.log_in(&rp.request()?, "erika").await?;
    ensure!(rp.post("/revoke", fields([("token", &tokens.access)])).await?.status == 200);
    ensure!(rp.userinfo(&tokens).await?.status == 401);
    rp.userinfo(&elsewhere).await?.ok().context("another log-in died with it")?;
    Ok(())
}

async fn nobody_revokes_anothers_token(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "basic")?;
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    for other in ["portal", "native", "stock"] {
        let other = Rp::new(house, other)?;
        for token in [tokens.access.as_str(), tokens.refresh_token()?] {
            let reply = other.post("/revoke", fields([("token", token)])).await?;
            ensure!(reply.status == 200, "the answer tells a stranger nothing: {reply:?}");
        }
    }
    let form = fields([("token", tokens.refresh_token()?)]);
    let wrong = [("authorization", basic("basic", "wrong"))];
    rp.send("/revoke", &form, &wrong).await?.refused("invalid_client")?;
    rp.send("/revoke", &form, &[]).await?.refused("invalid_client")?;
    trail.shows("identity.revocation.refused", "invalid_client").await?;
    rp.userinfo(&tokens).await?.ok()?;
    Tokens::of(rp.refresh(tokens.refresh_token()?, Fields::new()).await?)?;
    Ok(())
}
