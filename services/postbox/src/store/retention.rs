//! Letters whose content goes one day, and the destruction of what can be read.

use siegel_db::{Db, StoreError, Tx, on};
use siegel_kernel::Timestamp;

use super::letters::LetterRow;
use crate::domain::retention::Cause;
use crate::domain::{LetterId, MailboxId};

/// An order to delete the content of a letter.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OrderRow {
    pub mailbox_id: MailboxId,
    pub letter_id: LetterId,
    cause: String,
    pub days: i64,
    /// What the days count from; absent for the letter's end.
    #[sqlx(rename = "since_us")]
    pub since: Option<Timestamp>,
}

/// A new order.
#[derive(Clone, Copy, Debug)]
pub struct NewOrder<'a> {
    pub cause: Cause,
    /// Empty for the trash.
    pub class: &'a str,
    pub days: i64,
    pub since: Option<Timestamp>,
    pub check_at: Timestamp,
}

impl OrderRow {
    pub fn cause(&self) -> Result<Cause, StoreError> {
        Cause::parse(&self.cause).ok_or(StoreError::corrupt("retention: cause"))
    }
}

/// Orders the deletion; an order that is there stays.
pub async fn order(
    tx: &mut Tx,
    (mailbox, letter): (MailboxId, LetterId),
    new: NewOrder<'_>,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO retention \
        (mailbox_id, letter_id, cause, class, days, since_us, check_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL)
        .bind(mailbox).bind(letter).bind(new.cause.as_str()).bind(new.class).bind(new.days)
        .bind(new.since).bind(new.check_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Takes an order back.
pub async fn cancel(
    tx: &mut Tx,
    (mailbox, letter): (MailboxId, LetterId),
    cause: Cause,
) -> Result<(), StoreError> {
    const SQL: &str =
        "DELETE FROM retention WHERE mailbox_id = $1 AND letter_id = $2 AND cause = $3";
    on!(tx, c => sqlx::query(SQL).bind(mailbox).bind(letter).bind(cause.as_str())
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Says when to look again.
pub async fn look_again(tx: &mut Tx, order: &OrderRow, at: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE retention SET check_at_us = $4 \
        WHERE mailbox_id = $1 AND letter_id = $2 AND cause = $3";
    on!(tx, c => sqlx::query(SQL)
        .bind(order.mailbox_id).bind(order.letter_id).bind(&order.cause).bind(at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Lets the sweeper look at once at every order in a mailbox.
pub async fn look_now(tx: &mut Tx, mailbox: MailboxId, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE retention SET check_at_us = $2 \
        WHERE mailbox_id = $1 AND check_at_us > $2";
    on!(tx, c => sqlx::query(SQL).bind(mailbox).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Orders to look at, soonest first.
pub async fn due(db: &Db, now: Timestamp, limit: i64) -> Result<Vec<OrderRow>, StoreError> {
    const SQL: &str = "SELECT mailbox_id, letter_id, cause, days, since_us FROM retention \
        WHERE check_at_us <= $1 ORDER BY check_at_us LIMIT $2";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL).bind(now).bind(limit).fetch_all(c).await?))
}

/// The order as it stands now that the letter is held.
pub async fn current(tx: &mut Tx, order: &OrderRow) -> Result<Option<Timestamp>, StoreError> {
    const SQL: &str = "SELECT check_at_us FROM retention \
        WHERE mailbox_id = $1 AND letter_id = $2 AND cause = $3";
    Ok(on!(tx, c => sqlx::query_scalar(SQL)
        .bind(order.mailbox_id).bind(order.letter_id).bind(&order.cause)
        .fetch_optional(c).await?))
}

/// Destroys what opens a letter and everything sealed of it. Its objects are doomed with it; its
/// digests, dates and evidence stay.
pub async fn destroy(tx: &mut Tx, letter: &LetterRow, cause: Cause) -> Result<(), StoreError> {
    const CONTENT: &str = "UPDATE letters SET wrapped_key = $3, sealed_head = $3, \
        sealed_content = $3, sealed_labels = NULL WHERE mailbox_id = $1 AND id = $2";
    const DOOM: &str = "INSERT INTO doomed_objects (object_key) SELECT object_key \
        FROM attachments WHERE mailbox_id = $1 AND letter_id = $2 ON CONFLICT DO NOTHING";
    const PARTS: &str = "DELETE FROM attachment_parts WHERE attachment_id IN \
        (SELECT id FROM attachments WHERE mailbox_id = $1 AND letter_id = $2)";
    const FILES: &str = "DELETE FROM attachments WHERE mailbox_id = $1 AND letter_id = $2";
    const LABELS: &str = "DELETE FROM letter_labels WHERE mailbox_id = $1 AND sequence = $2";
    let (mailbox, id) = (letter.mailbox_id, letter.id);
    on!(&mut *tx, c => sqlx::query(CONTENT).bind(mailbox).bind(id).bind(&b""[..])
        .execute(c).await?.rows_affected());
    for sql in [DOOM, PARTS, FILES] {
        on!(&mut *tx, c => sqlx::query(sql).bind(mailbox).bind(id)
            .execute(c).await?.rows_affected());
    }
    cancel(tx, (mailbox, id), Cause::Trash).await?;
    if cause != Cause::Trash {
        // Emptying the trash leaves the replies until their class is over.
        cancel(tx, (mailbox, id), Cause::Class).await?;
    }
    if let Some(sequence) = letter.sequence {
        on!(tx, c => sqlx::query(LABELS).bind(mailbox).bind(sequence)
            .execute(c).await?.rows_affected());
    }
    Ok(())
}

/// Destroys what was answered to a letter; its receipts stay.
pub async fn destroy_replies(tx: &mut Tx, letter: &LetterRow) -> Result<(), StoreError> {
    const DOOM: &str = "INSERT INTO doomed_objects (object_key) SELECT object_key \
        FROM reply_attachments WHERE mailbox_id = $1 AND letter_id = $2 ON CONFLICT DO NOTHING";
    const PARTS: &str = "DELETE FROM attachment_parts WHERE attachment_id IN \
        (SELECT id FROM reply_attachments WHERE mailbox_id = $1 AND letter_id = $2)";
    const FILES: &str = "DELETE FROM reply_attachments WHERE mailbox_id = $1 AND letter_id = $2";
    const REPLIES: &str = "DELETE FROM replies WHERE mailbox_id = $1 AND letter_id = $2";
    for sql in [DOOM, PARTS, FILES, REPLIES] {
        on!(&mut *tx, c => sqlx::query(sql).bind(letter.mailbox_id).bind(letter.id)
            .execute(c).await?.rows_affected());
    }
    Ok(())
}

/// An object is to be removed.
pub async fn doom(tx: &mut Tx, key: &str) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO doomed_objects (object_key) VALUES ($1) ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL).bind(key).execute(c).await?.rows_affected());
    Ok(())
}

/// Objects to be removed: their key is destroyed, or nothing refers to them.
pub async fn doomed(db: &Db, limit: i64) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT object_key FROM doomed_objects LIMIT $1";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_scalar(SQL).bind(limit).fetch_all(c).await?))
}

/// Forgets objects that are gone.
pub async fn gone(db: &Db, keys: &[String]) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM doomed_objects WHERE object_key = $1";
    let mut tx = db.begin().await?;
    for key in keys {
        on!(&mut tx, c => sqlx::query(SQL).bind(key).execute(c).await?.rows_affected());
    }
    tx.commit().await
}
