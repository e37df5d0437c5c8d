//! How clients prove themselves: points 40 to 42, attacks 12, 13 and 16.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use siegel_crypto::{KeySet, SigningKey};
use siegel_oidc::assertion;

use crate::forge;
use crate::house::{Backend, House};
use crate::rp::{Fields, Reply, Rp, basic, fields, fresh, now};
use crate::seed;
use crate::trail::Trail;

cases! {
    http_basic_is_form_decoded_and_never_beside_another_way = "oidcc-server-client-secret-post";
    a_client_proves_itself_only_in_its_registered_way;
    a_secret_is_compared_whole_at_every_endpoint;
    an_assertion_holds_for_its_client_issuer_and_minutes;
    an_assertion_of_an_older_client_may_name_the_endpoint_if_registered_so;
    an_assertion_is_good_once_at_all_replicas;
    an_assertion_signed_otherwise_than_registered_is_refused;
    an_unknown_key_id_is_looked_up_once;
}

/// A token request that succeeds in nothing but the proof of who asks.
fn probe() -> Fields {
    fields([("grant_type", "refresh_token"), ("refresh_token", "unknown")])
}

/// Sends the probe with these parameters and headers beside it.
async fn tried(rp: &Rp<'_>, more: Fields, headers: &[(&str, String)]) -> anyhow::Result<Reply> {
    let mut form = probe();
    form.extend(more);
    rp.send("/token", &form, headers).await
}

/// That the proof held: only the made-up token was wrong.
fn proven(reply: &Reply) -> anyhow::Result<()> {
    reply.refused("invalid_grant")
}

fn posted(id: &str, secret: &str) -> Fields {
    fields([("client_id", id), ("client_secret", secret)])
}

fn asserted(text: &str) -> Fields {
    fields([("client_assertion_type", assertion::TYPE), ("client_assertion", text)])
}

async fn http_basic_is_form_decoded_and_never_beside_another_way(
    house: &House,
) -> anyhow::Result<()> {
    use base64::Engine as _;
    let rp = Rp::new(house, "basic")?;
    let secret = seed::secret("basic");
    let header = [("authorization", basic("basic", &secret))];
    proven(&tried(&rp, Fields::new(), &header).await?)?;
    proven(&tried(&rp, fields([("client_id", "basic")]), &header).await?)?;
    let raw = base64::engine::general_purpose::STANDARD.encode(format!("basic:{secret}"));
    let raw = [("authorization", format!("Basic {raw}"))];
    tried(&rp, Fields::new(), &raw).await?.refused("invalid_client")?;

    let twice = tried(&rp, posted("basic", &secret), &header).await?;
    ensure!(twice.status == 400, "{twice:?}");
    twice.refused("invalid_request")?;
    let portal = Rp::new(house, "portal")?;
    let both = tried(&rp, portal.assertion()?, &header).await?;
    both.refused("invalid_request")?;
    let headers = [header[0].clone(), header[0].clone()];
    tried(&rp, Fields::new(), &headers).await?.refused("invalid_request")?;
    let other = tried(&rp, fields([("client_id", "post")]), &header).await?;
    ensure!(["invalid_client", "invalid_request"].contains(&other.error().as_str()), "{other:?}");
    proven(&tried(&rp, posted("post", &seed::secret("post")), &[]).await?)
}

async fn a_client_proves_itself_only_in_its_registered_way(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let secret = seed::secret("basic");
    tried(&rp, posted("basic", &secret), &[]).await?.refused("invalid_client")?;
    let header = [("authorization", basic("post", &seed::secret("post")))];
    tried(&rp, Fields::new(), &header).await?.refused("invalid_client")?;
    for confidential in ["basic", "post", "portal", "fapi", "certified", "fapi-mtls"] {
        let bare = tried(&rp, fields([("client_id", confidential)]), &[]).await?;
        bare.refused("invalid_client").with_context(|| confidential.to_owned())?;
    }
    let native = tried(&rp, fields([("client_id", "native")]), &[]).await?;
    proven(&native)?;
    let pretended = tried(&rp, posted("native", "anything"), &[]).await?;
    pretended.refused("invalid_client")
}

