//! Flags of letters, the index of their labels, and the counters they move.

use siegel_db::{StoreError, Tx, on};

use super::letters::LetterRow;
use crate::domain::MailboxId;
use crate::domain::flags::Counts;

/// Writes back the flags of a letter that is held.
pub async fn save(tx: &mut Tx, l: &LetterRow) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE letters SET unread = $3, folder = $4, sealed_labels = $5 \
        WHERE mailbox_id = $1 AND id = $2";
    on!(tx, c => sqlx::query(SQL)
        .bind(l.mailbox_id).bind(l.id).bind(l.unread).bind(&l.folder).bind(&l.sealed_labels)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Moves the counters of a mailbox.
pub async fn count(tx: &mut Tx, mailbox: MailboxId, change: Counts) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE mailboxes SET archived = archived + $2, trashed = trashed + $3, \
        unread = unread + $4 WHERE id = $1";
    if change == Counts::default() {
        return Ok(());
    }
    on!(tx, c => sqlx::query(SQL)
        .bind(mailbox).bind(change.archived).bind(change.trashed).bind(change.unread)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Makes the index say that the letter in this place has these labels and no others.
pub async fn index_labels(
    tx: &mut Tx,
    mailbox: MailboxId,
    sequence: i64,
    tags: &[Vec<u8>],
) -> Result<(), StoreError> {
    const CLEAR: &str = "DELETE FROM letter_labels WHERE mailbox_id = $1 AND sequence = $2";
    const ADD: &str = "INSERT INTO letter_labels (mailbox_id, tag, sequence) VALUES ($1, $2, $3)";
    on!(&mut *tx, c => sqlx::query(CLEAR).bind(mailbox).bind(sequence)
        .execute(c).await?.rows_affected());
    for tag in tags {
        on!(&mut *tx, c => sqlx::query(ADD).bind(mailbox).bind(tag).bind(sequence)
            .execute(c).await?.rows_affected());
    }
    Ok(())
}
