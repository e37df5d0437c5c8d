//! Use cases: each is one transaction.

mod access;
mod claim_admin;
mod claim_end;
mod claim_proof;
mod claims;
mod create;
mod describe;
mod desk;
mod house_letter;
mod invitations;
mod leaving;
pub mod letter_routes;
mod look;
pub mod mailbox_rights;
pub mod mailboxes;
pub mod mandates;
mod members;
mod order;
mod parties;
mod person_gone;
mod record;
mod refusal;
pub mod substitutions;
mod units;
mod vault;

use std::sync::Arc;

use siegel_crypto::SealError;
use siegel_db::audit::{self, Entry};
use siegel_db::events::Feed;
use siegel_db::{Db, StoreError, Tx};
use siegel_kernel::{AccountId, Clock, Entropy, EntropyUnavailable, Timestamp, TrustLevel};

pub use access::Asked;
pub use claim_proof::Said;
pub use claims::OwnClaim;
pub use create::{Founder, Founding};
pub use desk::Desk;
pub use house_letter::{HouseLetter, SentLetter};
pub use invitations::{NewInvitation, ShownInvitation};
pub use members::{NewSystemUser, Shown};
pub use order::Order;
pub use parties::AuthorisedParty;
pub use refusal::Refusal;
pub use units::NewContact;
pub use vault::Vault;

use crate::domain::BadField;
use crate::ports::addresses::NoAnswer;

/// Topic of what others may learn about organisations: who belongs to them.
pub const TOPIC: &str = "organisations";

/// Kind of the audit event; the access table names it.
pub const CREATED: &str = "organisation.organisation.created";

/// Kinds of the audit events about record, members and claims; the access table names them.
pub mod kinds {
    pub const FIELD_SET: &str = "organisation.field.set";
    pub const UNIT_CREATED: &str = "organisation.unit.created";
    pub const UNIT_CHANGED: &str = "organisation.unit.changed";
    pub const UNIT_CLOSED: &str = "organisation.unit.closed";
    pub const UNIT_MEMBERS_SET: &str = "organisation.unit.members_set";
    pub const CONTACT_ADDED: &str = "organisation.contact_point.added";
    pub const CONTACT_REMOVED: &str = "organisation.contact_point.removed";
    pub const DISSOLVED: &str = "organisation.organisation.dissolved";
    pub const ROLE_CHANGED: &str = "organisation.member.role_changed";
    pub const MEMBER_REMOVED: &str = "organisation.member.removed";
    pub const MEMBER_LEFT: &str = "organisation.member.left";
    pub const HANDED_OVER: &str = "organisation.member.handed_over";
    pub const EQUAL_RIGHTS: &str = "organisation.equal_rights.set";
    pub const INVITED: &str = "organisation.invitation.made";
    pub const INVITATION_REVOKED: &str = "organisation.invitation.revoked";
    pub const INVITATION_ACCEPTED: &str = "organisation.invitation.accepted";
    pub const SYSTEM_USER_ADDED: &str = "organisation.system_user.registered";
    pub const SYSTEM_USER_REVOKED: &str = "organisation.system_user.revoked";
    pub const CLAIMED: &str = "organisation.claim.made";
    pub const CLAIM_PROVEN: &str = "organisation.claim.proven";
    pub const RECOVERY_REQUESTED: &str = "organisation.claim.recovery_requested";
    pub const CLAIM_WITHDRAWN: &str = "organisation.claim.withdrawn";
    pub const CLAIM_REVOKED: &str = "organisation.claim.revoked";
    pub const CLAIM_APPROVED: &str = "organisation.claim.approved";
    pub const CLAIM_REJECTED: &str = "organisation.claim.rejected";
    pub const LETTER_PRINTED: &str = "organisation.claim.letter_printed";
    pub const LETTER_SENT: &str = "organisation.claim.letter_sent";
    /// By time alone.
    pub const CLAIM_ACTIVATED: &str = "organisation.claim.activated";
}

/// What the use cases work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub db: Db,
    pub feed: Feed,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// What seals the names in mandates.
    pub names: mandates::Names,
    pub desk: Desk,
}

/// Why a use case did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Malformed(#[from] BadField),
    #[error("founding an organisation needs level {needed}, the session has {held}")]
    TrustTooLow { held: TrustLevel, needed: TrustLevel },
    #[error("there is no such organisation")]
    UnknownOrganisation,
    #[error("the person's account was deleted")]
    UnknownPerson,
    #[error("the request id was used for another request")]
    RequestIdReused,
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error("a stored answer cannot be read")]
    StoredAnswer,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("what was sealed does not open")]
    Seal(#[from] SealError),
    #[error("a sibling did not answer")]
    Sibling(#[from] NoAnswer),
    #[error("the letter could not be made")]
    Letter(#[from] siegel_receipt_pdf::RenderError),
}

impl Failure {
    /// The stable reason, for refusals that the audit trail keeps.
    fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) => Some(refusal.reason()),
            Self::UnknownOrganisation => Some("ORGANISATION_UNKNOWN"),
            _ => None,
        }
    }
}

/// What happened, for the audit trail.
struct Fact<'a> {
    caller: &'a str,
    subject: &'a str,
    level: TrustLevel,
    outcome: &'a str,
    request_id: &'a str,
    detail: &'a str,
}

async fn record(tx: &mut Tx, fact: &Fact<'_>, at: Timestamp) -> Result<(), StoreError> {
    let entry = Entry {
        kind: CREATED,
        actor: fact.caller,
        subject: fact.subject,
        level: Some(fact.level),
        outcome: fact.outcome,
        request_id: fact.request_id,
        detail: fact.detail,
        at,
    };
    audit::record(tx, &entry).await
}

fn pseudonym(account: AccountId) -> String {
    siegel_grpc::audit_name(account)
}