async fn a_secret_is_compared_whole_at_every_endpoint(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "basic")?;
    let secret = seed::secret("basic");
    let mut shorter = secret.clone();
    shorter.pop();
    for bent in ["", &shorter, &format!("{secret}x"), &secret.to_uppercase(), "\u{0}"] {
        for path in ["/token", "/par", "/introspect", "/revoke"] {
            let form = fields([("grant_type", "refresh_token"), ("token", "x")]);
            let header = [("authorization", basic("basic", bent))];
            let reply = rp.send(path, &form, &header).await?;
            ensure!(reply.status == 401, "{path} {bent:?}: {reply:?}");
            reply.refused("invalid_client").with_context(|| path.to_owned())?;
        }
    }
    trail.shows("identity.token.refused", "invalid_client").await
}

type Bend<'b> = &'b dyn Fn(&mut Value);

/// The claims of an assertion that holds, bent.
fn claims(rp: &Rp<'_>, bend: impl Fn(&mut Value)) -> anyhow::Result<Value> {
    let seconds = now().as_seconds();
    let mut claims = json!({"iss": rp.id, "sub": rp.id, "aud": rp.house.origin,
        "exp": seconds + 60, "iat": seconds, "jti": fresh()?});
    bend(&mut claims);
    Ok(claims)
}

async fn an_assertion_holds_for_its_client_issuer_and_minutes(house: &House) -> anyhow::Result<()> {
    let seconds = now().as_seconds();
    for id in ["portal", "fapi"] {
        let rp = Rp::new(house, id)?;
        proven(&tried(&rp, rp.bent_assertion(|_| {})?, &[]).await?)?;
        proven(&tried(&rp, rp.bent_assertion(|c| c["iat"] = json!(seconds + 8))?, &[]).await?)?;
        proven(&tried(&rp, rp.bent_assertion(|c| c["nbf"] = json!(seconds + 8))?, &[]).await?)?;
        let bends: [(&str, Bend<'_>); 14] = [
            ("another issuer", &|c| c["iss"] = json!("basic")),
            ("another subject", &|c| c["sub"] = json!("sister")),
            ("another provider", &|c| c["aud"] = json!("https://other.example")),
            ("the token endpoint", &|c| c["aud"] = json!(house.url("/token"))),
            ("the issuer and another", &|c| {
                c["aud"] = json!([house.origin, "https://other.example"]);
            }),
            ("the issuer with a slash", &|c| c["aud"] = json!(house.url("/"))),
            ("no audience", &|c| c["aud"] = Value::Null),
            ("over", &|c| c["exp"] = json!(seconds - 60)),
            ("without an end", &|c| c["exp"] = Value::Null),
            ("too long", &|c| c["exp"] = json!(seconds + 7_200)),
            ("not begun", &|c| c["nbf"] = json!(seconds + 70)),
            ("from the future", &|c| c["iat"] = json!(seconds + 70)),
            ("without an id", &|c| c["jti"] = Value::Null),
            ("with an empty id", &|c| c["jti"] = json!("")),
        ];
        for (what, bend) in bends {
            let reply = tried(&rp, rp.bent_assertion(bend)?, &[]).await?;
            ensure!((400..=401).contains(&reply.status), "{id}, {what}: {reply:?}");
            reply.refused("invalid_client").with_context(|| format!("{id}, {what}"))?;
        }
    }
    // FAPI 2.0 §5.3.2.1 wants one string; others may send a list of one.
    let list = |c: &mut Value| c["aud"] = json!([house.origin]);
    let (old, fapi) = (Rp::new(house, "portal")?, Rp::new(house, "fapi")?);
    proven(&tried(&old, old.bent_assertion(list)?, &[]).await?)?;
    tried(&fapi, fapi.bent_assertion(list)?, &[]).await?.refused("invalid_client")
}

async fn an_assertion_of_an_older_client_may_name_the_endpoint_if_registered_so(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "endpoint")?;
    for aud in [house.origin.clone(), house.url("/token")] {
        let made = rp.bent_assertion(|c| c["aud"] = json!(aud))?;
        proven(&tried(&rp, made, &[]).await?).with_context(|| aud.clone())?;
    }
    let made = rp.bent_assertion(|c| c["aud"] = json!(house.url("/authorize")))?;
    tried(&rp, made, &[]).await?.refused("invalid_client")
}

async fn an_assertion_is_good_once_at_all_replicas(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "portal")?;
    let made = rp.assertion()?;
    proven(&tried(&rp, made.clone(), &[]).await?)?;
    // Every connection meets the next replica: two tries meet both.
    for _ in 0..2 {
        tried(&rp, made.clone(), &[]).await?.refused("invalid_client")?;
    }
    let mut form = fields([("token", "x")]);
    form.extend(made);
    let elsewhere = rp.send("/revoke", &form, &[]).await?;
    elsewhere.refused("invalid_client")?;
    trail.shows("identity.token.refused", "invalid_client").await
}

