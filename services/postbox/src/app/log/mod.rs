//! The public log: every receipt's salted hash, in an order that nobody can change unseen.

mod audit;
mod brought;
mod compare;
mod cosigned;
mod heads;
mod prove;
mod report;
mod sequence;
mod tidy;
mod witness;

use std::time::Duration;

use siegel_crypto::Ed25519Key;
use siegel_db::{Lease, StoreError, take_lease};
use siegel_log::{BadKey, BadProof, BadTile, MissingNode, NoteSigner};

use super::Trouble;
use crate::ports::objects::ObjectError;
use crate::store::log;
pub use audit::{AuditError, audit_log, audit_log_with};
pub use brought::Brought;
pub use heads::MailboxHead;
pub use report::{Difference, Report};
#[cfg(test)]
pub use witness::WitnessError;
pub use witness::{KnownWitness, Witnesses};

/// Leaves that one round takes: with it the memory of a round.
const ROUND: i64 = 10_000;
/// How often the sequencer looks; a look that finds nothing is one indexed read. Within the five
/// seconds in which a receipt becomes provable.
const EVERY: Duration = Duration::from_secs(1);
/// How long one process may be silent before another sequences.
const LEASE: Duration = Duration::from_secs(15);

/// The log's own key and name.
#[derive(Clone, Debug)]
pub struct Journal {
    pub signer: NoteSigner,
    /// Unlike any other process's.
    pub holder: String,
}

impl Journal {
    /// A log is called by where it is: `postfach.example/log`.
    pub fn name_at(origin: &str) -> String {
        let place = origin.split_once("://").map_or(origin, |(_, place)| place);
        format!("{}/log", place.trim_end_matches('/'))
    }

    /// # Errors
    /// When the name is none for a key.
    pub fn new(name: &str, key: Ed25519Key, holder: String) -> Result<Self, BadKey> {
        Ok(Self { signer: NoteSigner::new(name, key)?, holder })
    }

    /// `name+id+key`, what others verify checkpoints with.
    pub fn verifier_key(&self) -> String {
        self.signer.verifier().to_string()
    }
}

/// Why the log gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("this installation publishes no log")]
    Off,
    #[error("there is no such leaf in the log, or it has no place yet")]
    LeafUnknown,
    #[error("the log has not been that large")]
    BeyondEnd,
    #[error("the log could not be read or written")]
    Trouble(#[from] Trouble),
    /// What is stored cannot be a log of ours: somebody must look.
    #[error("the stored log contradicts itself: {0}")]
    Broken(&'static str),
}

impl From<StoreError> for LogError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<ObjectError> for LogError {
    fn from(error: ObjectError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<BadTile> for LogError {
    fn from(_: BadTile) -> Self {
        Self::Broken("a tile has another length than its name says")
    }
}

impl From<MissingNode> for LogError {
    fn from(_: MissingNode) -> Self {
        Self::Broken("a node is in no tile")
    }
}

impl From<BadProof> for LogError {
    fn from(_: BadProof) -> Self {
        Self::Broken("the tiles do not give the root of the checkpoint")
    }
}

impl super::Postbox {
    /// Sequences until the task is dropped: in every process, but only the holder of the lease
    /// does anything.
    pub async fn keep_log(self) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Err(error) = self.sequence().await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the public log cannot go on"
                );
            }
        }
    }

    /// Brings the log up to what is stored, when there is something and nobody else does it.
    pub async fn sequence(&self) -> Result<(), LogError> {
        let Some(journal) = &self.journal else { return Ok(()) };
        while log::behind(&self.db).await? {
            let lease = Lease { name: "log", holder: &journal.holder, span: LEASE };
            if !take_lease(&self.db, lease, self.clock.now()).await? {
                return Ok(());
            }
            self.assign().await?;
            match self.draft(journal).await? {
                Some(draft) if self.publish(&draft).await? => {}
                _ => return Ok(()), // somebody else is at it
            }
        }
        Ok(())
    }
}
