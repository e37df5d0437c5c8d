//! Refusing a letter that is in order (ETSI EN 319 522: SubmissionRejection): its sender gets a
//! receipt of the refusal, because it has to show later why the letter went another way.

use siegel_crypto::b64;
use siegel_db::audit::{self, Entry};
use siegel_db::{IdempotencyKey, Tx};
use siegel_receipt::Kind;

use super::evidence::Fact;
use super::quota;
use super::submit::{Order, SenderClient, SubmitError};
use super::write::sender_part;
use super::{Now, Postbox, Trouble};
use crate::domain::attachment::Declaration;
use crate::domain::canon::Content;
use crate::domain::rejection::Rejection;
use crate::domain::state::Delivery;
use crate::domain::{LetterId, MailboxId, ReceiptId};
use crate::store::letters::{self, LetterRow};
use crate::store::senders::Sender;
use crate::store::{rejections, sent};

/// A letter that is in order, and why it is refused.
pub(super) struct Refused<'a> {
    pub key: IdempotencyKey<'a>,
    pub who: &'a SenderClient,
    pub order: &'a Order,
    pub sender: &'a Sender,
    /// All of its attachments.
    pub declared: &'a [Declaration],
    pub cause: Rejection,
}

/// A refusal with the receipt that it left.
#[derive(Debug)]
pub struct Rejected {
    pub cause: Rejection,
    pub letter: LetterId,
    pub receipt: ReceiptId,
}

impl std::fmt::Display for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        SubmitError::from(self.cause).fmt(f)
    }
}

impl std::error::Error for Rejected {}

/// Where rejected letters stand: in no mailbox. What reaches nobody and what another's handle would
/// have reached stand in the same place.
fn nowhere() -> MailboxId {
    MailboxId::from_uuid(uuid::Uuid::nil())
}

impl Postbox {
    /// Refuses a letter with a receipt: the one of before, where the same request was refused for
    /// the same reason. Where none can be written, that is the answer.
    #[tracing::instrument(name = "postbox.reject", skip_all)]
    pub(super) async fn reject(&self, refused: &Refused<'_>) -> SubmitError {
        match self.rejected(refused).await {
            Ok(rejected) => SubmitError::Rejected(Box::new(rejected)),
            Err(error) => error,
        }
    }

    async fn rejected(&self, refused: &Refused<'_>) -> Result<Rejected, SubmitError> {
        let Refused { who, order, cause, .. } = *refused;
        let mut tx = self.db.glance().await?;
        if let Some(before) = found(&mut tx, refused).await? {
            return Ok(before);
        }
        drop(tx);
        // It costs its sender what a letter costs, so that refusals fill no log without limit. Bytes
        // count where they came.
        let bytes = if cause.attachment().is_some() { quota::weighs(order) } else { 0 };
        let admission = self.admit(who, 1, bytes).await?;
        let _turn = self.lanes.turn(admission.turner(who, order.letter.bulk)).await?;
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let letter =
            LetterId::new(self.clock.as_ref(), self.entropy.as_ref()).map_err(Trouble::from)?;
        if !rejections::add(&mut tx, &refused.key, (cause.reason(), letter)).await? {
            // The same request at the same time: its receipt is there by now.
            let other = found(&mut tx, refused).await?;
            let lost = Trouble::Contradiction("a refusal without a receipt");
            return other.ok_or_else(|| lost.into());
        }
        let receipt = self.write_rejection(&mut tx, refused, (letter, now)).await?;
        let committed = tx.commit().await;
        // An error here does not say that nothing is stored.
        admission.keep();
        committed?;
        self.feed.committed();
        Ok(Rejected { cause, letter, receipt })
    }

    /// The letter's row, its one entry, its line in the sender's book, and the audit line.
    async fn write_rejection(
        &self,
        tx: &mut Tx,
        refused: &Refused<'_>,
        (letter, now): (LetterId, Now),
    ) -> Result<ReceiptId, Trouble> {
        let Refused { who, order, sender, declared, cause, key } = refused;
        let (id, part) = (letter.to_string(), sender_part(sender));
        let content = Content::new(&id, part, &order.letter, declared);
        let digests = declared.iter().flat_map(|one| one.sha256).collect();
        let place = (nowhere(), letter);
        let (bare, _) = self.bare_row(place, (sender, &order.letter), (&content, digests), now)?;
        let mut row = LetterRow { terminal_by: now.legal, ..bare };
        row.set_delivery(Delivery::REJECTED);
        let mut fact = Fact::by_service(Kind::Rejected, now.legal);
        fact.reason = Some(cause.reason());
        fact.request_digest = Some(key.digest);
        let concerned = cause.attachment().and_then(|index| declared.get(index));
        fact.attachment = concerned.map(|one| b64::encode(one.sha256));
        let entry = self.attest(tx, &mut row, fact, now).await?;
        letters::add(tx, &row, &[]).await?;
        let tag = self.vault.sent_case_tag(who, &order.letter.case_id);
        sent::add(tx, &row, &order.request_id, tag.as_deref()).await?;
        let line = Entry {
            kind: "postbox.letter.submitted",
            actor: &who.name,
            // Whoever was meant is not looked for.
            subject: "",
            level: None,
            outcome: cause.reason(),
            request_id: &order.request_id,
            detail: &id,
            at: now.recorded,
        };
        audit::record(tx, &line).await?;
        Ok(entry.id)
    }
}

/// What the same request was told before.
async fn found(tx: &mut Tx, refused: &Refused<'_>) -> Result<Option<Rejected>, Trouble> {
    let cause = refused.cause;
    let before = rejections::find(tx, &refused.key, (cause.reason(), nowhere())).await?;
    Ok(before.map(|(letter, receipt)| Rejected { cause, letter, receipt }))
}
