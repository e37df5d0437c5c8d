//! The token endpoint and what it gives: points 38, 39, 46 to 49.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use siegel_crypto::{KeySet, b64, sha256};

use crate::house::House;
use crate::rp::{Fields, Reply, Rp, Tokens, basic, fields, head, payload};
use crate::seed;

cases! {
    the_token_endpoint_takes_posted_forms_and_nobody_keeps_its_answers;
    a_refused_token_request_says_why_by_its_code;
    an_id_token_is_signed_typed_and_bound_to_its_access_token = "oidcc-idtoken-signature";
    an_id_token_is_signed_by_rsa_where_registered_so = "oidcc-idtoken-rs256";
    an_access_token_has_its_own_type_and_an_id_token_opens_nothing;
    a_resource_decides_the_audience_of_a_token;
    a_machine_gets_a_token_for_itself_and_nothing_else;
    an_exchanged_token_says_who_acts_and_is_never_wider;
}

/// The keys the provider publishes now.
pub async fn published(house: &House) -> anyhow::Result<KeySet> {
    let http = house.builder()?.build()?;
    let answer = Reply::of(http.get(house.url("/.well-known/jwks.json")).send().await?).await?;
    Ok(KeySet::from_json(&answer.ok()?.body)?)
}

async fn the_token_endpoint_takes_posted_forms_and_nobody_keeps_its_answers(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    ensure!(tokens.reply.header("content-type").starts_with("application/json"));
    ensure!(tokens.reply.header("cache-control").contains("no-store"));
    ensure!(tokens.reply.json()["expires_in"].as_i64().is_some_and(|s| (1..=600).contains(&s)));

    let http = rp.http()?;
    let url = house.url("/token");
    let query = format!("{url}?grant_type=authorization_code&code=x&client_id=basic");
    let asked = Reply::of(http.get(&query).send().await?).await?;
    ensure!(asked.status == 405 && asked.header("allow").contains("POST"), "{asked:?}");
    let call = http.post(&url).header("authorization", basic("basic", &seed::secret("basic")));
    let call = call.json(&json!({"grant_type": "authorization_code", "code": "x"}));
    let sent_json = Reply::of(call.send().await?).await?;
    sent_json.clone().refused("invalid_request")?;
    ensure!(sent_json.header("cache-control").contains("no-store"), "{sent_json:?}");
    let call = http.post(&query).header("authorization", basic("basic", &seed::secret("basic")));
    let in_query = Reply::of(call.form(&fields([("scope", "openid")])).send().await?).await?;
    in_query.refused("invalid_request")
}

