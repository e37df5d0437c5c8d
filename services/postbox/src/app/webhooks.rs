//! The endpoints of a sender and what they did not take.

use siegel_crypto::sha256;
use siegel_db::audit::{self, Entry};
use siegel_db::events;
use siegel_db::{Attempt, IdempotencyKey, StoreError, Tx, begin_request, finish_request};
use siegel_kernel::{EntropyUnavailable, Timestamp};

use super::events::{BadCursor, read_cursor, write_cursor};
use super::evidence::Pointer;
use super::list::{PAGE, PAGE_MAX};
use super::submit::SenderClient;
use super::{Postbox, Trouble};
use crate::domain::WebhookId;
use crate::store::letters::topic;
use crate::store::webhooks::{self, DeadRow, WebhookRow};
use crate::store::{events as kept, senders};

/// Longest address, characters.
const URL: usize = 2_000;

/// Nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("the client is not registered as a sender")]
    SenderUnknown,
    #[error("the address is not https, or leads to no address of the Internet")]
    AddressRefused,
    #[error("a sender has at most {limit} webhooks")]
    TooMany { limit: i64 },
    #[error("there is no such webhook")]
    Unknown,
    #[error("there is no such dead letter")]
    DeadLetterUnknown,
    #[error("the request id was used for something else")]
    RequestIdReused,
    #[error("{field} {problem}")]
    Malformed { field: &'static str, problem: &'static str },
    #[error("the webhook could not be handled")]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for WebhookError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<EntropyUnavailable> for WebhookError {
    fn from(error: EntropyUnavailable) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<BadCursor> for WebhookError {
    fn from(_: BadCursor) -> Self {
        Self::Malformed { field: "cursor", problem: "was not made here" }
    }
}

/// An endpoint with its address.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub row: WebhookRow,
    pub url: String,
}

/// A dead letter with what its event says.
#[derive(Clone, Debug)]
pub struct Dead {
    pub row: DeadRow,
    pub kind: String,
    pub occurred_at: Timestamp,
    pub pointer: Pointer,
}

impl Postbox {
    /// Registers an address.
    #[tracing::instrument(name = "postbox.create_webhook", skip_all)]
    pub async fn create_webhook(
        &self,
        who: &SenderClient,
        request_id: &str,
        (url, cursor): (&str, &str),
    ) -> Result<Webhook, WebhookError> {
        if url.chars().count() > URL || self.webhooks.egress.permits(url).is_err() {
            return Err(WebhookError::AddressRefused);
        }
        let position = Some(cursor).filter(|c| !c.is_empty()).map(read_cursor).transpose()?;
        let id = WebhookId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let digest = digest(&["create", url, cursor]);
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let key = key(who, request_id, digest)?;
        let sender = senders::find(&mut tx, &who.client_id, &who.tenant).await?;
        sender.ok_or(WebhookError::SenderUnknown)?;
        match begin_request(&mut tx, &key, now.recorded).await? {
            Attempt::Fresh => {}
            Attempt::Repeated(answer) => {
                let id = serde_json::from_slice(&answer).map_err(Trouble::from)?;
                return self.own_webhook(&mut tx, who, id).await;
            }
            Attempt::Conflict => return Err(WebhookError::RequestIdReused),
        }
        let limit = self.webhooks.config.endpoints;
        let own = webhooks::of_sender(&mut tx, &who.client_id, &who.tenant).await?;
        if i64::try_from(own.len()).is_ok_and(|n| n >= limit) {
            return Err(WebhookError::TooMany { limit });
        }
        let topic = topic(&who.tenant, &who.client_id);
        let position = match position {
            Some(position) => position,
            None => kept::newest(&mut tx, &topic).await?,
        };
        let row = WebhookRow {
            id,
            client_id: who.client_id.clone(),
            tenant: who.tenant.clone(),
            topic,
            sealed_url: self.vault.seal_url(id, url)?,
            position,
            attempts: 0,
            last_failure: String::new(),
            due_at: now.recorded,
            created_at: now.recorded,
        };
        webhooks::add(&mut tx, &row).await?;
        let what = ("postbox.webhook.created", request_id, id);
        record(&mut tx, who, what, now.recorded).await?;
        let answer = serde_json::to_vec(&id).map_err(Trouble::from)?;
        finish_request(&mut tx, &key, &answer).await?;
        tx.commit().await?;
        Ok(Webhook { row, url: url.to_owned() })
    }

    /// The sender's endpoints, oldest first.
    pub async fn webhooks_of(&self, who: &SenderClient) -> Result<Vec<Webhook>, WebhookError> {
        let mut tx = self.db.read().await?;
        let rows = webhooks::of_sender(&mut tx, &who.client_id, &who.tenant).await?;
        let open = |row: WebhookRow| {
            let url = self.vault.open_url(row.id, &row.sealed_url)?;
            Ok(Webhook { row, url })
        };
        rows.into_iter().map(open).collect()
    }

