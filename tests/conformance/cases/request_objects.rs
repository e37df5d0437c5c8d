//! Signed authorization requests (RFC 9101): points 33 and 34.

use anyhow::ensure;
use serde_json::{Map, Value, json};
use siegel_crypto::{SigningKey, b64};

use crate::house::House;
use crate::person::Browser;
use crate::rp::{Request, Rp, Tokens, now};
use crate::trail::Trail;

cases! {
    a_signed_request_logs_in_by_get_post_and_push =
        "oidcc-ensure-request-object-with-redirect-uri";
    parameters_outside_the_object_do_not_count;
    a_client_outside_must_be_the_one_inside;
    the_object_is_for_this_issuer_and_of_this_client;
    the_object_is_neither_expired_nor_from_the_future;
    an_object_without_a_signature_is_refused =
        "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported";
    an_object_signed_with_what_everybody_knows_is_refused;
    an_object_is_signed_with_an_algorithm_and_type_for_it;
    an_object_carries_no_other_request;
    a_request_comes_by_value_or_by_reference_and_not_both;
    an_address_of_a_request_object_is_not_fetched =
        "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported";
    a_client_registered_so_must_sign_its_requests;
    the_metadata_says_what_request_objects_are_taken;
    a_refused_object_is_in_the_audit_trail;
}

const TYP: &str = "oauth-authz-req+jwt";
const REFUSED: &str = "invalid_request_object";

/// The claims of an object for this request.
fn claims(rp: &Rp<'_>, request: &Request) -> Map<String, Value> {
    let mut claims = Map::new();
    for (name, value) in &request.fields {
        claims.insert(name.clone(), json!(value));
    }
    let seconds = now().as_seconds();
    for (name, value) in [
        ("iss", json!(rp.id)),
        ("aud", json!(rp.house.origin)),
        ("iat", json!(seconds)),
        ("nbf", json!(seconds)),
        ("exp", json!(seconds + 120)),
    ] {
        claims.insert(name.to_owned(), value);
    }
    claims
}

/// The request as the client sends it with this object.
fn carrying(rp: &Rp<'_>, request: &Request, object: &str) -> Request {
    let mut outer = request.clone();
    outer.fields.clear();
    let mut outer = outer.with("client_id", &rp.id).with("request", object);
    if !rp.par {
        // OpenID Connect Core §6.1 wants them outside as well.
        outer = outer.with("response_type", "code").with("scope", "openid");
    }
    outer
}

fn signed(
    rp: &Rp<'_>,
    request: &Request,
    bend: impl Fn(&mut Map<String, Value>),
) -> anyhow::Result<Request> {
    let mut claims = claims(rp, request);
    bend(&mut claims);
    Ok(carrying(rp, request, &rp.key()?.sign(TYP, &claims)?))
}

/// That the object is refused: as an answer to the client or, where its redirect URI cannot be
/// known, on a page.
async fn refused(rp: &Rp<'_>, request: &Request, why: &str) -> anyhow::Result<()> {
    if rp.par {
        let reply = rp.post("/par", request.fields.clone()).await?;
        return reply.refused(REFUSED).map_err(|e| e.context(why.to_owned()));
    }
    let landing = rp.silently(request, &Browser::new(rp.house)?).await?;
    if let crate::person::Landing::Page(page) = &landing {
        ensure!(page.status == 400 && !page.is_login(), "{why}: {}", page.status);
        return Ok(());
    }
    let answer = landing.fields()?;
    ensure!(answer.get("error").is_some_and(|e| e == REFUSED), "{why}: {answer:?}");
    Ok(())
}

async fn logs_in(rp: &Rp<'_>, outer: &Request, inner: &Request) -> anyhow::Result<Value> {
    let browser = Browser::new(rp.house)?;
    let start = rp.silently(outer, &browser).await?;
    let answer = browser.walk(start, rp.house.person("erika")?).await?.fields()?;
    ensure!(answer.get("state").is_some_and(|s| s == inner.get("state")), "{answer:?}");
    let code = answer.get("code").cloned().unwrap_or_default();
    Tokens::of(rp.post("/token", rp.redemption(inner, &code)).await?)?.claims()
}

