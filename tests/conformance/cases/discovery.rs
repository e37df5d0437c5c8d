//! Metadata, keys and time: points 58 to 60. The change of keys needs a clock that can be moved:
//! see `POINTS.md`.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use siegel_crypto::{KeySet, SigningKey};
use siegel_oidc::dpop;

use crate::house::House;
use crate::rp::{Reply, Rp, fields, fresh, head, now, payload};
use crate::trail::Trail;

cases! {
    the_issuer_is_the_same_text_everywhere;
    both_well_known_documents_say_the_same;
    the_metadata_names_what_every_client_needs =
        "oidcc-discovery-endpoint-verification",
        "fapi2-security-profile-final-discovery-end-point-verification";
    what_is_advertised_is_there;
    what_is_not_there_is_not_advertised;
    the_keys_have_no_private_part_and_names_of_their_own;
    the_keys_may_be_kept_for_less_than_their_overlap;
    tokens_are_signed_by_a_published_key = "oidcc-idtoken-signature";
    a_client_may_have_its_id_tokens_signed_by_rsa = "oidcc-idtoken-rs256";
    a_clock_up_to_ten_seconds_ahead_is_no_error =
        "fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-after-succeeds",
        "fapi2-security-profile-final-ensure-dpopproof-with-iat-10seconds-before-succeeds";
    what_is_dated_over_a_minute_ahead_is_refused;
}

async fn get(house: &House, path: &str) -> anyhow::Result<Reply> {
    Reply::of(house.builder()?.build()?.get(house.url(path)).send().await?).await
}

async fn the_issuer_is_the_same_text_everywhere(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let request = rp.request()?;
    // `Rp::code_in` compares that of the answer.
    let tokens = rp.log_in(&request, "erika").await?;
    let live = rp.introspect(&tokens.access).await?;
    for (place, iss) in [
        ("metadata", super::metadata(house).await?["issuer"].clone()),
        ("id token", tokens.claims()?["iss"].clone()),
        ("access token", payload(&tokens.access)?["iss"].clone()),
        ("introspection", live["iss"].clone()),
    ] {
        ensure!(iss == house.origin.as_str(), "{place}: {iss}");
    }
    let signed = Rp::new(house, "signed-userinfo")?;
    let tokens = signed.log_in(&signed.request()?, "erika").await?;
    let userinfo = signed.userinfo(&tokens).await?.ok()?;
    ensure!(payload(&userinfo.body)?["iss"] == house.origin.as_str(), "userinfo");
    Ok(())
}

async fn both_well_known_documents_say_the_same(house: &House) -> anyhow::Result<()> {
    let openid = get(house, super::DISCOVERY).await?.ok()?;
    let oauth = get(house, "/.well-known/oauth-authorization-server").await?.ok()?;
    ensure!(openid.json() == oauth.json(), "they differ");
    ensure!(openid.header("content-type").starts_with("application/json"), "{openid:?}");
    Ok(())
}

