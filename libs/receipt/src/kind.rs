use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What happened to a letter; one name each in proto, receipt and documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Accepted,
    Rejected,
    Provided,
    Notified,
    NotifyFailed,
    Opened,
    OpenedByDelegate,
    Downloaded,
    Confirmed,
    Refused,
    DeemedAnnounced,
    DeemedServed,
    ProvisionEnded,
    ExpiredUnread,
    Recalled,
    Superseded,
    Undeliverable,
    ReplyAccepted,
    Purged,
}

/// Text that names no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of receipt")]
pub struct UnknownKind;

impl Kind {
    pub const ALL: [Self; 19] = [
        Self::Accepted,
        Self::Rejected,
        Self::Provided,
        Self::Notified,
        Self::NotifyFailed,
        Self::Opened,
        Self::OpenedByDelegate,
        Self::Downloaded,
        Self::Confirmed,
        Self::Refused,
        Self::DeemedAnnounced,
        Self::DeemedServed,
        Self::ProvisionEnded,
        Self::ExpiredUnread,
        Self::Recalled,
        Self::Superseded,
        Self::Undeliverable,
        Self::ReplyAccepted,
        Self::Purged,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Provided => "provided",
            Self::Notified => "notified",
            Self::NotifyFailed => "notify_failed",
            Self::Opened => "opened",
            Self::OpenedByDelegate => "opened_by_delegate",
            Self::Downloaded => "downloaded",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
            Self::DeemedAnnounced => "deemed_announced",
            Self::DeemedServed => "deemed_served",
            Self::ProvisionEnded => "provision_ended",
            Self::ExpiredUnread => "expired_unread",
            Self::Recalled => "recalled",
            Self::Superseded => "superseded",
            Self::Undeliverable => "undeliverable",
            Self::ReplyAccepted => "reply_accepted",
            Self::Purged => "purged",
        }
    }

    /// The one member of the token's `events` (RFC 8417 §2.2).
    pub fn event_uri(self) -> String {
        format!("urn:siegel:event:{}", self.as_str())
    }

    /// The event of ETSI EN 319 522 that says the same, where there is one.
    pub const fn etsi_event(self) -> Option<&'static str> {
        match self {
            Self::Accepted | Self::ReplyAccepted => {
                Some("http://uri.etsi.org/19522/Event/SubmissionAcceptance")
            }
            Self::Rejected => Some("http://uri.etsi.org/19522/Event/SubmissionRejection"),
            Self::Provided => Some("http://uri.etsi.org/19522/Event/ContentConsignment"),
            Self::Undeliverable => {
                Some("http://uri.etsi.org/19522/Event/ContentConsignmentFailure")
            }
            Self::Notified => Some("http://uri.etsi.org/19522/Event/ConsignmentNotification"),
            Self::NotifyFailed => {
                Some("http://uri.etsi.org/19522/Event/ConsignmentNotificationFailure")
            }
            Self::Opened | Self::OpenedByDelegate => {
                Some("http://uri.etsi.org/19522/Event/ContentAccessTracking")
            }
            Self::Downloaded => Some("http://uri.etsi.org/19522/Event/ContentHandover"),
            Self::Confirmed => Some("http://uri.etsi.org/19522/Event/ConsignmentAcceptance"),
            Self::Refused => Some("http://uri.etsi.org/19522/Event/ConsignmentRejection"),
            Self::ProvisionEnded => {
                Some("http://uri.etsi.org/19522/Event/AcceptanceRejectionExpiry")
            }
            Self::DeemedAnnounced
            | Self::DeemedServed
            | Self::ExpiredUnread
            | Self::Recalled
            | Self::Superseded
            | Self::Purged => None,
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or(UnknownKind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_name_in_code_and_in_json() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
