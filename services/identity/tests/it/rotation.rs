//! Refresh tokens under pressure: many at once, late, after a restart.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::world::{Fields, World, fields, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    fifty_refreshes_at_once_leave_one_living_successor,
    a_successor_in_use_shows_that_no_answer_was_lost,
    a_rotated_token_stays_dead_over_a_restart,
    a_refresh_token_of_a_bound_client_is_refused_without_its_key,
}

fn with(token: &str) -> Fields {
    fields([("grant_type", "refresh_token"), ("refresh_token", token)])
}

async fn first(world: &World) -> String {
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    world.token("portal", redemption(&code)).await.text("refresh_token")
}

async fn fifty_refreshes_at_once_leave_one_living_successor(db: Db) {
    let world = Arc::new(World::new(db).await);
    let replica = Arc::new(world.replica());
    let token = first(&world).await;
    let mut tries = tokio::task::JoinSet::new();
    for n in 0..50 {
        let world = if n % 2 == 0 { world.clone() } else { replica.clone() };
        let form = with(&token);
        tries.spawn(async move { world.token("portal", form).await });
    }
    let answers = tries.join_all().await;
    for answer in &answers {
        let refused = answer.status == StatusCode::BAD_REQUEST && answer.error() == "invalid_grant";
        assert!(answer.status == StatusCode::OK || refused, "{} {}", answer.status, answer.body);
    }
    let good = answers.iter().filter(|a| a.status == StatusCode::OK);
    let heirs: BTreeSet<String> = good.map(|a| a.text("refresh_token")).collect();
    assert_eq!(heirs.len(), 1, "one family, one living member");
    let heir = heirs.first().unwrap();
    let next = world.token("portal", with(heir)).await;
    assert_eq!(next.status, StatusCode::OK, "the family lives: {}", next.body);
    world.clock.advance(Duration::from_secs(11));
    assert_eq!(world.token("portal", with(&token)).await.error(), "invalid_grant");
    let last = next.text("refresh_token");
    assert_eq!(world.token("portal", with(&last)).await.error(), "invalid_grant", "and it is dead");
}

async fn a_successor_in_use_shows_that_no_answer_was_lost(db: Db) {
    let world = World::new(db).await;
    let token = first(&world).await;
    let second = world.token("portal", with(&token)).await.text("refresh_token");
    let third = world.token("portal", with(&second)).await.text("refresh_token");
    assert_ne!(third, "");
    assert_eq!(world.token("portal", with(&token)).await.error(), "invalid_grant", "a thief's");
    assert_eq!(world.token("portal", with(&third)).await.error(), "invalid_grant");
    let outcome = ("identity.token.issued".to_owned(), "REFRESH_TOKEN_REUSED".to_owned());
    assert!(world.audited().await.contains(&outcome));
}

async fn a_rotated_token_stays_dead_over_a_restart(db: Db) {
    let world = World::new(db).await;
    let token = first(&world).await;
    assert_eq!(world.token("portal", with(&token)).await.status, StatusCode::OK);
    world.clock.advance(Duration::from_secs(11));
    let restarted = world.replica();
    assert_eq!(restarted.token("portal", with(&token)).await.error(), "invalid_grant");
}

async fn a_refresh_token_of_a_bound_client_is_refused_without_its_key(db: Db) {
    let world = World::new(db).await;
    world.change("portal", |client| client.dpop_bound = true).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let bare = world.token("portal", redemption(&code)).await;
    assert_eq!(bare.error(), "invalid_dpop_proof", "no bearer tokens for this client");
    let bound = world.bound_token("portal", redemption(&code)).await;
    assert_eq!(bound.text("token_type"), "DPoP", "{}", bound.body);
    let token = bound.text("refresh_token");
    assert_eq!(world.token("portal", with(&token)).await.error(), "invalid_dpop_proof");
    assert_eq!(world.bound_token("portal", with(&token)).await.status, StatusCode::OK);
    let own = fields([("grant_type", "client_credentials"), ("scope", "account.read")]);
    assert_eq!(world.token("portal", own).await.error(), "invalid_dpop_proof");
}