async fn the_metadata_names_what_every_client_needs(house: &House) -> anyhow::Result<()> {
    let metadata = super::metadata(house).await?;
    let has = |name: &str, value: &str| {
        metadata[name].as_array().is_some_and(|list| list.contains(&json!(value)))
    };
    for (name, value) in [
        ("response_types_supported", "code"),
        ("response_modes_supported", "form_post"),
        ("subject_types_supported", "pairwise"),
        ("id_token_signing_alg_values_supported", "ES256"),
        ("id_token_signing_alg_values_supported", "RS256"),
        ("userinfo_signing_alg_values_supported", "ES256"),
        ("scopes_supported", "openid"),
        ("claims_supported", "sub"),
        ("claims_supported", "given_name"),
        ("grant_types_supported", "authorization_code"),
        ("grant_types_supported", "refresh_token"),
        ("grant_types_supported", "client_credentials"),
        ("grant_types_supported", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("token_endpoint_auth_methods_supported", "private_key_jwt"),
        ("token_endpoint_auth_methods_supported", "client_secret_basic"),
        ("token_endpoint_auth_methods_supported", "client_secret_post"),
        ("token_endpoint_auth_methods_supported", "tls_client_auth"),
        ("token_endpoint_auth_methods_supported", "self_signed_tls_client_auth"),
        ("dpop_signing_alg_values_supported", "ES256"),
        ("code_challenge_methods_supported", "S256"),
        ("prompt_values_supported", "select_account"),
    ] {
        ensure!(has(name, value), "{name} lacks {value}: {metadata}");
    }
    for (name, value) in [
        ("claims_parameter_supported", true),
        ("authorization_response_iss_parameter_supported", true),
        ("tls_client_certificate_bound_access_tokens", true),
        ("backchannel_logout_supported", true),
        ("backchannel_logout_session_supported", true),
        ("request_uri_parameter_supported", false),
    ] {
        ensure!(metadata[name] == value, "{name}: {metadata}");
    }
    for bad in ["none", "HS256"] {
        let all = metadata.as_object().context("no object")?.iter();
        let lists = all.filter(|(name, _)| name.ends_with("alg_values_supported"));
        for (name, list) in lists {
            let list = list.as_array().context("no list")?;
            ensure!(!list.contains(&json!(bad)), "{name} has {bad}");
        }
    }
    ensure!(!has("code_challenge_methods_supported", "plain"), "plain");
    Ok(())
}

async fn what_is_advertised_is_there(house: &House) -> anyhow::Result<()> {
    let metadata = super::metadata(house).await?;
    let http = house.builder()?.build()?;
    let all = metadata.as_object().context("no object")?;
    let aliases = all.get("mtls_endpoint_aliases").and_then(Value::as_object);
    let inner = aliases.into_iter().flatten();
    let mut seen = 0;
    for (name, url) in all.iter().chain(inner) {
        let is_address = name.ends_with("_endpoint") || name == "jwks_uri";
        let Some(url) = url.as_str().filter(|_| is_address) else { continue };
        let ours = [&house.origin, &house.mtls].iter().any(|o| url.starts_with(o.as_str()));
        ensure!(ours, "{name} is elsewhere: {url}");
        let status = http.get(url).send().await?.status().as_u16();
        ensure!(![404, 500, 501, 502, 503].contains(&status), "{name} {url}: {status}");
        seen += 1;
    }
    ensure!(seen >= 8, "only {seen} addresses");
    Ok(())
}

async fn what_is_not_there_is_not_advertised(house: &House) -> anyhow::Result<()> {
    let metadata = super::metadata(house).await?;
    for name in [
        "device_authorization_endpoint",
        "backchannel_authentication_endpoint",
        "check_session_iframe",
        "frontchannel_logout_supported",
        "id_token_encryption_alg_values_supported",
        "request_object_encryption_alg_values_supported",
        "op_tos_uri",
    ] {
        ensure!(metadata.get(name).is_none_or(|v| v == false), "{name}: {metadata}");
    }
    for (name, value) in [
        ("response_types_supported", "token"),
        ("response_types_supported", "id_token"),
        ("response_types_supported", "code id_token"),
        ("response_modes_supported", "fragment"),
        ("subject_types_supported", "public"),
        ("grant_types_supported", "implicit"),
        ("grant_types_supported", "password"),
        ("token_endpoint_auth_methods_supported", "client_secret_jwt"),
    ] {
        let list = metadata[name].as_array().context("no list")?;
        ensure!(!list.contains(&json!(value)), "{name} has {value}");
    }
    Ok(())
}

async fn the_keys_have_no_private_part_and_names_of_their_own(house: &House) -> anyhow::Result<()> {
    let keys = get(house, "/.well-known/jwks.json").await?.ok()?.json();
    let keys = keys["keys"].as_array().context("no keys")?;
    let mut names = Vec::new();
    for key in keys {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
            ensure!(key.get(private).is_none(), "a private part {private}");
        }
        ensure!(key["use"] == "sig" && key["alg"].is_string() && key["kty"].is_string(), "{key}");
        names.push(key["kid"].as_str().context("no kid")?);
    }
    ensure!(names.len() >= 2, "ES256 and RS256: {names:?}");
    names.sort_unstable();
    names.dedup();
    ensure!(names.len() == keys.len(), "two keys of one name");
    Ok(())
}

async fn the_keys_may_be_kept_for_less_than_their_overlap(house: &House) -> anyhow::Result<()> {
    let reply = get(house, "/.well-known/jwks.json").await?.ok()?;
    let kept = reply.header("cache-control");
    let age = kept.split(',').find_map(|d| d.trim().strip_prefix("max-age=")).context("max-age")?;
    // A key stays for as long as the last token it signed lives: five minutes.
    ensure!((1..=300).contains(&age.parse::<i64>()?), "{kept}");
    Ok(())
}

