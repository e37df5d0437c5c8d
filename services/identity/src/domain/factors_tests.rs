use TrustLevel::{Basic, High, Low, Substantial};

use super::*;

fn held(kind: Kind, level: TrustLevel) -> Held {
    Held { kind: Some(kind), level }
}

fn linked(level: TrustLevel) -> Held {
    Held { kind: None, level }
}

fn methods(all: &[&str]) -> Vec<String> {
    all.iter().map(|m| (*m).to_owned()).collect()
}

#[test]
fn a_one_time_code_alone_proves_nothing() {
    assert_eq!(proves(Kind::Totp, Low, &[]), None);
    assert_eq!(proves(Kind::Totp, Low, &methods(&["rec"])), None);
    assert_eq!(proves(Kind::Totp, High, &methods(&["pwd"])), Some(Low));
}

#[test]
fn a_recovery_code_never_proves_more_than_basic() {
    for level in TrustLevel::ALL {
        assert_eq!(proves(Kind::Recovery, level, &methods(&["pwd", "otp"])), Some(Basic));
    }
}

#[test]
fn a_passkey_is_low_with_user_verification_and_more_only_by_policy() {
    assert_eq!(passkey_level(false, Some(Substantial)), Basic);
    assert_eq!(passkey_level(true, None), Low);
    assert_eq!(passkey_level(true, Some(Substantial)), Substantial);
    assert_eq!(passkey_level(true, Some(High)), Substantial, "a passkey is never an eID card");
}

#[test]
fn two_factors_are_told_to_clients() {
    let told = |all: &[&str]| amr(all);
    assert_eq!(told(&["pwd"]), ["pwd"]);
    assert_eq!(told(&["otp", "pwd"]), ["mfa", "otp", "pwd"]);
    assert_eq!(told(&["hwk"]), ["hwk", "mfa", "user"]);
    assert_eq!(told(&["rec", "otp"]), ["otp"]);
}

#[test]
fn a_generator_without_anything_to_go_with_counts_for_nothing() {
    assert_eq!(highest(&[held(Kind::Totp, Low)]), Basic);
    assert_eq!(highest(&[held(Kind::Totp, Low), held(Kind::Password, Basic)]), Low);
    assert_eq!(highest(&[held(Kind::Totp, Low), linked(Basic)]), Basic);
}

#[test]
fn nobody_adds_above_the_level_he_proved() {
    let weak = [held(Kind::Password, Basic)];
    assert_eq!(may_add(Low, Basic, &weak), Ok(()), "the first of its level");
    let strong = [held(Kind::Password, Basic), held(Kind::Totp, Low)];
    assert_eq!(may_add(Low, Basic, &strong), Err(Forbidden::TooLow(Low)));
    assert_eq!(may_add(High, Low, &strong), Ok(()));
    let card = [held(Kind::Password, Basic), held(Kind::Eid, High)];
    assert_eq!(may_add(Low, Basic, &card), Err(Forbidden::TooLow(Low)));
    assert_eq!(may_add(Basic, Basic, &card), Ok(()));
}

#[test]
fn a_linked_account_protects_like_a_credential_of_its_level() {
    assert_eq!(may_add(High, Basic, &[linked(Basic)]), Ok(()));
    let weak = [held(Kind::Password, Basic), linked(Substantial)];
    assert_eq!(may_add(High, Low, &weak), Err(Forbidden::TooLow(Substantial)));
    assert_eq!(may_add(Low, Basic, &weak), Err(Forbidden::TooLow(Low)));
    assert_eq!(may_add(High, Substantial, &weak), Ok(()));
    assert_eq!(options_for(Low, &weak, &methods(&["pwd"])), [Kind::Eid]);
}

#[test]
fn a_credential_is_removed_only_at_its_level_and_never_the_last() {
    let password = held(Kind::Password, Basic);
    let passkey = held(Kind::Passkey, Low);
    assert_eq!(may_remove(passkey, Basic, &[password]), Err(Forbidden::TooLow(Low)));
    assert_eq!(may_remove(passkey, Low, &[password]), Ok(()));
    let rest = [held(Kind::Totp, Low), held(Kind::Recovery, Basic)];
    assert_eq!(may_remove(password, High, &rest), Err(Forbidden::LastOne));
    assert_eq!(may_remove(held(Kind::Totp, Low), Low, &[]), Ok(()));
}

#[test]
fn a_step_up_offers_what_reaches_the_level_and_the_card() {
    let all =
        [held(Kind::Password, Basic), held(Kind::Totp, Low), held(Kind::Passkey, Substantial)];
    let by = methods(&["pwd"]);
    assert_eq!(options_for(Low, &all, &by), [Kind::Totp, Kind::Passkey, Kind::Eid]);
    assert_eq!(options_for(Substantial, &all, &by), [Kind::Passkey, Kind::Eid]);
    assert_eq!(options_for(High, &all, &by), [Kind::Eid]);
    assert_eq!(options_for(Low, &[], &by), [Kind::Eid]);
}
