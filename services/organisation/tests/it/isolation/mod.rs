//! Nobody learns anything of what is not theirs: every RPC for persons, called by those who are not
//! entitled. What exists and is another's must be answered exactly as what does not exist. Who is
//! let in at all is the guard's and the access table's.
//!
//! A topic adds its calls in a file of its own under `calls/` and a line in `calls/mod.rs`.

mod calls;
mod names;
mod plain;
mod town;

use siegel_db::Db;
use siegel_grpc::{CallerKind, access_table};
use siegel_proto::Rpc;
use siegel_testkit::on_each_backend;

use self::calls::{Call, calls};
use self::names::{Field, Names};
use self::town::Town;
use crate::office::TABLES;

on_each_backend! { super::TABLES =>
    what_is_anothers_is_answered_as_what_does_not_exist,
    the_rightful_caller_of_every_rpc_is_not_refused,
    no_answer_to_a_stranger_holds_anything_of_anothers,
}

const PACKAGE: &str = "siegel.organisation.v1.";

/// Every RPC that persons may call with the call that the walk makes; one without fails it.
fn every_call() -> Vec<(Rpc, Call)> {
    let all = siegel_proto::rpcs().into_iter().filter(|rpc| rpc.service.starts_with(PACKAGE));
    let person = |rpc: &Rpc| {
        access_table().rule(&rpc.full_name()).is_some_and(|rule| rule.allows(CallerKind::Person))
    };
    let rpcs: Vec<Rpc> = all.filter(person).collect();
    let calls = calls();
    let name_of = |call: &Call| format!("{PACKAGE}{}", call.rpc);
    for call in &calls {
        let known = rpcs.iter().any(|rpc| rpc.full_name() == name_of(call));
        assert!(known, "no such RPC for persons: {}", call.rpc);
    }
    let found = rpcs.into_iter().map(|rpc| {
        let call = calls.iter().find(|call| name_of(call) == rpc.full_name()).copied();
        let call = call
            .unwrap_or_else(|| panic!("{} is not in the walk: add it to calls/", rpc.full_name()));
        (rpc, call)
    });
    found.collect()
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
    let mut compared = 0;
    let mut told = Vec::new();
    for (rpc, call) in every_call() {
        for stranger in town.strangers() {
            for (n, field) in Names::FIELDS.into_iter().enumerate() {
                let request_id = format!("{} {} {n}", stranger.who, call.rpc);
                let own = Names { request_id, ..stranger.own.clone() };
                let foreign = own.with(field, &town.victim);
                let nothing = own.with(field, &Names::missing());
                if (call.message)(&foreign) == (call.message)(&nothing) {
                    continue; // this call does not name such a thing
                }
                let to_foreign = town.ask(&rpc, stranger.account, (call.message)(&foreign)).await;
                let to_nothing = town.ask(&rpc, stranger.account, (call.message)(&nothing)).await;
                compared += 1;
                if to_foreign != to_nothing || to_nothing.is_ok() {
                    told.push(format!(
                        "{} by {}: {field:?}: {to_foreign:?} {to_nothing:?}",
                        call.rpc, stranger.who
                    ));
                }
            }
        }
    }
    assert!(compared > 60, "only {compared} comparisons");
    assert!(told.is_empty(), "{}", told.join("\n"));
}

/// Without this, requests that are refused as malformed would all look alike.
async fn the_rightful_caller_of_every_rpc_is_not_refused(db: Db) {
    let mut town = Town::new(db).await;
    for (n, (rpc, call)) in every_call().into_iter().enumerate() {
        let (account, names) = town.settle(n).await;
        let answer = town.ask(&rpc, account, (call.message)(&names)).await;
        if let Err(refused) = answer {
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
            let names = Names { request_id, ..stranger.own.clone() };
            let names = names.with(Field::All, &town.victim);
            let answer = town.ask(&rpc, stranger.account, (call.message)(&names)).await;
            let answer = format!("{answer:?}");
            for secret in &secrets {
                let held = answer.contains(secret.as_str());
                assert!(!held, "{} tells {}: {secret}", call.rpc, stranger.who);
            }
        }
    }
}
