//! Nobody learns anything of what is not theirs: every RPC, behind the real guard, called by those
//! who are not entitled. What exists and is another's must be answered exactly as what does not
//! exist: status, reason, message, details, metadata; and nothing may change.

mod calls;
mod former;
mod town;
mod walked;

use std::collections::BTreeSet;

use siegel_db::Db;
use siegel_grpc::{CallerKind, access_table};
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;
use siegel_walk::{Rpc, Stranger, Things as _, Token, calls_of, let_in_nobody_else, walk};

use super::world::{CLIENT, company};
use calls::{Call, Names, calls};
use town::{MEMBER, PROGRAM, Town, client, deliver, person, program};

on_each_backend! { &crate::MIGRATIONS =>
    what_is_anothers_is_answered_as_what_does_not_exist,
    a_delegate_whose_mandate_ended_learns_nothing,
    the_rightful_caller_of_every_rpc_is_not_refused,
    no_answer_to_a_stranger_holds_anything_of_anothers,
    the_wrong_kind_of_caller_learns_nothing
}

/// Names no owner: it is about the caller's own mailbox, which a member of an organisation has too.
const OF_ONESELF: &str = "MailboxService/DepositAttachment";

/// Words that stand in the victims' letters and nowhere else.
const SECRETS: [&str; 3] = ["Zwetschgenmus", "GEHEIM-17", "Quittengelee"];

fn every_call() -> Vec<(Rpc, Call)> {
    calls_of("siegel.postbox.v1.", &calls(), |_| true)
}

fn allows(rpc: &Rpc, kind: CallerKind) -> bool {
    access_table().rule(&rpc.full_name()).unwrap().allows(kind)
}

impl Town {
    fn strangers(&self, rpc: &Rpc) -> Vec<Stranger<Names>> {
        let mut all = Vec::new();
        if allows(rpc, CallerKind::Person) {
            all.extend(self.persons());
        }
        if allows(rpc, CallerKind::Client) {
            let mut clients = self.clients();
            // What is decided about a tenant is known to all of its operators.
            if rpc.service.ends_with(".PostboxAdminService") {
                clients.retain(|stranger| !stranger.token.is_of("musterstadt"));
            }
            all.extend(clients);
        }
        if allows(rpc, CallerKind::Program) {
            all.extend(self.programs());
        }
        all
    }
}

async fn what_is_anothers_is_answered_as_what_does_not_exist(db: Db) {
    let town = Town::new(db).await;
    let strangers = |(rpc, call): &(Rpc, Call)| {
        let mut all = town.strangers(rpc);
        all.retain(|stranger| !(call.rpc == OF_ONESELF && stranger.who == MEMBER));
        all
    };
    let compared = walk(&town, &every_call(), strangers).await;
    compared.expect_nothing_told(450);
    let former = town.former_member();
    let only_former = |(rpc, _): &(Rpc, Call)| {
        Vec::from_iter(allows(rpc, CallerKind::Person).then(|| former.clone()))
    };
    let compared = walk(&town, &every_call(), only_former).await;
    compared.expect_nothing_told(80);
}

async fn a_delegate_whose_mandate_ended_learns_nothing(db: Db) {
    let town = Town::new(db).await;
    let former = town.former_delegate();
    let only_former = |(rpc, _): &(Rpc, Call)| {
        Vec::from_iter(allows(rpc, CallerKind::Person).then(|| former.clone()))
    };
    let compared = walk(&town, &every_call(), only_former).await;
    compared.expect_nothing_told(30);
}

/// Without this, requests that are refused as malformed would all look alike.
async fn the_rightful_caller_of_every_rpc_is_not_refused(db: Db) {
    let mut town = Town::new(db).await;
    for (n, call) in every_call().iter().enumerate() {
        let owner = 100 + n as u128;
        let names = deliver(&town.world, (CLIENT, "musterstadt"), (owner, "")).await;
        town.erika = Names { request_id: format!("own {n}"), ..names };
        let mut tokens = Vec::new();
        let may = |kind| allows(&call.0, kind) && call.1.of.is_none_or(|of| of == kind);
        if may(CallerKind::Person) {
            tokens.push(person(owner, TrustLevel::High));
        }
        if may(CallerKind::Client) {
            tokens.push(client(CLIENT, "musterstadt"));
        }
        for token in tokens {
            let answer = town.gate.call(&call.0, &token, (call.1.messages)(&town.erika)).await;
            let Some(told) = answer.status else { continue };
            let allowed = call.1.refused_with;
            assert_eq!(Some(told.reason.as_str()), allowed, "{}: {told:?}", call.0.full_name());
        }
    }
}

async fn no_answer_to_a_stranger_holds_anything_of_anothers(db: Db) {
    let town = Town::new(db).await;
    let mut asked = 0;
    for call in &every_call() {
        for stranger in town.strangers(&call.0) {
            let mut secrets: BTreeSet<String> = SECRETS.map(str::to_owned).into();
            // The same words stand in the stranger's own letters: those show nothing here.
            if stranger.own.letter != Names::missing().letter {
                secrets.clear();
            }
            let own = stranger.own.ids();
            let foreign = stranger.foreign.ids();
            secrets.extend(foreign.into_iter().filter(|id| !own.contains(id)));
            let names = stranger.own.asking(format!("look {asked}"));
            let answer = town.gate.call(&call.0, &stranger.token, (call.1.messages)(&names)).await;
            asked += 1;
            for secret in secrets {
                let what = format!("{} tells {}", call.0.full_name(), stranger.who);
                assert!(!answer.holds(&secret), "{what}: {secret}");
            }
        }
    }
    assert!(asked > 50, "only {asked} calls");
}

async fn the_wrong_kind_of_caller_learns_nothing(db: Db) {
    let town = Town::new(db).await;
    let callers = [
        Token::Nobody,
        person(1, TrustLevel::High),
        client(CLIENT, "musterstadt"),
        program(PROGRAM, company()),
        Token::Service("identity"),
        Token::Service("notification"),
        Token::Service("portal"),
    ];
    let missing = Names::missing().asking("w".into());
    let real = town.erika.asking("w".into());
    let_in_nobody_else(&town, &every_call(), &callers, (&real, &missing)).await;
}
