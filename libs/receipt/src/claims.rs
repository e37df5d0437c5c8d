//! What stands inside a receipt: the claims of a Security Event Token (RFC 8417). Unknown members
//! are refused: a verifier never passes over something it does not understand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Kind;

/// `typ` of the signed token (RFC 8417 §2.3).
pub const TYP: &str = "secevent+jwt";

/// The payload of the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Origin of the postbox.
    pub iss: String,
    /// Recorded time, whole seconds since 1970 (UTC).
    pub iat: i64,
    /// Receipt id, `rcp_…`.
    pub jti: String,
    /// Letter id, `ltr_…`.
    pub sub: String,
    /// Event time, whole seconds since 1970 (RFC 8417 §2.2).
    pub toe: i64,
    /// Exactly one member: [`Kind::event_uri`] and its body.
    pub events: BTreeMap<String, Body>,
}

/// What happened, to what, by whom, with which effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub kind: Kind,
    /// Event URI of ETSI EN 319 522, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etsi_event: Option<String>,
    /// SHA-256 of the canonical letter, base64url.
    pub content_digest: String,
    /// SHA-256 of each attachment in the letter's order, base64url.
    pub attachment_digests: Vec<String>,
    /// When it happened: RFC 3339, UTC, microseconds.
    pub event_time: String,
    /// When this was written down: RFC 3339, UTC, microseconds.
    pub recorded_time: String,
    /// The service ran under a clock that somebody had moved.
    pub clock_moved: bool,
    /// Place among the entries of this letter, from 1.
    pub number: u32,
    /// SHA-256 of the previous entry's compact token, base64url; absent in the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    pub sender: Sender,
    /// Trust level needed to open the letter, 1 to 4.
    pub required_level: u8,
    pub actor: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<OnBehalfOf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_effect: Option<LegalEffect>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<Notification>,
    /// SHA-256 of the attachment concerned (`downloaded`; `rejected` as infected), base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<String>,
    /// SHA-256 of the request that was refused (`rejected`), base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_digest: Option<String>,
    /// What the sender declared about instructing the recipient on the fiction (`provided`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<Instruction>,
    /// What the sender declared about the recipient's choice in the service (`provided`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_use: Option<ServiceUse>,
    /// The letter that takes this one's place (`superseded`), `ltr_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// What the recipient answered (`reply_accepted`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// Why it was not accepted (`rejected`): `RECIPIENT_UNKNOWN`, `RECIPIENT_OPTED_OUT`,
    /// `ATTACHMENT_INFECTED`; why it could not be delivered (`undeliverable`): `MAILBOX_CLOSED`,
    /// `HANDLE_REVOKED`, `RECIPIENT_OPTED_OUT`; or why its content was deleted (`purged`):
    /// `RETENTION_ENDED`, `TRASH_EMPTIED`, `RECIPIENT_GONE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the postbox was declared unreachable during the provision (ends that time brings).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outages: Vec<Outage>,
    /// Salted hashes of what not every reader may see; see [`commitment`].
    pub commitments: BTreeMap<String, String>,
}

/// A declared period of unavailability. It moves no day by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// RFC 3339, UTC.
    pub from: String,
    /// RFC 3339, UTC.
    pub to: String,
}

/// The registered sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    pub tenant: String,
    pub client_id: String,
    /// Display name of the authority.
    pub authority: String,
    /// Amtlicher Regionalschlüssel; empty when the sender has none.
    pub ars: String,
    /// LeiKa or BMI id of the service; empty when the sender has none.
    pub service_id: String,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// `sender`, `recipient` or `service`.
    pub role: String,
    /// Names the person for this sender's sector only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pseudonym: Option<String>,
    /// Level of the session, 1 to 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_level: Option<u8>,
    /// RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticated_at: Option<String>,
    /// The program through which it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// For whom the actor acted, and by which right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnBehalfOf {
    /// Names the organisation for this sender's sector only; absent where a person is represented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Names a represented person for this sender's sector only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// `member:owner`
    pub path: String,
    /// SHA-256 of `path`, base64url: what tokens carry, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_digest: Option<String>,
    /// `mnd_…`: the mandate by which the actor acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate_id: Option<String>,
    /// How often that mandate had been changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate_version: Option<u32>,
}

/// The result of the legal clock with its inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalEffect {
    /// Id of the row in the rule table, `ozg-9/2`.
    pub rule: String,
    /// What the sender named, `ozg-9`.
    pub legal_basis: String,
    /// Citation, `OZG § 9 Abs. 1`.
    pub law: String,
    /// `announced`, `served`, `announced_if_retrieved`, `provision_ended`, `not_served`.
    pub effect: String,
    /// `provision`, `sending`, `notification`, `retrieval`, `answer`.
    pub day0_event: String,
    /// Local date in Europe/Berlin, `2025-03-06`.
    pub day0: String,
    pub days: u32,
    /// `none` or `working_day`.
    pub shift: String,
    /// Land whose holidays shift the day (ISO 3166-2), where it shifts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// The resulting local date; for `announced_if_retrieved` the last day of provision.
    pub day: String,
    /// The operator confirmed this row of the rule table.
    pub confirmed_by_operator: bool,
}

/// How the recipient was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notification {
    /// `email`
    pub channel: String,
    /// It went out on the day of provision (OZG § 9(1)).
    pub same_day: bool,
    /// Why it failed: `NO_CONTACT`, `FAILED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Belehrung: the recipient was told what happens if they do not answer (VwZG § 5(7), § 5a(4)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instruction {
    /// Which text, as the sender names its versions.
    pub text_version: String,
    /// RFC 3339, UTC; before the letter was sent.
    pub given_at: String,
}

/// What the recipient chose in the online service about announcements in the postbox
/// (OZG § 9(1)): the sender offered to exclude them, and they were not excluded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceUse {
    /// Which wording of the offer, as the sender names its versions.
    pub wording_version: String,
    /// The recipient excluded announcements in the postbox.
    pub excluded: bool,
    /// RFC 3339, UTC.
    pub chosen_at: String,
}

/// A reply of the recipient that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// `rpl_…`
    pub reply_id: String,
    /// SHA-256 of the canonical reply, base64url.
    pub content_digest: String,
    /// SHA-256 of each attachment in the reply's order, base64url.
    pub attachment_digests: Vec<String>,
    /// Last local day that the letter names, `2025-04-01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<String>,
    /// It came after that day.
    pub late: bool,
}

/// The salted hash that stands for `value` in a receipt: SHA-256(salt ‖ UTF-8 of value), base64url.
pub fn commitment(salt: &[u8], value: &str) -> String {
    let mut hash = siegel_crypto::Sha256::new();
    hash.update(salt);
    hash.update(value.as_bytes());
    siegel_crypto::b64::encode(hash.finish())
}

/// What stands for a receipt in the public log: SHA-256(leaf salt ‖ ASCII of the compact token).
pub fn leaf(salt: &[u8], jws: &str) -> [u8; 32] {
    let mut hash = siegel_crypto::Sha256::new();
    hash.update(salt);
    hash.update(jws.as_bytes());
    hash.finish()
}
