//! Use cases: each is one transaction.

mod access;
mod changes;
mod create;
mod look;
mod parties;

use std::sync::Arc;

use siegel_db::audit::{self, Entry};
use siegel_db::events::Feed;
use siegel_db::{Db, StoreError, Tx};
use siegel_kernel::{AccountId, Clock, Entropy, EntropyUnavailable, Timestamp, TrustLevel};

pub use access::{Answer, Question};
pub use changes::Message;
pub use create::{Founder, Founding};

use crate::domain::BadField;

/// Topic of what others may learn about organisations: who belongs to them.
pub const TOPIC: &str = "organisations";

/// Kind of the audit event; the access table names it.
pub const CREATED: &str = "organisation.organisation.created";

/// What the use cases work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub db: Db,
    pub feed: Feed,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
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
    #[error("the request id was used for another request")]
    RequestIdReused,
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error("a stored answer cannot be read")]
    StoredAnswer,
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
