//! What an audit found.

use crate::domain::{LetterId, MailboxId};

/// Something that is not as it was signed. Names letters by their ids and nobody by anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    #[error("entry {index}: the receipt {letter}/{number} is gone")]
    EvidenceMissing { index: i64, letter: LetterId, number: i64 },
    #[error("entry {index}: the receipt {letter}/{number} is not the one that was logged")]
    EvidenceChanged { index: i64, letter: LetterId, number: i64 },
    #[error("entry {index}: the receipt {letter}/{number} bears no signature of ours")]
    EvidenceForged { index: i64, letter: LetterId, number: i64 },
    #[error("entry {index}: the row of {letter}/{number} says another {field} than its receipt")]
    RowDiffers { index: i64, letter: LetterId, number: i64, field: &'static str },
    #[error("entry {index}: {letter}/{number} was recorded long before the entry in front of it")]
    BackDated { index: i64, letter: LetterId, number: i64 },
    #[error("the receipt {letter}/{number} was never given to the log")]
    Unlogged { letter: LetterId, number: i64 },
    #[error("the receipt {letter}/{number} does not go on from the one before it")]
    ChainBroken { letter: LetterId, number: i64 },
    #[error("the letter {letter} should have {number} receipts")]
    Miscounted { letter: LetterId, number: i64 },
    #[error("entry {index}: the head of a mailbox after {letter} is gone")]
    HeadMissing { index: i64, letter: LetterId },
    #[error("entry {index}: the head of a mailbox after {letter} is not the one that was logged")]
    HeadChanged { index: i64, letter: LetterId },
    #[error("the head of a mailbox after {letter} was never given to the log")]
    HeadUnlogged { letter: LetterId },
    #[error("the head of a mailbox after {letter} does not follow from its letters")]
    HeadBroken { letter: LetterId },
    #[error("the mailbox {mailbox} should have the head of its letter {letters}")]
    HeadsMiscounted { mailbox: MailboxId, letters: i64 },
    #[error("entry {index} is missing in the order of the leaves")]
    PlaceMissing { index: i64 },
    #[error("entry {index} is another one in the published files")]
    EntryDiffers { index: i64 },
    #[error("the published file {path} is missing or damaged")]
    TileDamaged { path: String },
    #[error("the published file {path} is not the one that follows from the database")]
    TileDiffers { path: String },
    #[error("the checkpoint of {size} entries is not that of this tree")]
    RootDiffers { size: i64 },
    #[error("the checkpoint of {size} entries is not signed by the log")]
    CheckpointForged { size: i64 },
    #[error("there is no checkpoint of {size} entries, where the log says it is")]
    CheckpointMissing { size: i64 },
    #[error("too few witnesses cosigned the {size} entries: enough of them vouch for {vouched}")]
    TooFewWitnesses { size: i64, vouched: i64 },
    #[error("the log has forked: the remembered checkpoint of {size} entries is not of this tree")]
    Forked { size: u64 },
    #[error("the log was cut: a remembered checkpoint has {size} entries")]
    Cut { size: u64 },
}

/// The outcome of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries that were replayed, checkpoints that were compared.
    pub entries: i64,
    pub checkpoints: i64,
    /// Entries that enough witnesses vouch for; absent where no policy asks for any.
    pub cosigned: Option<i64>,
    /// In the order in which they were found, no more than [`Report::MOST`].
    pub differences: Vec<Difference>,
    /// There were more.
    pub more: bool,
}

impl Report {
    /// Differences that one report names.
    pub const MOST: usize = 1_000;

    pub(super) fn add(&mut self, difference: Difference) {
        if self.differences.len() < Self::MOST {
            self.differences.push(difference);
        } else {
            self.more = true;
        }
    }
}
