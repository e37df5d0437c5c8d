//! Batches: letters that are taken one by one, and delivered together or not at all. Until the commit
//! they lie in `letters` as `staged`; nobody sees them there. See `batch_run` for what follows.

use bytes::Bytes;
use futures_util::stream;
use siegel_db::audit::{self, Entry};
use siegel_db::{IdempotencyKey, StoreError, Tx};

use super::quota::{self, Policy};
use super::submit::{Look, Order, SenderClient, SubmitError};
use super::upload::{Place, UploadedBy};
use super::write::{Draft, sender_part};
use super::{Now, Postbox, Trouble};
use crate::domain::batch::{BatchState, OPEN_FOR, Refusal};
use crate::domain::canon::{Content, request_digest};
use crate::domain::{BatchId, LetterId};
use crate::store::batches::{self, BatchRow, EntryRow, Moved};
use crate::store::letters;
use crate::store::senders::{self, Sender};
use crate::store::{attachments, mailboxes, uploads};

/// State of a letter that waits for the commit of its batch: no delivery state.
pub(super) const STAGED: &str = "staged";

/// Nothing is done with a batch.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    #[error("there is no such batch")]
    Unknown,
    #[error("the page token was not made here")]
    BadPageToken,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Letter(#[from] SubmitError),
}

impl From<StoreError> for BatchError {
    fn from(error: StoreError) -> Self {
        Self::Letter(error.into())
    }
}

impl From<Trouble> for BatchError {
    fn from(error: Trouble) -> Self {
        Self::Letter(error.into())
    }
}

/// What an entry of a batch became.
enum Slot {
    /// A new one, or in the place of a refused one.
    Free { number: i64, moved: Moved },
    /// It is there already.
    There,
}

impl Postbox {
    /// The batch of this name, opened if there is none; letters can be added to it.
    #[tracing::instrument(name = "postbox.open_batch", skip_all)]
    pub async fn open_batch(&self, who: &SenderClient, name: &str) -> Result<BatchRow, BatchError> {
        if name.is_empty() || name.chars().count() > 128 {
            let problem = "must have 1 to 128 characters";
            return Err(SubmitError::field("request_id", problem).into());
        }
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let sender = senders::find(&mut tx, &who.client_id, &who.tenant).await?;
        sender.ok_or(SubmitError::SenderUnknown)?;
        let id = BatchId::new(self.clock.as_ref(), self.entropy.as_ref()).map_err(Trouble::from)?;
        let key = [who.client_id.as_str(), who.tenant.as_str(), name];
        let until = now.legal.plus(OPEN_FOR);
        batches::open(&mut tx, id, key, &who.name, (now.legal, until)).await?;
        let batch = batches::named(&mut tx, key).await?.ok_or(BatchError::Unknown)?;
        state(&batch, now)?.add()?;
        tx.commit().await?;
        Ok(batch)
    }

    /// Takes a letter into a batch; again, nothing happens.
    #[tracing::instrument(name = "postbox.stage_letter", skip_all)]
    pub async fn stage(
        &self,
        who: &SenderClient,
        batch: &BatchRow,
        order: &Order,
        contents: Vec<Bytes>,
    ) -> Result<(), BatchError> {
        let digest = request_digest(&order.letter, &order.attachments, false);
        let digest = digest.map_err(Trouble::from)?;
        let mut tx = self.db.read().await?;
        if let Slot::There = place(&mut tx, batch, &order.request_id, &digest).await? {
            return Ok(());
        }
        drop(tx);
        if order.letter.replaces.is_some() {
            let problem = "letters of a batch take no other's place";
            return Err(SubmitError::field("letter.replaces", problem).into());
        }
        let (caller, now) = (format!("batch:{}", batch.id), self.now());
        let key = IdempotencyKey { caller: &caller, request_id: &order.request_id, digest };
        let Look::Fresh(found) = self.look(who, order, &key, now).await? else {
            return Err(Trouble::Contradiction("a batch's letter was submitted").into());
        };
        // What a batch refuses leaves no receipt: nothing of it counts before its commit.
        let (sender, mailbox) = (found.sender, found.mailbox.map_err(SubmitError::from)?);
        let admission = self.admit(who, 1, quota::weighs(order)).await?;
        let id =
            LetterId::new(self.clock.as_ref(), self.entropy.as_ref()).map_err(Trouble::from)?;
        let letter_key = self.vault.new_key()?;
        let turner = admission.turner(who, true);
        let goes_to = Place { mailbox, letter: id, letter_key: &letter_key, turner };
        let by = UploadedBy { tenant: &who.tenant, name: &who.name };
        let bytes = stream::iter(contents.into_iter().map(Ok));
        let uploaded = self.upload_by(&by, &goes_to, &order.attachments, bytes).await?;
        let objects: Vec<String> = uploaded.rows.iter().map(|a| a.object_key.clone()).collect();
        let content =
            Content::new(&id.to_string(), sender_part(&sender), &order.letter, &order.attachments);
        let draft = Draft { id, key: letter_key, content, uploaded };
        let added = match self.lanes.turn(turner).await {
            Ok(_turn) => {
                let policy = admission.policy();
                let from = (who, &sender, policy.as_ref());
                self.add_staged(from, batch, order, (&draft, digest)).await
            }
            Err(full) => Err(full.into()),
        };
        // After an error of the commit the letter may be there: its objects are left to the sweeper.
        if !matches!(added, Ok(true) | Err(BatchError::Letter(SubmitError::Trouble(_)))) {
            self.discard(&objects).await;
        }
        if added? {
            admission.keep();
        }
        Ok(())
    }

