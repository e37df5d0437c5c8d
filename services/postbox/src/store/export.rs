//! Walking a mailbox from its first letter to its last.

use siegel_db::{StoreError, Tx, on};

use crate::domain::{LetterId, MailboxId};

/// The letters after a place in the mailbox, in their order.
pub async fn after(
    tx: &mut Tx,
    mailbox: MailboxId,
    sequence: i64,
    limit: i64,
) -> Result<Vec<(i64, LetterId)>, StoreError> {
    const SQL: &str = "SELECT sequence, id FROM letters \
        WHERE mailbox_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(mailbox).bind(sequence).bind(limit).fetch_all(c).await?))
}
