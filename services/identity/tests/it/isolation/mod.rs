//! Nobody learns anything of what is not theirs: every RPC, behind the real guard and with the
//! service's own tokens, called by those who are not entitled. What exists and is another's must be
//! answered exactly as what does not exist: status, reason, message, details, metadata; and nothing
//! may change.

mod calls;
mod names;
mod town;

use siegel_db::Db;
use siegel_grpc::{CallerKind, access_table};
use siegel_testkit::on_each_backend;
use siegel_walk::{Call, Rpc, Stranger, Things as _, Token, calls_of, let_in_nobody_else, walk};

use self::names::Names;
use self::town::{Resident, SECRET, Town};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    what_is_anothers_is_answered_as_what_does_not_exist,
    the_rightful_caller_of_every_rpc_is_not_refused,
    no_answer_to_a_stranger_holds_anything_of_anothers,
    a_request_of_another_repeated_is_no_way_in,
    the_wrong_kind_of_caller_learns_nothing,
}

fn every_call() -> Vec<(Rpc, Call<Names>)> {
    calls_of("siegel.identity.v1.", &calls::calls(), |_| true)
}

/// Those who pass the guard of this RPC, and to whom the thing does not belong.
fn strangers(town: &Town, rpc: &Rpc) -> Vec<Stranger<Names>> {
    let rule = access_table().rule(&rpc.full_name()).unwrap();
    let all = [town.persons(), town.siblings()].concat();
    all.into_iter().filter(|stranger| stranger.token.is_let_in(rule)).collect()
}

/// Who may make this call about these things.
fn rightful(rpc: &Rpc, owner: &Resident) -> Token {
    let rule = access_table().rule(&rpc.full_name()).unwrap();
    if rule.allows(CallerKind::Person) {
        return owner.token.clone();
    }
    let services = ["account", "organisation", "postbox"];
    let service = services.into_iter().find(|name| rule.siblings.iter().any(|s| s == name));
    service.map_or(Token::Nobody, Token::Service)
}

async fn what_is_anothers_is_answered_as_what_does_not_exist(db: Db) {
    let town = Town::new(db).await;
    let compared = walk(&town, &every_call(), |call| strangers(&town, &call.0)).await;
    compared.expect_nothing_told(60);
}

/// Without this, requests that are refused as malformed would all look alike.
async fn the_rightful_caller_of_every_rpc_is_not_refused(db: Db) {
    let town = Town::new(db).await;
    for (n, (rpc, call)) in every_call().into_iter().enumerate() {
        let owner = town.settle(n).await;
        let request = (call.messages)(&owner.names);
        let answer = town.gate.call(&rpc, &rightful(&rpc, &owner), request).await;
        let told = answer.status.as_ref().map(|told| told.reason.as_str());
        assert_eq!(told, call.refused_with, "{}: {answer:?}", rpc.full_name());
    }
}

async fn no_answer_to_a_stranger_holds_anything_of_anothers(db: Db) {
    let town = Town::new(db).await;
    let mut secrets = town.erika.names.secrets();
    secrets.push(SECRET.to_owned());
    let mut asked = 0;
    for (rpc, call) in &every_call() {
        // Siblings may ask about Erika; what they say themselves tells them nothing.
        let people = strangers(&town, rpc).into_iter();
        for stranger in people.filter(|s| !matches!(s.token, Token::Service(_))) {
            let names = stranger.own.with("all", &stranger.foreign);
            let names = names.asking(format!("look {asked}"));
            let answer = town.gate.call(rpc, &stranger.token, (call.messages)(&names)).await;
            asked += 1;
            for secret in &secrets {
                let held = answer.holds(secret);
                assert!(!held, "{} tells {}: {secret}", rpc.full_name(), stranger.who);
            }
        }
    }
    assert!(asked > 40, "only {asked} calls");
}

async fn a_request_of_another_repeated_is_no_way_in(db: Db) {
    let mut compared = 0;
    let town = Town::new(db).await;
    let personal =
        every_call().into_iter().filter(|(rpc, _)| rpc.service.ends_with(".SelfService"));
    for (n, (rpc, call)) in personal.enumerate() {
        let owner = town.settle(n).await;
        let stranger = town.settle(100 + n).await;
        let request = (call.messages)(&owner.names);
        town.gate.call(&rpc, &owner.token, request.clone()).await;
        let nothing = Names::missing().asking(owner.names.request_id.clone());
        if (call.messages)(&nothing) == request || call.rpc.ends_with("/WithdrawClientConsent") {
            continue; // it names nothing, or a client that the stranger allowed something as well
        }
        let repeated = town.gate.call(&rpc, &stranger.token, request).await;
        let fresh = (call.messages)(&nothing.asking(format!("fresh {n}")));
        let to_nothing = town.gate.call(&rpc, &stranger.token, fresh).await;
        assert_eq!(repeated, to_nothing, "{}", rpc.full_name());
        compared += 1;
    }
    assert!(compared >= 4, "only {compared} requests");
}

async fn the_wrong_kind_of_caller_learns_nothing(db: Db) {
    let town = Town::new(db).await;
    let callers = [
        Token::Nobody,
        town.erika.token.clone(),
        Token::Service("account"),
        Token::Service("organisation"),
        Token::Service("postbox"),
        Token::Service("eid"),
        Token::Service("notification"),
        Token::Service("portal"),
    ];
    let real = town.erika.names.asking("w".into());
    let missing = Names::missing().asking("w".into());
    let_in_nobody_else(&town, &every_call(), &callers, (&real, &missing)).await;
}
