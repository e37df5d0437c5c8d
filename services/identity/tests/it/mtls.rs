//! Clients that come with a certificate: who they are, and tokens that hold with it only.

use axum::body::Body;
use http::{Request, StatusCode};
use rcgen::{CertificateParams, DnType, KeyPair};
use siegel_db::Db;
use siegel_grpc::ClientCertificate;
use siegel_identity::domain::client::{AuthMethod, CertificateName, Client, GrantType};
use siegel_identity::store::clients;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;
use tower::ServiceExt as _;

use crate::programs::{Program, wish};
use crate::world::{Answer, CALLBACK, Fields, World, encoded, fields, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_client_is_known_by_the_name_an_authority_put_into_its_certificate,
    a_self_signed_certificate_is_one_of_the_clients_keys_or_worth_nothing,
    a_certificate_in_a_header_is_no_certificate,
    a_bound_token_holds_with_its_certificate_only,
    a_client_registered_for_bound_tokens_gets_no_other,
    a_program_may_be_bound_to_its_certificate_in_place_of_a_key,
    a_public_clients_refresh_token_is_bound_to_its_certificate,
    certificates_are_advertised_where_there_is_a_listener_for_them,
}

const NAME: &str = "CN=bauamt,O=Stadt Musterstadt,C=DE";

struct Card {
    shown: ClientCertificate,
    key: KeyPair,
}

fn card(common_name: &str, trusted: bool) -> Card {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "DE");
    params.distinguished_name.push(DnType::OrganizationName, "Stadt Musterstadt");
    params.distinguished_name.push(DnType::CommonName, common_name);
    let der = params.self_signed(&key).unwrap().der().to_vec();
    Card { shown: ClientCertificate::new(&der, trusted), key }
}

fn client(auth_method: AuthMethod) -> Client {
    let scopes = ["openid", "email", "postbox.deliver", "offline_access"];
    Client {
        tenant: "musterstadt".to_owned(),
        sector: "musterstadt".to_owned(),
        redirect_uris: vec![CALLBACK.to_owned()],
        auth_method,
        certificate_name: Some(CertificateName::SubjectDn(NAME.to_owned())),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scopes: scopes.map(str::to_owned).to_vec(),
        ..Client::named("bauamt")
    }
}

/// One that may also speak for itself.
fn machine(auth_method: AuthMethod) -> Client {
    Client { grant_types: vec![GrantType::ClientCredentials], ..client(auth_method) }
}

