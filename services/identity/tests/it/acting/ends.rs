//! When the right to act ends, so do the tokens.

use http::StatusCode;
use siegel_db::Db;
use siegel_identity::app::acting::{choose, follow};
use siegel_kernel::TrustLevel;
use siegel_proto::organisation::v1::AccessChange;
use siegel_testkit::on_each_backend;

use super::{
    MANDATE, access_token, called, code_for, introspected, organisation, owner, refresh, tokens,
    userinfo, world,
};
use crate::parties::Way;
use crate::world::{fields, redemption, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_code_is_worth_nothing_once_the_right_has_ended,
    a_right_that_ends_while_a_code_is_redeemed_leaves_nothing_that_lives_on,
    a_refresh_asks_again_and_a_right_that_ended_takes_the_grant_with_it,
    a_refresh_never_moves_to_another_mandate,
    a_refresh_below_the_level_of_the_mandate_asks_for_a_log_in_and_keeps_the_grant,
    an_exchange_asks_again,
    nothing_is_issued_while_organisation_is_down,
    a_change_revokes_what_rests_on_it_and_nothing_else,
    an_identity_that_follows_revokes_within_a_second,
}

async fn a_code_is_worth_nothing_once_the_right_has_ended(db: Db) {
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let value = called(&world, "musterstadt", muster);
    let code = code_for(&world, &request([]), &erika, &value).await.unwrap();
    world.account.parties.ends();
    let answer = world.token("portal", redemption(&code)).await;
    assert_eq!(answer.error(), "invalid_grant", "{}", answer.body);
}

async fn a_right_that_ends_while_a_code_is_redeemed_leaves_nothing_that_lives_on(db: Db) {
    const LIVING: &str = "SELECT COUNT(*) FROM grants WHERE revoked_at_us IS NULL";
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let value = called(&world, "musterstadt", muster);
    let code = code_for(&world, &request([]), &erika, &value).await.unwrap();
    // The answer before the grant is written still allows it; the next one does not.
    *world.account.parties.ways_end_after.lock().unwrap() = Some(1);
    let answer = world.token("portal", redemption(&code)).await;
    assert_eq!(answer.error(), "invalid_grant", "{}", answer.body);
    let mut tx = world.state.outside.db.read().await.unwrap();
    let living: i64 =
        siegel_db::on!(&mut tx, c => sqlx::query_scalar(LIVING).fetch_one(c).await.unwrap());
    assert_eq!(living, 0);
}

async fn a_refresh_asks_again_and_a_right_that_ended_takes_the_grant_with_it(db: Db) {
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let first = tokens(&world, &erika, muster).await;
    let second = world.token("portal", refresh(&first)).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.body);
    world.account.parties.ends();
    let replica = world.replica();
    assert_eq!(replica.token("portal", refresh(&second)).await.error(), "invalid_grant");
    assert_eq!(userinfo(&world, &second).await.status, StatusCode::UNAUTHORIZED);
    world.account.parties.has(Way::member(erika.account, muster, "owner"));
    let late = world.token("portal", refresh(&second)).await;
    assert_eq!(late.error(), "invalid_grant", "what ended does not come back");
}

async fn a_refresh_never_moves_to_another_mandate(db: Db) {
    let world = world(db, "").await;
    let erika = world.session(TrustLevel::Basic).await;
    let muster = organisation(&world);
    let member = Way::member(erika.account, muster, "owner");
    let by = |mandate: &str| Way {
        path: format!("mandate:{mandate}"),
        mandate: Some((mandate.into(), 1)),
        ..member.clone()
    };
    world.account.parties.has(by(MANDATE));
    let first = tokens(&world, &erika, muster).await;
    world.account.parties.ends();
    world.account.parties.has(by("mnd_fedcba9876543210fedcba9876543210"));
    world.account.parties.has(member.clone());
    let answer = world.token("portal", refresh(&first)).await;
    assert_eq!(answer.error(), "invalid_grant", "another right is another choice");
}

