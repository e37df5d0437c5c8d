use siegel_db::{Attempt, IdempotencyKey, Tx, begin_request, finish_request, seen_request};
use siegel_kernel::{Timestamp, TrustLevel};

use super::Failure;

/// Who writes, under which request id: the same order twice is done once.
#[derive(Clone, Debug)]
pub struct Order {
    /// What is ordered: the kind of its audit event.
    pub kind: &'static str,
    /// Scope of the request id and actor in the audit trail.
    pub caller: String,
    pub request_id: String,
    /// Keyed digest of kind and request: a plain one of few possible values could be guessed.
    pub digest: [u8; 32],
    /// Level of the caller's session, for persons.
    pub level: Option<TrustLevel>,
}

impl Order {
    fn key(&self) -> IdempotencyKey<'_> {
        IdempotencyKey { caller: &self.caller, request_id: &self.request_id, digest: self.digest }
    }

    /// `Some`: done before, with this answer.
    pub(super) async fn begin(
        &self,
        tx: &mut Tx,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, Failure> {
        match begin_request(tx, &self.key(), now).await? {
            Attempt::Fresh => Ok(None),
            Attempt::Repeated(answer) => Ok(Some(answer)),
            Attempt::Conflict => Err(Failure::RequestIdReused),
        }
    }

    /// As [`Order::begin`], but claims nothing: for what takes longer than a transaction.
    pub(super) async fn seen(&self, tx: &mut Tx) -> Result<Option<Vec<u8>>, Failure> {
        match seen_request(tx, &self.key()).await? {
            Some(Attempt::Repeated(answer)) => Ok(Some(answer)),
            Some(Attempt::Conflict) => Err(Failure::RequestIdReused),
            Some(Attempt::Fresh) | None => Ok(None),
        }
    }

    /// Keeps the answer in the transaction of the fact.
    pub(super) async fn finish(&self, tx: &mut Tx, answer: &[u8]) -> Result<(), Failure> {
        Ok(finish_request(tx, &self.key(), answer).await?)
    }
}
