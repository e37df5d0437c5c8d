//! Logging out everywhere: attack 10.

use anyhow::{Context as _, ensure};
use serde_json::json;
use siegel_proto::identity::v1::EndAllSessionsRequest;
use siegel_proto::identity::v1::self_service_client::SelfServiceClient;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};

use crate::house::House;
use crate::person::Browser;
use crate::rp::{Fields, Rp, Tokens, fields, fresh};
use crate::trail::Trail;

cases! {
    logging_out_everywhere_reaches_every_kind_of_token;
}

/// The call a person's own portal makes for her.
async fn end_all(house: &House, token: &str) -> anyhow::Result<Result<(), Status>> {
    let root = Certificate::from_pem(house.authority.pem());
    let tls = ClientTlsConfig::new().ca_certificate(root).domain_name("localhost");
    let channel = Endpoint::from_shared(house.origin.clone())?.tls_config(tls)?.connect().await?;
    let mut request = Request::new(EndAllSessionsRequest { request_id: fresh()? });
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
    let answer = SelfServiceClient::new(channel).end_all_sessions(request).await;
    Ok(answer.map(|_| ()))
}

async fn logging_out_everywhere_reaches_every_kind_of_token(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let (here, there) = (Browser::new(house)?, Browser::new(house)?);
    let basic = Rp::new(house, "basic")?;
    let request = basic.request()?.with("scope", "openid identity.self");
    let own = basic.log_in_with(&request, &here, "weg").await?;
    let later = basic.request()?;
    let code = basic.code_in(&later, &here, house.person("weg")?).await?;
    let post = Rp::new(house, "post")?;
    let request = post.request()?.with("scope", "openid offline_access").with("prompt", "consent");
    let offline = post.log_in_with(&request, &there, "weg").await?;
    let fapi = Rp::new(house, "fapi")?;
    let bound = fapi.log_in_with(&fapi.request()?, &there, "weg").await?;
    let exchanging = Rp::new(house, "exchanging")?;
    let request = exchanging.request()?.with("scope", "openid postbox.read");
    let subject = exchanging.log_in_with(&request, &there, "weg").await?;
    let exchange = fields([
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", &subject.access),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("resource", "urn:siegel:postbox"),
    ]);
    let onward = exchanging.post("/token", exchange.clone()).await?.ok()?.text("access_token");
    ensure!(exchanging.introspect(&onward).await?["active"] == true);
    let other = basic.log_in(&basic.request()?, "max").await?;

    end_all(house, &own.access).await?.context("the call was refused")?;

    for (rp, tokens) in
        [(&basic, &own), (&post, &offline), (&fapi, &bound), (&exchanging, &subject)]
    {
        ensure!(rp.userinfo(tokens).await?.status == 401, "{}: the access token lives", rp.id);
        let again = rp.refresh(tokens.refresh_token()?, Fields::new()).await?;
        again.refused("invalid_grant").with_context(|| format!("{}: to refresh", rp.id))?;
        ensure!(rp.introspect(&tokens.access).await? == json!({"active": false}), "{}", rp.id);
    }
    let redeemed = basic.post("/token", basic.redemption(&later, &code)).await?;
    redeemed.refused("invalid_grant").context("the code")?;
    ensure!(exchanging.introspect(&onward).await? == json!({"active": false}), "exchanged");
    let again = exchanging.post("/token", exchange).await?;
    ensure!(again.status == 400, "exchanged once more: {again:?}");
    for browser in [&here, &there] {
        let silent = basic.request()?.with("prompt", "none");
        let answer = basic.silently(&silent, browser).await?.answer()?;
        let told = answer.iter().any(|(n, v)| n == "error" && v == "login_required");
        ensure!(told, "a session stands: {answer:?}");
    }
    let dead = end_all(house, &own.access).await?;
    ensure!(dead.is_err_and(|s| s.code() == Code::Unauthenticated), "its own token still calls");
    basic.userinfo(&other).await?.ok().context("another person was logged out")?;
    Tokens::of(basic.refresh(other.refresh_token()?, Fields::new()).await?)?;
    trail.shows("identity.sessions.ended", "done").await
}
