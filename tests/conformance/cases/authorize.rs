//! The authorization endpoint: points 1 to 8 and 17 to 18, attacks 1, 3, 4 and 32. Codes are
//! in `codes.rs`, pages in `pages.rs`; what can be registered is in `registration.rs`.

use anyhow::{Context as _, bail, ensure};
use http::header;

use crate::house::House;
use crate::person::{Browser, Landing};
use crate::rp::{Request, Rp, encoded, payload};
use crate::trail::Trail;

cases! {
    a_log_in_gives_an_id_token_with_the_nonce =
        "oidcc-server", "fapi2-security-profile-final-happy-flow";
    a_redirect_uri_is_compared_as_a_string =
        "oidcc-ensure-registered-redirect-uri", "oidcc-redirect-uri-query-mismatch",
        "oidcc-redirect-uri-query-added";
    a_registered_query_stays_in_the_redirect_uri = "oidcc-redirect-uri-query-OK";
    only_the_port_of_a_literal_loopback_address_may_differ;
    localhost_does_not_stand_for_the_loopback_address_nor_the_reverse;
    several_users_in_the_authority_lead_nowhere;
    a_redirect_uri_with_parameters_of_an_answer_leads_nowhere;
    an_unknown_client_or_a_missing_address_is_never_redirected =
        "fapi2-security-profile-final-ensure-redirect-uri-in-authorization-request";
    a_parameter_sent_twice_is_refused = "fapi2-security-profile-final-par-without-duplicate-parameters";
    an_unknown_parameter_is_ignored = "oidcc-ensure-request-with-unknown-parameter-succeeds";
    get_and_post_lead_to_the_same_pages = "oidcc-ensure-post-request-succeeds";
    state_comes_back_byte_for_byte =
        "fapi2-security-profile-final-ensure-authorization-request-with-long-state",
        "fapi2-security-profile-final-ensure-authorization-request-without-state-success";
    every_answer_names_the_issuer;
    a_response_other_than_a_code_is_refused =
        "oidcc-response-type-missing",
        "fapi2-security-profile-final-ensure-response-type-code-idtoken-fails",
        "fapi2-security-profile-final-ensure-response-type-token-fails";
    without_openid_there_is_no_id_token;
    the_token_answer_says_what_was_granted = "oidcc-ensure-other-scope-order-succeeds";
    a_log_in_without_nonce_succeeds =
        "oidcc-ensure-request-without-nonce-succeeds-for-code-flow";
    no_other_origin_reads_the_authorization_endpoint;
    scripts_of_clients_may_call_token_userinfo_keys_and_metadata;
}

async fn a_log_in_gives_an_id_token_with_the_nonce(house: &House) -> anyhow::Result<()> {
    for id in ["basic", "portal", "fapi", "stock", "post"] {
        let rp = Rp::new(house, id)?;
        let request = rp.request()?;
        let tokens = rp.log_in(&request, "erika").await?;
        let claims = tokens.claims()?;
        ensure!(claims["nonce"] == request.get("nonce"), "{id}: {claims}");
        ensure!(claims["iss"] == house.origin.as_str() && claims["aud"] == id, "{id}: {claims}");
    }
    Ok(())
}

/// A page of ours that says no: nothing went anywhere.
async fn stays(rp: &Rp<'_>, request: &Request, why: &str) -> anyhow::Result<()> {
    let address = rp.house.url(&format!("/authorize?{}", encoded(&request.fields)?));
    let answer = Browser::new(rp.house)?.http.get(address).send().await?;
    ensure!(answer.status().as_u16() == 400, "{why}: {}", answer.status());
    for name in ["location", "refresh"] {
        ensure!(!answer.headers().contains_key(name), "{why}: {:?}", answer.headers());
    }
    let html = answer.text().await?;
    ensure!(!html.contains("http-equiv") && !html.contains("<form"), "{why}: leads on: {html}");
    Ok(())
}

