//! Proof of possession: points 50 to 54, attack 15.

use std::slice::from_ref;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use siegel_crypto::{SigningKey, b64};

use crate::forge;
use crate::house::House;
use crate::rp::{Fields, Reply, Rp, Tokens, fields, fresh, now, payload};
use crate::seed;
use crate::trail::Trail;

cases! {
    a_proof_fits_its_request_key_and_minute = "fapi2-security-profile-final-dpop-negative-tests";
    a_proof_is_good_once_at_all_replicas;
    a_proof_needs_the_nonce_of_the_place_it_is_for;
    a_bound_token_is_worth_nothing_without_its_key;
    a_certificate_bound_token_needs_its_certificate_on_the_connection;
    a_client_is_known_by_its_certificate_and_no_other;
    certificates_in_headers_are_ignored;
}

fn machine() -> Fields {
    fields([("grant_type", "client_credentials"), ("scope", "account.read")])
}

/// Asks for a token of the machine with exactly these proofs.
async fn asked(rp: &Rp<'_>, proofs: &[String]) -> anyhow::Result<Reply> {
    let mut form = machine();
    form.extend(rp.assertion()?);
    let headers: Vec<(&str, String)> = proofs.iter().map(|p| ("dpop", p.clone())).collect();
    rp.send("/token", &form, &headers).await
}

/// The nonce that proofs at the token endpoint carry now.
async fn nonce(rp: &Rp<'_>) -> anyhow::Result<String> {
    let key = SigningKey::generate()?;
    let reply = asked(rp, &[rp.proof(&key, "POST", "/token", None, None)?]).await?;
    let nonce = reply.header("dpop-nonce");
    ensure!(!nonce.is_empty(), "no nonce: {reply:?}");
    Ok(nonce)
}

async fn a_proof_fits_its_request_key_and_minute(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "machine")?;
    let (key, stranger) = (SigningKey::generate()?, SigningKey::generate()?);
    let (nonce, seconds) = (nonce(&rp).await?, now().as_seconds());
    let mut public = serde_json::to_value(key.public_jwk())?;
    if let Value::Object(all) = &mut public {
        all.retain(|name, _| ["kty", "crv", "x", "y"].contains(&name.as_str()));
    }
    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": public});
    let claims = || -> anyhow::Result<Value> {
        Ok(json!({"jti": fresh()?, "htm": "POST", "htu": house.url("/token"), "iat": seconds,
            "nonce": nonce}))
    };
    let claimed = |name: &str, value: Value| -> anyhow::Result<String> {
        let mut claims = claims()?;
        claims[name] = value;
        forge::by(&key, &header, &claims)
    };
    for (what, proof) in [
        ("plain", forge::by(&key, &header, &claims()?)?),
        ("with a query", claimed("htu", json!(house.url("/token?x=1#y")))?),
        ("host in capitals", claimed("htu", json!(house.url("/token").replace("local", "LOCAL")))?),
        ("10 s ahead", claimed("iat", json!(now().as_seconds() + 9))?),
        ("10 s behind", claimed("iat", json!(now().as_seconds() - 10))?),
    ] {
        let reply = asked(&rp, &[proof]).await?.ok().with_context(|| what.to_owned())?;
        ensure!(reply.text("token_type") == "DPoP", "{what}: {reply:?}");
        let bound = payload(&reply.text("access_token"))?["cnf"]["jkt"].clone();
        ensure!(bound == key.kid(), "{what}: {bound}");
    }
    let headed = |name: &str, value: Value| -> anyhow::Result<String> {
        let mut header = header.clone();
        header[name] = value;
        forge::by(&key, &header, &claims()?)
    };
    let secret = json!({"kty": "oct", "k": b64::encode([1; 32])});
    let good = claimed("jti", json!(fresh()?))?;
    let mut signature_of_another = good.clone();
    let other = forge::by(&stranger, &header, &claims()?)?;
    if let (Some((head, _)), Some((_, tail))) = (good.rsplit_once('.'), other.rsplit_once('.')) {
        signature_of_another = format!("{head}.{tail}");
    }
    for (what, proofs) in [
        ("another type", vec![headed("typ", json!("JWT"))?]),
        ("no type", vec![headed("typ", Value::Null)?]),
        (
            "unsigned",
            vec![forge::unsigned(
                &json!({"typ": "dpop+jwt", "alg": "none",
            "jwk": public}),
                &claims()?,
            )],
        ),
        (
            "HMAC",
            vec![forge::hmac(
                &[1; 32],
                &json!({"typ": "dpop+jwt", "alg": "HS256",
            "jwk": secret}),
                &claims()?,
            )],
        ),
        ("without a key", vec![headed("jwk", Value::Null)?]),
        ("a private key", vec![headed("jwk", forge::private_jwk(&key)?)?]),
        (
            "the old RSA padding",
            vec![forge::by_rsa(
                seed::RSA_KEY_PEM,
                &json!({"typ": "dpop+jwt", "alg": "RS256",
                "jwk": forge::rsa_jwk(seed::RSA_KEY_PEM, "r")?}),
                &claims()?,
            )?],
        ),
        ("another's signature", vec![signature_of_another]),
        ("another method", vec![claimed("htm", json!("GET"))?]),
        ("another path", vec![claimed("htu", json!(house.url("/par")))?]),
        ("another host", vec![claimed("htu", json!("https://other.example/token"))?]),
        (
            "another scheme",
            vec![claimed("htu", json!(house.url("/token").replace("https", "http")))?],
        ),
        ("no address", vec![claimed("htu", Value::Null)?]),
        ("too old", vec![claimed("iat", json!(seconds - 120))?]),
        ("from the future", vec![claimed("iat", json!(seconds + 90))?]),
        ("without a time", vec![claimed("iat", Value::Null)?]),
        ("without an id", vec![claimed("jti", Value::Null)?]),
        ("with an empty id", vec![claimed("jti", json!(""))?]),
        ("two of them", vec![claimed("jti", json!(fresh()?))?, claimed("jti", json!(fresh()?))?]),
        ("no JWT", vec!["abc".to_owned()]),
    ] {
        let reply = asked(&rp, &proofs).await?;
        ensure!(reply.status == 400, "{what}: {reply:?}");
        reply.refused("invalid_dpop_proof").with_context(|| what.to_owned())?;
    }
    trail.shows("identity.token.refused", "invalid_dpop_proof").await
}

