//! Nobody learns anything of what is not theirs: every RPC, behind the real guard, called by those
//! who are not entitled. What exists and is another's must be answered exactly as what does not
//! exist: status, reason, message, details, metadata.

mod answer;
mod calls;
mod guarded;
mod town;

use std::collections::BTreeSet;

use siegel_db::Db;
use siegel_grpc::{CallerKind, access_table};
use siegel_kernel::TrustLevel;
use siegel_proto::Rpc;
use siegel_testkit::on_each_backend;
use tonic::Code;

use super::world::CLIENT;
use answer::Answer;
use calls::{Call, Names, calls};
use guarded::Token;
use town::{MEMBER, Stranger, Town, client, deliver, person};

on_each_backend! { &crate::MIGRATIONS =>
    what_is_anothers_is_answered_as_what_does_not_exist,
    the_rightful_caller_of_every_rpc_is_not_refused,
    no_answer_to_a_stranger_holds_anything_of_anothers,
    the_wrong_kind_of_caller_learns_nothing
}

const PACKAGE: &str = "siegel.postbox.v1.";

/// Words that stand in the victims' letters and nowhere else.
const SECRETS: [&str; 3] = ["Zwetschgenmus", "GEHEIM-17", "Quittengelee"];

fn rpcs() -> Vec<Rpc> {
    let all = siegel_proto::rpcs();
    all.into_iter().filter(|rpc| rpc.service.starts_with(PACKAGE)).collect()
}

/// The calls of every RPC; an RPC without any fails the walk.
fn every_call() -> Vec<(Rpc, Call)> {
    let calls = calls();
    let known: Vec<_> = rpcs().iter().map(Rpc::full_name).collect();
    for call in &calls {
        assert!(known.contains(&format!("{PACKAGE}{}", call.rpc)), "no such RPC: {}", call.rpc);
    }
    let mut found = Vec::new();
    for rpc in rpcs() {
        let name = rpc.full_name();
        let before = found.len();
        let of_rpc = calls.iter().filter(|call| format!("{PACKAGE}{}", call.rpc) == name);
        found.extend(of_rpc.map(|call| (rpc.clone(), *call)));
        let added = found.len() > before;
        assert!(added, "{name} is not in the isolation walk: add its call to calls/");
    }
    found
}

fn allows(rpc: &Rpc, kind: CallerKind) -> bool {
    access_table().rule(&rpc.full_name()).unwrap().allows(kind)
}

impl Town {
    fn strangers(&self, rpc: &Rpc) -> Vec<Stranger> {
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
        all
    }

    async fn ask(&self, (rpc, call): &(Rpc, Call), token: &Token, names: &Names) -> Answer {
        self.guarded.call(rpc, Some(token), (call.messages)(names)).await
    }

    /// Calls with one of the stranger's own names replaced by another's, then by one of nothing;
    /// what can be told apart, if anything, for each name.
    async fn compare(&self, call: &(Rpc, Call), stranger: &Stranger) -> Vec<Option<String>> {
        let mut compared = Vec::new();
        let missing = Names::missing();
        // What neither has cannot be told apart.
        let organisation = match stranger.token {
            Token::Person { .. } => missing.organisation.clone(),
            Token::Client { .. } => stranger.own.organisation.clone(),
        };
        let missing = Names { organisation, ..missing };
        let missing = match stranger.token {
            Token::Person { .. } => missing,
            Token::Client { .. } => Names {
                mailbox: stranger.own.mailbox.clone(),
                principal: stranger.own.principal.clone(),
                ..missing
            },
        };
        for (n, field) in Names::FIELDS.into_iter().enumerate() {
            let own = Names { request_id: format!("{} {n}", stranger.who), ..stranger.own.clone() };
            let foreign = own.with(field, &stranger.foreign);
            let nothing = own.with(field, &missing);
            if (call.1.messages)(&foreign) == (call.1.messages)(&nothing) {
                continue; // this call does not name such a thing
            }
            let mut to_foreign = self.ask(call, &stranger.token, &foreign).await;
            let to_nothing = self.ask(call, &stranger.token, &nothing).await;
            let what = format!("{} by {}: {field:?}", call.0.full_name(), stranger.who);
            if call.1.tells_of_nothing {
                // What the caller said and is told again.
                to_foreign.reword(&foreign.handle, &nothing.handle);
            } else if to_nothing.status.is_none() {
                compared.push(Some(format!("{what}: nothing is something")));
                continue;
            }
            let differ = to_foreign != to_nothing;
            compared.push(differ.then(|| format!("{what}: {to_foreign:?} {to_nothing:?}")));
        }
        compared
    }
}

async fn what_is_anothers_is_answered_as_what_does_not_exist(db: Db) {
    let town = Town::new(db).await;
    let mut compared = Vec::new();
    for call in &every_call() {
        let strangers = town.strangers(&call.0).into_iter();
        for stranger in strangers.filter(|s| !(call.1.of_oneself && s.who == MEMBER)) {
            compared.extend(town.compare(call, &stranger).await);
        }
    }
    let former = town.former_member();
    for call in every_call().iter().filter(|(rpc, _)| allows(rpc, CallerKind::Person)) {
        compared.extend(town.compare(call, &former).await);
    }
    let all = compared.len();
    assert!(all > 450, "only {all} comparisons");
    let told: Vec<_> = compared.into_iter().flatten().collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
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
            let answer = town.ask(call, &token, &town.erika).await;
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
            let names = Names { request_id: format!("look {asked}"), ..stranger.own.clone() };
            let answer = town.ask(call, &stranger.token, &names).await;
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
    let kinds = [
        (CallerKind::Person, person(1, TrustLevel::High)),
        (CallerKind::Client, client(CLIENT, "musterstadt")),
    ];
    let missing = Names { request_id: "w".into(), ..Names::missing() };
    let real = Names { request_id: "w".into(), ..town.erika.clone() };
    for call in every_call().iter().filter(|(rpc, _)| !allows(rpc, CallerKind::Public)) {
        let name = call.0.full_name();
        for (kind, token) in &kinds {
            if allows(&call.0, *kind) {
                continue;
            }
            let to_real = town.ask(call, token, &real).await;
            assert_eq!(to_real, town.ask(call, token, &missing).await, "{name}");
            let told = to_real.status.unwrap();
            assert_eq!((told.code, told.reason.as_str()), (Code::PermissionDenied, "WRONG_CALLER"));
        }
        let nobody = town.guarded.call(&call.0, None, (call.1.messages)(&real)).await;
        let told = nobody.status.unwrap();
        assert_eq!((told.code, told.reason.as_str()), (Code::Unauthenticated, "TOKEN_MISSING"));
    }
}
