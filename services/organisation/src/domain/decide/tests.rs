use uuid::Uuid;

use super::*;
use crate::domain::mailbox::{Kind, Place};
use crate::domain::mailbox_right::{self, Known as Mailbox};
use crate::domain::{Grant, Hold, Package, Redelegation, Role, ToKind};

const NOW: Timestamp = Timestamp::from_micros(1_000);

fn account(n: u8) -> AccountId {
    format!("acc_{n:032x}").parse().unwrap()
}

fn firm(n: u8) -> Party {
    Party::Organisation(format!("org_{n:032x}").parse().unwrap())
}

fn grant(n: u8, from: Party, to: Party, package: Package) -> Grant {
    let to_kind = match to {
        Party::Organisation(_) => ToKind::Organisation,
        Party::Person(_) => ToKind::Person,
    };
    Grant {
        id: format!("mnd_{n:032x}").parse().unwrap(),
        version: 2,
        from,
        to,
        to_kind,
        parent: None,
        package,
        read_only: false,
        scope: Scope::default(),
        level: TrustLevel::Low,
        redelegation: Redelegation::OneStep,
        valid_from: Timestamp::from_micros(500),
        ends_at: Timestamp::from_micros(2_000),
        accepted_at: Timestamp::from_micros(500 + i64::from(n)),
    }
}

fn own(grants: &[Grant]) -> Chain {
    Chain { grants: grants.to_vec(), hold: Hold::Own }
}

fn ask(party: Party, action: Action) -> Question {
    let (account, level) = (account(1), TrustLevel::High);
    Question { account, party, action, level, about: Scope::default(), mandate: None }
}

/// The membership and the central mailbox that go with a standing.
fn mail(question: &Question, known: &Known) -> Facts {
    let mut facts = Facts::default();
    let Some(organisation) = question.party.organisation() else { return facts };
    for standing in &known.standings {
        let Standing::Member(role) = standing else { continue };
        let member = MembershipId::from_uuid(Uuid::from_u128(1));
        let member = mailbox_right::Standing { member, role: Some(*role), units: Vec::new() };
        facts.members.insert((question.account, organisation), member);
    }
    let (place, kind) = (Place::Central, Kind::Central);
    let central = Mailbox { place, kind, grants: Vec::new() };
    facts.mailboxes.insert((organisation, place), central);
    facts
}

fn decide(question: &Question, known: &Known, now: Timestamp) -> Answer {
    super::decide(question, known, &mail(question, known), now)
}

fn known(chains: &[Chain]) -> Known {
    Known { chains: chains.to_vec(), ..Known::default() }
}

#[test]
fn a_mandate_counts_from_its_first_instant_to_just_before_its_end() {
    let mail = known(&[own(&[grant(1, firm(1), Party::Person(account(1)), Package::Full)])]);
    let question = ask(firm(1), Action::Act);
    for (at, allowed) in [(499, false), (500, true), (1_999, true), (2_000, false)] {
        let answer = decide(&question, &mail, Timestamp::from_micros(at));
        assert_eq!(answer.is_ok(), allowed, "at {at}");
    }
}

#[test]
fn the_shortest_path_is_taken_then_the_strongest_then_the_oldest() {
    let me = Party::Person(account(1));
    let through = |n, package| {
        let hold = Hold::Through(Standing::Member(Role::Owner));
        Chain { grants: vec![grant(n, firm(1), firm(2), package)], hold }
    };
    let adviser = own(&[grant(3, firm(1), me, Package::Adviser)]);
    let late = own(&[grant(5, firm(1), me, Package::Full)]);
    let early = own(&[grant(4, firm(1), me, Package::Full)]);
    let mut chains = vec![through(1, Package::Full), adviser, late, early];
    let taken = |chains: &[Chain]| {
        let allowed = decide(&ask(firm(1), Action::Act), &known(chains), NOW).unwrap();
        allowed.mandate.unwrap().0.to_string().ends_with('4')
    };
    assert!(taken(&chains));
    chains.reverse();
    assert!(taken(&chains), "whatever the order of the rows");
}

#[test]
fn membership_comes_before_mandates_and_a_named_mandate_before_everything() {
    let held = grant(1, firm(1), Party::Person(account(1)), Package::Full);
    let standings = vec![Standing::Member(Role::Owner)];
    let chains = vec![own(std::slice::from_ref(&held))];
    let known = Known { standings, chains, ..Known::default() };
    let mut question = ask(firm(1), Action::ReadMail);
    assert_eq!(decide(&question, &known, NOW).unwrap().path, "member:owner");
    question.mandate = Some(held.id);
    assert_eq!(decide(&question, &known, NOW).unwrap().mandate, Some((held.id, 2)));
    question.mandate = Some(format!("mnd_{:032x}", 9).parse().unwrap());
    assert_eq!(decide(&question, &known, NOW), Err(Denied::MandateNotValid));
}