async fn a_proof_is_good_once_at_all_replicas(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "machine")?;
    let key = SigningKey::generate()?;
    let nonce = nonce(&rp).await?;
    let proof = rp.proof(&key, "POST", "/token", None, Some(&nonce))?;
    asked(&rp, from_ref(&proof)).await?.ok()?;
    for _ in 0..2 {
        asked(&rp, from_ref(&proof)).await?.refused("invalid_dpop_proof")?;
    }
    trail.shows("identity.token.refused", "invalid_dpop_proof").await?;

    let fapi = Rp::new(house, "fapi")?;
    let tokens = fapi.log_in(&fapi.request()?, "erika").await?;
    let key = fapi.dpop.clone().context("fapi has a key")?;
    let proof = fapi.proof(&key, "GET", "/userinfo", Some(&tokens.access), Some(&nonce))?;
    let call = || async {
        let call = fapi.http()?.get(house.url("/userinfo")).header("dpop", &proof);
        let call = call.header("authorization", format!("DPoP {}", tokens.access));
        Reply::of(call.send().await?).await
    };
    call().await?.ok()?;
    for _ in 0..2 {
        let again = call().await?;
        ensure!(again.status == 401, "{again:?}");
        ensure!(again.header("www-authenticate").contains("invalid_dpop_proof"), "{again:?}");
    }
    trail.shows("identity.userinfo.refused", "invalid_dpop_proof").await
}

