//! Whether enough witnesses vouch for what an audit reads.

use std::time::Duration;

use siegel_kernel::Timestamp;
use siegel_log::{Policy, SignedNote};

use super::report::Difference;
use crate::store::log::CheckpointRow;

/// How long witnesses may take: they are asked every two seconds, and only for the newest
/// checkpoint.
const WITHIN: Duration = Duration::from_mins(1);

/// What the witnesses of a policy have cosigned so far.
#[derive(Clone, Debug)]
pub(super) struct Cosigned {
    policy: Policy,
    at: Timestamp,
    vouched: i64,
    /// The newest checkpoint that they had time for.
    due: i64,
}

impl Cosigned {
    pub fn new(policy: Policy, at: Timestamp) -> Self {
        Self { policy, at, vouched: 0, due: 0 }
    }

    /// Takes a checkpoint that is signed by the log and is the one of this tree.
    pub fn see(&mut self, row: &CheckpointRow) {
        let note = SignedNote::parse(&row.note);
        let cosigners = note.map(|note| self.policy.cosigners(&note)).unwrap_or_default();
        if self.policy.is_met_by(&cosigners) {
            self.vouched = self.vouched.max(row.size);
        }
        if row.signed_at.plus(WITHIN) < self.at {
            self.due = self.due.max(row.size);
        }
    }

    /// Entries of the largest tree that enough of them have cosigned.
    pub const fn vouched(&self) -> i64 {
        self.vouched
    }

    /// A tree that too few have cosigned, although they had time.
    pub fn missing(&self) -> Option<Difference> {
        let (size, vouched) = (self.due, self.vouched);
        (vouched < size).then_some(Difference::TooFewWitnesses { size, vouched })
    }
}
