//! What happens elsewhere in this service and ends mandates: the service follows its own events.

use std::time::Duration;

use serde::Deserialize;
use siegel_db::events::{self, Event};
use siegel_db::{StoreError, Tx};
use siegel_kernel::{AccountId, OrganisationId, Timestamp};

use super::super::{App, TOPIC};
use super::write::tell_ended;
use crate::domain::{Party, State};
use crate::store::mandates::{self, Ending, Gone, cursor};

/// How long it waits when nobody wakes it.
const IDLE: Duration = Duration::from_millis(500);
/// Events in one transaction.
const BATCH: i64 = 200;

/// What an event may say.
#[derive(Deserialize)]
struct About {
    organisation_id: Option<OrganisationId>,
    account_id: Option<AccountId>,
}

/// What has gone, by the kind of an event, and the word for it.
fn gone(kind: &str, about: &About) -> Option<(Gone, &'static str)> {
    match (kind, about.organisation_id, about.account_id) {
        ("organisation.member.ended", Some(organisation), Some(account)) => {
            Some((Gone::Member(organisation, account), "member_left"))
        }
        ("organisation.dissolved", Some(organisation), _) => {
            Some((Gone::Party(Party::Organisation(organisation)), "organisation_dissolved"))
        }
        _ => None,
    }
}

impl App {
    /// Takes the next events in; `false` when there were none. Replicas that do it twice change
    /// nothing the second time.
    pub async fn follow_own_events(&self) -> Result<bool, StoreError> {
        let mut tx = self.db.read().await?;
        let position = cursor::position(&mut tx).await?;
        drop(tx);
        let found = events::after(&self.db, TOPIC, position, BATCH).await?;
        let Some(last) = found.last() else { return Ok(false) };
        let mut tx = self.db.begin().await?;
        for event in &found {
            take(&mut tx, event, self.clock.now()).await?;
        }
        cursor::advance(&mut tx, last.position).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(true)
    }
}

async fn take(tx: &mut Tx, event: &Event, now: Timestamp) -> Result<(), StoreError> {
    // What says nothing about anybody ends nothing.
    let Ok(about) = serde_json::from_slice::<About>(&event.payload) else { return Ok(()) };
    let Some((gone, reason)) = gone(&event.kind, &about) else { return Ok(()) };
    end(tx, gone, reason, now).await
}

/// Ends every mandate of a person whose account is deleted, and forgets their name.
pub async fn person_gone(
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    end(tx, Gone::Party(Party::Person(account)), "person_gone", now).await?;
    mandates::forget_names(tx, account).await
}

async fn end(
    tx: &mut Tx,
    gone: Gone,
    reason: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ending = Ending { state: State::Ended, reason, at: now };
    let ended = mandates::end_all(tx, gone, ending).await?;
    tell_ended(tx, &ended).await
}

/// Follows the service's own events until the task is dropped.
pub async fn follow(app: App) {
    let mut head = app.feed.head();
    loop {
        match app.follow_own_events().await {
            Ok(true) => {}
            Ok(false) => {
                let _ = tokio::time::timeout(IDLE, head.changed()).await;
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the service cannot follow its own events"
                );
                tokio::time::sleep(IDLE).await;
            }
        }
    }
}