async fn a_proof_needs_the_nonce_of_the_place_it_is_for(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "fapi")?;
    let made_up = fresh()?;
    for path in ["/token", "/par"] {
        for wrong in [None, Some(made_up.as_str())] {
            let reply = rp.post_once(path, machine(), wrong).await?;
            ensure!(reply.status == 400, "{path}: {reply:?}");
            ensure!(!reply.header("dpop-nonce").is_empty(), "{path}: {reply:?}");
            reply.refused("use_dpop_nonce")?;
        }
    }
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    let key = rp.dpop.clone().context("fapi has a key")?;
    let proof = rp.proof(&key, "GET", "/userinfo", Some(&tokens.access), None)?;
    let call = rp.http()?.get(house.url("/userinfo")).header("dpop", proof);
    let call = call.header("authorization", format!("DPoP {}", tokens.access));
    let reply = Reply::of(call.send().await?).await?;
    ensure!(reply.status == 401, "{reply:?}");
    ensure!(reply.header("www-authenticate").contains("use_dpop_nonce"), "{reply:?}");
    ensure!(!reply.header("dpop-nonce").is_empty(), "{reply:?}");
    rp.userinfo(&tokens).await?.ok()?;
    Ok(())
}

async fn a_bound_token_is_worth_nothing_without_its_key(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "fapi")?;
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    let key = rp.dpop.clone().context("fapi has a key")?;
    ensure!(tokens.kind == "DPoP" && payload(&tokens.access)?["cnf"]["jkt"] == key.kid());
    let as_bearer = Rp { dpop: None, ..rp.clone() };
    let other_key = Rp { dpop: Some(SigningKey::generate()?), ..rp.clone() };
    for thief in [&as_bearer, &other_key] {
        let refused = thief.userinfo(&tokens).await?;
        ensure!(refused.status == 401, "{refused:?}");
        ensure!(refused.header("www-authenticate").contains("error=\"invalid_"), "{refused:?}");
    }
    // The scheme without a proof, and a proof for another token.
    let http = rp.http()?;
    let url = house.url("/userinfo");
    let header = format!("DPoP {}", tokens.access);
    let bare = Reply::of(http.get(&url).header("authorization", &header).send().await?).await?;
    ensure!(bare.status == 401, "{bare:?}");
    let nonce = rp.userinfo(&tokens).await?.ok()?.header("dpop-nonce");
    let of_another = rp.proof(&key, "GET", "/userinfo", Some("another"), Some(&nonce))?;
    let without_ath = rp.proof(&key, "GET", "/userinfo", None, Some(&nonce))?;
    for proof in [of_another, without_ath] {
        let call = http.get(&url).header("authorization", &header).header("dpop", proof);
        let refused = Reply::of(call.send().await?).await?;
        ensure!(refused.status == 401, "{refused:?}");
        ensure!(refused.header("www-authenticate").contains("invalid_dpop_proof"), "{refused:?}");
    }
    // A bearer token does not become bound by a proof beside it.
    let plain = Rp::new(house, "basic")?;
    let unbound = plain.log_in(&plain.request()?, "erika").await?;
    ensure!(unbound.kind.eq_ignore_ascii_case("bearer"), "{}", unbound.kind);
    let dressed = Rp { dpop: Some(key), ..plain };
    ensure!(dressed.userinfo(&unbound).await?.status == 401);
    trail.shows("identity.userinfo.refused", "invalid_token").await
}

/// Calls userinfo at an address, as somebody, with headers.
async fn at(
    url: &str,
    http: &reqwest::Client,
    tokens: &Tokens,
    headers: &[(&str, String)],
) -> anyhow::Result<Reply> {
    let mut call = http.get(url).bearer_auth(&tokens.access);
    for (name, value) in headers {
        call = call.header(*name, value);
    }
    Reply::of(call.send().await?).await
}

async fn a_certificate_bound_token_needs_its_certificate_on_the_connection(
    house: &House,
) -> anyhow::Result<()> {
    for id in ["fapi-mtls", "certified"] {
        let rp = Rp::new(house, id)?;
        let tokens = rp.log_in(&rp.request()?, "erika").await?;
        let pair = rp.certificate.clone().context("it has a certificate")?;
        let cnf = payload(&tokens.access)?["cnf"]["x5t#S256"].clone();
        ensure!(cnf == pair.thumbprint().as_str(), "{id}: {cnf}");
        let url = format!("{}/userinfo", house.mtls);
        at(&url, &rp.http()?, &tokens, &[]).await?.ok().with_context(|| id.to_owned())?;

        let other = if id == "certified" { "fapi-mtls" } else { "certified" };
        let thief = Rp::new(house, other)?.http()?;
        let nobody = house.builder()?.build()?;
        for (what, url, http) in [
            ("another's certificate", url.clone(), &thief),
            ("none", url.clone(), &nobody),
            ("none, at the other address", house.url("/userinfo"), &nobody),
        ] {
            let refused = at(&url, http, &tokens, &[]).await?;
            ensure!(refused.status == 401, "{id}, {what}: {refused:?}");
            let challenge = refused.header("www-authenticate");
            ensure!(challenge.contains("invalid_token"), "{id}, {what}: {refused:?}");
        }
    }
    Ok(())
}

