//! Bringing events to the addresses that senders named: in order for each, at least once, one
//! deliverer at a time among all replicas.

use std::time::Duration;

use serde::Serialize;
use siegel_crypto::random_token;
use siegel_db::events::{self, Event};
use siegel_egress::Egress;
use siegel_telemetry::metric;
use tokio::task::JoinSet;

use super::events::write_cursor;
use super::evidence::Pointer;
use super::{Postbox, Trouble};
use crate::config::WebhooksConfig;
use crate::domain::WebhookId;
use crate::ports::pusher::{self, Push, Pushed};
use crate::store::webhooks::{self, Claim, DeadRow, WebhookRow};

/// `typ` of the tokens: nobody takes one for a receipt, whose key signs them too.
pub const TYP: &str = "siegel-webhook+jwt";
const CONTENT_TYPE: &str = "application/siegel-webhook+jwt";

/// Endpoints delivered to at once, in one process.
const AT_ONCE: usize = 16;
/// Events for one endpoint before the next one has its turn.
const TURN: i64 = 50;
/// For how long an endpoint is claimed, from each event on: longer than an attempt takes.
const CLAIM: Duration = Duration::from_mins(1);
const IDLE: Duration = Duration::from_millis(500);
/// First pause after a failure, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_hours(1));

/// What delivering needs.
#[derive(Clone)]
pub struct Webhooks {
    /// Judges addresses when they are named; calls leave from `notification`.
    pub egress: Egress,
    pub config: WebhooksConfig,
}

/// What the token says. No content: what a letter says is asked for.
#[derive(Serialize)]
struct Claims {
    iss: String,
    /// The endpoint.
    aud: String,
    /// Of this attempt, seconds.
    iat: i64,
    /// Of the event: the same at each attempt, and the cursor behind it.
    jti: String,
    /// The letter.
    sub: String,
    kind: String,
    state: String,
    occurred_at: String,
}

/// How an attempt ended.
enum Attempt {
    Taken,
    /// The address's fault.
    Failed(String),
    /// Ours: does not count.
    Ours,
}

impl Postbox {
    /// Delivers until the task is dropped. Every replica may: each endpoint is claimed.
    pub async fn push_forever(self) {
        let mut head = self.feed.head();
        let mut running = JoinSet::new();
        loop {
            while running.try_join_next().is_some() {}
            if running.len() >= AT_ONCE {
                running.join_next().await;
                continue;
            }
            head.borrow_and_update();
            match self.claim_webhook().await {
                Ok(Some((claim, webhook))) => {
                    let postbox = self.clone();
                    running.spawn(async move { postbox.bring(&claim, webhook).await });
                    continue;
                }
                Ok(None) => {}
                Err(error) => log(&error),
            }
            let _ = tokio::time::timeout(IDLE, head.changed()).await;
        }
    }

    /// Claims an endpoint that waits.
    pub async fn claim_webhook(&self) -> Result<Option<(Claim, WebhookRow)>, Trouble> {
        let now = self.clock.now();
        let Some(webhook) = webhooks::waiting(&self.db, now).await? else { return Ok(None) };
        let claim = Claim { webhook, holder: random_token(self.entropy.as_ref())? };
        let mut tx = self.db.begin().await?;
        let row = webhooks::claim(&mut tx, &claim, (now, now.plus(CLAIM))).await?;
        tx.commit().await?;
        Ok(row.map(|row| (claim, row)))
    }

    /// Brings a claimed endpoint its turn of events.
    pub async fn bring(&self, claim: &Claim, webhook: WebhookRow) {
        if let Err(error) = self.bring_events(claim, &webhook).await {
            // The claim runs out by itself; somebody goes on from the last event that was noted.
            log(&error);
        }
    }

    async fn bring_events(&self, claim: &Claim, webhook: &WebhookRow) -> Result<(), Trouble> {
        let url = self.vault.open_url(webhook.id, &webhook.sealed_url)?;
        if !self.bring_again(claim, webhook, &url).await? {
            return Ok(());
        }
        let found = events::after(&self.db, &webhook.topic, webhook.position, TURN).await?;
        let mut attempts = webhook.attempts;
        for event in found {
            let attempt = self.attempt(webhook.id, &url, &event, attempts).await?;
            let going_on = match attempt {
                Attempt::Taken => self.taken(claim, event.position).await?,
                Attempt::Failed(failure) => {
                    self.not_taken(claim, &event, (attempts + 1, failure)).await?
                }
                Attempt::Ours => {
                    self.release(claim, self.pause(0)?).await?;
                    return Ok(());
                }
            };
            if !going_on {
                return Ok(());
            }
            attempts = 0;
        }
        self.release(claim, Duration::ZERO).await
    }

