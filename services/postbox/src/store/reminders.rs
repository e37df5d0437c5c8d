//! Reminders that senders asked for.

use siegel_db::{Db, StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::reminder::Reminder;
use crate::domain::{LetterId, MailboxId};

pub async fn add(
    tx: &mut Tx,
    (mailbox, letter): (MailboxId, LetterId),
    due: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO reminders (mailbox_id, letter_id, due_at_us) VALUES ($1, $2, $3)";
    on!(tx, c => sqlx::query(SQL).bind(mailbox).bind(letter).bind(due).execute(c).await?
        .rows_affected());
    Ok(())
}

/// Keeps what a sender wished for, for a letter that is not provided yet.
pub async fn wish(
    tx: &mut Tx,
    (mailbox, letter): (MailboxId, LetterId),
    wish: Reminder,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO reminders (mailbox_id, letter_id, after_days, wished_at_us) \
        VALUES ($1, $2, $3, $4)";
    let (days, at) = match wish {
        Reminder::AfterDays(days) => (Some(i64::from(days)), None),
        Reminder::At(at) => (None, Some(at)),
    };
    on!(tx, c => sqlx::query(SQL).bind(mailbox).bind(letter).bind(days).bind(at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// What was wished for a letter that was not provided.
pub async fn wished(
    tx: &mut Tx,
    (mailbox, letter): (MailboxId, LetterId),
) -> Result<Option<Reminder>, StoreError> {
    const SQL: &str = "SELECT after_days, wished_at_us FROM reminders \
        WHERE mailbox_id = $1 AND letter_id = $2";
    let row: Option<(Option<i64>, Option<Timestamp>)> =
        on!(tx, c => sqlx::query_as(SQL).bind(mailbox).bind(letter).fetch_optional(c).await?);
    let Some((days, at)) = row else { return Ok(None) };
    let days = days.map(i32::try_from).transpose();
    let days = days.map_err(|_| StoreError::corrupt("reminders: after_days"))?;
    Ok(days.map(Reminder::AfterDays).or(at.map(Reminder::At)))
}

/// Says when a wish is due, once that is known.
pub async fn begin(
    tx: &mut Tx,
    (mailbox, letter): (MailboxId, LetterId),
    due: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE reminders SET due_at_us = $3 WHERE mailbox_id = $1 AND letter_id = $2";
    on!(tx, c => sqlx::query(SQL).bind(mailbox).bind(letter).bind(due).execute(c).await?
        .rows_affected());
    Ok(())
}

/// Those whose time has come, soonest first.
pub async fn due(
    db: &Db,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(MailboxId, LetterId)>, StoreError> {
    const SQL: &str = "SELECT mailbox_id, letter_id FROM reminders WHERE due_at_us <= $1 \
        ORDER BY due_at_us LIMIT $2";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL).bind(now).bind(limit).fetch_all(c).await?))
}

/// Takes one that is due; `false` when somebody was faster.
pub async fn take(
    tx: &mut Tx,
    (mailbox, letter): (MailboxId, LetterId),
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE reminders SET due_at_us = NULL \
        WHERE mailbox_id = $1 AND letter_id = $2 AND due_at_us <= $3";
    Ok(on!(tx, c => sqlx::query(SQL).bind(mailbox).bind(letter).bind(now).execute(c).await?
        .rows_affected())
        == 1)
}

/// Notes that the event about it is told; `false` when it was before.
pub async fn told(
    tx: &mut Tx,
    (mailbox, letter): (MailboxId, LetterId),
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE reminders SET told_at_us = $3 \
        WHERE mailbox_id = $1 AND letter_id = $2 AND told_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(mailbox).bind(letter).bind(now).execute(c).await?
        .rows_affected())
        == 1)
}
