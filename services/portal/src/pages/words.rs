//! What codes of the services are called on the pages.

use serde::Deserialize;
use siegel_crypto::{b64, random_token, sha256_fields};
use siegel_kernel::berlin::LegalDay;
use siegel_kernel::{EntropyUnavailable, Timestamp};
use siegel_proto::common::v1::AttributeSource;
use siegel_proto::convert;
use siegel_proto::organisation::v1::Role;
use siegel_proto::postbox::v1::{DeliveryState, DeliveryType};
use siegel_web::{Locale, Texts, format};

use crate::app::App;

/// An id in a path or query: it goes into calls and links, so its form is checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Ident(String);

#[derive(Debug, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

impl TryFrom<String> for Ident {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if text.is_empty() || text.len() > 64 || !plain { Err(NotAnId) } else { Ok(Self(text)) }
    }
}

impl std::fmt::Display for Ident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A fresh id for one write.
pub fn request_id(app: &App) -> Result<String, EntropyUnavailable> {
    random_token(&*app.outside.entropy)
}

/// The id of a write that a form sends: the same form sent twice is one write, a changed one is
/// another.
pub fn form_request_id(form: &str, fields: &[&str]) -> String {
    let parts: Vec<&[u8]> =
        std::iter::once(form).chain(fields.iter().copied()).map(str::as_bytes).collect();
    b64::encode(sha256_fields(&parts))
}

pub fn date_time(locale: Locale, at: Option<&pbjson_types::Timestamp>) -> String {
    at.map(|at| format::date_time(locale, convert::instant(at))).unwrap_or_default()
}

/// For the `datetime` attribute.
pub fn machine(at: Option<&pbjson_types::Timestamp>) -> String {
    let at: Option<Timestamp> = at.map(convert::instant);
    at.map(format::machine).unwrap_or_default()
}

/// A date of the form `2025-03-07` as people write it; anything else as it is.
pub fn day(locale: Locale, text: &str) -> String {
    LegalDay::parse(text).map_or_else(|| text.to_owned(), |day| format::legal_day(locale, day))
}

pub fn source(t: &Texts, source: AttributeSource) -> String {
    t.get(match source {
        AttributeSource::Unspecified => "source-unknown",
        AttributeSource::SelfDeclared => "source-self",
        AttributeSource::Confirmed => "source-confirmed",
        AttributeSource::Eid => "source-eid",
        AttributeSource::Upstream => "source-upstream",
        AttributeSource::Operator => "source-operator",
        AttributeSource::Certificate => "source-certificate",
    })
}

/// The label of a claim name.
pub fn attribute(t: &Texts, name: &str) -> String {
    siegel_oidc::catalogue::attribute(name).map_or_else(|| name.to_owned(), |row| t.get(row.label))
}

/// Labels of claim names, in one line.
pub fn attributes(t: &Texts, names: &[String]) -> String {
    names.iter().map(|name| attribute(t, name)).collect::<Vec<_>>().join(", ")
}

pub fn delivery_type(t: &Texts, kind: DeliveryType) -> String {
    t.get(match kind {
        DeliveryType::Unspecified | DeliveryType::Information => "type-information",
        DeliveryType::Status => "type-status",
        DeliveryType::Decision => "type-decision",
        DeliveryType::FormalService => "type-formal-service",
        DeliveryType::RequestForDocuments => "type-documents",
        DeliveryType::CopyOfApplication => "type-application",
    })
}

pub fn state(t: &Texts, state: DeliveryState) -> String {
    t.get(match state {
        DeliveryState::Unspecified | DeliveryState::Accepted | DeliveryState::Scheduled => {
            "state-accepted"
        }
        DeliveryState::Provided => "state-provided",
        DeliveryState::Opened => "state-opened",
        DeliveryState::DeemedAnnounced => "state-deemed-announced",
        DeliveryState::ProvisionEnded => "state-provision-ended",
        DeliveryState::ExpiredUnread => "state-expired",
        DeliveryState::Confirmed => "state-confirmed",
        DeliveryState::Refused => "state-refused",
        DeliveryState::DeemedServed => "state-deemed-served",
        DeliveryState::Recalled => "state-recalled",
        // A rejected letter is in no mailbox.
        DeliveryState::Undeliverable | DeliveryState::Rejected => "state-undeliverable",
    })
}

pub fn role(t: &Texts, role: Role) -> String {
    t.get(match role {
        Role::Unspecified | Role::ReadOnly => "role-read-only",
        Role::Owner => "role-owner",
        Role::Administrator => "role-administrator",
        Role::CaseWorker => "role-case-worker",
        Role::MailReceiver => "role-mail-receiver",
    })
}

/// What kind of receipt, `opened`.
pub fn receipt(t: &Texts, kind: &str) -> String {
    match kind {
        "accepted" => t.get("receipt-accepted"),
        "provided" => t.get("receipt-provided"),
        "notified" => t.get("receipt-notified"),
        "notify_failed" => t.get("receipt-notify-failed"),
        "opened" => t.get("receipt-opened"),
        "opened_by_delegate" => t.get("receipt-opened-by-delegate"),
        "downloaded" => t.get("receipt-downloaded"),
        "deemed_announced" => t.get("receipt-deemed-announced"),
        "provision_ended" => t.get("receipt-provision-ended"),
        "expired_unread" => t.get("receipt-expired"),
        "reply_accepted" => t.get("receipt-reply-accepted"),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_a_path_cannot_hold_more_path() {
        assert!(Ident::try_from("ltr_0123456789abcdef0123456789abcdef".to_owned()).is_ok());
        for bad in ["", "..", "a/b", "a?b", "a#b", "a b", "ä", "%2e"] {
            assert!(Ident::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
        assert!(Ident::try_from("a".repeat(65)).is_err());
    }

    #[test]
    fn a_changed_form_is_another_write_and_the_same_form_is_not() {
        assert_eq!(form_request_id("f", &["GmbH", "x"]), form_request_id("f", &["GmbH", "x"]));
        assert_ne!(form_request_id("f", &["GmbH", "x"]), form_request_id("f", &["Gmb", "Hx"]));
    }
}
