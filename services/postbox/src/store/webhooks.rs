//! Addresses to which events are brought, how far each is, and what it did not take.

use siegel_db::{Db, StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::WebhookId;

/// An endpoint of a sender.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct WebhookRow {
    pub id: WebhookId,
    pub client_id: String,
    pub tenant: String,
    pub topic: String,
    pub sealed_url: Vec<u8>,
    /// Of the last event that was taken or given up.
    pub position: i64,
    /// Failed ones, for the event after it.
    pub attempts: i64,
    pub last_failure: String,
    #[sqlx(rename = "due_at_us")]
    pub due_at: Timestamp,
    #[sqlx(rename = "created_at_us")]
    pub created_at: Timestamp,
}

/// An event that was given up.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DeadRow {
    pub position: i64,
    #[sqlx(rename = "given_up_at_us")]
    pub given_up_at: Timestamp,
    pub last_failure: String,
    pub attempts: i64,
    /// Of the redelivery that was asked for.
    #[sqlx(rename = "due_at_us")]
    pub due_at: Option<Timestamp>,
}

/// Who delivers to an endpoint: nobody else does until the claim ends.
#[derive(Clone, Debug)]
pub struct Claim {
    pub webhook: WebhookId,
    /// Made for this claim.
    pub holder: String,
}

macro_rules! columns {
    ($start:literal, $rest:literal) => {
        concat!(
            $start,
            " id, client_id, tenant, topic, sealed_url, position, attempts, last_failure, \
             due_at_us, created_at_us ",
            $rest
        )
    };
}

pub async fn add(tx: &mut Tx, w: &WebhookRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO webhooks (id, client_id, tenant, topic, sealed_url, position, \
        due_at_us, created_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on!(tx, c => sqlx::query(SQL)
        .bind(w.id).bind(&w.client_id).bind(&w.tenant).bind(&w.topic).bind(&w.sealed_url)
        .bind(w.position).bind(w.due_at).bind(w.created_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The endpoints of a sender, oldest first.
pub async fn of_sender(
    tx: &mut Tx,
    client_id: &str,
    tenant: &str,
) -> Result<Vec<WebhookRow>, StoreError> {
    const SQL: &str = columns!(
        "SELECT",
        "FROM webhooks WHERE client_id = $1 AND tenant = $2 ORDER BY created_at_us, id"
    );
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(client_id).bind(tenant).fetch_all(c).await?))
}

/// Ends an endpoint of a sender with everything about it; `false` when it has no such.
pub async fn remove(
    tx: &mut Tx,
    (client_id, tenant): (&str, &str),
    id: WebhookId,
) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM webhooks WHERE id = $1 AND client_id = $2 AND tenant = $3";
    const DEAD: &str = "DELETE FROM webhook_dead_letters WHERE webhook_id = $1";
    let removed = on!(&mut *tx, c => sqlx::query(SQL)
        .bind(id).bind(client_id).bind(tenant).execute(c).await?.rows_affected());
    if removed == 1 {
        on!(tx, c => sqlx::query(DEAD).bind(id).execute(c).await?.rows_affected());
    }
    Ok(removed == 1)
}

/// An endpoint that waits for a deliverer: it has news, or something to be tried again.
pub async fn waiting(db: &Db, now: Timestamp) -> Result<Option<WebhookId>, StoreError> {
    const SQL: &str = "SELECT w.id FROM webhooks w \
        WHERE w.due_at_us <= $1 AND w.claimed_until_us <= $1 AND EXISTS (SELECT 1 FROM senders s \
        WHERE s.client_id = w.client_id AND s.tenant = w.tenant AND s.removed_at_us IS NULL) AND (\
        EXISTS (SELECT 1 FROM events e WHERE e.topic = w.topic AND e.position > w.position) \
        OR EXISTS (SELECT 1 FROM webhook_dead_letters d \
        WHERE d.webhook_id = w.id AND d.due_at_us <= $1)) \
        ORDER BY w.due_at_us, w.id LIMIT 1";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_scalar(SQL).bind(now).fetch_optional(c).await?))
}

/// Claims an endpoint; `None` when somebody was faster.
pub async fn claim(
    tx: &mut Tx,
    claim: &Claim,
    (now, until): (Timestamp, Timestamp),
) -> Result<Option<WebhookRow>, StoreError> {
    const SQL: &str = columns!(
        "UPDATE webhooks SET holder = $2, claimed_until_us = $4 \
         WHERE id = $1 AND due_at_us <= $3 AND claimed_until_us <= $3 RETURNING",
        ""
    );
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(claim.webhook).bind(&claim.holder).bind(now).bind(until)
        .fetch_optional(c).await?))
}