async fn a_signed_request_logs_in_by_get_post_and_push(house: &House) -> anyhow::Result<()> {
    for id in ["portal", "signing", "pushing", "fapi"] {
        let rp = Rp::new(house, id)?;
        let request = rp.request()?;
        let outer = signed(&rp, &request, |_| {})?;
        let told = logs_in(&rp, &outer, &request).await?;
        ensure!(told["nonce"] == request.get("nonce"), "{id}: {told}");
    }
    let rp = Rp::new(house, "portal")?;
    let request = rp.request()?;
    let outer = signed(&rp, &request, |claims| {
        // Numbers and objects stand as such in an object.
        claims.insert("max_age".into(), json!(600));
        claims.insert("claims".into(), json!({"id_token": {"acr": {"values": ["level1"]}}}));
        claims.insert("aud".into(), json!([rp.house.origin]));
    })?;
    let browser = Browser::new(house)?;
    let start = browser.post_from(&house.world.url(""), "/authorize", &outer.fields).await?;
    let answer = browser.walk(start, house.person("erika")?).await?.fields()?;
    let code = answer.get("code").cloned().unwrap_or_default();
    let tokens = Tokens::of(rp.post("/token", rp.redemption(&request, &code)).await?)?;
    ensure!(tokens.claims()?["acr"] == "level1", "{}", tokens.claims()?);
    Ok(())
}

async fn parameters_outside_the_object_do_not_count(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "portal")?;
    let request = rp.request()?.without("nonce");
    let other = Rp::new(house, "portal")?.request()?;
    let outer = signed(&rp, &request, |_| {})?
        .with("state", other.get("state"))
        .with("nonce", other.get("nonce"))
        .with("code_challenge", other.get("code_challenge"))
        .with("redirect_uri", "https://evil.example/cb")
        .with("prompt", "none")
        .with("scope", "openid email");
    let told = logs_in(&rp, &outer, &request).await?;
    ensure!(told.get("nonce").is_none(), "the nonce beside the object counted: {told}");
    Ok(())
}

async fn a_client_outside_must_be_the_one_inside(house: &House) -> anyhow::Result<()> {
    for id in ["portal", "fapi"] {
        let rp = Rp::new(house, id)?;
        let request = rp.request()?;
        let inside = |c: &mut Map<String, Value>| {
            c.insert("client_id".into(), json!("sister"));
        };
        refused(&rp, &signed(&rp, &request, inside)?, "another client inside").await?;
    }
    // The same object in the name of another client: signed by the wrong key.
    let rp = Rp::new(house, "portal")?;
    let outer = signed(&rp, &rp.request()?, |_| {})?.with("client_id", "sister");
    refused(&Rp::new(house, "sister")?, &outer, "another client outside").await
}

async fn the_object_is_for_this_issuer_and_of_this_client(house: &House) -> anyhow::Result<()> {
    for id in ["portal", "fapi"] {
        let rp = Rp::new(house, id)?;
        let request = rp.request()?;
        for (name, value) in [
            ("aud", json!("https://evil.example")),
            ("aud", json!(["https://evil.example"])),
            ("aud", json!(format!("{}/token", house.origin))),
            ("aud", json!(1)),
            ("iss", json!("sister")),
            ("iss", json!(1)),
        ] {
            let bent = signed(&rp, &request, |c| {
                c.insert(name.to_owned(), value.clone());
            })?;
            refused(&rp, &bent, &format!("{id}: {name} {value}")).await?;
        }
    }
    let rp = Rp::new(house, "fapi")?;
    for name in ["aud", "iss", "exp", "nbf"] {
        let without = |c: &mut Map<String, Value>| {
            c.remove(name);
        };
        refused(&rp, &signed(&rp, &rp.request()?, without)?, name).await?;
    }
    Ok(())
}

