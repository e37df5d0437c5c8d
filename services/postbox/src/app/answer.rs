//! Answering formal service: the acknowledgement of receipt (Empfangsbekenntnis, VwZG § 5), or the
//! refusal to accept.

use siegel_crypto::DataKey;
use siegel_db::Tx;
use siegel_kernel::berlin::LegalDay;
use siegel_receipt::{Kind, ReceiptFile};

use super::evidence::{Fact, Party, entry_of};
use super::open::Opened;
use super::provide::{effect, set_effect};
use super::reader::{ReadError, Reader, Summary, summary};
use super::{Now, Postbox, Trouble};
use crate::domain::LetterId;
use crate::domain::state::{Delivery, End, Ending, Opening};
use crate::store::evidence::EvidenceRow;
use crate::store::letters::{self, LetterRow};
use crate::store::rules;

/// A refused letter: what its recipient gets instead of content.
#[derive(Clone, Debug)]
pub struct Refused {
    pub summary: Summary,
    pub receipt: (EvidenceRow, ReceiptFile),
}

/// A letter after an answer, in the answer's transaction.
struct Answered {
    tx: Tx,
    row: LetterRow,
    mailbox_key: DataKey,
}

impl Postbox {
    /// Confirms the receipt of a letter, which opens it; again, with the same receipt.
    #[tracing::instrument(name = "postbox.confirm", skip_all, fields(letter.id = %letter))]
    pub async fn confirm(
        &self,
        reader: &Reader,
        letter: LetterId,
        request_id: &str,
    ) -> Result<Opened, ReadError> {
        let answered = self.answer(reader, letter, (request_id, true)).await?;
        let Answered { mut tx, row, mailbox_key } = answered;
        let opened = self.opened(&mut tx, reader, row, (&mailbox_key, Kind::Confirmed)).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(opened)
    }

    /// Refuses to accept a letter; again, with the same receipt.
    #[tracing::instrument(name = "postbox.refuse", skip_all, fields(letter.id = %letter))]
    pub async fn refuse(
        &self,
        reader: &Reader,
        letter: LetterId,
        request_id: &str,
    ) -> Result<Refused, ReadError> {
        let answered = self.answer(reader, letter, (request_id, false)).await?;
        let Answered { mut tx, row, mailbox_key } = answered;
        let receipt = entry_of(&mut tx, &row, Kind::Refused).await?;
        tx.commit().await?;
        self.feed.committed();
        let file = self.receipt(&row, &receipt, Party::Recipient);
        Ok(Refused { summary: summary(reader, &mailbox_key, row)?, receipt: (receipt, file) })
    }

    /// Answers a letter, or finds that this very answer was given; a refusal is on record.
    async fn answer(
        &self,
        reader: &Reader,
        letter: LetterId,
        (request_id, confirmed): (&str, bool),
    ) -> Result<Answered, ReadError> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let found = self.mailbox_of(&mut tx, reader).await?;
        let (mailbox, mailbox_key) = found.ok_or(ReadError::LetterUnknown)?;
        let row = letters::lock(&mut tx, mailbox.id, letter).await?;
        let mut row = row.filter(|l| l.sequence.is_some()).ok_or(ReadError::LetterUnknown)?;
        let kind = if confirmed { "postbox.letter.confirmed" } else { "postbox.letter.refused" };
        // What the law made of the letter before this instant comes first.
        self.settle(&mut tx, &mut row, now).await?;
        if let Err(refused) = may_answer(reader, &row, confirmed) {
            letters::save(&mut tx, &row).await?;
            let what = (kind, request_id, refused.outcome());
            self.audit(&mut tx, reader, &row, what, now).await?;
            tx.commit().await?;
            self.feed.committed();
            return Err(refused);
        }
        if matches!(row.delivery()?, Delivery::Provided { .. }) {
            self.first_answer(&mut tx, reader, &mut row, (&mailbox_key, confirmed, now)).await?;
        }
        letters::save(&mut tx, &row).await?;
        self.audit(&mut tx, reader, &row, (kind, request_id, "done"), now).await?;
        Ok(Answered { tx, row, mailbox_key })
    }

    async fn first_answer(
        &self,
        tx: &mut Tx,
        reader: &Reader,
        row: &mut LetterRow,
        (mailbox_key, confirmed, now): (&DataKey, bool, Now),
    ) -> Result<(), Trouble> {
        let impossible = |_| Trouble::Contradiction("an answer came twice");
        if confirmed {
            // Whoever confirms the receipt of a letter has it from now on.
            let (opened, opening) = row.delivery()?.open().map_err(impossible)?;
            row.set_delivery(opened);
            if opening == Opening::First {
                self.first_opening(tx, reader, row, (mailbox_key, now)).await?;
            }
        }
        row.set_delivery(row.delivery()?.answer(confirmed).map_err(impossible)?);
        self.no_longer_unread(tx, row).await?;
        if let Some(id) = &row.legal_rule
            && let Some(rule) = rules::by_id(tx, id).await?
            && let Some(effect) = rule.on_answer(LegalDay::of(now.legal), confirmed)
        {
            set_effect(row, &rule, &effect)?;
        }
        let kind = if confirmed { Kind::Confirmed } else { Kind::Refused };
        let mut fact = Fact::by_service(kind, now.legal);
        fact.actor = reader.actor(row, mailbox_key);
        fact.on_behalf_of = reader.on_behalf_of(row, mailbox_key);
        fact.legal_effect = effect(row)?;
        self.attest(tx, row, fact, now).await?;
        Ok(())
    }
}

/// Whether the reader may give this answer, or gave it before.
fn may_answer(reader: &Reader, row: &LetterRow, confirmed: bool) -> Result<(), ReadError> {
    reader.check_level(row)?;
    if confirmed {
        reader.check_time(row)?;
    }
    if row.ending != Ending::DeemedServed.as_str() {
        return Err(ReadError::NotFormalService);
    }
    let given = if confirmed { End::Confirmed } else { End::Refused };
    match row.delivery().map_err(Trouble::from)? {
        Delivery::Ended { end, .. } if end == given => Ok(()),
        delivery => Ok(delivery.answer(confirmed).map(|_| ())?),
    }
}
