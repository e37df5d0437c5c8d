//! Hundreds of receipts, sound and bent, each with the verdict that `docs/receipt-format.md` asks
//! for. The portal's script is held to the same (`tests/clients/node/receipts.mjs`).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod corpus;

#[test]
fn every_case_gets_the_verdict_that_the_format_asks_for() {
    let cases = corpus::cases();
    assert!(cases.len() >= 400, "{} cases", cases.len());
    let wrong: Vec<_> = cases
        .iter()
        .filter(|case| !case.expected.is_empty() && case.code() != case.expected)
        .map(|case| format!("{}: {:?}, not {}", case.name, case.verdict(), case.expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_changed_character_of_the_token_never_passes() {
    let cases = corpus::cases();
    let bent: Vec<_> = cases.iter().filter(|c| c.name.starts_with("character ")).collect();
    assert!(bent.len() >= 60 && bent.iter().all(|case| case.code() != "VALID"));
}

#[test]
fn only_members_that_may_be_missing_can_be_left_out() {
    let cases = corpus::cases();
    let mut left_out: Vec<_> = cases
        .iter()
        .filter(|case| case.code() == "VALID")
        .filter_map(|case| case.name.strip_prefix("without /events/urn:siegel:event:provided/"))
        .collect();
    left_out.sort_unstable();
    let optional = [
        "actor/authenticated_at",
        "actor/client_id",
        "actor/pseudonym",
        "actor/trust_level",
        "attachment",
        "instruction",
        "legal_effect",
        "legal_effect/calendar",
        "notification",
        "notification/reason",
        "on_behalf_of",
        "on_behalf_of/mandate_id",
        "on_behalf_of/mandate_version",
        "on_behalf_of/organisation",
        "on_behalf_of/path_digest",
        "on_behalf_of/person",
        "reason",
        "replaced_by",
        "request_digest",
        "service_use",
    ];
    assert_eq!(left_out, optional);
}