async fn tokens_are_signed_by_a_published_key(house: &House) -> anyhow::Result<()> {
    let keys = KeySet::from_json(&get(house, "/.well-known/jwks.json").await?.ok()?.body)?;
    let rp = Rp::new(house, "basic")?;
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    let id_token = tokens.id_token.as_deref().context("no id_token")?;
    let verified: Value = keys.verify(id_token, "JWT")?;
    ensure!(verified == tokens.claims()?, "{verified}");
    ensure!(head(id_token)?["alg"] == "ES256", "{}", head(id_token)?);
    keys.verify::<Value>(&tokens.access, "at+jwt")?;
    ensure!(keys.verify::<Value>(&tokens.access, "JWT").is_err(), "an access token as ID token");
    Ok(())
}

async fn a_client_may_have_its_id_tokens_signed_by_rsa(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "rsa")?;
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    let id_token = tokens.id_token.as_deref().context("no id_token")?;
    let header = head(id_token)?;
    ensure!(header["alg"] == "RS256", "{header}");
    let keys = KeySet::from_json(&get(house, "/.well-known/jwks.json").await?.ok()?.body)?;
    let jwk = keys.find(header["kid"].as_str().unwrap_or_default()).context("unknown kid")?;
    let verified: Value = siegel_crypto::verify_with_jwk(id_token, "JWT", jwk)?;
    ensure!(verified["aud"] == "rsa", "{verified}");
    // It is another signature only: access tokens stay what resource servers expect.
    ensure!(head(&tokens.access)?["alg"] == "ES256");
    Ok(())
}

/// The answer to a token request with a proof made this many seconds from now.
async fn with_proof_at(rp: &Rp<'_>, key: &SigningKey, seconds: i64) -> anyhow::Result<Reply> {
    let url = rp.endpoint("/token");
    let expected = dpop::Expected { method: "POST", url: &url, access_token: None, jkt: None };
    let span = Duration::from_secs(seconds.unsigned_abs());
    let mut nonce: Option<String> = None;
    loop {
        let at = if seconds < 0 { now().minus(span) } else { now().plus(span) };
        let proof = dpop::prove(key, &expected, nonce.as_deref(), fresh()?, at)?;
        let scope = ("scope", "account.read");
        let mut form = fields([("grant_type", "client_credentials"), scope]);
        form.extend(rp.assertion()?);
        let reply = rp.send("/token", &form, &[("dpop", proof)]).await?;
        if reply.error() != "use_dpop_nonce" || nonce.is_some() {
            return Ok(reply);
        }
        nonce = Some(reply.header("dpop-nonce"));
    }
}

async fn with_assertion(rp: &Rp<'_>, name: &str, seconds: i64) -> anyhow::Result<Reply> {
    let mut form = fields([("grant_type", "client_credentials"), ("scope", "account.read")]);
    form.extend(rp.bent_assertion(|claims| {
        claims[name] = json!(now().as_seconds() + seconds);
        claims["exp"] = json!(now().as_seconds() + 120);
    })?);
    rp.send("/token", &form, &[]).await
}

async fn a_clock_up_to_ten_seconds_ahead_is_no_error(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "machine")?;
    let key = SigningKey::generate()?;
    for seconds in [-8, 0, 8] {
        with_proof_at(&rp, &key, seconds).await?.ok().with_context(|| format!("{seconds} s"))?;
        for name in ["iat", "nbf"] {
            let reply = with_assertion(&rp, name, seconds).await?;
            reply.ok().with_context(|| format!("{name} {seconds} s"))?;
        }
    }
    Ok(())
}

async fn what_is_dated_over_a_minute_ahead_is_refused(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "machine")?;
    let key = SigningKey::generate()?;
    for seconds in [65, 600, -600] {
        with_proof_at(&rp, &key, seconds).await?.refused("invalid_dpop_proof")?;
    }
    for (name, seconds) in [("iat", 65), ("nbf", 65), ("nbf", 600)] {
        with_assertion(&rp, name, seconds).await?.refused("invalid_client")?;
    }
    trail.shows("identity.token.refused", "invalid_dpop_proof").await?;
    trail.shows("identity.token.refused", "invalid_client").await
}