async fn a_refused_token_request_says_why_by_its_code(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let grant = |grant: &str, more: &[(&str, &str)]| -> Fields {
        let mut form = fields([("grant_type", grant)]);
        form.extend(more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        form
    };
    for (form, code) in [
        (fields([("code", "x")]), "invalid_request"),
        (grant("password", &[("username", "a"), ("password", "b")]), "unsupported_grant_type"),
        (grant("authorization_code", &[]), "invalid_request"),
        (grant("authorization_code", &[("code", "x")]), "invalid_grant"),
        (grant("refresh_token", &[]), "invalid_request"),
        (grant("refresh_token", &[("refresh_token", "x")]), "invalid_grant"),
        (grant("client_credentials", &[]), "unauthorized_client"),
    ] {
        let reply = rp.post("/token", form.clone()).await?;
        ensure!(reply.status == 400, "{form:?}: {reply:?}");
        reply.refused(code).with_context(|| format!("{form:?}"))?;
    }
    let machine = Rp::new(house, "machine")?;
    let asked = grant("client_credentials", &[("scope", "postbox.read")]);
    machine.post("/token", asked).await?.refused("invalid_scope")?;

    let form = grant("authorization_code", &[("code", "x")]);
    let wrong = [("authorization", basic("basic", "wrong"))];
    let by_header = rp.send("/token", &form, &wrong).await?;
    ensure!(by_header.status == 401, "{by_header:?}");
    ensure!(by_header.header("www-authenticate").starts_with("Basic"), "{by_header:?}");
    by_header.refused("invalid_client")?;
    let nobody = [("authorization", basic("nobody", "wrong"))];
    rp.send("/token", &form, &nobody).await?.refused("invalid_client")?;
    let mut in_body = form;
    in_body.extend(fields([("client_id", "post"), ("client_secret", "wrong")]));
    let in_body = rp.send("/token", &in_body, &[]).await?;
    ensure!((400..=401).contains(&in_body.status), "{in_body:?}");
    in_body.refused("invalid_client")
}

async fn an_id_token_is_signed_typed_and_bound_to_its_access_token(
    house: &House,
) -> anyhow::Result<()> {
    let keys = published(house).await?;
    for id in ["basic", "portal", "fapi"] {
        let rp = Rp::new(house, id)?;
        let request = rp.request()?;
        let tokens = rp.log_in(&request, "erika").await?;
        let id_token = tokens.id_token.clone().context("no id_token")?;
        let claims: Value = keys.verify(&id_token, "JWT").context("the signature does not hold")?;
        ensure!(head(&id_token)?["alg"] == "ES256", "{id}: {}", head(&id_token)?);
        check_id_token(house, &claims, id, &tokens)?;
        ensure!(claims["nonce"] == request.get("nonce"), "{id}: {claims}");
    }
    Ok(())
}

fn check_id_token(house: &House, claims: &Value, id: &str, all: &Tokens) -> anyhow::Result<()> {
    let number = |name: &str| claims[name].as_i64().with_context(|| format!("{name}: {claims}"));
    ensure!(claims["iss"] == house.origin.as_str(), "{claims}");
    match &claims["aud"] {
        Value::String(aud) => ensure!(aud == id, "{claims}"),
        Value::Array(list) => ensure!(list.contains(&json!(id)) && claims["azp"] == id, "{claims}"),
        _ => anyhow::bail!("no aud: {claims}"),
    }
    let hash = sha256(all.access.as_bytes());
    let half = hash.get(..16).context("half a hash")?;
    ensure!(claims["at_hash"] == b64::encode(half), "at_hash: {claims}");
    ensure!(number("exp")? > number("iat")? && number("auth_time")? <= number("iat")?);
    ensure!(claims["acr"].is_string() && claims["sid"].is_string(), "{claims}");
    let sub = claims["sub"].as_str().unwrap_or_default();
    ensure!((1..=255).contains(&sub.len()) && sub.is_ascii(), "{claims}");
    Ok(())
}

async fn an_id_token_is_signed_by_rsa_where_registered_so(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "rsa")?;
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    let id_token = tokens.id_token.clone().context("no id_token")?;
    ensure!(head(&id_token)?["alg"] == "RS256", "{}", head(&id_token)?);
    let claims: Value = published(house).await?.verify(&id_token, "JWT")?;
    check_id_token(house, &claims, "rsa", &tokens)?;
    ensure!(head(&tokens.access)?["alg"] == "ES256", "access tokens stay with ES256");
    Ok(())
}

async fn an_access_token_has_its_own_type_and_an_id_token_opens_nothing(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    ensure!(head(&tokens.access)?["typ"] == "at+jwt", "{}", head(&tokens.access)?);
    let claims: Value = published(house).await?.verify(&tokens.access, "at+jwt")?;
    ensure!(claims["aud"] == "urn:siegel:identity" && claims["client_id"] == "basic", "{claims}");
    ensure!(claims["jti"].as_str().is_some_and(|jti| jti.len() >= 16), "{claims}");

    let id_token = tokens.id_token.clone().context("no id_token")?;
    let disguised = Tokens { access: id_token.clone(), ..tokens.clone() };
    let refused = rp.userinfo(&disguised).await?;
    ensure!(refused.status == 401, "{refused:?}");
    ensure!(refused.header("www-authenticate").contains("invalid_token"), "{refused:?}");
    ensure!(rp.introspect(&id_token).await? == json!({"active": false}));
    let as_refresh = rp.refresh(&id_token, Fields::new()).await?;
    as_refresh.refused("invalid_grant")
}

async fn a_resource_decides_the_audience_of_a_token(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "fapi")?;
    let request = rp.request()?.with("scope", "openid postbox.read account.read");
    let first = rp.log_in(&request, "erika").await?;
    let aud = |tokens: &Tokens| anyhow::Ok(payload(&tokens.access)?["aud"].clone());
    ensure!(aud(&first)? == "urn:siegel:identity", "userinfo's, when none is named");
    let refresh = first.refresh_token()?;
    for service in ["postbox", "account"] {
        let resource = format!("urn:siegel:{service}");
        let more = fields([("resource", &resource)]);
        let tokens = Tokens::of(rp.refresh(refresh, more).await?)?;
        ensure!(aud(&tokens)? == resource.as_str(), "{}", payload(&tokens.access)?);
        let scope = payload(&tokens.access)?["scope"].clone();
        ensure!(scope == format!("{service}.read"), "no scope of another service: {scope}");
    }
    for bad in ["urn:siegel:nowhere", "urn:siegel:postbox#part", "postbox", "urn:siegel:eid"] {
        let refused = rp.refresh(refresh, fields([("resource", bad)])).await?;
        refused.refused("invalid_target").with_context(|| bad.to_owned())?;
    }
    // At the start of the log-in as well.
    let request = rp.request()?.with("resource", "urn:siegel:nowhere");
    rp.post("/par", request.fields).await?.refused("invalid_target")
}

