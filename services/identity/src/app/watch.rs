//! The stream of revocations that every service follows.

use std::time::Duration;

use prost::Message as _;
use siegel_db::StoreError;
use siegel_db::events::{self, Event};
use siegel_grpc::fault;
use siegel_oidc::AccessToken;
use siegel_proto::identity::v1::{Revocation, WatchRevocationsResponse};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::state::Identity;
use crate::store::revocations::TOPIC;

/// A message without a revocation says that we are alive.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// Events read at once.
const BATCH: i64 = 500;

type Answers = ReceiverStream<Result<WatchRevocationsResponse, Status>>;

/// Everything after a position, then live. 0 begins with what may still concern a living token.
pub async fn follow(state: &Identity, after_position: i64) -> Result<Answers, StoreError> {
    let db = state.outside.db.clone();
    // Before the first look, so that nothing numbered in between is missed.
    let mut head = state.feed.head();
    let start = if after_position > 0 {
        after_position
    } else {
        let lifetime = Duration::from_secs(AccessToken::LIFETIME.unsigned_abs());
        events::position_before(&db, TOPIC, state.now().minus(lifetime)).await?
    };
    let (send, receive) = mpsc::channel(64);
    tokio::spawn(async move {
        let (mut position, mut caught_up) = (start, false);
        loop {
            let found = match events::after(&db, TOPIC, position, BATCH).await {
                Ok(found) => found,
                Err(error) => {
                    let _ = send.send(Err(fault(&error))).await;
                    return;
                }
            };
            let is_empty = found.is_empty();
            for event in found {
                position = event.position;
                if send.send(message(&event)).await.is_err() {
                    return;
                }
            }
            if !is_empty {
                continue;
            }
            // The first message that is no revocation says that all there was is told: only then
            // does a service that has just started trust the stream.
            if !std::mem::replace(&mut caught_up, true)
                && send.send(Ok(heartbeat(position))).await.is_err()
            {
                return;
            }
            match tokio::time::timeout(HEARTBEAT, head.changed()).await {
                Ok(Ok(())) => {}
                // The service is stopping.
                Ok(Err(_)) => return,
                Err(_) => {
                    if send.send(Ok(heartbeat(position))).await.is_err() {
                        return;
                    }
                }
            }
        }
    });
    Ok(ReceiverStream::new(receive))
}

const fn heartbeat(position: i64) -> WatchRevocationsResponse {
    WatchRevocationsResponse { position, revocation: None }
}

fn message(event: &Event) -> Result<WatchRevocationsResponse, Status> {
    let revocation = Revocation::decode(&event.payload[..]).map_err(|e| fault(&e))?;
    Ok(WatchRevocationsResponse { position: event.position, revocation: Some(revocation) })
}
