//! What codes of mandates are called on the pages.

use siegel_proto::organisation::v1::{
    AccessScope, Action, Mandate, MandateParty, MandateState, Redelegation,
};
use siegel_web::Texts;

/// The name of a side, or that it is a person without one.
pub fn party(t: &Texts, party: Option<&MandateParty>) -> String {
    match party {
        Some(party) if !party.name.is_empty() => party.name.clone(),
        _ => t.get("mandate-person"),
    }
}

pub fn state(t: &Texts, state: MandateState) -> String {
    t.get(match state {
        MandateState::Unspecified | MandateState::Pending => "mandate-state-pending",
        MandateState::Active => "mandate-state-active",
        MandateState::Revoked => "mandate-state-revoked",
        MandateState::Rejected => "mandate-state-rejected",
        MandateState::Expired => "mandate-state-expired",
        MandateState::Ended => "mandate-state-ended",
    })
}

pub fn redelegation(t: &Texts, rule: Redelegation) -> String {
    t.get(match rule {
        Redelegation::Unspecified | Redelegation::None => "mandate-pass-none",
        Redelegation::Members => "mandate-pass-members",
        Redelegation::OneStep => "mandate-pass-one",
    })
}

pub fn action(t: &Texts, action: Action) -> String {
    t.get(match action {
        Action::Unspecified | Action::ReadMail | Action::ReadHighMail => "action-read",
        Action::ReceiveMail => "action-receive",
        Action::ReplyMail => "action-reply",
        Action::DeleteMail => "action-delete",
        Action::ManageMembers => "action-members",
        Action::Act => "action-act",
        Action::DownloadMail => "action-download",
    })
}

/// What it is limited to, in one line.
pub fn scope(t: &Texts, scope: &AccessScope) -> String {
    let limits = [
        ("mandate-scope-service", &scope.service_id),
        ("mandate-scope-mailbox", &scope.mailbox_id),
        ("mandate-scope-sender", &scope.sender_id),
        ("mandate-scope-thread", &scope.thread),
        ("mandate-scope-letter", &scope.letter_id),
    ];
    let limits = limits.into_iter().filter(|(_, value)| !value.is_empty());
    let limits: Vec<_> = limits.map(|(key, value)| format!("{}: {value}", t.get(key))).collect();
    if limits.is_empty() { t.get("mandate-scope-none") } else { limits.join(", ") }
}

/// Until when it counts.
pub fn ends(mandate: &Mandate) -> Option<&pbjson_types::Timestamp> {
    let both = [mandate.valid_until.as_ref(), mandate.review_at.as_ref()];
    both.into_iter().flatten().min_by_key(|at| (at.seconds, at.nanos))
}
