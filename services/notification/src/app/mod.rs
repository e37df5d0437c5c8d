//! Use cases: each is one transaction.

mod contact;
mod deliver;
mod order;
mod vault;

use std::sync::Arc;

use siegel_crypto::SealError;
use siegel_db::audit::{self, Entry};
use siegel_db::events::Feed;
use siegel_db::outbox::Outbox;
use siegel_db::{Attempt, Db, IdempotencyKey, StoreError, Tx, begin_request, finish_request};
use siegel_kernel::{Clock, Entropy, EntropyUnavailable, Timestamp};

pub use deliver::work;
pub use vault::Vault;

use crate::domain::{BadField, Recipient};
use crate::ports::smtp::Smtp;

/// Kinds of audit events; the access table names them.
pub mod kinds {
    pub const CODE: &str = "notification.code.ordered";
    pub const CONTACT: &str = "notification.contact.set";
    pub const NOTICE: &str = "notification.notice.ordered";
}

/// Kind of the job that sends a mail; its payload is the id of the order.
const JOB: &str = "send";

/// What the use cases work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub db: Db,
    pub feed: Feed,
    pub outbox: Outbox,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub vault: Vault,
    pub smtp: Smtp,
    /// Public URL of the suite, without a slash at its end.
    pub origin: Arc<str>,
}

/// Who writes, under which request id: the same twice is done once.
#[derive(Clone, Debug)]
pub struct Write {
    /// What is ordered: the kind of its audit event.
    pub kind: &'static str,
    /// Scope of the request id and actor in the audit trail.
    pub caller: String,
    pub request_id: String,
    /// Keyed digest of kind and request: a plain one of few possible codes could be guessed.
    pub digest: [u8; 32],
}

/// Why a use case did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Malformed(#[from] BadField),
    #[error("the request id was used for another request")]
    RequestIdReused,
    #[error("there is no such order")]
    UnknownOrder,
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("sealed values cannot be read or written")]
    Seal(#[from] SealError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error("a stored value cannot be read")]
    StoredValue,
}

impl Write {
    fn key(&self) -> IdempotencyKey<'_> {
        IdempotencyKey { caller: &self.caller, request_id: &self.request_id, digest: self.digest }
    }

    /// `Some`: done before, with this answer.
    async fn begin(&self, tx: &mut Tx, now: Timestamp) -> Result<Option<Vec<u8>>, Failure> {
        match begin_request(tx, &self.key(), now).await? {
            Attempt::Fresh => Ok(None),
            Attempt::Repeated(answer) => Ok(Some(answer)),
            Attempt::Conflict => Err(Failure::RequestIdReused),
        }
    }

    /// Keeps the answer and writes the audit trail, in the transaction of the fact.
    async fn finish(
        &self,
        tx: &mut Tx,
        subject: Option<Recipient>,
        detail: &str,
        now: Timestamp,
        answer: &[u8],
    ) -> Result<(), Failure> {
        let subject = match subject {
            Some(Recipient::Account(id)) => siegel_grpc::audit_name(id),
            Some(Recipient::Organisation(id)) => id.to_string(),
            None => String::new(),
        };
        let entry = Entry {
            kind: self.kind,
            actor: &self.caller,
            subject: &subject,
            level: None,
            outcome: "done",
            request_id: &self.request_id,
            detail,
            at: now,
        };
        audit::record(tx, &entry).await?;
        finish_request(tx, &self.key(), answer).await?;
        Ok(())
    }
}