async fn a_redirect_uri_is_compared_as_a_string(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let registered = rp.redirect_uri.clone();
    for bent in [
        format!("{registered}/"),
        format!("{registered}?x=1"),
        format!("{registered}#f"),
        format!("{registered}%2f"),
        format!("{registered}."),
        registered.replace("/cb", "/CB"),
        registered.replace("/cb", "/c%62"),
        registered.replace("/cb", "/a/../cb"),
        registered.replace("localhost", "LOCALHOST"),
        registered.replace("localhost", "localhost."),
        registered.replace("https://", "https:////"),
        registered.replace("https://", "http://"),
        registered.replace("https://", "https://localhost@"),
        registered.replace("/basic/cb", "*"),
        "https://evil.example/cb".to_owned(),
        // Of another client.
        registered.replace("/basic/", "/portal/"),
    ] {
        stays(&rp, &rp.request()?.with("redirect_uri", &bent), &bent).await?;
    }
    Ok(())
}

async fn a_registered_query_stays_in_the_redirect_uri(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "queried")?;
    let request = rp.request()?;
    let (browser, person) = (Browser::new(house)?, house.person("erika")?);
    let start = browser.open(&rp.address(&request).await?).await?;
    let Landing::Away(url) = browser.walk(start, person).await? else { bail!("no redirect") };
    ensure!(url.as_str().starts_with(&format!("{}&", rp.redirect_uri)), "{url}");
    ensure!(url.query_pairs().any(|(name, _)| name == "code"), "{url}");
    let without = rp.redirect_uri.split('?').next().unwrap_or_default();
    stays(&rp, &rp.request()?.with("redirect_uri", without), "without its query").await
}

async fn only_the_port_of_a_literal_loopback_address_may_differ(
    house: &House,
) -> anyhow::Result<()> {
    let mut rp = Rp::new(house, "native")?;
    for bent in [
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.2:51004/cb",
        "http://[::1]:51004/cb",
        "https://127.0.0.1:51004/cb",
    ] {
        stays(&rp, &rp.request()?.with("redirect_uri", bent), bent).await?;
    }
    "http://127.0.0.1:51004/cb".clone_into(&mut rp.redirect_uri);
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    ensure!(tokens.claims()?["aud"] == "native");
    Ok(())
}

async fn localhost_does_not_stand_for_the_loopback_address_nor_the_reverse(
    house: &House,
) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let native = Rp::new(house, "native")?;
    let with_port = "http://localhost:51004/cb";
    stays(&native, &native.request()?.with("redirect_uri", with_port), with_port).await?;
    let basic = Rp::new(house, "basic")?;
    for address in ["127.0.0.1", "[::1]", "2130706433", "0x7f.1"] {
        let bent = basic.redirect_uri.replace("localhost", address);
        stays(&basic, &basic.request()?.with("redirect_uri", &bent), &bent).await?;
    }
    trail.shows("identity.authorization.refused", "invalid_request").await
}

async fn several_users_in_the_authority_lead_nowhere(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "basic")?;
    let registered = rp.redirect_uri.clone();
    for user in ["a@b@", "localhost@evil.example@", "localhost:1@a:b@", "%40@", "@"] {
        let bent = registered.replace("https://", &format!("https://{user}"));
        stays(&rp, &rp.request()?.with("redirect_uri", &bent), &bent).await?;
    }
    let bent = registered.replace("/basic", "@a@evil.example/basic");
    stays(&rp, &rp.request()?.with("redirect_uri", &bent), &bent).await?;
    trail.shows("identity.authorization.refused", "invalid_request").await
}

async fn a_redirect_uri_with_parameters_of_an_answer_leads_nowhere(
    house: &House,
) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "basic")?;
    for query in ["code=x", "state=x", "iss=https://evil.example", "error=x", "a=1&code=x"] {
        let bent = format!("{}?{query}", rp.redirect_uri);
        stays(&rp, &rp.request()?.with("redirect_uri", &bent), &bent).await?;
    }
    trail.shows("identity.authorization.refused", "invalid_request").await
}

