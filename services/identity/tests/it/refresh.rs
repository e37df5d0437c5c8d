//! Refresh tokens: rotation, binding, narrowing, and the session behind them.

use std::time::Duration;

use http::StatusCode;
use siegel_db::Db;
use siegel_identity::store::sessions;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::world::{Answer, Fields, World, encoded, fields, redemption, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_bearer_clients_token_rotates_and_its_reuse_revokes_the_family,
    a_lost_answer_can_be_asked_for_again_shortly,
    a_fapi_client_keeps_its_token,
    a_client_that_proves_two_keys_keeps_its_token,
    a_public_clients_token_is_bound_to_its_key,
    an_id_token_on_refresh_has_the_first_ones_person_and_time,
    scope_only_shrinks_and_the_audience_follows_the_resource,
    a_refresh_fails_when_the_session_has_ended,
    the_level_of_a_new_token_is_what_the_session_is_still_worth,
    another_clients_refresh_token_is_worth_nothing,
    offline_access_needs_the_consent_page_and_outlives_the_session,
}

fn refresh(token: &Answer) -> Fields {
    let token = token.text("refresh_token");
    assert_ne!(token, "");
    fields([("grant_type", "refresh_token"), ("refresh_token", &token)])
}

async fn a_bearer_clients_token_rotates_and_its_reuse_revokes_the_family(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let first = world.token("portal", redemption(&code)).await;
    let second = world.token("portal", refresh(&first)).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.body);
    assert_ne!(first.text("refresh_token"), second.text("refresh_token"));
    world.clock.advance(Duration::from_secs(11));
    let replica = world.replica();
    assert_eq!(replica.token("portal", refresh(&first)).await.error(), "invalid_grant");
    let heir = world.token("portal", refresh(&second)).await;
    assert_eq!(heir.error(), "invalid_grant", "nobody knows who the thief is");
    let outcome = ("identity.token.issued".to_owned(), "REFRESH_TOKEN_REUSED".to_owned());
    assert!(world.audited().await.contains(&outcome));
}

async fn a_lost_answer_can_be_asked_for_again_shortly(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let first = world.token("portal", redemption(&code)).await;
    assert_eq!(world.token("portal", refresh(&first)).await.status, StatusCode::OK);
    world.clock.advance(Duration::from_secs(5));
    let again = world.token("portal", refresh(&first)).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    assert_eq!(world.token("portal", refresh(&again)).await.status, StatusCode::OK);
}

async fn a_fapi_client_keeps_its_token(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let mut form = request([("client_id", "bank"), ("scope", "openid")]);
    form.extend(world.assertion("bank"));
    let pushed = world.post("/par", &encoded(&form), &[]).await;
    let uri = pushed.text("request_uri");
    let request = fields([("client_id", "bank"), ("request_uri", &uri)]);
    let code = world.granted(&request, &session).await["code"].clone();
    let first = world.bound_token("bank", redemption(&code)).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    world.clock.advance(Duration::from_mins(1));
    for _ in 0..2 {
        let next = world.bound_token("bank", refresh(&first)).await;
        assert_eq!(next.text("refresh_token"), first.text("refresh_token"), "{}", next.body);
        world.clock.advance(Duration::from_mins(1));
    }
}

async fn a_client_that_proves_two_keys_keeps_its_token(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let first = world.bound_token("portal", redemption(&code)).await;
    let next = world.bound_token("portal", refresh(&first)).await;
    assert_eq!(next.text("refresh_token"), first.text("refresh_token"), "{}", next.body);
    let bearer = world.token("portal", refresh(&first)).await;
    assert_ne!(bearer.text("refresh_token"), first.text("refresh_token"), "{}", bearer.body);
}

async fn a_public_clients_token_is_bound_to_its_key(db: Db) {
    let mut world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let uri = "http://127.0.0.1:5000/cb";
    let code = world
        .code([("client_id", "app"), ("redirect_uri", uri), ("scope", "postbox.read")], &session)
        .await;
    let mut form = redemption(&code);
    form.insert("client_id".into(), "app".into());
    form.insert("redirect_uri".into(), uri.into());
    let send = async |world: &World, form: &Fields| {
        let proof = world.proof("POST", "/token", None);
        world.post("/token", &encoded(form), &[("dpop", &proof)]).await
    };
    let first = send(&world, &form).await;
    assert_eq!(first.text("token_type"), "DPoP", "{}", first.body);
    let mut form = refresh(&first);
    form.insert("client_id".into(), "app".into());
    let kept = send(&world, &form).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.body);
    let own =
        std::mem::replace(&mut world.dpop_key, siegel_crypto::SigningKey::generate().unwrap());
    assert_eq!(send(&world, &form).await.error(), "invalid_dpop_proof", "a stolen token");
    world.dpop_key = own;
    let bare = world.post("/token", &encoded(&form), &[]).await;
    assert_eq!(bare.error(), "invalid_dpop_proof");
}