    /// The one transaction; `false`, and nothing done, when somebody was faster.
    async fn add_staged(
        &self,
        (who, sender, policy): (&SenderClient, &Sender, &Policy),
        batch: &BatchRow,
        order: &Order,
        (draft, digest): (&Draft, [u8; 32]),
    ) -> Result<bool, BatchError> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let batch = batches::lock(&mut tx, batch.id).await?.ok_or(BatchError::Unknown)?;
        state(&batch, now)?.add()?;
        let Slot::Free { number, moved } =
            place(&mut tx, &batch, &order.request_id, &digest).await?
        else {
            return Ok(false);
        };
        let mailbox = mailboxes::by_handle(&mut tx, order.letter.handle, &sender.sector).await?;
        let mailbox = mailbox.ok_or(SubmitError::RecipientUnknown)?;
        for row in &draft.uploaded.rows {
            if !uploads::attach(&mut tx, &row.object_key).await? {
                return Err(Trouble::Contradiction("an upload was swept away").into());
            }
            attachments::add(&mut tx, row).await?;
        }
        let (mut row, sealed) = self.row((sender, &mailbox), &order.letter, (draft, now))?;
        STAGED.clone_into(&mut row.state);
        row.publish_at = order.letter.publish_at;
        letters::add(&mut tx, &row, &sealed).await?;
        self.keep_wish(&mut tx, (row.mailbox_id, row.id), &order.letter).await?;
        let class = order.letter.retention_class.as_str();
        self.order_retention(&mut tx, &row, (policy, class)).await?;
        let entry = EntryRow {
            batch_id: batch.id,
            number,
            request_id: order.request_id.clone(),
            digest: digest.to_vec(),
            state: "waiting".to_owned(),
            mailbox_id: Some(mailbox.id),
            letter_id: Some(row.id),
            case_tag: self.vault.sent_case_tag(who, &order.letter.case_id),
            reason: String::new(),
        };
        batches::put_entry(&mut tx, &entry).await?;
        let moved = Moved { waiting: moved.waiting + 1, ..moved };
        batches::count(&mut tx, batch.id, moved).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Notes that a letter was refused: the batch is not committed before it was replaced, or the
    /// caller goes on without it.
    pub async fn note_refusal(
        &self,
        batch: &BatchRow,
        request_id: &str,
        reason: &str,
    ) -> Result<(), BatchError> {
        let mut tx = self.db.begin().await?;
        let batch = batches::lock(&mut tx, batch.id).await?.ok_or(BatchError::Unknown)?;
        state(&batch, self.now())?.add()?;
        // A letter that was taken under this id stays as it is.
        let (number, moved) = match place(&mut tx, &batch, request_id, &[]).await {
            Ok(Slot::Free { number, moved }) => (number, moved),
            Ok(Slot::There) | Err(BatchError::Letter(SubmitError::RequestIdReused)) => {
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let entry = EntryRow {
            batch_id: batch.id,
            number,
            request_id: request_id.to_owned(),
            digest: Vec::new(),
            state: "refused".to_owned(),
            mailbox_id: None,
            letter_id: None,
            case_tag: None,
            reason: reason.to_owned(),
        };
        batches::put_entry(&mut tx, &entry).await?;
        let moved = Moved { refused: moved.refused + 1, ..moved };
        batches::count(&mut tx, batch.id, moved).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends a call that added letters; the batch as it is now.
    pub async fn filled(
        &self,
        who: &SenderClient,
        batch: &BatchRow,
        refused: usize,
    ) -> Result<BatchRow, BatchError> {
        let mut tx = self.db.begin().await?;
        let outcome = if refused == 0 { "done" } else { "some_refused" };
        let what = ("postbox.batch.filled", outcome);
        audit_batch(&mut tx, who, &batch.request_id, what, self.now()).await?;
        let batch = batches::lock(&mut tx, batch.id).await?.ok_or(BatchError::Unknown)?;
        tx.commit().await?;
        Ok(batch)
    }

    /// Decides that every letter of a batch is delivered; again, nothing happens.
    #[tracing::instrument(name = "postbox.commit_batch", skip_all)]
    pub async fn commit_batch(
        &self,
        who: &SenderClient,
        name: &str,
        without_refused: bool,
    ) -> Result<BatchRow, BatchError> {
        let commit = |batch: &BatchRow, state: BatchState| {
            state.commit((batch.waiting, batch.refused), without_refused)
        };
        let turn = (BatchState::Open, BatchState::Committed);
        self.turn_batch(who, name, ("postbox.batch.committed", turn), commit).await
    }

    /// Gives a batch up; again, nothing happens. Its content is removed afterwards.
    #[tracing::instrument(name = "postbox.cancel_batch", skip_all)]
    pub async fn cancel_batch(
        &self,
        who: &SenderClient,
        name: &str,
    ) -> Result<BatchRow, BatchError> {
        let cancel = |_: &BatchRow, state: BatchState| state.cancel();
        let turn = (BatchState::Open, BatchState::Cancelled);
        self.turn_batch(who, name, ("postbox.batch.cancelled", turn), cancel).await
    }

    async fn turn_batch(
        &self,
        who: &SenderClient,
        name: &str,
        (kind, turn): (&str, (BatchState, BatchState)),
        may: impl Fn(&BatchRow, BatchState) -> Result<bool, Refusal>,
    ) -> Result<BatchRow, BatchError> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let batch = of_sender(&mut tx, who, name).await?;
        let batch = batches::lock(&mut tx, batch.id).await?.ok_or(BatchError::Unknown)?;
        let decided = match state(&batch, now)? {
            // Its time was over; the sweeper has not come by yet.
            BatchState::Cancelled if turn.1 == BatchState::Cancelled => Ok(true),
            state => may(&batch, state),
        };
        let outcome = if decided.is_ok() { "done" } else { "refused" };
        audit_batch(&mut tx, who, name, (kind, outcome), now).await?;
        if matches!(decided, Ok(true)) {
            batches::turn(&mut tx, batch.id, turn, Some(now.legal)).await?;
        }
        let batch = batches::lock(&mut tx, batch.id).await?.ok_or(BatchError::Unknown)?;
        tx.commit().await?;
        decided?;
        self.batches.notify_one();
        Ok(batch)
    }

    /// A batch of this sender with its entries after a place.
    pub async fn batch(
        &self,
        who: &SenderClient,
        name: &str,
        (after, limit): (i64, i64),
    ) -> Result<(BatchRow, Vec<EntryRow>), BatchError> {
        let mut tx = self.db.read().await?;
        let batch = of_sender(&mut tx, who, name).await?;
        let entries = batches::entries(&mut tx, batch.id, (after, limit)).await?;
        Ok((batch, entries))
    }
}

/// Anybody else's batch does not exist for a sender.
async fn of_sender(tx: &mut Tx, who: &SenderClient, name: &str) -> Result<BatchRow, BatchError> {
    let found = batches::named(tx, [&who.client_id, &who.tenant, name]).await?;
    found.ok_or(BatchError::Unknown)
}

/// The state of a batch: one whose time is over is cancelled before the sweeper says so.
fn state(batch: &BatchRow, now: Now) -> Result<BatchState, StoreError> {
    let state = batch.state()?;
    let over = state == BatchState::Open && batch.expires_at <= now.legal;
    Ok(if over { BatchState::Cancelled } else { state })
}

/// Where a letter of this name goes.
async fn place(
    tx: &mut Tx,
    batch: &BatchRow,
    request_id: &str,
    digest: &[u8],
) -> Result<Slot, BatchError> {
    Ok(match batches::entry(tx, batch.id, request_id).await? {
        None => {
            let moved = Moved { places: 1, ..Moved::default() };
            Slot::Free { number: batch.places + 1, moved }
        }
        Some(entry) if entry.state == "refused" => {
            let moved = Moved { refused: -1, ..Moved::default() };
            Slot::Free { number: entry.number, moved }
        }
        Some(entry) if entry.digest == digest => Slot::There,
        Some(_) => return Err(SubmitError::RequestIdReused.into()),
    })
}

async fn audit_batch(
    tx: &mut Tx,
    who: &SenderClient,
    name: &str,
    (kind, outcome): (&str, &str),
    now: Now,
) -> Result<(), StoreError> {
    let entry = Entry {
        kind,
        actor: &who.name,
        subject: "",
        level: None,
        outcome,
        request_id: name,
        detail: "",
        at: now.recorded,
    };
    audit::record(tx, &entry).await
}
