//! The RPCs that no person calls, and requests of others that somebody repeats.

use siegel_db::Db;
use siegel_grpc::{CallerKind, access_table};
use siegel_proto::organisation::v1 as pb;
use siegel_testkit::on_each_backend;
use siegel_walk::{
    Asks as _, Rpc, Stranger, Things as _, Token, calls_of, let_in_nobody_else, one, walk,
};

use super::calls::{Call, others};
use super::names::Names;
use super::town::{Town, person};
use super::{PACKAGE, every_call};
use crate::office::TABLES;

on_each_backend! { super::TABLES =>
    what_siblings_ask_for_somebody_of_elsewhere_is_answered_as_if_it_did_not_exist,
    siblings_and_operators_are_not_refused_what_is_theirs_to_ask,
    persons_programs_and_other_services_ask_nothing_of_this,
    who_guesses_at_a_letter_cannot_tell_an_account_name_from_none,
    a_request_of_another_repeated_is_no_way_in,
}

const REGISTRAR: Token = Token::Client { client_id: "registrar", tenant: "musterstadt" };

/// Asked by siblings about an account and a thing that belong together or do not.
const OF_SOMEBODY: [&str; 2] = ["AccessService/CheckAccess", "ClaimProofService/ProveByUpstream"];

/// Every RPC that no person may call with the call that the walk makes; one without fails it.
fn other_calls() -> Vec<(Rpc, Call)> {
    calls_of(PACKAGE, &others::calls(), |rpc| {
        access_table().rule(&rpc.full_name()).is_some_and(|rule| !rule.allows(CallerKind::Person))
    })
}

fn rightful(rpc: &Rpc) -> Token {
    let rule = access_table().rule(&rpc.full_name()).unwrap();
    let tokens = [Token::Nobody, REGISTRAR, Token::Service("identity"), Token::Service("postbox")];
    tokens.into_iter().find(|token| token.is_let_in(rule)).unwrap()
}

async fn what_siblings_ask_for_somebody_of_elsewhere_is_answered_as_if_it_did_not_exist(db: Db) {
    let town = Town::new(db).await;
    let mut calls = other_calls();
    calls.retain(|(_, call)| OF_SOMEBODY.contains(&call.rpc));
    let compared = walk(&town, &calls, |(rpc, _)| {
        vec![Stranger {
            who: "somebody through a sibling",
            token: rightful(rpc),
            own: Names::missing(),
            foreign: town.victim.clone(),
            missing: Names::missing(),
        }]
    });
    compared.await.expect_nothing_told(6);
}

/// Without this, requests that are refused as malformed would all look alike.
async fn siblings_and_operators_are_not_refused_what_is_theirs_to_ask(db: Db) {
    let mut town = Town::new(db).await;
    let mut wrong = Vec::new();
    for (n, (rpc, call)) in other_calls().into_iter().enumerate() {
        let (_, names) = town.settle(n).await;
        let answer = town.ask(&rpc, &rightful(&rpc), (call.messages)(&names)).await;
        let told = answer.status.as_ref().map(|told| told.reason.as_str());
        if told != call.refused_with {
            wrong.push(format!("{}: {:?}", call.rpc, answer.status));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn persons_programs_and_other_services_ask_nothing_of_this(db: Db) {
    let town = Town::new(db).await;
    let callers = [
        Token::Nobody,
        person(town.owner.0),
        Token::Program { number: 1, organisation: town.victim.organisation.parse().unwrap() },
        REGISTRAR,
        Token::Service("identity"),
        Token::Service("postbox"),
        Token::Service("portal"),
        Token::Service("notification"),
    ];
    let (real, missing) = (town.victim.asking("w".into()), Names::missing().asking("w".into()));
    let_in_nobody_else(&town, &other_calls(), &callers, (&real, &missing)).await;
}

async fn who_guesses_at_a_letter_cannot_tell_an_account_name_from_none(db: Db) {
    let town = Town::new(db).await;
    let claim = pb::GetClaimRequest { claim_id: town.victim.claim.clone() };
    let claim = town.office.admin().get_claim(claim).await.unwrap().into_inner().claim.unwrap();
    let real = claim.account_name;
    // Another one of the same form.
    let none: String = real.chars().map(|c| if c == '-' { c } else { '7' }).collect();
    assert_ne!(real, none);
    let all = other_calls();
    let (rpc, _) = all.iter().find(|(rpc, _)| rpc.full_name().ends_with("/RevokeClaim")).unwrap();
    let mut told = Vec::new();
    for account_name in [real, none] {
        let guess = pb::RevokeClaimRequest { account_name, code: "A".repeat(16) };
        told.push(town.ask(rpc, &Token::Nobody, one(&guess)).await);
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].status.as_ref().map(|told| told.reason.as_str()), Some("CODE_UNKNOWN"));
}

async fn a_request_of_another_repeated_is_no_way_in(db: Db) {
    let mut town = Town::new(db).await;
    for (n, (rpc, call)) in every_call().into_iter().enumerate() {
        let (account, names) = town.settle(n).await;
        let request = (call.messages)(&names);
        let first = town.ask(&rpc, &person(account), request.clone()).await;
        let writes = access_table().rule(&rpc.full_name()).is_some_and(|r| r.audit.is_some());
        for stranger in town.strangers() {
            let what = format!("{} by {}", call.rpc, stranger.who);
            let repeated = town.ask(&rpc, &stranger.token, request.clone()).await;
            for secret in names.ids() {
                assert!(!repeated.holds(&secret), "{what}: {secret}");
            }
            let same_id = (call.messages)(&Names::missing().asking(names.request_id.clone()));
            if same_id == request {
                // It names nothing: the answer is about the caller.
                let gone = first.messages.concat().is_empty();
                assert!(!writes || gone || repeated != first, "{what} is told {first:?}");
                continue;
            }
            let fresh = Names::missing().asking(format!("fresh {n} {}", stranger.who));
            let fresh = (call.messages)(&fresh);
            let to_same_id = town.ask(&rpc, &stranger.token, same_id).await;
            let to_nothing = town.ask(&rpc, &stranger.token, fresh).await;
            assert_eq!(repeated, to_nothing, "{what}");
            assert_eq!(to_same_id, to_nothing, "{what}: the id alone");
        }
    }
}
