//! One account session, one log-in per sector; and who must be behind it.

use std::time::Duration;

use siegel_db::Db;
use siegel_identity::app::authorize::{CompleteError, complete};
use siegel_identity::domain::ageing::Proof;
use siegel_identity::domain::tenant::{LevelLimits, Tenant};
use siegel_identity::store::{accounts, interactions, sessions};
use siegel_kernel::{SessionId, TrustLevel};
use siegel_testkit::on_each_backend;

use crate::world::{World, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_log_in_for_one_sector_says_nothing_to_another,
    a_tenant_may_share_log_ins_between_its_own_sectors,
    level_and_time_of_a_token_are_those_of_its_sector,
    an_account_that_is_being_set_up_answers_nothing_silently,
    a_hint_must_be_an_id_token_of_this_client,
    a_request_for_one_person_is_never_answered_by_another,
}

async fn proves(world: &World, session: SessionId, realm: &str, proof: Proof) {
    let mut tx = world.state.outside.db.begin().await.unwrap();
    sessions::prove(&mut tx, session, realm, &proof).await.unwrap();
    tx.commit().await.unwrap();
}

async fn a_log_in_for_one_sector_says_nothing_to_another(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    assert!(world.silently([], session.id).await.contains_key("code"));
    world.registers("portal", |c| c.sector = "anderswo".into()).await;
    assert_eq!(world.silently([], session.id).await["error"], "login_required");
}

async fn a_tenant_may_share_log_ins_between_its_own_sectors(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let tenant = Tenant { id: "musterstadt".into(), single_sign_on: true, ..Tenant::default() };
    world.tenant(tenant).await;
    world.registers("portal", |c| c.sector = "anderswo".into()).await;
    let told = world.silently([], session.id).await;
    assert_eq!(told["error"], "login_required", "made before the log-ins were shared");
    proves(
        &world,
        session.id,
        "tenant=musterstadt",
        Proof::new(TrustLevel::Basic, "pwd", world.now()),
    )
    .await;
    assert!(world.silently([], session.id).await.contains_key("code"));
    world.registers("portal", |c| c.tenant = "beispielau".into()).await;
    assert_eq!(
        world.silently([], session.id).await["error"],
        "login_required",
        "of another tenant"
    );
}

async fn level_and_time_of_a_token_are_those_of_its_sector(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let then = world.now().as_seconds();
    world.clock.advance(Duration::from_mins(10));
    proves(&world, session.id, "beispielau", Proof::new(TrustLevel::High, "sc", world.now())).await;
    let code = world.silently([], session.id).await["code"].clone();
    let answer = world.token("portal", redemption(&code)).await;
    for (name, typ) in [("id_token", "JWT"), ("access_token", "at+jwt")] {
        let token = world.claims(&answer.text(name), typ);
        assert_eq!(
            (&token["trust_level"], &token["auth_time"]),
            (&1.into(), &then.into()),
            "{name}"
        );
    }
    let limits =
        vec![LevelLimits { level: TrustLevel::Basic, absolute_minutes: 15, idle_minutes: 15 }];
    let short = Proof { limits, ..Proof::new(TrustLevel::Basic, "pwd", world.now()) };
    proves(&world, session.id, "musterstadt", short).await;
    world.clock.advance(Duration::from_mins(15));
    let over = world.silently([], session.id).await;
    assert_eq!(over["error"], "login_required", "the tenant's limits, not those of the other");
}

async fn an_account_that_is_being_set_up_answers_nothing_silently(db: Db) {
    const SQL: &str = "UPDATE accounts SET state = 'pending' WHERE id = $1";
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    assert!(world.silently([], session.id).await.contains_key("code"));
    let mut tx = world.state.outside.db.begin().await.unwrap();
    siegel_db::on!(&mut tx, c =>
        sqlx::query(SQL).bind(session.account).execute(c).await.unwrap().rows_affected());
    tx.commit().await.unwrap();
    assert_eq!(world.silently([], session.id).await["error"], "interaction_required");
    let mut tx = world.state.outside.db.begin().await.unwrap();
    assert!(accounts::open(&mut tx, session.account, world.now()).await.unwrap());
    tx.commit().await.unwrap();
    assert!(world.silently([], session.id).await.contains_key("code"));
}

async fn a_hint_must_be_an_id_token_of_this_client(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([("client_id", "other")], &session).await;
    let others = world.token("other", redemption(&code)).await;
    let code = world.code([], &session).await;
    let own = world.token("portal", redemption(&code)).await;
    let mut bent = own.text("id_token");
    bent.pop();
    for bad in [others.text("id_token"), own.text("access_token"), bent, "x".to_owned()] {
        let told = world.authorize([("id_token_hint", &bad)]).await.location();
        assert_eq!(told.get("error").map(String::as_str), Some("invalid_request"));
    }
    world.clock.advance(Duration::from_mins(30));
    let expired = own.text("id_token");
    assert!(world.silently([("id_token_hint", &expired)], session.id).await.contains_key("code"));
}

async fn a_request_for_one_person_is_never_answered_by_another(db: Db) {
    let world = World::new(db).await;
    let (ada, bob) =
        (world.session(TrustLevel::Basic).await, world.session(TrustLevel::Basic).await);
    let code = world.code([], &ada).await;
    let hint = world.token("portal", redemption(&code)).await.text("id_token");
    let sub = world.claims(&hint, "JWT")["sub"].as_str().unwrap().to_owned();
    let claims = format!(r#"{{"id_token":{{"sub":{{"value":"{sub}"}}}}}}"#);
    for change in [("id_token_hint", hint.as_str()), ("claims", claims.as_str())] {
        assert!(world.silently([change], ada.id).await.contains_key("code"));
        assert_eq!(world.silently([change], bob.id).await["error"], "login_required");
        let answer = world.authorize([change]).await;
        let id = answer.header("location").strip_prefix("/login/").unwrap().parse().unwrap();
        let mut tx = world.state.outside.db.read().await.unwrap();
        let found = interactions::find(&mut tx, id, world.now()).await.unwrap().unwrap();
        drop(tx);
        let refused = complete(&world.state, &found, &bob).await;
        assert!(matches!(refused, Err(CompleteError::NotEnough)), "nor past the pages");
        assert!(complete(&world.state, &found, &ada).await.is_ok());
    }
    let two =
        [("id_token_hint", hint.as_str()), ("claims", r#"{"id_token":{"sub":{"value":"x"}}}"#)];
    assert_eq!(world.authorize(two).await.location()["error"], "invalid_request");
}