async fn an_id_token_on_refresh_has_the_first_ones_person_and_time(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let first = world.token("portal", redemption(&code)).await;
    world.clock.advance(Duration::from_mins(10));
    let second = world.token("portal", refresh(&first)).await;
    let (a, b) = (
        world.claims(&first.text("id_token"), "JWT"),
        world.claims(&second.text("id_token"), "JWT"),
    );
    for same in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(a[same], b[same], "{same}");
    }
    assert_ne!(a["iat"], b["iat"]);
    assert!(b.get("nonce").is_none() && b.get("email").is_none());
}

async fn scope_only_shrinks_and_the_audience_follows_the_resource(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([("scope", "openid account.read postbox.read")], &session).await;
    let mut now = world.token("portal", redemption(&code)).await;
    let first = world.claims(&now.text("access_token"), "at+jwt");
    assert_eq!(first["aud"], "urn:siegel:identity", "userinfo, when nothing else is said");
    let ask = async |last: &Answer, name: &str, value: &str| {
        let mut form = refresh(last);
        form.insert(name.into(), value.into());
        world.bound_token("portal", form).await
    };
    let wider = ask(&now, "scope", "openid email").await;
    assert_eq!(wider.error(), "invalid_scope");
    assert_eq!(ask(&now, "resource", "urn:siegel:eid").await.error(), "invalid_target");
    now = ask(&now, "resource", "urn:siegel:postbox").await;
    let token = world.claims(&now.text("access_token"), "at+jwt");
    assert_eq!(
        (&token["aud"], &token["scope"]),
        (&"urn:siegel:postbox".into(), &"postbox.read".into())
    );
    now = ask(&now, "scope", "account.read").await;
    assert_eq!(now.text("scope"), "account.read");
    assert_eq!(now.text("id_token"), "");
}

async fn a_refresh_fails_when_the_session_has_ended(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let first = world.token("portal", redemption(&code)).await;
    world.clock.advance(Duration::from_mins(61));
    assert_eq!(world.token("portal", refresh(&first)).await.error(), "invalid_grant", "idle");

    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let first = world.token("portal", redemption(&code)).await;
    let mut tx = world.state.outside.db.begin().await.unwrap();
    let stored = sessions::find(&mut tx, session.id).await.unwrap().unwrap();
    let now = world.now();
    siegel_identity::app::sessions::end(&mut tx, &stored, "TEST", now).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.token("portal", refresh(&first)).await.error(), "invalid_grant", "ended");
}

async fn the_level_of_a_new_token_is_what_the_session_is_still_worth(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::High).await;
    let code = world.code([], &session).await;
    let first = world.token("portal", redemption(&code)).await;
    assert_eq!(world.claims(&first.text("access_token"), "at+jwt")["trust_level"], 4);
    world.clock.advance(Duration::from_mins(31));
    let second = world.token("portal", refresh(&first)).await;
    let fallen = &world.claims(&second.text("access_token"), "at+jwt")["trust_level"];
    assert_eq!(*fallen, 2, "neither high nor substantial after 31 idle minutes");
}

async fn another_clients_refresh_token_is_worth_nothing(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let first = world.token("portal", redemption(&code)).await;
    assert_eq!(world.token("other", refresh(&first)).await.error(), "invalid_grant");
    assert_eq!(world.token("portal", refresh(&first)).await.status, StatusCode::OK);
}

async fn offline_access_needs_the_consent_page_and_outlives_the_session(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::High).await;
    let code = world.code([("scope", "openid offline_access")], &session).await;
    let silent = world.token("portal", redemption(&code)).await;
    assert_eq!(silent.text("scope"), "openid", "not without the page");
    let asked = [("scope", "openid offline_access"), ("prompt", "consent")];
    let code = world.code(asked, &session).await;
    let first = world.token("portal", redemption(&code)).await;
    assert_eq!(first.text("scope"), "openid offline_access");
    world.clock.advance(Duration::from_hours(24));
    assert_eq!(world.token("portal", refresh(&silent)).await.error(), "invalid_grant");
    let later = world.token("portal", refresh(&first)).await;
    assert_eq!(later.status, StatusCode::OK, "{}", later.body);
    let token = world.claims(&later.text("access_token"), "at+jwt");
    assert_eq!(token["trust_level"], 1, "worth what a password proves");
}
