//! The stream of changes: whoever relied on an answer about access asks again.

use std::time::Duration;

use serde::Deserialize;
use siegel_db::events::{self, Event};
use siegel_db::{Db, StoreError};
use siegel_kernel::Timestamp;
use tokio::sync::{mpsc, watch};

use super::{App, Failure, TOPIC};

/// A message without a change says that we are alive.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// Events read at once.
const BATCH: i64 = 500;

/// Whom a change concerns, as far as its event says; anybody when it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Concerned {
    #[serde(rename = "organisation_id")]
    pub organisation: String,
    #[serde(rename = "account_id")]
    pub account: String,
    #[serde(rename = "principal_account_id")]
    pub principal: String,
    #[serde(rename = "mandate_id")]
    pub mandate: String,
}

/// A message of the stream; without a change it is a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub position: i64,
    pub change: Option<(Concerned, Timestamp)>,
}

type Sender = mpsc::Sender<Result<Message, Failure>>;

impl App {
    /// Everything after a position, then live; 0 begins with what happens from now on.
    pub async fn changes(
        &self,
        after: i64,
    ) -> Result<mpsc::Receiver<Result<Message, Failure>>, Failure> {
        // Before the first look, so that nothing numbered in between is missed.
        let head = self.feed.head();
        let start = if after > 0 {
            after
        } else {
            let later = self.clock.now().plus(HEARTBEAT);
            events::position_before(&self.db, TOPIC, later).await?
        };
        let (send, receive) = mpsc::channel(64);
        tokio::spawn(tell(self.db.clone(), head, start, send));
        Ok(receive)
    }
}

/// Tells until nobody listens.
async fn tell(db: Db, mut head: watch::Receiver<i64>, start: i64, send: Sender) {
    let (mut position, mut caught_up) = (start, false);
    loop {
        let found = match events::after(&db, TOPIC, position, BATCH).await {
            Ok(found) => found,
            Err(error) => {
                let _ = send.send(Err(StoreError::into(error))).await;
                return;
            }
        };
        let is_empty = found.is_empty();
        for event in found {
            position = event.position;
            if send.send(Ok(message(&event))).await.is_err() {
                return;
            }
        }
        if !is_empty {
            continue;
        }
        let beat = || Ok(Message { position, change: None });
        if !std::mem::replace(&mut caught_up, true) && send.send(beat()).await.is_err() {
            return;
        }
        match tokio::time::timeout(HEARTBEAT, head.changed()).await {
            Ok(Ok(())) => {}
            // The service is stopping.
            Ok(Err(_)) => return,
            Err(_) => {
                if send.send(beat()).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// An event that cannot be read concerns anybody: in doubt all is asked again.
fn message(event: &Event) -> Message {
    let concerned = serde_json::from_slice(&event.payload).unwrap_or_default();
    Message { position: event.position, change: Some((concerned, event.occurred_at)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(payload: &str) -> Concerned {
        let event = Event {
            position: 1,
            topic: TOPIC.into(),
            kind: "any".into(),
            payload: payload.into(),
            occurred_at: Timestamp::from_seconds(1),
        };
        message(&event).change.map(|(concerned, _)| concerned).unwrap()
    }

    #[test]
    fn an_event_that_cannot_be_read_concerns_anybody() {
        assert_eq!(told("no JSON"), Concerned::default());
        assert_eq!(told(r#"{"organisation_id": 7}"#), Concerned::default());
        let known = told(r#"{"organisation_id": "org_1", "role": "owner"}"#);
        assert_eq!(known.organisation, "org_1");
    }
}