async fn a_machine_gets_a_token_for_itself_and_nothing_else(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "machine")?;
    let form = fields([("grant_type", "client_credentials"), ("scope", "account.read openid")]);
    let reply = rp.post("/token", form).await?.ok()?;
    let tokens = Tokens::of(reply)?;
    ensure!(tokens.refresh.is_none() && tokens.id_token.is_none(), "{:?}", tokens.reply);
    ensure!(tokens.reply.text("scope") == "account.read", "what was granted is said");
    let claims = payload(&tokens.access)?;
    ensure!(claims["sub"] == "machine" && claims["client_id"] == "machine", "{claims}");
    let person = rp.userinfo(&tokens).await?;
    ensure!((401..=403).contains(&person.status), "a machine is nobody: {person:?}");
    // What can deliver letters is bound to a key.
    let form = fields([("grant_type", "client_credentials"), ("scope", "postbox.deliver")]);
    rp.post("/token", form).await?.refused("invalid_dpop_proof")
}

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";

fn exchange(subject: &str, resource: &str) -> Fields {
    fields([
        ("grant_type", EXCHANGE),
        ("subject_token", subject),
        ("subject_token_type", ACCESS),
        ("resource", resource),
    ])
}

async fn an_exchanged_token_says_who_acts_and_is_never_wider(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "exchanging")?;
    let request = rp.request()?.with("scope", "openid postbox.read");
    let tokens = rp.log_in(&request, "erika").await?;
    let before = payload(&tokens.access)?;
    let reply = rp.post("/token", exchange(&tokens.access, "urn:siegel:postbox")).await?;
    let reply = reply.ok()?;
    ensure!(reply.text("issued_token_type") == ACCESS, "{reply:?}");
    ensure!(reply.text("refresh_token").is_empty(), "{reply:?}");
    let claims = payload(&reply.text("access_token"))?;
    ensure!(claims["aud"] == "urn:siegel:postbox" && claims["scope"] == "postbox.read", "{claims}");
    ensure!(claims["act"]["sub"] == "exchanging", "{claims}");
    for kept in ["sub", "trust_level", "auth_time"] {
        ensure!(claims[kept] == before[kept], "{kept}: {claims} after {before}");
    }
    ensure!(claims["exp"].as_i64() <= before["exp"].as_i64(), "{claims} after {before}");
    ensure!(claims["cnf"]["jkt"].is_string(), "{claims}");

    let wider = rp.post("/token", exchange(&tokens.access, "urn:siegel:account")).await?;
    ensure!(["invalid_target", "invalid_scope"].contains(&wider.error().as_str()), "{wider:?}");
    let mut form = exchange(&tokens.access, "urn:siegel:postbox");
    form.insert("scope".into(), "postbox.read account.read".into());
    rp.post("/token", form).await?.refused("invalid_scope")?;
    let foreign = Rp::new(house, "fapi")?;
    let request = foreign.request()?.with("scope", "openid postbox.read");
    let stolen = foreign.log_in(&request, "max").await?;
    let other = rp.post("/token", exchange(&stolen.access, "urn:siegel:postbox")).await?;
    ensure!(other.status == 400 && other.text("access_token").is_empty(), "{other:?}");
    ensure!(["invalid_grant", "invalid_request"].contains(&other.error().as_str()), "{other:?}");
    let not_registered = exchange(&stolen.access, "urn:siegel:postbox");
    foreign.post("/token", not_registered).await?.refused("unauthorized_client")?;
    // A token that holds no longer gives nothing.
    rp.post("/revoke", fields([("token", tokens.refresh_token()?)])).await?.ok()?;
    let dead = rp.post("/token", exchange(&tokens.access, "urn:siegel:postbox")).await?;
    ensure!(["invalid_grant", "invalid_request"].contains(&dead.error().as_str()), "{dead:?}");
    Ok(())
}