async fn a_refresh_below_the_level_of_the_mandate_asks_for_a_log_in_and_keeps_the_grant(db: Db) {
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let first = tokens(&world, &erika, muster).await;
    let needs = |level| {
        world.account.parties.changes("member:owner", move |way| {
            way.needed = level;
            true
        });
    };
    needs(TrustLevel::High);
    let answer = world.token("portal", refresh(&first)).await;
    assert_eq!(answer.error(), "unmet_authentication_requirements", "{}", answer.body);
    needs(TrustLevel::Basic);
    let answer = world.token("portal", refresh(&first)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

async fn an_exchange_asks_again(db: Db) {
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let value = called(&world, "musterstadt", muster);
    let wide = request([("scope", "openid account.read")]);
    let code = code_for(&world, &wide, &erika, &value).await.unwrap();
    let first = world.token("portal", redemption(&code)).await;
    let exchange = || {
        fields([
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", &first.text("access_token")),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("resource", "urn:siegel:account"),
        ])
    };
    let onward = world.token("portal", exchange()).await;
    let claims = access_token(&world, &onward);
    assert_eq!(claims["acting_for"], access_token(&world, &first)["acting_for"]);
    assert_eq!(claims["act"]["sub"], "portal", "who asked is another matter");
    world.account.parties.ends();
    assert_eq!(world.token("portal", exchange()).await.error(), "invalid_grant");
}

async fn nothing_is_issued_while_organisation_is_down(db: Db) {
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let first = tokens(&world, &erika, muster).await;
    *world.account.parties.down.lock().unwrap() = true;
    let answer = world.token("portal", refresh(&first)).await;
    assert_eq!(answer.error(), "temporarily_unavailable", "{}", answer.body);
    *world.account.parties.down.lock().unwrap() = false;
    assert_eq!(world.token("portal", refresh(&first)).await.status, StatusCode::OK);
}

async fn a_change_revokes_what_rests_on_it_and_nothing_else(db: Db) {
    let world = world(db, "").await;
    let (erika, one) = owner(&world, TrustLevel::Basic).await;
    let (max, other) = owner(&world, TrustLevel::Basic).await;
    let ends = tokens(&world, &erika, one).await;
    let stays = tokens(&world, &max, other).await;
    let alone = code_for(&world, &request([]), &erika, choose::MYSELF).await.unwrap();
    let alone = world.token("portal", redemption(&alone)).await;
    let change = AccessChange { organisation_id: one.to_string(), ..AccessChange::default() };
    follow::changed(&world.state, &change).await.unwrap();
    assert_eq!(introspected(&world, &ends).await["active"], true, "nothing ended yet");
    world.account.parties.ways.lock().unwrap().retain(|way| way.account != erika.account);
    follow::changed(&world.state, &change).await.unwrap();
    assert_eq!(introspected(&world, &ends).await["active"], false);
    for answer in [&stays, &alone] {
        assert_eq!(introspected(&world, answer).await["active"], true);
    }
    let revoked = ("identity.grant.revoked".to_owned(), "done".to_owned());
    assert!(world.audited().await.contains(&revoked));
    // A change that concerns anybody reaches everybody who acts for somebody.
    world.account.parties.ends();
    follow::changed(&world.state, &AccessChange::default()).await.unwrap();
    assert_eq!(introspected(&world, &stays).await["active"], false);
    assert_eq!(introspected(&world, &alone).await["active"], true);
}

async fn an_identity_that_follows_revokes_within_a_second(db: Db) {
    let world = world(db, "").await;
    let (erika, muster) = owner(&world, TrustLevel::Basic).await;
    let answer = tokens(&world, &erika, muster).await;
    let state = world.state.clone();
    let task = tokio::spawn(async move { follow::run(state).await });
    while world.account.parties.followers() == 0 {
        tokio::task::yield_now().await;
    }
    world.account.parties.ends();
    let started = std::time::Instant::now();
    let account_id = erika.account.to_string();
    world.account.parties.tells(AccessChange { account_id, ..AccessChange::default() }).await;
    while introspected(&world, &answer).await["active"] == true {
        assert!(started.elapsed().as_secs() < 1, "too late");
        tokio::task::yield_now().await;
    }
    task.abort();
}