async fn an_unknown_client_or_a_missing_address_is_never_redirected(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    stays(&rp, &rp.request()?.with("client_id", "nobody"), "an unknown client").await?;
    stays(&rp, &rp.request()?.without("client_id"), "no client").await?;
    stays(&rp, &rp.request()?.without("redirect_uri"), "no address").await?;
    stays(&rp, &rp.request()?.with("redirect_uri", ""), "an empty address").await?;
    // Also when there is more to say, and by POST.
    let bad = rp.request()?.with("client_id", "nobody").with("response_type", "token");
    stays(&rp, &bad, "two faults").await?;
    let browser = Browser::new(house)?;
    let posted = browser.post_from("https://x.example", "/authorize", &bad.fields).await?;
    ensure!(posted.page()?.status == 400, "by POST");
    let fapi = Rp::new(house, "fapi")?;
    fapi.refuses(&fapi.request()?.without("redirect_uri"), "invalid_request").await
}

async fn a_parameter_sent_twice_is_refused(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let request = rp.request()?.with("resource", "urn:siegel:account");
    let address = rp.address(&request).await?;
    for name in ["scope", "state", "nonce", "code_challenge", "response_type", "prompt", "extra"] {
        let twice = format!("{address}&{name}=x&{name}=x");
        let landing = Browser::new(house)?.open(&twice).await?;
        let answer = landing.fields().context(name)?;
        ensure!(answer.get("error").is_some_and(|e| e == "invalid_request"), "{name}: {answer:?}");
    }
    for (name, value) in [("client_id", "basic"), ("redirect_uri", rp.redirect_uri.as_str())] {
        let twice = format!("{address}&{name}={value}");
        ensure!(Browser::new(house)?.open(&twice).await?.page()?.status == 400, "{name}");
    }
    // The one parameter that may repeat (RFC 8707 §2).
    let twice = format!("{address}&resource=urn:siegel:identity");
    ensure!(Browser::new(house)?.open(&twice).await?.page()?.is_login(), "resource may repeat");
    Ok(())
}

async fn an_unknown_parameter_is_ignored(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    rp.log_in(&rp.request()?.with("extra", "foobar"), "erika").await?;
    Ok(())
}

async fn get_and_post_lead_to_the_same_pages(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let origin = house.world.url("");
    let mut silent = false;
    for _ in 0..2 {
        let request = rp.request()?;
        let landing = browser.post_from(&origin, "/authorize", &request.fields).await?;
        silent = matches!(landing, Landing::Away(_));
        let answer = browser.walk(landing, house.person("erika")?).await?.fields()?;
        ensure!(answer.get("state").is_some_and(|s| s == request.get("state")), "{answer:?}");
        ensure!(answer.contains_key("code"), "{answer:?}");
    }
    ensure!(silent, "the session counts after a POST as well");
    Ok(())
}

async fn state_comes_back_byte_for_byte(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = rp.entered("erika").await?;
    let long = "ä1".repeat(600);
    for state in ["s t/ä+&=%25\"<>'#?[]{}~^`|\\ ✓", "%00%0d%0aSet-Cookie:x", " ", &long] {
        for mode in ["query", "form_post"] {
            let request = rp.request()?.with("state", state).with("response_mode", mode);
            let answer = rp.silently(&request, &browser).await?.fields()?;
            ensure!(answer.get("state").map(String::as_str) == Some(state), "{mode} {answer:?}");
            ensure!(answer.contains_key("code"), "{mode} {answer:?}");
            let wrong = request.with("response_type", "token");
            rp.told(rp.silently(&wrong, &browser).await?, &wrong, "unsupported_response_type")?;
        }
    }
    let without = rp.silently(&rp.request()?.without("state"), &browser).await?.fields()?;
    ensure!(without.contains_key("code") && !without.contains_key("state"), "{without:?}");
    Ok(())
}

async fn every_answer_names_the_issuer(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = rp.entered("erika").await?;
    for mode in ["query", "form_post"] {
        let good = rp.request()?.with("response_mode", mode);
        let answer = rp.silently(&good, &browser).await?.fields()?;
        ensure!(answer.get("iss") == Some(&house.origin), "{mode}: {answer:?}");
        let bad = good.with("scope", "unheard_of");
        rp.told(rp.silently(&bad, &browser).await?, &bad, "invalid_scope")?;
        let silent = rp.request()?.with("prompt", "none").with("response_mode", mode);
        let stranger = Browser::new(house)?;
        rp.told(rp.silently(&silent, &stranger).await?, &silent, "login_required")?;
    }
    let metadata = super::metadata(house).await?;
    ensure!(metadata["authorization_response_iss_parameter_supported"] == true, "not advertised");
    Ok(())
}