/// Lets the endpoint go, for anybody to claim from `due` on.
pub async fn release(tx: &mut Tx, claim: &Claim, due: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE webhooks SET claimed_until_us = 0, due_at_us = $3 \
        WHERE id = $1 AND holder = $2";
    on!(tx, c => sqlx::query(SQL)
        .bind(claim.webhook).bind(&claim.holder).bind(due).execute(c).await?.rows_affected());
    Ok(())
}

/// Goes on to the event after `position`; `false` when the claim was lost.
pub async fn advance(
    tx: &mut Tx,
    claim: &Claim,
    position: i64,
    until: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE webhooks SET position = $3, attempts = 0, last_failure = '', \
        claimed_until_us = $4 WHERE id = $1 AND holder = $2";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(claim.webhook).bind(&claim.holder).bind(position).bind(until)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Notes a failed attempt and lets the endpoint go until `due`; `false` when the claim was lost.
pub async fn failed(
    tx: &mut Tx,
    claim: &Claim,
    failure: &str,
    due: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE webhooks SET attempts = attempts + 1, last_failure = $3, \
        due_at_us = $4, claimed_until_us = 0 WHERE id = $1 AND holder = $2";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(claim.webhook).bind(&claim.holder).bind(failure).bind(due)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Puts an event among the dead letters.
pub async fn bury(tx: &mut Tx, webhook: WebhookId, dead: &DeadRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO webhook_dead_letters \
        (webhook_id, position, given_up_at_us, last_failure, attempts) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL)
        .bind(webhook).bind(dead.position).bind(dead.given_up_at).bind(&dead.last_failure)
        .bind(dead.attempts).execute(c).await?.rows_affected());
    Ok(())
}

/// Dead letters after a position, oldest first.
pub async fn dead_after(
    tx: &mut Tx,
    webhook: WebhookId,
    (position, limit): (i64, i64),
) -> Result<Vec<DeadRow>, StoreError> {
    const SQL: &str = "SELECT position, given_up_at_us, last_failure, attempts, due_at_us \
        FROM webhook_dead_letters WHERE webhook_id = $1 AND position > $2 \
        ORDER BY position LIMIT $3";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(webhook).bind(position).bind(limit).fetch_all(c).await?))
}

/// Dead letters whose redelivery is due, oldest first.
pub async fn dead_due(
    tx: &mut Tx,
    webhook: WebhookId,
    now: Timestamp,
) -> Result<Vec<DeadRow>, StoreError> {
    const SQL: &str = "SELECT position, given_up_at_us, last_failure, attempts, due_at_us \
        FROM webhook_dead_letters WHERE webhook_id = $1 AND due_at_us <= $2 \
        ORDER BY position LIMIT 50";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(webhook).bind(now).fetch_all(c).await?))
}

/// Asks for a dead letter again; `None` when there is no such.
pub async fn revive(
    tx: &mut Tx,
    (webhook, position): (WebhookId, i64),
    due: Timestamp,
) -> Result<Option<DeadRow>, StoreError> {
    const SQL: &str = "UPDATE webhook_dead_letters SET attempts = 0, due_at_us = $3 \
        WHERE webhook_id = $1 AND position = $2 \
        RETURNING position, given_up_at_us, last_failure, attempts, due_at_us";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(webhook).bind(position).bind(due).fetch_optional(c).await?))
}

/// Notes how a redelivery failed and when it is tried again, if it is.
pub async fn postpone_dead(
    tx: &mut Tx,
    webhook: WebhookId,
    dead: &DeadRow,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE webhook_dead_letters SET attempts = $3, due_at_us = $4, \
        last_failure = $5 WHERE webhook_id = $1 AND position = $2";
    on!(tx, c => sqlx::query(SQL)
        .bind(webhook).bind(dead.position).bind(dead.attempts).bind(dead.due_at)
        .bind(&dead.last_failure).execute(c).await?.rows_affected());
    Ok(())
}

/// A dead letter was taken after all.
pub async fn forget_dead(tx: &mut Tx, webhook: WebhookId, position: i64) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM webhook_dead_letters WHERE webhook_id = $1 AND position = $2";
    on!(tx, c => sqlx::query(SQL).bind(webhook).bind(position).execute(c).await?.rows_affected());
    Ok(())
}

/// Keeps the claim for longer; `false` when it was lost.
pub async fn hold(tx: &mut Tx, claim: &Claim, until: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE webhooks SET claimed_until_us = $3 WHERE id = $1 AND holder = $2";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(claim.webhook).bind(&claim.holder).bind(until).execute(c).await?
        .rows_affected())
        == 1)
}
