//! Nobody learns anything of what is not theirs: every RPC, behind the real guard, called by those
//! who are not entitled. What exists and is another's must be answered exactly as what does not
//! exist: status, reason, message, details, metadata.

mod calls;
mod guarded;

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use siegel_db::Db;
use siegel_grpc::{CallerKind, access_table};
use siegel_kernel::TrustLevel;
use siegel_proto::Rpc;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::Code;

use super::world::{
    CLIENT, FOREIGN_CLIENT, OTHER_CLIENT, World, account, company, formal, letter, request,
};
use crate::store::attachments;
use calls::{Call, Names, calls};
use guarded::{Answer, Guarded, Token};

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
        assert!(added, "{name} is not in the isolation walk: add its call to calls.rs");
    }
    found
}

fn allows(rpc: &Rpc, kind: CallerKind) -> bool {
    access_table().rule(&rpc.full_name()).unwrap().allows(kind)
}

/// Who calls, with names of things that are theirs, and with which of another's.
struct Stranger {
    who: &'static str,
    token: Token,
    own: Names,
    foreign: Names,
}

struct Town {
    world: World,
    guarded: Guarded,
    /// Person 1, and what is in their mailbox.
    erika: Names,
    /// Person 2.
    max: Names,
    /// The organisation that person 1 is a member of.
    company: Names,
    /// Person 1 in the sector of the other tenant.
    abroad: Names,
}

fn person(n: u128, level: TrustLevel) -> Token {
    Token::Person { account: account(n), level }
}

fn client(client_id: &'static str, tenant: &'static str) -> Token {
    Token::Client { client_id, tenant }
}

/// A letter in a mailbox, and everything that can be named about it.
async fn deliver(
    world: &World,
    (client_id, tenant): (&'static str, &'static str),
    owner: pb::issue_handle_request::Owner,
    organisation: &str,
) -> Names {
    let handle = world.handle_for(owner, tenant).await;
    let mut request = request(&format!("given {handle} {client_id}"), &handle);
    formal(&mut request);
    letter(&mut request).subject = "Zwetschgenmus".into();
    letter(&mut request).case_id = "GEHEIM-17".into();
    letter(&mut request).bodies[0].plain_text = "Quittengelee".into();
    let caller = super::world::client(client_id, tenant);
    let done = world.sender_as(caller).submit(request).await.unwrap().into_inner();
    let letter_id = done.letter_id.parse().unwrap();
    let mut tx = world.db.read().await.unwrap();
    let sent = crate::store::letters::sent(&mut tx, client_id, letter_id).await.unwrap().unwrap();
    let files = attachments::of_letter(&mut tx, sent.mailbox_id, letter_id).await.unwrap();
    Names {
        request_id: String::new(),
        organisation: organisation.to_owned(),
        letter: done.letter_id,
        attachment: files[0].id.to_string(),
        handle,
        sender: client_id.to_owned(),
    }
}

impl Town {
    async fn new(db: Db) -> Self {
        use pb::issue_handle_request::Owner::{AccountId, OrganisationId};
        let world = World::new(db).await;
        let guarded = Guarded::new(&world);
        let at_home = (CLIENT, "musterstadt");
        let erika = deliver(&world, at_home, AccountId(account(1).to_string()), "").await;
        let max = deliver(&world, at_home, AccountId(account(2).to_string()), "").await;
        let id = company().to_string();
        let company = deliver(&world, at_home, OrganisationId(id.clone()), &id).await;
        let away = (FOREIGN_CLIENT, "neustadt");
        let abroad = deliver(&world, away, AccountId(account(1).to_string()), "").await;
        // Attachments of letters that nobody opened are refused, whatever they are.
        let open = pb::OpenRequest {
            request_id: "o".into(),
            letter_id: max.letter.clone(),
            organisation_id: String::new(),
        };
        world.reader(2, TrustLevel::High).open(open).await.unwrap();
        Self { world, guarded, erika, max, company, abroad }
    }

    fn persons(&self) -> Vec<Stranger> {
        let sender = FOREIGN_CLIENT.to_owned();
        let foreign = Names { organisation: company().to_string(), sender, ..self.erika.clone() };
        let stranger = |who, token, own: &Names, foreign: &Names| Stranger {
            who,
            token,
            own: own.clone(),
            foreign: foreign.clone(),
        };
        let nothing = Names::missing();
        let nothing = Names { organisation: String::new(), ..nothing };
        // What is in the person's own mailbox is not in the organisation's.
        let own_mailbox = Names { organisation: Names::missing().organisation, ..foreign.clone() };
        vec![
            stranger("another person", person(2, TrustLevel::High), &self.max, &foreign),
            stranger("one below the level", person(2, TrustLevel::Basic), &self.max, &foreign),
            stranger("one without a mailbox", person(3, TrustLevel::High), &nothing, &foreign),
            stranger("a member", person(1, TrustLevel::High), &self.company, &own_mailbox),
        ]
    }

