//! What FAPI 2.0 (Security Profile, Final) forbids at the token endpoint, and the registration.

use http::StatusCode;
use serde_json::json;
use siegel_crypto::{KeySet, sign_token, token_signer_from_pem};
use siegel_db::Db;
use siegel_identity::domain::client::{AuthMethod, SecurityProfile};
use siegel_kernel::TrustLevel;
use siegel_oidc::assertion;
use siegel_testkit::on_each_backend;

use crate::world::{Answer, ORIGIN, World, encoded, fields, redemption, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_fapi_client_signs_with_the_profiles_algorithms_only,
    a_fapi_client_gets_bound_tokens_only,
    a_fapi_code_is_redeemed_with_its_redirect_uri_and_verifier,
    a_fapi_registration_has_keys_and_https_only,
}

async fn signed_by_rsa(world: &World, client: &str) -> Answer {
    let signer = token_signer_from_pem(&std::fs::read_to_string(crate::world::RSA_KEY).unwrap());
    let signer = signer.unwrap();
    let jwks = KeySet::new([signer.public_jwk().clone()]).to_json();
    world.change(client, |client| client.jwks = Some(jwks)).await;
    let now = world.now().as_seconds();
    let claims = json!({
        "iss": client, "sub": client, "aud": ORIGIN, "jti": world.fresh(), "iat": now, "exp": now + 60
    });
    let text = sign_token(&*signer, None, &claims).unwrap();
    let form = fields([
        ("grant_type", "client_credentials"),
        ("scope", "account.read"),
        ("client_assertion_type", assertion::TYPE),
        ("client_assertion", &text),
    ]);
    let proof = world.proof("POST", "/token", None);
    world.post("/token", &encoded(&form), &[("dpop", &proof)]).await
}

async fn a_fapi_client_signs_with_the_profiles_algorithms_only(db: Db) {
    let world = World::new(db).await;
    let basic = signed_by_rsa(&world, "portal").await;
    assert_eq!(basic.status, StatusCode::OK, "{}", basic.body);
    assert_eq!(signed_by_rsa(&world, "bank").await.error(), "invalid_client");
}

async fn pushed_code(world: &World) -> String {
    let session = world.session(TrustLevel::Basic).await;
    let mut form = request([("client_id", "bank"), ("scope", "openid account.read")]);
    form.extend(world.assertion("bank"));
    let uri = world.post("/par", &encoded(&form), &[]).await.text("request_uri");
    let request = fields([("client_id", "bank"), ("request_uri", &uri)]);
    world.granted(&request, &session).await["code"].clone()
}

async fn a_fapi_client_gets_bound_tokens_only(db: Db) {
    let world = World::new(db).await;
    let code = pushed_code(&world).await;
    assert_eq!(world.token("bank", redemption(&code)).await.error(), "invalid_dpop_proof");
    let bound = world.bound_token("bank", redemption(&code)).await;
    assert_eq!(bound.text("token_type"), "DPoP", "{}", bound.body);
    let claims = world.claims(&bound.text("access_token"), "at+jwt");
    assert_eq!(claims["cnf"]["jkt"], world.dpop_key.kid());
}

async fn a_fapi_code_is_redeemed_with_its_redirect_uri_and_verifier(db: Db) {
    let world = World::new(db).await;
    for missing in ["redirect_uri", "code_verifier"] {
        let code = pushed_code(&world).await;
        let mut form = redemption(&code);
        form.remove(missing);
        assert_eq!(world.bound_token("bank", form).await.error(), "invalid_grant", "{missing}");
    }
}

async fn a_fapi_registration_has_keys_and_https_only(db: Db) {
    let world = World::new(db).await;
    let mut tx = world.state.outside.db.read().await.unwrap();
    let found = siegel_identity::store::clients::find(&mut tx, "bank").await.unwrap();
    let bank = found.unwrap();
    drop(tx);
    assert_eq!(bank.security_profile, SecurityProfile::Fapi2);
    bank.check().unwrap();
    let with = |change: &dyn Fn(&mut siegel_identity::domain::client::Client)| {
        let mut client = bank.clone();
        change(&mut client);
        client.check().is_err()
    };
    assert!(with(&|c| c.redirect_uris = vec!["http://127.0.0.1/cb".into()]), "no http");
    assert!(with(&|c| c.redirect_uris = vec!["example.app:/cb".into()]), "no own scheme");
    assert!(with(&|c| c.auth_method = AuthMethod::None), "confidential");
    assert!(
        with(&|c| {
            c.auth_method = AuthMethod::ClientSecretBasic;
            c.secret_hash = Some("x".into());
        }),
        "no secrets"
    );
    assert!(with(&|c| c.require_pkce = false));
}
