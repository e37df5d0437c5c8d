//! Nobody learns anything of what is not theirs: every RPC, called by those who are not entitled
//! (`others.rs`: those that no person calls). What exists and is another's must be answered exactly as what does not exist, and nothing
//! may change. Every call goes through the real guard.
//!
//! A topic adds its calls in a file of its own under `calls/` and a line in `calls/mod.rs`.

mod calls;
mod names;
mod others;
mod town;

use siegel_db::Db;
use siegel_grpc::{CallerKind, access_table};
use siegel_testkit::on_each_backend;
use siegel_walk::{Asks as _, Rpc, Things as _, Token, calls_of, let_in_nobody_else, walk};

use self::calls::{Call, calls};
use self::names::Names;
use self::town::{Town, person};
use crate::office::TABLES;

on_each_backend! { super::TABLES =>
    what_is_anothers_is_answered_as_what_does_not_exist,
    the_rightful_caller_of_every_rpc_is_not_refused,
    no_answer_to_a_stranger_holds_anything_of_anothers,
    the_wrong_kind_of_caller_learns_nothing,
}

const PACKAGE: &str = "siegel.organisation.v1.";

/// Every RPC that persons may call with the call that the walk makes; one without fails it.
fn every_call() -> Vec<(Rpc, Call)> {
    calls_of(PACKAGE, &calls(), |rpc| {
        access_table().rule(&rpc.full_name()).is_some_and(|rule| rule.allows(CallerKind::Person))
    })
}

/// Operators with a scope of their own and a bound token, siblings by name, who holds a letter.
#[test]
fn what_the_walk_leaves_out_is_open_to_no_person_and_to_no_service_of_others() {
    use CallerKind::{Client, Person, Public, Sibling};
    let own = access_table().rules().filter(|rule| rule.rpc.starts_with(PACKAGE));
    for rule in own.filter(|rule| !rule.allows(Person)) {
        let operators =
            rule.callers == [Client] && rule.bound && rule.scope == "organisation.admin";
        let siblings = rule.callers == [Sibling] && !rule.siblings.is_empty();
        let letter = rule.callers == [Public] && rule.rpc.ends_with("/RevokeClaim");
        assert!(operators || siblings || letter, "{} is open to {:?}", rule.rpc, rule.callers);
    }
}

async fn what_is_anothers_is_answered_as_what_does_not_exist(db: Db) {
    let town = Town::new(db).await;
    let compared = walk(&town, &every_call(), |_| town.strangers().into()).await;
    compared.expect_nothing_told(80);
}

/// Without this, requests that are refused as malformed would all look alike.
async fn the_rightful_caller_of_every_rpc_is_not_refused(db: Db) {
    let mut town = Town::new(db).await;
    for (n, (rpc, call)) in every_call().into_iter().enumerate() {
        let (account, names) = town.settle(n).await;
        let answer = town.ask(&rpc, &person(account), (call.messages)(&names)).await;
        if let Some(refused) = answer.status {
            assert_eq!(
                Some(refused.reason.as_str()),
                call.refused_with,
                "{}: {refused:?}",
                call.rpc
            );
        }
        let promised = access_table().rule(&rpc.full_name()).and_then(|rule| rule.audit.clone());
        if let Some(kind) = promised {
            let left = town.office.kinds().await.contains(&kind);
            assert!(left, "{} leaves no audit event {kind}", call.rpc);
        }
    }
}

async fn no_answer_to_a_stranger_holds_anything_of_anothers(db: Db) {
    let town = Town::new(db).await;
    let mut secrets = town.victim.ids();
    secrets.extend(["Zwetschgenmus", "zwetschge@example.org"].map(str::to_owned));
    for (rpc, call) in every_call() {
        for stranger in town.strangers() {
            let request_id = format!("look {} {}", stranger.who, call.rpc);
            let names = stranger.own.asking(request_id).with("all", &town.victim);
            let answer = town.ask(&rpc, &stranger.token, (call.messages)(&names)).await;
            for secret in &secrets {
                let held = answer.holds(secret);
                assert!(!held, "{} tells {}: {secret}", call.rpc, stranger.who);
            }
        }
    }
}

async fn the_wrong_kind_of_caller_learns_nothing(db: Db) {
    let town = Town::new(db).await;
    let callers = [
        Token::Nobody,
        Token::Client { client_id: "registrar", tenant: "musterstadt" },
        Token::Service("identity"),
        Token::Service("postbox"),
        Token::Service("portal"),
    ];
    let (real, missing) = (town.victim.asking("w".into()), Names::missing().asking("w".into()));
    let_in_nobody_else(&town, &every_call(), &callers, (&real, &missing)).await;
}
