//! Accounts that an operator closes: what was issued for them, and what clients hear.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use siegel_db::Db;
use siegel_identity::app::disable::{disable, enable};
use siegel_identity::app::manage_clients::Operator;
use siegel_identity::domain::disabling::Reason;
use siegel_identity::domain::interaction::SessionView;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::ends::{delivers, enters, event, refresh, userinfo, world};
use crate::party::Party;
use crate::world::{World, encoded, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    disabling_ends_every_token_at_once_and_tells_the_clients_why,
    whoever_heard_of_the_disabling_hears_of_the_end_of_it,
    clients_learn_only_the_reasons_that_are_theirs_to_know,
    a_code_that_was_not_redeemed_is_worth_nothing,
}

const RISC: &str = "https://schemas.openid.net/secevent/risc/event-type/";

fn ada() -> Operator {
    Operator::new("ada").unwrap()
}

async fn disables(world: &World, session: &SessionView, reason: Reason) {
    world.clock.advance(Duration::from_secs(1));
    assert!(disable(&world.state, session.account, reason, &ada()).await.unwrap());
    delivers(world).await;
}

/// What the one event of this kind said, which a client was told at this path.
fn said(world: &World, party: &Party, path: &str, kind: &str) -> Value {
    event(world, &party.told(path))["events"][format!("{RISC}{kind}")].clone()
}

async fn disabling_ends_every_token_at_once_and_tells_the_clients_why(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let session = world.session(TrustLevel::Basic).await;
    let max = world.session(TrustLevel::Basic).await;
    let with = enters(&world, "a", "openid", &session).await;
    let offline = enters(&world, "b", "openid offline_access", &session).await;
    let of_max = enters(&world, "c", "openid", &max).await;
    disables(&world, &session, Reason::Hijacked).await;
    for (client, tokens) in [("a", &with), ("b", &offline)] {
        assert_eq!(userinfo(&world, tokens).await, StatusCode::UNAUTHORIZED, "{client}");
        assert_eq!(refresh(&world, client, tokens).await.error(), "invalid_grant", "{client}");
        let path = format!("/{client}/events");
        let facts = said(&world, &party, &path, "account-disabled");
        assert_eq!(facts, json!({"reason": "hijacking"}));
        assert_eq!(party.told(&format!("/{client}")).len(), 1, "and the log-out");
    }
    assert_eq!(userinfo(&world, &of_max).await, StatusCode::OK, "somebody else");
    assert_eq!(party.told("/c/events"), []);
}

async fn whoever_heard_of_the_disabling_hears_of_the_end_of_it(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let session = world.session(TrustLevel::Basic).await;
    let tokens = enters(&world, "a", "openid", &session).await;
    disables(&world, &session, Reason::Misuse).await;
    assert_eq!(said(&world, &party, "/a/events", "account-disabled"), json!({}));
    world.clock.advance(Duration::from_hours(24 * 90));
    assert!(enable(&world.state, session.account, &ada()).await.unwrap());
    delivers(&world).await;
    assert_eq!(said(&world, &party, "/a/events", "account-enabled"), json!({}));
    assert_eq!(party.told("/b/events"), [], "it never heard of the account");
    assert_eq!(refresh(&world, "a", &tokens).await.error(), "invalid_grant");
}

async fn clients_learn_only_the_reasons_that_are_theirs_to_know(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    for reason in [Reason::Deceased, Reason::Ordered, Reason::OwnerRequest] {
        let session = world.session(TrustLevel::Basic).await;
        enters(&world, "a", "openid", &session).await;
        disables(&world, &session, reason).await;
        let facts = said(&world, &party, "/a/events", "account-disabled");
        assert_eq!(facts, json!({}), "{reason}");
    }
}

async fn a_code_that_was_not_redeemed_is_worth_nothing(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([("client_id", "a"), ("scope", "openid")], &session).await;
    disables(&world, &session, Reason::Misuse).await;
    let mut form = redemption(&code);
    form.insert("client_id".to_owned(), "a".to_owned());
    let answer = world.post("/token", &encoded(&form), &[]).await;
    assert_eq!(answer.error(), "invalid_grant", "{}", answer.body);
}
