//! What this provider does not speak: not advertised, not there, an unknown grant.

use anyhow::ensure;
use serde_json::json;

use crate::house::House;
use crate::rp::{Fields, Rp, fields};

cases! {
    there_is_no_device_flow;
    there_is_no_backchannel_authentication;
    there_is_no_saml;
    there_is_no_directory_service;
    there_is_no_password_grant_and_no_implicit_flow;
}

/// That none of these words stands in the metadata and none of these paths answers.
async fn absent(house: &House, words: &[&str], paths: &[&str]) -> anyhow::Result<()> {
    let metadata = super::metadata(house).await?.to_string().to_ascii_lowercase();
    for word in words {
        ensure!(!metadata.contains(word), "{word} is advertised");
    }
    let http = house.builder()?.build()?;
    for path in paths {
        for method in [http::Method::GET, http::Method::POST] {
            let answer = http.request(method.clone(), house.url(path)).send().await?;
            let status = answer.status().as_u16();
            // A POST of nobody is refused before it is looked up.
            let gone = status == 404 || (method == http::Method::POST && status == 403);
            ensure!(gone, "{method} {path}: {status}");
        }
    }
    Ok(())
}

async fn unknown_grant(house: &House, grant: &str, more: Fields) -> anyhow::Result<()> {
    for id in ["basic", "machine", "fapi"] {
        let rp = Rp::new(house, id)?;
        let mut form = fields([("grant_type", grant)]);
        form.extend(more.clone());
        rp.post("/token", form).await?.refused("unsupported_grant_type")?;
    }
    Ok(())
}

async fn there_is_no_device_flow(house: &House) -> anyhow::Result<()> {
    let paths = ["/device", "/device_authorization", "/device/code", "/activate"];
    absent(house, &["device"], &paths).await?;
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    unknown_grant(house, grant, fields([("device_code", "x")])).await
}

async fn there_is_no_backchannel_authentication(house: &House) -> anyhow::Result<()> {
    let paths = ["/bc-authorize", "/backchannel", "/ciba", "/ext/ciba/auth"];
    absent(house, &["ciba", "backchannel_authentication", "backchannel_token"], &paths).await?;
    let grant = "urn:openid:params:grant-type:ciba";
    unknown_grant(house, grant, fields([("auth_req_id", "x")])).await
}

async fn there_is_no_saml(house: &House) -> anyhow::Result<()> {
    let paths = ["/saml", "/saml2", "/saml/metadata", "/SAML2/POST/SSO", "/sso/saml", "/acs"];
    absent(house, &["saml"], &paths).await?;
    let grant = "urn:ietf:params:oauth:grant-type:saml2-bearer";
    unknown_grant(house, grant, fields([("assertion", "PHNhbWw+")])).await
}

async fn there_is_no_directory_service(house: &House) -> anyhow::Result<()> {
    absent(house, &["ldap", "kerberos"], &["/ldap", "/kerberos", "/spnego", "/scim/v2/Users"]).await
}

async fn there_is_no_password_grant_and_no_implicit_flow(house: &House) -> anyhow::Result<()> {
    absent(house, &["implicit", "\"password\""], &["/token/direct", "/api/login"]).await?;
    let person = house.person("erika")?;
    let given = fields([("username", &person.email), ("password", &person.password)]);
    unknown_grant(house, "password", given).await?;
    unknown_grant(house, "implicit", fields([])).await?;
    let metadata = super::metadata(house).await?;
    ensure!(metadata["response_types_supported"] == json!(["code"]), "{metadata}");
    Ok(())
}