async fn a_client_is_known_by_its_certificate_and_no_other(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let probe = fields([("grant_type", "refresh_token"), ("refresh_token", "unknown")]);
    let certified = Rp::new(house, "certified")?;
    let own = Rp::new(house, "fapi-mtls")?;
    for rp in [&certified, &own] {
        rp.post("/token", probe.clone()).await?.refused("invalid_grant").context("its own")?;
    }
    let self_made = crate::authority::self_signed("certified", &SigningKey::generate()?.to_pem())?;
    let other_name = house.authority.client("certified", "other.example")?;
    let other_root = house.strangers.client("certified", "certified.example")?;
    for (what, rp, pair) in [
        ("another's", &certified, own.certificate.clone()),
        ("self-signed with the name", &certified, Some(self_made.clone())),
        ("another name", &certified, Some(other_name)),
        ("the name under another root", &certified, Some(other_root)),
        ("another key", &own, Some(self_made)),
        ("a trusted one, not its own", &own, certified.certificate.clone()),
    ] {
        let thief = Rp { certificate: pair, ..rp.clone() };
        let refused = thief.post("/token", probe.clone()).await?;
        refused.refused("invalid_client").with_context(|| what.to_owned())?;
    }
    trail.shows("identity.token.refused", "invalid_client").await
}

async fn certificates_in_headers_are_ignored(house: &House) -> anyhow::Result<()> {
    use base64::Engine as _;
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "certified")?;
    let tokens = rp.log_in(&rp.request()?, "erika").await?;
    let pair = rp.certificate.clone().context("it has a certificate")?;
    let escaped: String =
        url::form_urlencoded::byte_serialize(pair.certificate.as_bytes()).collect();
    let der = base64::engine::general_purpose::STANDARD.encode(&pair.der);
    let forwarded =
        format!("Hash={};Cert=\"{escaped}\";Subject=\"CN=certified\"", pair.thumbprint());
    let headers = [
        ("x-client-cert", escaped.clone()),
        ("x-ssl-client-cert", escaped.clone()),
        ("ssl-client-cert", escaped.clone()),
        ("ssl-client-verify", "SUCCESS".to_owned()),
        ("x-ssl-client-s-dn", "CN=certified".to_owned()),
        ("client-cert", format!(":{der}:")),
        ("x-forwarded-client-cert", forwarded),
        ("x-forwarded-tls-client-cert", der.clone()),
        ("x-forwarded-for", "127.0.0.1".to_owned()),
        ("x-forwarded-proto", "https".to_owned()),
        ("forwarded", "for=127.0.0.1;proto=https".to_owned()),
    ];
    let nobody = house.builder()?.build()?;
    for url in [house.url("/userinfo"), format!("{}/userinfo", house.mtls)] {
        let refused = at(&url, &nobody, &tokens, &headers).await?;
        ensure!(refused.status == 401, "{url}: {refused:?}");
    }
    let pretender = Rp { certificate: None, ..rp };
    let form = fields([
        ("grant_type", "refresh_token"),
        ("refresh_token", "unknown"),
        ("client_id", "certified"),
    ]);
    pretender.send("/token", &form, &headers).await?.refused("invalid_client")?;
    trail.shows("identity.token.refused", "invalid_client").await?;
    // No header decides who the provider says it is.
    let lie = nobody.get(house.url("/.well-known/openid-configuration"));
    let lie =
        lie.header("x-forwarded-host", "evil.example").header("forwarded", "host=evil.example");
    let metadata = Reply::of(lie.send().await?).await?.ok()?;
    ensure!(metadata.text("issuer") == house.origin && !metadata.body.contains("evil.example"));
    Ok(())
}
