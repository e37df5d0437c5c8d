//! Introspection: point 56.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::token::published;
use crate::house::House;
use crate::rp::{Reply, Rp, basic, fields, head, payload};
use crate::seed;

cases! {
    introspection_tells_a_client_of_its_own_tokens;
    introspection_tells_a_resource_server_of_tokens_for_it;
    introspection_says_inactive_and_no_more_of_all_others;
    introspection_wants_to_know_who_asks;
    introspection_is_signed_when_asked_so;
}

const INACTIVE: &str = r#"{"active":false}"#;

async fn introspection_tells_a_client_of_its_own_tokens(house: &House) -> anyhow::Result<()> {
    for id in ["basic", "fapi"] {
        let rp = Rp::new(house, id)?;
        let tokens = rp.log_in(&rp.request()?.with("scope", "openid email"), "erika").await?;
        let held = payload(&tokens.access)?;
        let reply = rp.post("/introspect", fields([("token", &tokens.access)])).await?.ok()?;
        ensure!(reply.header("cache-control").contains("no-store"), "{reply:?}");
        let told = reply.json();
        ensure!(told["active"] == true, "{id}: {told}");
        for name in ["iss", "sub", "aud", "client_id", "exp", "iat", "jti", "scope"] {
            ensure!(told[name] == held[name], "{id}, {name}: {told} of {held}");
        }
        ensure!(told["token_type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case(&tokens.kind)));
        ensure!(told.get("username").is_none() && told.get("email").is_none(), "{told}");
        if id == "fapi" {
            ensure!(told["cnf"]["jkt"] == held["cnf"]["jkt"], "{told}");
        }
        let refresh = rp.introspect(tokens.refresh_token()?).await?;
        ensure!(refresh["active"] == true && refresh["client_id"] == id, "{refresh}");
        // A wrong hint changes nothing.
        let hinted = fields([("token", &tokens.access), ("token_type_hint", "refresh_token")]);
        ensure!(rp.post("/introspect", hinted).await?.ok()?.json()["active"] == true);
        rp.post("/revoke", fields([("token", tokens.refresh_token()?)])).await?.ok()?;
        for token in [tokens.access.as_str(), tokens.refresh_token()?] {
            let after = rp.post("/introspect", fields([("token", token)])).await?.ok()?;
            ensure!(after.body == INACTIVE, "{id}: {}", after.body);
        }
    }
    Ok(())
}

async fn introspection_tells_a_resource_server_of_tokens_for_it(
    house: &House,
) -> anyhow::Result<()> {
    let (rp, server) = (Rp::new(house, "basic")?, Rp::new(house, "server")?);
    let request = rp.request()?.with("scope", "openid account.read");
    let tokens = rp.log_in(&request, "erika").await?;
    let more = fields([("resource", "urn:siegel:account")]);
    let for_it = rp.refresh(tokens.refresh_token()?, more).await?.ok()?.text("access_token");
    let told = server.introspect(&for_it).await?;
    ensure!(told["active"] == true && told["aud"] == "urn:siegel:account", "{told}");
    ensure!(told["client_id"] == "basic" && told["scope"] == "account.read", "{told}");
    let other = server.post("/introspect", fields([("token", &tokens.access)])).await?.ok()?;
    ensure!(other.body == INACTIVE, "a token for userinfo is none of its business: {}", other.body);
    let refresh = server.post("/introspect", fields([("token", tokens.refresh_token()?)])).await?;
    ensure!(refresh.ok()?.body == INACTIVE);
    Ok(())
}

async fn introspection_says_inactive_and_no_more_of_all_others(
    house: &House,
) -> anyhow::Result<()> {
    let (rp, other) = (Rp::new(house, "basic")?, Rp::new(house, "portal")?);
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    let id_token = tokens.id_token.clone().context("no id_token")?;
    let asked = |token: &str| fields([("token", token)]);
    for (what, who, token) in [
        ("another's access token", &other, tokens.access.as_str()),
        ("another's refresh token", &other, tokens.refresh_token()?),
        ("an ID token", &rp, &id_token),
        ("nonsense", &rp, "nonsense"),
        ("an empty one", &rp, " "),
    ] {
        let reply = who.post("/introspect", asked(token)).await?.ok()?;
        ensure!(reply.body == INACTIVE, "{what}: {}", reply.body);
    }
    rp.post("/introspect", fields([])).await?.refused("invalid_request")
}

async fn introspection_wants_to_know_who_asks(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    let form = fields([("token", &tokens.access)]);
    rp.send("/introspect", &form, &[]).await?.refused("invalid_client")?;
    let wrong = [("authorization", basic("basic", "wrong"))];
    let wrong = rp.send("/introspect", &form, &wrong).await?;
    ensure!(wrong.status == 401 && !wrong.header("www-authenticate").is_empty(), "{wrong:?}");
    let itself = [("authorization", format!("Bearer {}", tokens.access))];
    let itself = rp.send("/introspect", &form, &itself).await?;
    ensure!((400..=401).contains(&itself.status), "a token is no client: {itself:?}");
    let http = rp.http()?;
    let header = basic("basic", &seed::secret("basic"));
    let query = format!("{}?token={}", house.url("/introspect"), tokens.access);
    let get = Reply::of(http.get(query).header("authorization", header).send().await?).await?;
    ensure!(get.status == 405, "{get:?}");
    Ok(())
}

async fn introspection_is_signed_when_asked_so(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    let keys = published(house).await?;
    for (token, active) in [(tokens.access.as_str(), true), ("nonsense", false)] {
        let headers = [
            ("authorization", basic("basic", &seed::secret("basic"))),
            ("accept", "application/token-introspection+jwt".to_owned()),
        ];
        let reply = rp.send("/introspect", &fields([("token", token)]), &headers).await?.ok()?;
        let kind = reply.header("content-type");
        ensure!(kind.starts_with("application/token-introspection+jwt"), "{kind}");
        ensure!(head(&reply.body)?["typ"] == "token-introspection+jwt", "{reply:?}");
        let claims: Value = keys.verify(&reply.body, "token-introspection+jwt")?;
        ensure!(claims["iss"] == house.origin.as_str() && claims["aud"] == "basic", "{claims}");
        let told = &claims["token_introspection"];
        ensure!(told["active"] == active, "{claims}");
        if !active {
            ensure!(*told == json!({"active": false}), "{claims}");
        }
        ensure!(claims.get("sub").is_none() && claims.get("exp").is_none(), "{claims}");
    }
    Ok(())
}