async fn registered(world: &World, client: &Client) {
    let mut tx = world.state.outside.db.begin().await.unwrap();
    clients::put(&mut tx, client, world.now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn token(world: &World, form: &Fields, shown: Option<&ClientCertificate>) -> Answer {
    let request = Request::post("/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(encoded(form)));
    let mut request = request.unwrap();
    request.extensions_mut().extend(extension(shown));
    world.send(request).await
}

fn extension(shown: Option<&ClientCertificate>) -> http::Extensions {
    let mut extensions = http::Extensions::new();
    if let Some(shown) = shown {
        extensions.insert(shown.clone());
    }
    extensions
}

fn own_token() -> Fields {
    fields([
        ("grant_type", "client_credentials"),
        ("client_id", "bauamt"),
        ("scope", "postbox.deliver"),
    ])
}

async fn a_client_is_known_by_the_name_an_authority_put_into_its_certificate(db: Db) {
    let world = World::new(db).await;
    registered(&world, &machine(AuthMethod::TlsClientAuth)).await;
    let good = card("bauamt", true);
    let answer = token(&world, &own_token(), Some(&good.shown)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let claims = world.claims(&answer.text("access_token"), "at+jwt");
    assert_eq!(claims["cnf"]["x5t#S256"], good.shown.thumbprint.as_str());
    assert_eq!(answer.text("token_type"), "Bearer");
    for (shown, why) in [
        (None, "none was shown"),
        (Some(card("bauamt", false).shown), "nobody vouches for it"),
        (Some(card("bauhof", true).shown), "another name"),
    ] {
        let answer = token(&world, &own_token(), shown.as_ref()).await;
        assert_eq!(answer.error(), "invalid_client", "{why}");
    }
}

async fn a_self_signed_certificate_is_one_of_the_clients_keys_or_worth_nothing(db: Db) {
    let world = World::new(db).await;
    let own = card("bauamt", false);
    let point = own.key.public_key_raw();
    let coordinate = |bytes: &[u8]| siegel_crypto::b64::encode(bytes);
    let jwk = serde_json::json!({
        "kty": "EC", "crv": "P-256", "x": coordinate(&point[1..33]), "y": coordinate(&point[33..])
    });
    let jwks = Some(serde_json::json!({"keys": [jwk]}).to_string());
    registered(&world, &Client { jwks, ..machine(AuthMethod::SelfSignedTlsClientAuth) }).await;
    let answer = token(&world, &own_token(), Some(&own.shown)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    // The same name, and even an authority's word for it, do not make it the client's key.
    let other = card("bauamt", true);
    assert_eq!(token(&world, &own_token(), Some(&other.shown)).await.error(), "invalid_client");
    assert_eq!(token(&world, &own_token(), None).await.error(), "invalid_client");
}

async fn a_certificate_in_a_header_is_no_certificate(db: Db) {
    let world = World::new(db).await;
    registered(&world, &machine(AuthMethod::TlsClientAuth)).await;
    let shown = card("bauamt", true).shown;
    let base64 = siegel_crypto::b64::encode(&shown.der);
    for name in [
        "client-cert",
        "x-client-cert",
        "ssl-client-cert",
        "x-ssl-client-cert",
        "x-forwarded-client-cert",
        "x-forwarded-tls-client-cert",
    ] {
        for value in [format!(":{base64}:"), format!("Hash=x;Cert=\"{base64}\""), base64.clone()] {
            let answer = world.post("/token", &encoded(&own_token()), &[(name, &value)]).await;
            assert_eq!(answer.error(), "invalid_client", "{name}");
        }
    }
}

async fn a_bound_token_holds_with_its_certificate_only(db: Db) {
    let world = World::new(db).await;
    registered(&world, &client(AuthMethod::TlsClientAuth)).await;
    let (own, other) = (card("bauamt", true).shown, card("bauamt", true).shown);
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([("client_id", "bauamt")], &session).await;
    let mut form = redemption(&code);
    form.insert("client_id".to_owned(), "bauamt".to_owned());
    let answer = token(&world, &form, Some(&own)).await;
    let bearer = format!("Bearer {}", answer.text("access_token"));
    for (shown, status) in [
        (Some(&own), StatusCode::OK),
        (Some(&other), StatusCode::UNAUTHORIZED),
        (None, StatusCode::UNAUTHORIZED),
    ] {
        let request = Request::get("/userinfo").header("authorization", &bearer);
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().extend(extension(shown));
        assert_eq!(world.send(request).await.status, status, "{shown:?}");
    }
}

async fn a_client_registered_for_bound_tokens_gets_no_other(db: Db) {
    let world = World::new(db).await;
    let jwks = siegel_crypto::KeySet::new([world.client_key.public_jwk().clone()]).to_json();
    let by_key = Client { jwks: Some(jwks), ..machine(AuthMethod::PrivateKeyJwt) };
    registered(&world, &Client { certificate_bound: true, ..by_key }).await;
    let form = || {
        let mut form = own_token();
        form.extend(world.assertion("bauamt"));
        form
    };
    assert_eq!(token(&world, &form(), None).await.error(), "invalid_request");
    let shown = card("anybody", false).shown;
    let answer = token(&world, &form(), Some(&shown)).await;
    let claims = world.claims(&answer.text("access_token"), "at+jwt");
    assert_eq!(claims["cnf"]["x5t#S256"], shown.thumbprint.as_str());
}

async fn a_program_may_be_bound_to_its_certificate_in_place_of_a_key(db: Db) {
    let world = World::new(db).await;
    let program = Program::registered(&world, 1);
    let ask = async |shown: Option<&ClientCertificate>| {
        let mut form = wish(&[]);
        form.extend(program.assertion(&world));
        token(&world, &form, shown).await
    };
    let own = card("poststelle", false).shown;
    let answer = ask(Some(&own)).await;
    assert_eq!(answer.text("token_type"), "Bearer", "{}", answer.body);
    let claims = world.claims(&answer.text("access_token"), "at+jwt");
    assert_eq!(claims["cnf"]["x5t#S256"], own.thumbprint.as_str());
    assert_eq!(ask(None).await.error(), "invalid_dpop_proof", "bound to nothing");
}

async fn a_public_clients_refresh_token_is_bound_to_its_certificate(db: Db) {
    let world = World::new(db).await;
    registered(&world, &Client { certificate_bound: true, ..client(AuthMethod::None) }).await;
    let (own, other) = (card("app", false).shown, card("app", false).shown);
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([("client_id", "bauamt")], &session).await;
    let mut form = redemption(&code);
    form.insert("client_id".to_owned(), "bauamt".to_owned());
    let first = token(&world, &form, Some(&own)).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let refresh = first.text("refresh_token");
    let form = fields([
        ("grant_type", "refresh_token"),
        ("client_id", "bauamt"),
        ("refresh_token", &refresh),
    ]);
    assert_eq!(token(&world, &form, Some(&other)).await.error(), "invalid_grant");
    assert_eq!(token(&world, &form, Some(&own)).await.status, StatusCode::OK);
}

async fn certificates_are_advertised_where_there_is_a_listener_for_them(db: Db) {
    let world = World::new(db).await;
    let path = "/.well-known/openid-configuration";
    let without = world.get(path).await.json();
    assert!(without.get("mtls_endpoint_aliases").is_none());
    assert_eq!(without["tls_client_certificate_bound_access_tokens"], false);
    let methods = "token_endpoint_auth_methods_supported";
    assert!(!without[methods].to_string().contains("tls_client_auth"));
    let mut state = world.state.clone();
    state.outside.mtls_origin = Some("https://mtls.example:8444".to_owned());
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = siegel_identity::router(&state).oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 16).await.unwrap();
    let with: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let aliases = with["mtls_endpoint_aliases"].as_object().unwrap();
    for (name, url) in aliases {
        let public = with[name.as_str()].as_str().unwrap();
        let path = public.strip_prefix(with["issuer"].as_str().unwrap()).unwrap();
        assert_eq!(url.as_str().unwrap(), format!("https://mtls.example:8444{path}"));
    }
    assert!(aliases.contains_key("token_endpoint"));
    assert_eq!(with["tls_client_certificate_bound_access_tokens"], true);
    for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
        assert!(with[methods].as_array().unwrap().iter().any(|m| m == method));
    }
}