async fn an_assertion_signed_otherwise_than_registered_is_refused(
    house: &House,
) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    let rp = Rp::new(house, "portal")?;
    let key = rp.key()?;
    let stranger = SigningKey::generate()?;
    let kid = key.kid();
    let claims = claims(&rp, |_| {})?;
    let public = serde_json::to_string(key.public_jwk())?;
    let hs = json!({"alg": "HS256", "typ": "JWT", "kid": kid});
    let rs = json!({"alg": "RS256", "typ": "JWT", "kid": kid});
    let es = json!({"alg": "ES256", "typ": "JWT", "kid": kid});
    let embedded = json!({"alg": "ES256", "typ": "JWT", "jwk": stranger.public_jwk()});
    let linked = json!({"alg": "ES256", "typ": "JWT", "jku": house.world.url("/evil/jwks"),
        "kid": stranger.kid()});
    house.world.serve("/evil/jwks", 200, "application/json", keys_json(&[&stranger]));
    let mut changed = forge::by(key, &es, &claims)?;
    changed.replace_range(changed.len() - 6.., "AAAAAA");
    for (what, text) in [
        ("unsigned", forge::unsigned(&json!({"alg": "none", "kid": kid}), &claims)),
        ("unsigned, mixed case", forge::unsigned(&json!({"alg": "nOnE", "kid": kid}), &claims)),
        ("HMAC with the public key", forge::hmac(public.as_bytes(), &hs, &claims)),
        ("HMAC with the point", forge::hmac(&key.public_point()?, &hs, &claims)),
        ("RSA", forge::by_rsa(seed::RSA_KEY_PEM, &rs, &claims)?),
        ("RSA, called ES256", forge::by_rsa(seed::RSA_KEY_PEM, &es, &claims)?),
        ("ES384 in name", forge::by(key, &json!({"alg": "ES384", "kid": kid}), &claims)?),
        ("another's key", forge::by(&stranger, &es, &claims)?),
        ("a key it brings", forge::by(&stranger, &embedded, &claims)?),
        ("a key it points to", forge::by(&stranger, &linked, &claims)?),
        ("a changed signature", changed),
        ("a critical extension", {
            let header = json!({"alg": "ES256", "kid": kid, "crit": ["x"], "x": 1});
            forge::by(key, &header, &claims)?
        }),
        ("no JWT", "abc".to_owned()),
    ] {
        let reply = tried(&rp, asserted(&text), &[]).await?;
        reply.refused("invalid_client").with_context(|| what.to_owned())?;
    }
    ensure!(house.world.seen("/evil/jwks").is_empty(), "the key's address was asked");
    // None of them used the id up: the honest one goes through.
    proven(&tried(&rp, asserted(&forge::by(key, &es, &claims)?), &[]).await?)?;
    trail.shows("identity.token.refused", "invalid_client").await
}

fn keys_json(keys: &[&SigningKey]) -> String {
    KeySet::new(keys.iter().map(|k| k.public_jwk().clone())).to_json()
}

async fn an_unknown_key_id_is_looked_up_once(house: &House) -> anyhow::Result<()> {
    let path = "/fetching/jwks";
    let rp = Rp::new(house, "fetching")?;
    let first = rp.key()?;
    let next = SigningKey::generate()?;
    let replicas = if house.backend == Backend::Replicas { 2 } else { 1 };
    let before = house.world.seen(path).len();
    house.world.serve(path, 200, "application/json", keys_json(&[first]));
    for _ in 0..2 {
        proven(&tried(&rp, rp.assertion()?, &[]).await?)?;
    }
    let fetched = house.world.seen(path).len() - before;
    ensure!((1..=replicas).contains(&fetched), "fetched {fetched} times for {replicas} replicas");
    // Key ids nobody has: at most one more look each, however many are tried.
    house.world.serve(path, 200, "application/json", keys_json(&[first, &next]));
    for _ in 0..6 {
        let stranger = SigningKey::generate()?;
        let made = assertion::make(&stranger, &rp.id, &house.origin, fresh()?, now())?;
        tried(&rp, asserted(&made), &[]).await?.refused("invalid_client")?;
    }
    let fetched = house.world.seen(path).len() - before;
    ensure!(fetched <= 2 * replicas, "fetched {fetched} times for {replicas} replicas");
    proven(&tried(&rp, rp.assertion()?, &[]).await?)
}