#[test]
fn the_reason_is_that_of_the_path_which_lacks_least() {
    let me = Party::Person(account(1));
    let high = Grant { level: TrustLevel::High, ..grant(1, firm(1), me, Package::Full) };
    let other = Scope { service: "x".into(), ..Scope::default() };
    let other = Grant { scope: other, ..grant(2, firm(1), me, Package::Full) };
    let over = Grant { ends_at: NOW, ..grant(3, firm(1), me, Package::Full) };
    let reader = grant(4, firm(1), me, Package::MailReader);
    let mut question = ask(firm(1), Action::Act);
    question.level = TrustLevel::Low;
    let chains = [&over, &reader, &other, &high].map(|g| own(std::slice::from_ref(g)));
    let reason = |n: usize| decide(&question, &known(&chains[..n]), NOW).unwrap_err().reason();
    let told = [0, 1, 2, 3, 4].map(reason);
    let expected =
        ["NOT_A_MEMBER", "MANDATE_NOT_VALID", "MANDATE_ACTION", "MANDATE_SCOPE", "TRUST_TOO_LOW"];
    assert_eq!(told, expected);
}

#[test]
fn a_mandate_for_some_letters_lacks_less_than_a_role_without_the_right() {
    let other = Scope { sender: "bauamt".into(), ..Scope::default() };
    let me = Party::Person(account(1));
    let held = Grant { scope: other, ..grant(1, firm(1), me, Package::Full) };
    let standings = vec![Standing::Member(Role::ReadOnly)];
    let chains = vec![own(&[held])];
    let known = Known { standings, chains, ..Known::default() };
    let answer = decide(&ask(firm(1), Action::ReceiveMail), &known, NOW);
    assert_eq!(answer, Err(Denied::MandateScope));
}

#[test]
fn a_chain_breaks_where_it_was_not_to_be_passed_on() {
    let me = Party::Person(account(1));
    let above = grant(1, firm(1), firm(2), Package::Full);
    let below = Grant {
        parent: Some(above.id),
        redelegation: Redelegation::Nobody,
        ..grant(2, firm(2), me, Package::Full)
    };
    let question = ask(firm(1), Action::Act);
    let allowed = |above: Grant, below: Grant| {
        decide(&question, &known(&[own(&[above, below])]), NOW).is_ok()
    };
    assert!(allowed(above.clone(), below.clone()));
    for rule in [Redelegation::Nobody, Redelegation::Members] {
        assert!(!allowed(Grant { redelegation: rule, ..above.clone() }, below.clone()));
    }
    assert!(!allowed(above.clone(), Grant { parent: None, ..below.clone() }));
    assert!(!allowed(above.clone(), Grant { from: firm(3), ..below.clone() }));
    assert!(!allowed(Grant { ends_at: NOW, ..above.clone() }, below.clone()));
    let mail = Package::MailReader;
    assert!(!allowed(Grant { package: mail, ..above }, below), "more than was given");
}

#[test]
fn a_member_acts_by_what_was_passed_on_only_while_a_member() {
    let me = Party::Person(account(1));
    let above =
        Grant { redelegation: Redelegation::Members, ..grant(1, firm(1), firm(2), Package::Full) };
    let below = Grant {
        parent: Some(above.id),
        redelegation: Redelegation::Nobody,
        to_kind: ToKind::Member,
        ..grant(2, firm(2), me, Package::Adviser)
    };
    let question = ask(firm(1), Action::Act);
    let answer = |hold| {
        let chain = Chain { grants: vec![above.clone(), below.clone()], hold };
        decide(&question, &known(&[chain]), NOW)
    };
    let path = answer(Hold::AsMember(Some(Standing::Member(Role::ReadOnly)))).unwrap().path;
    assert!(path.ends_with(":adviser/member:read-only"), "{path}");
    assert_eq!(answer(Hold::AsMember(None)), Err(Denied::MandateNotValid));
    assert_eq!(answer(Hold::Own), Err(Denied::MandateNotValid));
}

#[test]
fn only_who_stands_for_an_organisation_alone_uses_what_it_holds() {
    let held = grant(1, firm(1), firm(2), Package::Full);
    let question = ask(firm(1), Action::Act);
    let answer = |standing| {
        let chain = Chain { grants: vec![held.clone()], hold: Hold::Through(standing) };
        decide(&question, &known(&[chain]), NOW).is_ok()
    };
    assert!(answer(Standing::Member(Role::Owner)));
    assert!(!answer(Standing::Member(Role::Administrator)));
    let role = super::super::FactRole::ManagingDirector;
    assert!(answer(Standing::Fact { role, jointly: false }));
    assert!(!answer(Standing::Fact { role, jointly: true }));
}

#[test]
fn a_role_counts_in_the_central_mailbox_only() {
    let standings = vec![Standing::Member(Role::Owner)];
    let known = Known { standings, ..Known::default() };
    let mut question = ask(firm(1), Action::ReadMail);
    question.about.mailbox = "omb_1".into();
    assert_eq!(decide(&question, &known, NOW), Err(Denied::MailboxRightMissing));
}

#[test]
fn while_a_claim_cools_its_members_work_on_mail_and_manage_nobody() {
    let standings = vec![Standing::Member(Role::Owner)];
    let mut known = Known { standings, cooling: true, ..Known::default() };
    for action in Action::ALL {
        let refused = decide(&ask(firm(1), action), &known, NOW).err();
        let expected = (action == Action::ManageMembers).then_some(Denied::ClaimCooling);
        assert_eq!(refused, expected, "{action:?}");
    }
    known.standings = vec![Standing::Member(Role::ReadOnly)];
    let refused = decide(&ask(firm(1), Action::ManageMembers), &known, NOW);
    assert_eq!(refused, Err(Denied::RoleTooLow), "whoever could not anyway");
}