async fn the_object_is_neither_expired_nor_from_the_future(house: &House) -> anyhow::Result<()> {
    for id in ["portal", "fapi"] {
        let rp = Rp::new(house, id)?;
        let seconds = now().as_seconds();
        for (name, value) in [
            ("exp", json!(seconds - 1)),
            ("exp", json!(seconds - 86_400)),
            ("exp", json!("soon")),
            ("nbf", json!(seconds + 70)),
            ("nbf", json!(seconds + 3_600)),
        ] {
            let bent = signed(&rp, &rp.request()?, |c| {
                c.insert(name.to_owned(), value.clone());
            })?;
            refused(&rp, &bent, &format!("{id}: {name} {value}")).await?;
        }
        // A clock that is a little ahead.
        let request = rp.request()?;
        let ahead = signed(&rp, &request, |c| {
            c.insert("nbf".into(), json!(now().as_seconds() + 8));
            c.insert("iat".into(), json!(now().as_seconds() + 8));
        })?;
        logs_in(&rp, &ahead, &request).await?;
    }
    let rp = Rp::new(house, "fapi")?;
    let seconds = now().as_seconds();
    for (nbf, exp) in [(seconds - 3_700, seconds + 60), (seconds, seconds + 4_000)] {
        let bent = signed(&rp, &rp.request()?, |c| {
            c.insert("nbf".into(), json!(nbf));
            c.insert("exp".into(), json!(exp));
        })?;
        refused(&rp, &bent, "longer than an hour").await?;
    }
    Ok(())
}

async fn an_object_without_a_signature_is_refused(house: &House) -> anyhow::Result<()> {
    for id in ["portal", "fapi"] {
        let rp = Rp::new(house, id)?;
        let request = rp.request()?;
        let good = rp.key()?.sign(TYP, &claims(&rp, &request))?;
        let [_, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
            anyhow::bail!("not a JWS")
        };
        for alg in ["none", "None", "NONE", "nOnE"] {
            let head = b64::encode(json!({"alg": alg, "typ": TYP}).to_string());
            for object in [format!("{head}.{payload}."), format!("{head}.{payload}.{signature}")] {
                refused(&rp, &carrying(&rp, &request, &object), alg).await?;
            }
        }
        for object in ["x", "a.b", "a.b.c", "", "...."] {
            if !object.is_empty() {
                refused(&rp, &carrying(&rp, &request, object), object).await?;
            }
        }
    }
    Ok(())
}

async fn an_object_signed_with_what_everybody_knows_is_refused(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "portal")?;
    let request = rp.request()?;
    let claims = claims(&rp, &request);
    let key = rp.key()?;
    let stranger = SigningKey::generate()?.sign(TYP, &claims)?;
    refused(&rp, &carrying(&rp, &request, &stranger), "another key").await?;
    // The public key as a shared secret.
    let jwk = serde_json::to_string(key.public_jwk())?;
    let head = json!({"alg": "HS256", "typ": TYP, "kid": key.kid()}).to_string();
    let body = serde_json::to_string(&claims)?;
    let text = format!("{}.{}", b64::encode(head), b64::encode(body));
    for secret in [jwk.as_bytes(), key.kid().as_bytes(), b"", &key.public_point()?] {
        let mac = siegel_crypto::hmac_sha256(secret, text.as_bytes());
        let object = format!("{text}.{}", b64::encode(mac));
        refused(&rp, &carrying(&rp, &request, &object), "HS256").await?;
    }
    // A key that comes along.
    let own = SigningKey::generate()?;
    let object = own.sign_with_embedded_key(TYP, &claims)?;
    refused(&rp, &carrying(&rp, &request, &object), "an embedded key").await
}

async fn an_object_is_signed_with_an_algorithm_and_type_for_it(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "portal")?;
    let request = rp.request()?;
    for typ in ["JWT", "oauth-authz-req+jwt"] {
        let object = rp.key()?.sign(typ, &claims(&rp, &request))?;
        logs_in(&rp, &carrying(&rp, &request, &object), &request).await?;
    }
    for typ in ["at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt"] {
        let object = rp.key()?.sign(typ, &claims(&rp, &request))?;
        refused(&rp, &carrying(&rp, &request, &object), typ).await?;
    }
    // A client assertion is not a request, whatever else it says (RFC 9101 §10.8).
    let assertion = signed(&rp, &request, |c| {
        c.insert("sub".into(), json!(rp.id));
        c.insert("jti".into(), json!("one"));
    })?;
    refused(&rp, &assertion, "an assertion").await
}