async fn a_response_other_than_a_code_is_refused(house: &House) -> anyhow::Result<()> {
    for id in ["basic", "fapi"] {
        let rp = Rp::new(house, id)?;
        rp.refuses(&rp.request()?.without("response_type"), "invalid_request").await?;
        for kind in ["token", "id_token", "code id_token", "code token", "none", "CODE"] {
            let request = rp.request()?.with("response_type", kind);
            rp.refuses(&request, "unsupported_response_type").await?;
        }
        for mode in ["fragment", "jwt", "query.jwt", "web_message"] {
            rp.refuses(&rp.request()?.with("response_mode", mode), "invalid_request").await?;
        }
    }
    Ok(())
}

async fn without_openid_there_is_no_id_token(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let tokens = rp.log_in(&rp.request()?.with("scope", "account.read"), "erika").await?;
    ensure!(tokens.id_token.is_none(), "an ID token without openid");
    ensure!(tokens.reply.text("scope") == "account.read", "{}", tokens.reply.body);
    ensure!(payload(&tokens.access)?["aud"] == "urn:siegel:account");
    let userinfo = rp.userinfo(&tokens).await?;
    ensure!(matches!(userinfo.status, 401 | 403), "userinfo answered {}", userinfo.status);
    Ok(())
}

async fn the_token_answer_says_what_was_granted(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let request = rp.request()?.with("scope", "email unheard_of openid organisation.write");
    let tokens = rp.log_in(&request, "erika").await?;
    let granted = tokens.reply.text("scope");
    let mut granted: Vec<&str> = granted.split(' ').collect();
    granted.sort_unstable();
    ensure!(granted == ["email", "openid"], "{granted:?}");
    ensure!(tokens.id_token.is_some());
    Ok(())
}

async fn a_log_in_without_nonce_succeeds(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let claims = rp.log_in(&rp.request()?.without("nonce"), "erika").await?.claims()?;
    ensure!(claims.get("nonce").is_none(), "{claims}");
    Ok(())
}

const ALLOWED: &str = "access-control-allow-origin";

async fn no_other_origin_reads_the_authorization_endpoint(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let http = house.builder()?.build()?;
    let address = rp.address(&rp.request()?).await?;
    for origin in ["https://evil.example", &house.world.url(""), "null"] {
        for method in [http::Method::GET, http::Method::POST, http::Method::OPTIONS] {
            let sent = http.request(method.clone(), &address).header(header::ORIGIN, origin);
            let answer = sent.header("access-control-request-method", "GET").send().await?;
            ensure!(!answer.headers().contains_key(ALLOWED), "{method} from {origin}");
        }
    }
    Ok(())
}

/// Every origin may ask, since no cookie counts: nothing is decided by an origin or a token that
/// nobody verified.
async fn scripts_of_clients_may_call_token_userinfo_keys_and_metadata(
    house: &House,
) -> anyhow::Result<()> {
    let http = house.builder()?.build()?;
    let forged = "eyJhbGciOiJub25lIn0.eyJhenAiOiJiYXNpYyJ9.";
    let paths = ["/token", "/userinfo", "/.well-known/jwks.json", super::DISCOVERY];
    for path in paths {
        let url = house.url(path);
        let asks = http.request(http::Method::OPTIONS, &url).header(header::ORIGIN, "https://a.b");
        let asks = asks.header("access-control-request-method", "POST");
        let asks = asks.header("access-control-request-headers", "authorization,dpop");
        let preflight = asks.send().await?;
        ensure!(preflight.status().is_success(), "{path}: {}", preflight.status());
        let real = http.get(&url).header(header::ORIGIN, "https://a.b");
        let real = real.bearer_auth(forged).send().await?;
        for headers in [preflight.headers(), real.headers()] {
            let allowed = headers.get(ALLOWED).and_then(|v| v.to_str().ok());
            ensure!(allowed == Some("*"), "{path}: {allowed:?}");
            let credentials = "access-control-allow-credentials";
            ensure!(!headers.contains_key(credentials), "{path}: with credentials");
        }
    }
    Ok(())
}