    /// Person 1 after their membership ended: what was the organisation's is foreign now.
    fn former_member(&self) -> Stranger {
        self.world.access.barred.store(true, Ordering::SeqCst);
        Stranger {
            who: "a former member",
            token: person(1, TrustLevel::High),
            own: self.erika.clone(),
            foreign: Names { sender: Names::missing().sender, ..self.company.clone() },
        }
    }

    fn clients(&self) -> Vec<Stranger> {
        let stranger = |who, token, own: &Names, foreign: &Names| Stranger {
            who,
            token,
            own: own.clone(),
            // Clients act for no organisation.
            foreign: Names { organisation: own.organisation.clone(), ..foreign.clone() },
        };
        let missing = Names::missing();
        // The handles of one sector are for all of its senders; what was sent is the sender's own.
        let colleague = Names { handle: self.erika.handle.clone(), ..missing.clone() };
        let sent = Names { handle: self.abroad.handle.clone(), ..self.erika.clone() };
        vec![
            stranger("another sender", client(OTHER_CLIENT, "musterstadt"), &colleague, &sent),
            stranger(
                "another tenant",
                client(FOREIGN_CLIENT, "neustadt"),
                &self.abroad,
                &self.erika,
            ),
            stranger("a namesake", client(CLIENT, "neustadt"), &missing, &self.erika),
        ]
    }

    fn strangers(&self, rpc: &Rpc) -> Vec<Stranger> {
        let mut all = Vec::new();
        if allows(rpc, CallerKind::Person) {
            all.extend(self.persons());
        }
        if allows(rpc, CallerKind::Client) {
            all.extend(self.clients());
        }
        all
    }

    async fn ask(&self, (rpc, call): &(Rpc, Call), token: &Token, names: &Names) -> Answer {
        self.guarded.call(rpc, Some(token), (call.messages)(names)).await
    }

    /// Calls with one of the stranger's own names replaced by another's, then by one of nothing.
    async fn compare(&self, call: &(Rpc, Call), stranger: &Stranger) -> u32 {
        let mut compared = 0;
        let missing = Names::missing();
        // What neither has cannot be told apart.
        let organisation = match stranger.token {
            Token::Person { .. } => missing.organisation.clone(),
            Token::Client { .. } => stranger.own.organisation.clone(),
        };
        let missing = Names { organisation, ..missing };
        for (n, field) in Names::FIELDS.into_iter().enumerate() {
            let own = Names { request_id: format!("{} {n}", stranger.who), ..stranger.own.clone() };
            let foreign = own.with(field, &stranger.foreign);
            let nothing = own.with(field, &missing);
            if (call.1.messages)(&foreign) == (call.1.messages)(&nothing) {
                continue; // this call does not name such a thing
            }
            let to_foreign = self.ask(call, &stranger.token, &foreign).await;
            let to_nothing = self.ask(call, &stranger.token, &nothing).await;
            let what = format!("{} by {}: {field:?}", call.0.full_name(), stranger.who);
            assert!(to_nothing.status.is_some(), "{what}: nothing is something");
            assert_eq!(to_foreign, to_nothing, "{what}");
            compared += 1;
        }
        compared
    }
}

async fn what_is_anothers_is_answered_as_what_does_not_exist(db: Db) {
    let town = Town::new(db).await;
    let mut compared = 0;
    for call in &every_call() {
        for stranger in town.strangers(&call.0) {
            compared += town.compare(call, &stranger).await;
        }
    }
    let former = town.former_member();
    for call in every_call().iter().filter(|(rpc, _)| allows(rpc, CallerKind::Person)) {
        compared += town.compare(call, &former).await;
    }
    assert!(compared > 150, "only {compared} comparisons");
}

/// Without this, requests that are refused as malformed would all look alike.
async fn the_rightful_caller_of_every_rpc_is_not_refused(db: Db) {
    let mut town = Town::new(db).await;
    for (n, call) in every_call().iter().enumerate() {
        let owner =
            pb::issue_handle_request::Owner::AccountId(account(100 + n as u128).to_string());
        let names = deliver(&town.world, (CLIENT, "musterstadt"), owner, "").await;
        town.erika = Names { request_id: format!("own {n}"), ..names };
        let mut tokens = Vec::new();
        if allows(&call.0, CallerKind::Person) {
            tokens.push(person(100 + n as u128, TrustLevel::High));
        }
        if allows(&call.0, CallerKind::Client) {
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
            secrets.extend([stranger.foreign.letter.clone(), stranger.foreign.attachment.clone()]);
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
