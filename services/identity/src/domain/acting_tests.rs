use siegel_kernel::{SessionId, Timestamp};

use super::*;

const HEX: &str = "0123456789abcdef0123456789abcdef";

fn account(n: u128) -> AccountId {
    AccountId::from_uuid(uuid::Uuid::from_u128(n))
}

fn session(account: AccountId, guest: bool) -> SessionView {
    SessionView {
        id: SessionId::from_uuid(<_>::default()),
        account,
        level: TrustLevel::High,
        authenticated_at: Timestamp::from_seconds(0),
        started_at: Timestamp::from_seconds(0),
        amr: Vec::new(),
        guest,
    }
}

fn request(mode: Mode, choice: Option<Choice>) -> AuthRequest {
    let rules = ActingRules { mode, ..ActingRules::default() };
    let acting = ActingRequest { rules, choice, ..ActingRequest::default() };
    AuthRequest { acting, ..AuthRequest::default() }
}

fn chosen() -> Chosen {
    Chosen {
        party: Party::Organisation(OrganisationId::from_uuid(<_>::default())),
        mandate: None,
        mandate_version: 0,
        path: "member:owner".into(),
        path_digest: "d".into(),
        identification_level: None,
    }
}

fn rules(mode: Mode) -> ActingRules {
    ActingRules { mode, ..ActingRules::default() }
}

#[test]
fn a_choice_counts_for_whoever_made_it() {
    let (erika, max) = (session(account(1), false), session(account(2), false));
    let made = Choice { chosen: Some(chosen()), ..Choice::themself(erika.account) };
    let request = request(Mode::Optional, Some(made));
    assert!(!request.acting_is_open(&erika) && request.acting_is_open(&max));
    assert_eq!(request.acts_for(max.account), None);
    assert!(request.acts_for(erika.account).is_some());
}

#[test]
fn where_somebody_is_needed_oneself_is_no_choice() {
    let erika = session(account(1), false);
    let myself = || Some(Choice::themself(erika.account));
    assert!(request(Mode::Required, myself()).acting_is_open(&erika));
    assert!(!request(Mode::Optional, myself()).acting_is_open(&erika));
    assert!(!request(Mode::None, None).acting_is_open(&erika));
}

#[test]
fn a_guest_is_never_asked_and_never_enough_where_somebody_is_needed() {
    let guest = session(account(1), true);
    assert!(!request(Mode::Optional, None).acting_is_open(&guest));
    assert!(request(Mode::Required, None).acting_is_open(&guest));
}

#[test]
fn a_client_that_is_not_registered_for_it_gets_no_one_acting_for_others() {
    let essential = ActingWish { essential: true, value: None };
    let none = rules(Mode::None);
    let error = |hint, wish| {
        ActingRequest::read(&none, None, hint, wish).err().map(|refused| refused.error)
    };
    assert_eq!(error(Some("ask"), None), Some(OAuthError::UnauthorizedClient));
    assert_eq!(error(None, Some(&essential)), Some(OAuthError::UnauthorizedClient));
    assert_eq!((error(Some("self"), None), error(None, None)), (None, None));
}

#[test]
fn a_request_can_need_what_its_client_leaves_open_and_never_the_reverse() {
    let wish = |essential| ActingWish { essential, value: None };
    let mode = |registered, essential| {
        let read = ActingRequest::read(&rules(registered), None, None, Some(&wish(essential)));
        read.unwrap().rules.mode
    };
    assert_eq!(mode(Mode::Optional, true), Mode::Required);
    assert_eq!(mode(Mode::Required, false), Mode::Required);
    assert!(ActingRequest::read(&rules(Mode::Required), None, Some("self"), None).is_err());
}

#[test]
fn a_hint_is_a_word_or_a_subject() {
    let name = "a".repeat(43);
    assert_eq!(Hint::parse(&name), Ok(Hint::Known(name.clone())));
    for bent in ["org_0123", "", "Self", "a b", &format!("{name}a")] {
        assert!(Hint::parse(bent).is_err(), "{bent}");
    }
}

#[test]
fn the_roles_demanded_are_those_of_members() {
    let rules = ActingRules { roles: vec![Role::Owner, Role::CaseWorker], ..rules(Mode::Optional) };
    assert!(rules.takes_path("member:owner") && rules.takes_path("member:case-worker"));
    for path in ["member:owners", "member:read-only", "mandate:member:owner", "owner", ""] {
        assert!(!rules.takes_path(path), "{path}");
    }
}

#[test]
fn a_right_rests_on_every_id_of_its_path() {
    let path = format!("mandate:mnd_{HEX}>org_{HEX}/member:owner");
    let mandate = Some(format!("mnd_{HEX}"));
    let basis = Chosen { mandate, path, ..chosen() }.basis(account(1));
    for id in [format!("mnd_{HEX}"), format!("org_{HEX}"), account(1).to_string()] {
        assert_eq!(basis.iter().filter(|b| **b == id).count(), 1, "{id} in {basis:?}");
    }
    assert_eq!(basis.len(), 4, "{basis:?}");
}

#[test]
fn a_registration_names_what_there_is_and_nothing_for_nobody() {
    let with = |change: fn(&mut ActingRules)| {
        let mut rules = rules(Mode::Optional);
        change(&mut rules);
        rules.check()
    };
    assert_eq!(with(|_| {}), Ok(()));
    assert_eq!(with(|r| r.claims = vec!["iban".into()]), Err("legal_person_claims"));
    assert_eq!(with(|r| (r.mode, r.kinds) = (Mode::None, vec![Kind::Person])), Err("acting"));
    let roles = |r: &mut ActingRules| {
        (r.roles, r.kinds) = (vec![Role::Owner], vec![Kind::Person]);
    };
    assert_eq!(with(roles), Err("acting_roles"));
}
