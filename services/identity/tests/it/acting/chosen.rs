//! For whom somebody can act at a client, and what settles it.

use siegel_db::Db;
use siegel_identity::app::acting::choose;
use siegel_identity::app::authorize;
use siegel_identity::config::ClientConfig;
use siegel_identity::domain::interaction::SessionView;
use siegel_kernel::TrustLevel;
use siegel_proto::organisation::v1::Action;
use siegel_testkit::on_each_backend;

use super::{
    called, code_for, id_token, on_the_pages, organisation, owner, refresh, tokens, world,
};
use crate::parties::Way;
use crate::world::{Fields, World, encoded, redemption, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_client_that_is_not_registered_for_it_gets_nobody_acting,
    no_code_is_made_before_it_is_said_for_whom,
    a_choice_of_another_persons_right_is_refused,
    a_mandate_for_another_online_service_does_not_count,
    a_service_can_demand_a_role,
    a_service_can_demand_more_than_acting,
    without_a_page_only_what_was_chosen_in_this_session_counts,
    a_hint_of_another_party_needs_a_page,
    a_registration_keeps_what_it_says_about_acting,
    what_is_supported_can_be_found_out,
}

/// `/authorize` with `prompt=none` in the browser of a session.
async fn silently(world: &World, session: &SessionView, hint: &str) -> Fields {
    let fields = request([("prompt", "none"), ("acting_for", hint), ("scope", "openid")]);
    let cookie = format!("siegel_session={}", crate::world::cookie(session.id));
    let path = format!("/authorize?{}", encoded(&fields));
    let request = http::Request::get(path).header("cookie", cookie);
    world.send(request.body(axum::body::Body::empty()).unwrap()).await.location()
}

async fn a_client_that_is_not_registered_for_it_gets_nobody_acting(db: Db) {
    let world = World::new(db).await;
    let (erika, _) = owner(&world, TrustLevel::Basic).await;
    let refused = world.authorize([("acting_for", "ask")]).await;
    assert_eq!(refused.location()["error"], "unauthorized_client");
    let wish = r#"{"id_token":{"acting_for":{"essential":true}}}"#;
    let refused = world.authorize([("claims", wish)]).await;
    assert_eq!(refused.location()["error"], "unauthorized_client");
    let code = world.code([], &erika).await;
    let answer = world.token("portal", redemption(&code)).await;
    assert_eq!(id_token(&world, &answer).get("acting_for"), None);
    assert!(world.account.parties.asked.lock().unwrap().is_empty());
}

async fn no_code_is_made_before_it_is_said_for_whom(db: Db) {
    let world = world(db, "").await;
    let (erika, _) = owner(&world, TrustLevel::Basic).await;
    let interaction = on_the_pages(&world, &request([])).await;
    let made = authorize::complete(&world.state, &interaction, &erika).await;
    assert!(matches!(made, Err(authorize::CompleteError::NotEnough)), "{made:?}");
    let wish = r#"{"id_token":{"acting_for":{"essential":true}}}"#;
    let needed = request([("claims", wish)]);
    let refused = code_for(&world, &needed, &erika, choose::MYSELF).await;
    assert_eq!(refused, Err(choose::Outcome::NotAllowed));
}

async fn a_choice_of_another_persons_right_is_refused(db: Db) {
    let world = world(db, "").await;
    let (_, muster) = owner(&world, TrustLevel::Basic).await;
    let max = world.session(TrustLevel::High).await;
    for value in [called(&world, "musterstadt", muster), muster.to_string(), "x".into()] {
        let refused = code_for(&world, &request([]), &max, &value).await;
        assert_eq!(refused, Err(choose::Outcome::NotAllowed), "{value}");
    }
}

async fn a_mandate_for_another_online_service_does_not_count(db: Db) {
    let world = world(db, "service_id = \"99012345\"").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let only = |service: &'static str| {
        world.account.parties.changes("member:owner", move |way| {
            way.service = Some(service.into());
            true
        });
    };
    only("99000000");
    let value = called(&world, "musterstadt", muster);
    let refused = code_for(&world, &request([]), &erika, &value).await;
    assert_eq!(refused, Err(choose::Outcome::NotAllowed));
    only("99012345");
    tokens(&world, &erika, muster).await;
}

