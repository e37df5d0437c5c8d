//! Evidence that a letter's content is gone (Löschbeleg). The evidence itself stays.

use siegel_db::Tx;
use siegel_receipt::Kind;

use super::evidence::Fact;
use super::{Now, Postbox, Trouble};
use crate::store::evidence::EvidenceRow;
use crate::store::letters::LetterRow;

/// Why content was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its retention class says so.
    RetentionEnded,
    /// The recipient deleted it, or the mailbox was closed.
    Deleted,
}

impl Why {
    /// As receipts say it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RetentionEnded => "RETENTION_ENDED",
            Self::Deleted => "DELETED",
        }
    }
}

impl Postbox {
    /// Signs that a letter's content was removed, in the transaction that removes it; once per
    /// letter. The caller saves `letter`.
    pub async fn attest_purged(
        &self,
        tx: &mut Tx,
        letter: &mut LetterRow,
        why: Why,
        now: Now,
    ) -> Result<EvidenceRow, Trouble> {
        let mut fact = Fact::by_service(Kind::Purged, now.legal);
        fact.reason = Some(why.as_str());
        self.attest(tx, letter, fact, now).await
    }
}
