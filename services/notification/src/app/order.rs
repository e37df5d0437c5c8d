use siegel_db::{Attempt, IdempotencyKey, Tx, begin_request, finish_request};
use siegel_kernel::Timestamp;

use super::Failure;

/// Who orders, under which request id: the same order twice is done once.
#[derive(Clone, Debug)]
pub struct Order {
    /// What is ordered: the kind of its audit event.
    pub kind: &'static str,
    /// Scope of the request id and actor in the audit trail.
    pub caller: String,
    pub request_id: String,
    /// Keyed digest of kind and request: a plain one of an address or a code could be guessed.
    pub digest: [u8; 32],
}

impl Order {
    fn key(&self) -> IdempotencyKey<'_> {
        IdempotencyKey { caller: &self.caller, request_id: &self.request_id, digest: self.digest }
    }

    /// `false`: done before.
    pub(super) async fn is_fresh(&self, tx: &mut Tx, now: Timestamp) -> Result<bool, Failure> {
        match begin_request(tx, &self.key(), now).await? {
            Attempt::Fresh => Ok(true),
            Attempt::Repeated(_) => Ok(false),
            Attempt::Conflict => Err(Failure::RequestIdReused),
        }
    }

    /// Marks it done in the transaction of the fact. There is no answer to keep.
    pub(super) async fn finish(&self, tx: &mut Tx) -> Result<(), Failure> {
        Ok(finish_request(tx, &self.key(), b"").await?)
    }
}