    /// Tries dead letters that were asked for; `false` when the claim was lost.
    async fn bring_again(
        &self,
        claim: &Claim,
        webhook: &WebhookRow,
        url: &str,
    ) -> Result<bool, Trouble> {
        let mut tx = self.db.read().await?;
        let due = webhooks::dead_due(&mut tx, webhook.id, self.clock.now()).await?;
        drop(tx);
        for mut dead in due {
            let found = events::after(&self.db, &webhook.topic, dead.position - 1, 1).await?;
            let event = found.into_iter().find(|event| event.position == dead.position);
            let attempt = match &event {
                Some(event) => self.attempt(webhook.id, url, event, dead.attempts).await?,
                None => Attempt::Taken, // no longer kept: nothing is left to tell
            };
            let mut tx = self.db.begin().await?;
            let now = self.clock.now();
            match attempt {
                Attempt::Taken => {
                    webhooks::forget_dead(&mut tx, webhook.id, dead.position).await?;
                }
                Attempt::Failed(failure) => {
                    dead.attempts += 1;
                    dead.last_failure = failure;
                    let again = dead.attempts < self.webhooks.config.attempts;
                    let due = now.plus(self.pause(dead.attempts)?);
                    dead.due_at = again.then_some(due);
                    webhooks::postpone_dead(&mut tx, webhook.id, &dead).await?;
                }
                Attempt::Ours => {
                    webhooks::release(&mut tx, claim, now.plus(self.pause(0)?)).await?;
                    tx.commit().await?;
                    return Ok(false);
                }
            }
            let held = webhooks::hold(&mut tx, claim, now.plus(CLAIM)).await?;
            tx.commit().await?;
            if !held {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn attempt(
        &self,
        webhook: WebhookId,
        url: &str,
        event: &Event,
        attempts: i64,
    ) -> Result<Attempt, Trouble> {
        let id = write_cursor(event.position);
        let token = self.token(webhook, &id, event)?;
        let request_id = format!("{webhook}:{id}:{}", attempts + 1);
        let push = Push { request_id: &request_id, url, token, content_type: CONTENT_TYPE };
        let outcome = pusher::push(&self.siblings, push).await;
        let (attempt, word) = match outcome {
            Ok(Pushed::Taken) => (Attempt::Taken, "sent"),
            Ok(Pushed::Failed(failure)) => {
                tracing::info!(webhook.id = %webhook, failure, "a webhook did not take an event");
                (Attempt::Failed(failure), "retry")
            }
            Err(status) => {
                tracing::info!(code = ?status.code(), "notification is out of reach, trying again");
                (Attempt::Ours, "retry")
            }
        };
        metric::NOTICES_SENT.count(["webhook", word]);
        Ok(attempt)
    }

    fn token(&self, webhook: WebhookId, id: &str, event: &Event) -> Result<String, Trouble> {
        let pointer: Pointer = serde_json::from_slice(&event.payload)?;
        let claims = Claims {
            iss: self.notary.origin.clone(),
            aud: webhook.to_string(),
            iat: self.clock.now().as_seconds(),
            jti: id.to_owned(),
            sub: pointer.letter.to_string(),
            kind: event.kind.clone(),
            state: pointer.state,
            occurred_at: event.occurred_at.to_rfc3339(),
        };
        let key = self.notary.key_at(self.clock.now())?;
        Ok(siegel_crypto::sign_token(key.signer.as_ref(), Some(TYP), &claims)?)
    }

    async fn taken(&self, claim: &Claim, position: i64) -> Result<bool, Trouble> {
        let mut tx = self.db.begin().await?;
        let until = self.clock.now().plus(CLAIM);
        let held = webhooks::advance(&mut tx, claim, position, until).await?;
        tx.commit().await?;
        Ok(held)
    }

    /// Puts the event off, or after its last attempt among the dead letters; whether to go on with
    /// the next one.
    async fn not_taken(
        &self,
        claim: &Claim,
        event: &Event,
        (attempts, failure): (i64, String),
    ) -> Result<bool, Trouble> {
        let mut tx = self.db.begin().await?;
        let now = self.clock.now();
        if attempts < self.webhooks.config.attempts {
            let due = now.plus(self.pause(attempts)?);
            webhooks::failed(&mut tx, claim, &failure, due).await?;
            tx.commit().await?;
            return Ok(false);
        }
        let held = webhooks::advance(&mut tx, claim, event.position, now.plus(CLAIM)).await?;
        if held {
            let dead = DeadRow {
                position: event.position,
                given_up_at: now,
                last_failure: failure,
                attempts,
                due_at: None,
            };
            webhooks::bury(&mut tx, claim.webhook, &dead).await?;
            tracing::warn!(webhook.id = %claim.webhook, "a webhook's event is a dead letter now");
            metric::NOTICES_SENT.count(["webhook", "failed"]);
        }
        tx.commit().await?;
        Ok(held)
    }

    async fn release(&self, claim: &Claim, pause: Duration) -> Result<(), Trouble> {
        let mut tx = self.db.begin().await?;
        webhooks::release(&mut tx, claim, self.clock.now().plus(pause)).await?;
        Ok(tx.commit().await?)
    }

    /// How long to wait after so many failures: doubling, and a tenth more or less, so that
    /// endpoints that failed together do not come back together.
    fn pause(&self, attempts: i64) -> Result<Duration, Trouble> {
        let [chance] = self.entropy.array::<1>()?;
        Ok(pause(attempts, chance))
    }
}

fn pause(attempts: i64, chance: u8) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or_default();
    let whole = PAUSES.0.saturating_mul(1 << doublings).min(PAUSES.1);
    whole * 9 / 10 + whole * u32::from(chance) / (5 * 255)
}

fn log(error: &Trouble) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "events cannot be brought to a webhook");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_five_seconds_to_an_hour_and_spread_by_a_tenth() {
        for (attempts, seconds) in [(0, 5), (1, 5), (2, 10), (5, 80), (11, 3_600), (90, 3_600)] {
            let whole = Duration::from_secs(seconds);
            assert_eq!(pause(attempts, 0), whole * 9 / 10);
            assert_eq!(pause(attempts, 255), whole * 11 / 10);
        }
    }

    #[test]
    fn thirty_attempts_take_about_a_day() {
        let all: Duration = (1..30).map(|n| pause(n, 128)).sum();
        assert!((Duration::from_hours(19)..Duration::from_hours(24)).contains(&all), "{all:?}");
    }
}
