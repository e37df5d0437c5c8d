//! Signed authorization requests (RFC 9101).

use http::StatusCode;
use serde_json::{Value, json};
use siegel_crypto::{SigningKey, b64};
use siegel_db::Db;
use siegel_identity::domain::client::Client;
use siegel_identity::store::clients;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::world::{Answer, CALLBACK, Fields, ORIGIN, World, encoded, fields, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_signed_request_counts_and_nothing_beside_it_does,
    a_request_signed_by_nobody_or_somebody_else_is_refused,
    an_object_of_another_kind_is_no_request,
    an_object_that_cannot_be_believed_leads_nowhere_but_to_a_registered_address,
    a_signed_request_and_a_handle_do_not_go_together,
    a_client_that_must_sign_is_not_served_otherwise,
    a_pushed_request_may_be_signed_and_is_kept_as_signed,
    what_is_supported_is_published,
}

impl World {
    /// Stores a variant of a registered client.
    pub async fn registers(&self, of: &str, change: impl FnOnce(&mut Client)) {
        let mut tx = self.state.outside.db.begin().await.unwrap();
        let mut client = clients::find(&mut tx, of).await.unwrap().unwrap();
        change(&mut client);
        clients::put(&mut tx, &client, self.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The claims of a good request object of the portal.
    fn object(&self, changes: &Value) -> Value {
        let now = self.now().as_seconds();
        let mut claims = json!({"iss": "portal", "aud": ORIGIN, "exp": now + 60, "nbf": now});
        for (name, value) in request([("state", "signed")]) {
            claims[name] = Value::String(value);
        }
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    async fn asks(&self, object: &str, outside: &Fields) -> Answer {
        let mut all = fields([("client_id", "portal"), ("request", object)]);
        all.extend(outside.clone());
        self.get(&format!("/authorize?{}", encoded(&all))).await
    }
}

fn beside() -> Fields {
    fields([("redirect_uri", CALLBACK), ("state", "beside"), ("response_type", "code")])
}

fn error(answer: &Answer) -> String {
    answer.location().get("error").cloned().unwrap_or_default()
}

async fn a_signed_request_counts_and_nothing_beside_it_does(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let object = world.client_key.sign("oauth-authz-req+jwt", &world.object(&json!({}))).unwrap();
    let outside = fields([
        ("client_id", "portal"),
        ("request", &object),
        ("redirect_uri", "https://evil.example/cb"),
        ("state", "beside"),
        ("scope", "openid postbox.read"),
    ]);
    let told = world.granted(&outside, &session).await;
    assert_eq!(told["state"], "signed");
    let mut form = crate::world::redemption(&told["code"]);
    form.extend(world.assertion("portal"));
    let answer = world.post("/token", &encoded(&form), &[]).await;
    assert_eq!(answer.text("scope"), "openid email", "{}", answer.body);
}

async fn a_request_signed_by_nobody_or_somebody_else_is_refused(db: Db) {
    let world = World::new(db).await;
    let claims = world.object(&json!({}));
    let part = |value: &Value| b64::encode(value.to_string());
    let (none, hmac) = (json!({"alg": "none"}), json!({"alg": "HS256", "typ": "JWT"}));
    let foreign = SigningKey::generate().unwrap().sign("JWT", &claims).unwrap();
    let good = world.client_key.sign("JWT", &claims).unwrap();
    let bent = world.object(&json!({"scope": "openid postbox.read"}));
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    parts[1] = part(&bent);
    for bad in [
        format!("{}.{}.", part(&none), part(&claims)),
        format!("{}.{}.c2ln", part(&hmac), part(&claims)),
        foreign,
        parts.join("."),
        "a.b.c.d.e".to_owned(),
    ] {
        let answer = world.asks(&bad, &beside()).await;
        assert_eq!(error(&answer), "invalid_request_object", "{bad}");
        assert_eq!(answer.location()["state"], "beside");
    }
    let kinds = world.audited().await;
    let line = ("identity.authorization.refused".to_owned(), "invalid_request_object".to_owned());
    assert!(kinds.contains(&line), "{kinds:?}");
}

async fn an_object_of_another_kind_is_no_request(db: Db) {
    let world = World::new(db).await;
    let now = world.now().as_seconds();
    for (typ, changes) in [
        ("at+jwt", json!({})),
        ("JWT", json!({"sub": "portal", "jti": "1"})),
        ("JWT", json!({"iss": "other"})),
        ("JWT", json!({"aud": "https://evil.example"})),
        ("JWT", json!({"client_id": "other"})),
        ("JWT", json!({"exp": now - 1})),
        ("JWT", json!({"nbf": now + 61})),
        ("JWT", json!({"request_uri": "https://portal.example/r"})),
    ] {
        let object = world.client_key.sign(typ, &world.object(&changes)).unwrap();
        let answer = world.asks(&object, &beside()).await;
        assert_eq!(error(&answer), "invalid_request_object", "{typ} {changes}");
    }
    let assertion = world.assertion("portal")["client_assertion"].clone();
    let answer = world.asks(&assertion, &beside()).await;
    assert_eq!(error(&answer), "invalid_request_object", "a client assertion");
}

async fn an_object_that_cannot_be_believed_leads_nowhere_but_to_a_registered_address(db: Db) {
    let world = World::new(db).await;
    let foreign = SigningKey::generate().unwrap();
    let object = foreign.sign("JWT", &world.object(&json!({}))).unwrap();
    for outside in [fields([]), fields([("redirect_uri", "https://evil.example/cb")])] {
        let answer = world.asks(&object, &outside).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.header("location"), "");
    }
    let changes = json!({"redirect_uri": "https://evil.example/cb"});
    let object = world.client_key.sign("JWT", &world.object(&changes)).unwrap();
    let answer = world.asks(&object, &beside()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "signed, and not registered");
}

async fn a_signed_request_and_a_handle_do_not_go_together(db: Db) {
    let world = World::new(db).await;
    let object = world.client_key.sign("JWT", &world.object(&json!({}))).unwrap();
    let mut outside = beside();
    outside.insert("request_uri".into(), "https://portal.example/r".into());
    assert_eq!(error(&world.asks(&object, &outside).await), "invalid_request");
    let alone = world.authorize([("request_uri", "https://portal.example/r")]).await;
    assert_eq!(error(&alone), "request_uri_not_supported");
}

async fn a_client_that_must_sign_is_not_served_otherwise(db: Db) {
    let world = World::new(db).await;
    world.registers("portal", |c| c.require_signed_request = true).await;
    assert_eq!(error(&world.authorize([]).await), "invalid_request");
    let object = world.client_key.sign("JWT", &world.object(&json!({}))).unwrap();
    let answer = world.asks(&object, &fields([])).await;
    assert!(answer.header("location").starts_with("/login/"), "{}", answer.body);
    let mut form = request([]);
    form.extend(world.assertion("portal"));
    let pushed = world.post("/par", &encoded(&form), &[]).await;
    assert_eq!(pushed.error(), "invalid_request", "pushing is no signature");
}

async fn a_pushed_request_may_be_signed_and_is_kept_as_signed(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let push = async |object: &str| {
        let mut form = fields([("client_id", "portal"), ("request", object), ("state", "beside")]);
        form.extend(world.assertion("portal"));
        world.post("/par", &encoded(&form), &[]).await
    };
    let pushed = push(&world.client_key.sign("JWT", &world.object(&json!({}))).unwrap()).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.body);
    let uri = pushed.text("request_uri");
    let told =
        world.granted(&fields([("client_id", "portal"), ("request_uri", &uri)]), &session).await;
    assert_eq!(told["state"], "signed");
    let foreign = SigningKey::generate().unwrap();
    let refused = push(&foreign.sign("JWT", &world.object(&json!({}))).unwrap()).await;
    assert_eq!(refused.error(), "invalid_request_object");
}

async fn what_is_supported_is_published(db: Db) {
    let world = World::new(db).await;
    let metadata = world.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["request_parameter_supported"], true);
    assert_eq!(metadata["request_uri_parameter_supported"], false);
    let algorithms = metadata["request_object_signing_alg_values_supported"].as_array().unwrap();
    assert!(!algorithms.contains(&json!("none")) && algorithms.contains(&json!("ES256")));
}
