//! Nobody learns anything of what is not theirs: every RPC, behind the real guard, called by those
//! who are not entitled. What exists and is another's must be answered exactly as what does not
//! exist: status, reason, message, details, metadata; and nothing may change.

mod calls;
mod names;
mod town;

use siegel_db::Db;
use siegel_grpc::{CallerKind, access_table};
use siegel_testkit::on_each_backend;
use siegel_walk::{Call, Rpc, Stranger, Things as _, Token, calls_of, let_in_nobody_else, walk};

use self::names::Names;
use self::town::{BAUAMT, SECRETS, STAFF, Town, person};
use crate::office::TABLES;

on_each_backend! { super::TABLES =>
    what_is_anothers_is_answered_as_what_does_not_exist,
    the_rightful_caller_of_every_rpc_is_not_refused,
    no_answer_to_a_stranger_holds_anything_of_anothers,
    a_request_of_another_repeated_is_no_way_in,
    the_wrong_kind_of_caller_learns_nothing,
}

fn every_call() -> Vec<(Rpc, Call<Names>)> {
    calls_of("siegel.account.v1.", &calls::calls(), |_| true)
}

/// Those who pass the guard of this RPC, and to whom the thing does not belong.
fn strangers(town: &Town, rpc: &Rpc) -> Vec<Stranger<Names>> {
    let rule = access_table().rule(&rpc.full_name()).unwrap();
    let all = [town.persons(), town.clients(), town.siblings()].concat();
    all.into_iter().filter(|stranger| stranger.token.is_let_in(rule)).collect()
}

/// Who may make this call about these things.
fn rightful(rpc: &Rpc, owner: Token) -> Token {
    let rule = access_table().rule(&rpc.full_name()).unwrap();
    if rule.allows(CallerKind::Person) {
        return owner;
    }
    match &*rule.siblings {
        [service] if service == "postbox" => Token::Service("postbox"),
        [_] => Token::Service("identity"),
        _ if rpc.service.ends_with(".SupportService") => STAFF,
        _ => BAUAMT,
    }
}

async fn what_is_anothers_is_answered_as_what_does_not_exist(db: Db) {
    let town = Town::new(db).await;
    let compared = walk(&town, &every_call(), |call| strangers(&town, &call.0)).await;
    compared.expect_nothing_told(100);
}

/// Without this, requests that are refused as malformed would all look alike.
async fn the_rightful_caller_of_every_rpc_is_not_refused(db: Db) {
    let mut town = Town::new(db).await;
    for (n, (rpc, call)) in every_call().into_iter().enumerate() {
        let (account, names) = town.settle(n).await;
        let token = rightful(&rpc, person(account));
        let answer = town.gate.call(&rpc, &token, (call.messages)(&names)).await;
        let told = answer.status.as_ref().map(|told| told.reason.as_str());
        assert_eq!(told, call.refused_with, "{}: {answer:?}", rpc.full_name());
    }
}

async fn no_answer_to_a_stranger_holds_anything_of_anothers(db: Db) {
    let town = Town::new(db).await;
    let secrets = SECRETS.map(str::to_owned).into_iter().chain(town.erika.1.secrets());
    let secrets: Vec<String> = secrets.collect();
    let mut asked = 0;
    for (rpc, call) in &every_call() {
        // To siblings the account that is no more is the stranger's; they may ask about Erika.
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
    assert!(asked > 100, "only {asked} calls");
}

async fn a_request_of_another_repeated_is_no_way_in(db: Db) {
    let mut town = Town::new(db).await;
    for (n, (rpc, call)) in every_call().into_iter().enumerate() {
        let (account, names) = town.settle(n).await;
        let request = (call.messages)(&names);
        town.gate.call(&rpc, &rightful(&rpc, person(account)), request.clone()).await;
        let people = strangers(&town, &rpc).into_iter();
        for stranger in people.filter(|s| !matches!(s.token, Token::Service(_))) {
            let repeated = town.gate.call(&rpc, &stranger.token, request.clone()).await;
            assert!(!repeated.holds(&names.account), "{}: {repeated:?}", rpc.full_name());
            let nothing = Names::missing().asking(format!("fresh {n} {}", stranger.who));
            let unasked = (call.messages)(&nothing.asking(names.request_id.clone()));
            if unasked == request {
                continue; // it names nothing: the answer is about the caller
            }
            let to_nothing = town.gate.call(&rpc, &stranger.token, (call.messages)(&nothing)).await;
            assert_eq!(repeated, to_nothing, "{} by {}", rpc.full_name(), stranger.who);
        }
    }
}

async fn the_wrong_kind_of_caller_learns_nothing(db: Db) {
    let town = Town::new(db).await;
    let callers = [
        Token::Nobody,
        person(town.erika.0),
        BAUAMT,
        STAFF,
        Token::Service("identity"),
        Token::Service("postbox"),
        Token::Service("portal"),
    ];
    let real = town.erika.1.asking("w".into());
    let missing = Names::missing().asking("w".into());
    let_in_nobody_else(&town, &every_call(), &callers, (&real, &missing)).await;
}
