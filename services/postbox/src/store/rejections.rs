//! Requests that were refused with a receipt.

use siegel_db::{IdempotencyKey, StoreError, Tx, on};

use crate::domain::{LetterId, MailboxId, ReceiptId};

/// Notes a refusal; `false`, and nothing done, when the same request was refused for the same reason
/// before. Two at the same time: the second waits for the first.
pub async fn add(
    tx: &mut Tx,
    key: &IdempotencyKey<'_>,
    (reason, letter): (&str, LetterId),
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO rejections (caller, request_id, digest, reason, letter_id) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(key.caller).bind(key.request_id).bind(&key.digest[..]).bind(reason).bind(letter)
        .execute(c).await?.rows_affected())
        == 1)
}

/// The letter and the receipt of an earlier refusal of the same request.
pub async fn find(
    tx: &mut Tx,
    key: &IdempotencyKey<'_>,
    (reason, place): (&str, MailboxId),
) -> Result<Option<(LetterId, ReceiptId)>, StoreError> {
    const SQL: &str = "SELECT r.letter_id, e.id FROM rejections r JOIN evidence e \
            ON e.mailbox_id = $5 AND e.letter_id = r.letter_id AND e.number = 1 \
        WHERE r.caller = $1 AND r.request_id = $2 AND r.digest = $3 AND r.reason = $4";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(key.caller).bind(key.request_id).bind(&key.digest[..]).bind(reason).bind(place)
        .fetch_optional(c).await?))
}