async fn a_service_can_demand_a_role(db: Db) {
    let world = world(db, "acting_roles = [\"owner\", \"administrator\"]").await;
    let erika = world.session(TrustLevel::Basic).await;
    let [first, second] = [organisation(&world), organisation(&world)];
    world.account.parties.has(Way::member(erika.account, first, "case-worker"));
    world.account.parties.has(Way::member(erika.account, second, "administrator"));
    let value = called(&world, "musterstadt", first);
    let refused = code_for(&world, &request([]), &erika, &value).await;
    assert_eq!(refused, Err(choose::Outcome::NotAllowed));
    let answer = tokens(&world, &erika, second).await;
    world.account.parties.changes("member:administrator", |way| {
        way.path = "member:read-only".into();
        true
    });
    let answer = world.token("portal", refresh(&answer)).await;
    assert_eq!(answer.error(), "invalid_grant", "a role that was lost");
}

async fn a_service_can_demand_more_than_acting(db: Db) {
    let world = world(db, "acting_actions = [\"receive_mail\"]").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let value = called(&world, "musterstadt", muster);
    let refused = code_for(&world, &request([]), &erika, &value).await;
    assert_eq!(refused, Err(choose::Outcome::NotAllowed));
    world.account.parties.changes("member:owner", |way| {
        way.actions.push(Action::ReceiveMail);
        true
    });
    tokens(&world, &erika, muster).await;
}

async fn without_a_page_only_what_was_chosen_in_this_session_counts(db: Db) {
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    assert_eq!(silently(&world, &erika, "").await["error"], "interaction_required");
    tokens(&world, &erika, muster).await;
    let code = silently(&world, &erika, "").await["code"].clone();
    let claims = id_token(&world, &world.token("portal", redemption(&code)).await);
    assert_eq!(claims["acting_for"]["sub"], called(&world, "musterstadt", muster));
    assert_eq!(silently(&world, &erika, "ask").await["error"], "interaction_required");
    world.account.parties.ends();
    let max = world.session(TrustLevel::Basic).await;
    let code = silently(&world, &max, "").await["code"].clone();
    let claims = id_token(&world, &world.token("portal", redemption(&code)).await);
    assert_eq!(claims.get("acting_for"), None, "nobody to choose but themself");
}

async fn a_hint_of_another_party_needs_a_page(db: Db) {
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let other = organisation(&world);
    world.account.parties.has(Way::member(erika.account, other, "read-only"));
    tokens(&world, &erika, muster).await;
    let named = |organisation| called(&world, "musterstadt", organisation);
    let answer = silently(&world, &erika, &named(other)).await;
    assert_eq!(answer["error"], "interaction_required");
    assert!(silently(&world, &erika, &named(muster)).await.contains_key("code"));
    let code = silently(&world, &erika, "self").await["code"].clone();
    let claims = id_token(&world, &world.token("portal", redemption(&code)).await);
    assert_eq!(claims.get("acting_for"), None);
    let bent = world.authorize([("acting_for", &muster.to_string())]).await;
    assert_eq!(bent.location()["error"], "invalid_request");
}

async fn a_registration_keeps_what_it_says_about_acting(db: Db) {
    let world = world(db, "acting_kinds = [\"person\"]").await;
    let mut tx = world.state.outside.db.read().await.unwrap();
    let found = siegel_identity::store::clients::find(&mut tx, "portal").await.unwrap().unwrap();
    drop(tx);
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let value = called(&world, "musterstadt", muster);
    let refused = code_for(&world, &request([]), &erika, &value).await;
    assert_eq!(refused, Err(choose::Outcome::NotAllowed), "{:?}", found.acting);
    let text = "client_id = \"x\"\nredirect_uris = [\"https://a.example/cb\"]\nguests = true\n\
        auth_method = \"none\"\nacting = \"required\"";
    let bent: ClientConfig = toml::from_str(text).unwrap();
    let error = bent.registration(std::path::Path::new(".")).unwrap_err();
    assert!(error.to_string().contains("guests act for nobody"), "{error}");
}

async fn what_is_supported_can_be_found_out(db: Db) {
    let world = World::new(db).await;
    let metadata = world.get("/.well-known/openid-configuration").await.json();
    let has =
        |list: &str, item: &str| metadata[list].as_array().unwrap().iter().any(|one| one == item);
    assert!(has("claims_supported", "acting_for"));
    assert!(has("acting_for_kinds_supported", "person"));
    assert!(has("legal_person_claims_supported", "register_number"));
}
