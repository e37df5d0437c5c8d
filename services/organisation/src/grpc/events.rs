//! The stream of changes that identity and postbox follow.

use std::time::Duration;

use serde::Deserialize;
use siegel_db::Db;
use siegel_db::events::{self, Event};
use siegel_grpc::fault;
use siegel_proto::organisation::v1::access_event_service_server::AccessEventService;
use siegel_proto::organisation::v1::{
    AccessChange, WatchAccessChangesRequest, WatchAccessChangesResponse,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::app::{App, TOPIC};

/// A message without a change says that we are alive.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// What may concern a token that still lives happened within this time: twice a token's life.
const RECENT: Duration = Duration::from_mins(10);
/// Events read at once.
const BATCH: i64 = 500;

/// Changes of who may act for whom.
pub struct AccessEvents(pub App);

type Message = Result<WatchAccessChangesResponse, Status>;

#[tonic::async_trait]
impl AccessEventService for AccessEvents {
    type WatchAccessChangesStream = ReceiverStream<Message>;

    #[tracing::instrument(name = "organisation.access.watch", skip_all)]
    async fn watch_access_changes(
        &self,
        request: Request<WatchAccessChangesRequest>,
    ) -> Result<Response<Self::WatchAccessChangesStream>, Status> {
        let app = &self.0;
        // Before the first look, so that nothing numbered in between is missed.
        let head = app.feed.head();
        let start = match request.get_ref().after_position {
            0 => {
                let since = app.clock.now().minus(RECENT);
                events::position_before(&app.db, TOPIC, since).await.map_err(|e| fault(&e))?
            }
            position => position,
        };
        let (send, receive) = mpsc::channel(64);
        tokio::spawn(follow(app.db.clone(), head, start, send));
        Ok(Response::new(ReceiverStream::new(receive)))
    }
}

/// Sends what there is, then what comes, until nobody listens or the service stops.
async fn follow(
    db: Db,
    mut head: tokio::sync::watch::Receiver<i64>,
    mut position: i64,
    send: mpsc::Sender<Message>,
) {
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
            if send.send(Ok(message(&event))).await.is_err() {
                return;
            }
        }
        if !is_empty {
            continue;
        }
        let alive = WatchAccessChangesResponse { position, change: None };
        if send.send(Ok(alive)).await.is_err() {
            return;
        }
        if let Ok(Err(_)) = tokio::time::timeout(HEARTBEAT, head.changed()).await {
            return;
        }
    }
}

/// What the events of the topic may say about access.
#[derive(Default, Deserialize)]
#[serde(default)]
struct About {
    #[serde(rename = "mandate_id")]
    mandate: Option<String>,
    #[serde(rename = "organisation_id")]
    organisation: Option<String>,
    #[serde(rename = "principal_account_id")]
    principal: Option<String>,
    #[serde(rename = "account_id")]
    account: Option<String>,
}

fn message(event: &Event) -> WatchAccessChangesResponse {
    // A change of unknown form is a change all the same: ask again.
    let about: About = serde_json::from_slice(&event.payload).unwrap_or_default();
    let change = AccessChange {
        kind: event.kind.clone(),
        mandate_id: about.mandate.unwrap_or_default(),
        organisation_id: about.organisation.unwrap_or_default(),
        principal_account_id: about.principal.unwrap_or_default(),
        account_id: about.account.unwrap_or_default(),
    };
    WatchAccessChangesResponse { position: event.position, change: Some(change) }
}