async fn an_object_carries_no_other_request(house: &House) -> anyhow::Result<()> {
    for id in ["portal", "fapi"] {
        let rp = Rp::new(house, id)?;
        for (name, value) in [
            ("request", "eyJhbGciOiJub25lIn0.e30."),
            ("request_uri", "https://evil.example/request"),
            ("request_uri", "urn:ietf:params:oauth:request_uri:x"),
        ] {
            let bent = signed(&rp, &rp.request()?, |c| {
                c.insert(name.to_owned(), json!(value));
            })?;
            refused(&rp, &bent, &format!("{id}: {name} inside")).await?;
        }
    }
    Ok(())
}

async fn a_request_comes_by_value_or_by_reference_and_not_both(
    house: &House,
) -> anyhow::Result<()> {
    let mut rp = Rp::new(house, "portal")?;
    let object = signed(&rp, &rp.request()?, |_| {})?;
    rp.par = true;
    let handle = rp.post("/par", rp.request()?.fields).await?.ok()?.text("request_uri");
    rp.par = false;
    for uri in [handle.as_str(), "https://world.example/request"] {
        let both = object.clone().with("request_uri", uri);
        let landing = rp.silently(&both, &Browser::new(house)?).await?;
        if let crate::person::Landing::Page(page) = &landing {
            ensure!(page.status == 400, "{uri}: {}", page.status);
            continue;
        }
        let answer = landing.fields()?;
        ensure!(answer.get("error").is_some_and(|e| e == "invalid_request"), "{uri}: {answer:?}");
    }
    Ok(())
}

async fn an_address_of_a_request_object_is_not_fetched(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "portal")?;
    let request = rp.request()?;
    let object = rp.key()?.sign(TYP, &claims(&rp, &request))?;
    let path = "/portal/request-object";
    house.world.serve(path, 200, "application/oauth-authz-req+jwt", object);
    house.world.redirect("/portal/request-redirect", &house.world.url(path));
    for uri in [house.world.url(path), house.world.url("/portal/request-redirect")] {
        let request = request.clone().with("request_uri", &uri);
        rp.refuses(&request, "request_uri_not_supported").await?;
    }
    ensure!(house.world.seen(path).is_empty(), "the address was fetched");
    ensure!(house.world.seen("/portal/request-redirect").is_empty(), "the address was fetched");
    Ok(())
}

async fn a_client_registered_so_must_sign_its_requests(house: &House) -> anyhow::Result<()> {
    let mut rp = Rp::new(house, "signing")?;
    rp.refuses(&rp.request()?, "invalid_request").await?;
    rp.par = true;
    rp.refuses(&rp.request()?, "invalid_request").await?;
    let request = rp.request()?;
    let outer = signed(&rp, &request, |_| {})?;
    logs_in(&rp, &outer, &request).await?;
    Ok(())
}

async fn the_metadata_says_what_request_objects_are_taken(house: &House) -> anyhow::Result<()> {
    let metadata = super::metadata(house).await?;
    ensure!(metadata["request_parameter_supported"] == true, "{metadata}");
    // Absent would mean true (OpenID Connect Discovery §3).
    ensure!(metadata["request_uri_parameter_supported"] == false, "{metadata}");
    ensure!(metadata["require_signed_request_object"] != true, "{metadata}");
    let algs = metadata["request_object_signing_alg_values_supported"].as_array().cloned();
    let algs = algs.unwrap_or_default();
    ensure!(algs.contains(&json!("ES256")), "{algs:?}");
    ensure!(!algs.contains(&json!("none")) && !algs.contains(&json!("HS256")), "{algs:?}");
    Ok(())
}

async fn a_refused_object_is_in_the_audit_trail(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "portal")?;
    let request = rp.request()?;
    let stranger = SigningKey::generate()?.sign(TYP, &claims(&rp, &request))?;
    refused(&rp, &carrying(&rp, &request, &stranger), "another key").await?;
    trail.shows("identity.authorization.refused", REFUSED).await
}
