//! Taking a letter back before anybody opened it.

use siegel_receipt::{Kind, ReceiptFile};

use super::Postbox;
use super::evidence::{Party, entry_of};
use super::reader::ReadError;
use super::replace::sent_row;
use super::submit::SenderClient;
use crate::domain::LetterId;
use crate::domain::state::{Delivery, End};
use crate::store::evidence::EvidenceRow;
use crate::store::letters;

/// A recalled letter.
#[derive(Clone, Debug)]
pub struct Recalled {
    pub letter: LetterId,
    pub state: String,
    pub receipt: (EvidenceRow, ReceiptFile),
}

impl Postbox {
    /// Recalls a letter; again, with the same receipt.
    #[tracing::instrument(name = "postbox.recall", skip_all, fields(letter.id = %letter))]
    pub async fn recall(
        &self,
        who: &SenderClient,
        letter: LetterId,
        request_id: &str,
    ) -> Result<Recalled, ReadError> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let row = sent_row(&mut tx, who, letter).await?;
        let mut row = row.ok_or(ReadError::LetterUnknown)?;
        // What the law made of the letter before this instant comes first.
        self.settle(&mut tx, &mut row, now).await?;
        let before = matches!(row.delivery()?, Delivery::Ended { end: End::Recalled, .. });
        let refused = if before { None } else { row.delivery()?.recall().err() };
        if !before && refused.is_none() {
            self.take_back(&mut tx, &mut row, now).await?;
        }
        letters::save(&mut tx, &row).await?;
        let refused = refused.map(ReadError::from);
        let outcome = refused.as_ref().map_or("done", ReadError::outcome);
        let kind = "postbox.letter.recalled";
        self.audit_sender(&mut tx, who, &row, (kind, request_id, outcome), now).await?;
        let receipt = match &refused {
            None => Some(entry_of(&mut tx, &row, Kind::Recalled).await?),
            Some(_) => None,
        };
        tx.commit().await?;
        self.feed.committed();
        match (refused, receipt) {
            (None, Some(receipt)) => {
                let file = self.receipt(&row, &receipt, Party::Sender);
                Ok(Recalled { letter, state: row.state, receipt: (receipt, file) })
            }
            (refused, _) => Err(refused.unwrap_or(ReadError::LetterUnknown)),
        }
    }
}