    /// Ends an endpoint.
    #[tracing::instrument(name = "postbox.delete_webhook", skip_all)]
    pub async fn delete_webhook(
        &self,
        who: &SenderClient,
        request_id: &str,
        id: WebhookId,
    ) -> Result<(), WebhookError> {
        let digest = digest(&["delete", &id.to_string()]);
        let key = key(who, request_id, digest)?;
        let mut tx = self.db.begin().await?;
        let now = self.now().recorded;
        match begin_request(&mut tx, &key, now).await? {
            Attempt::Fresh => {}
            Attempt::Repeated(_) => return Ok(()),
            Attempt::Conflict => return Err(WebhookError::RequestIdReused),
        }
        if !webhooks::remove(&mut tx, (&who.client_id, &who.tenant), id).await? {
            return Err(WebhookError::Unknown);
        }
        record(&mut tx, who, ("postbox.webhook.deleted", request_id, id), now).await?;
        finish_request(&mut tx, &key, b"").await?;
        Ok(tx.commit().await?)
    }

    /// What an endpoint did not take, oldest first, with the token of the next page.
    pub async fn dead_letters(
        &self,
        who: &SenderClient,
        id: WebhookId,
        (page_size, page_token): (i32, &str),
    ) -> Result<(Vec<Dead>, String), WebhookError> {
        let bad = WebhookError::Malformed { field: "page_token", problem: "was not made here" };
        let after = read_cursor(page_token).map_err(|_| bad)?;
        let size = match i64::from(page_size) {
            n if n <= 0 => PAGE,
            n => n.min(PAGE_MAX),
        };
        let mut tx = self.db.read().await?;
        let webhook = self.own_webhook(&mut tx, who, id).await?.row;
        let mut rows = webhooks::dead_after(&mut tx, id, (after, size + 1)).await?;
        drop(tx);
        let more = i64::try_from(rows.len()).is_ok_and(|n| n > size);
        rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let next = rows.last().filter(|_| more).map(|row| write_cursor(row.position));
        let mut dead = Vec::with_capacity(rows.len());
        for row in rows {
            // What is no longer kept cannot be told, nor brought again.
            dead.extend(self.dead(&webhook, row).await?);
        }
        Ok((dead, next.unwrap_or_default()))
    }

    /// Lets an event that was given up be tried again.
    #[tracing::instrument(name = "postbox.redeliver_dead_letter", skip_all)]
    pub async fn redeliver(
        &self,
        who: &SenderClient,
        request_id: &str,
        (id, event): (WebhookId, &str),
    ) -> Result<Dead, WebhookError> {
        let position = read_cursor(event).map_err(|_| WebhookError::DeadLetterUnknown)?;
        let digest = digest(&["redeliver", &id.to_string(), event]);
        let key = key(who, request_id, digest)?;
        let mut tx = self.db.begin().await?;
        let now = self.now().recorded;
        let webhook = self.own_webhook(&mut tx, who, id).await?.row;
        let row = match begin_request(&mut tx, &key, now).await? {
            Attempt::Fresh => {
                let row = webhooks::revive(&mut tx, (id, position), now).await?;
                record(&mut tx, who, ("postbox.webhook.redelivered", request_id, id), now).await?;
                finish_request(&mut tx, &key, b"").await?;
                row
            }
            Attempt::Repeated(_) => {
                let rows = webhooks::dead_after(&mut tx, id, (position - 1, 1)).await?;
                rows.into_iter().find(|row| row.position == position)
            }
            Attempt::Conflict => return Err(WebhookError::RequestIdReused),
        };
        let row = row.ok_or(WebhookError::DeadLetterUnknown)?;
        tx.commit().await?;
        self.dead(&webhook, row).await?.ok_or(WebhookError::DeadLetterUnknown)
    }

    async fn own_webhook(
        &self,
        tx: &mut Tx,
        who: &SenderClient,
        id: WebhookId,
    ) -> Result<Webhook, WebhookError> {
        let rows = webhooks::of_sender(tx, &who.client_id, &who.tenant).await?;
        let row = rows.into_iter().find(|row| row.id == id).ok_or(WebhookError::Unknown)?;
        let url = self.vault.open_url(row.id, &row.sealed_url)?;
        Ok(Webhook { row, url })
    }

    async fn dead(&self, webhook: &WebhookRow, row: DeadRow) -> Result<Option<Dead>, Trouble> {
        let found = events::after(&self.db, &webhook.topic, row.position - 1, 1).await?;
        let Some(event) = found.into_iter().find(|event| event.position == row.position) else {
            return Ok(None);
        };
        let pointer = serde_json::from_slice(&event.payload)?;
        Ok(Some(Dead { row, kind: event.kind, occurred_at: event.occurred_at, pointer }))
    }
}

fn key<'a>(
    who: &'a SenderClient,
    request_id: &'a str,
    digest: [u8; 32],
) -> Result<IdempotencyKey<'a>, WebhookError> {
    if request_id.is_empty() || request_id.chars().count() > 128 {
        let problem = "must have 1 to 128 characters";
        return Err(WebhookError::Malformed { field: "request_id", problem });
    }
    Ok(IdempotencyKey { caller: &who.name, request_id, digest })
}

fn digest(parts: &[&str]) -> [u8; 32] {
    // No part holds a NUL: ids and addresses that parsed.
    sha256(["webhook"].iter().chain(parts).copied().collect::<Vec<_>>().join("\0").as_bytes())
}

async fn record(
    tx: &mut Tx,
    who: &SenderClient,
    (kind, request_id, id): (&str, &str, WebhookId),
    at: Timestamp,
) -> Result<(), StoreError> {
    let entry = Entry {
        kind,
        actor: &who.name,
        subject: &who.name,
        level: None,
        outcome: "done",
        request_id,
        detail: &id.to_string(),
        at,
    };
    audit::record(tx, &entry).await
}
