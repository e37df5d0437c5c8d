//! What a service has still to delete, told until it has.

use std::collections::HashMap;
use std::time::Duration;

use siegel_db::StoreError;
use siegel_grpc::fault;
use siegel_kernel::AccountId;
use siegel_proto::identity::v1::WatchDeletionsResponse;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::state::Identity;
use crate::store::{clients, deletions};

const HEARTBEAT: Duration = Duration::from_secs(2);
/// After this long without an answer an account is told again.
const AGAIN: Duration = Duration::from_secs(5);
/// Accounts told at once.
const BATCH: i64 = 100;

type Answers = ReceiverStream<Result<WatchDeletionsResponse, Status>>;

/// Follows what is open for `service`. `client_id`: as which client it knows people; empty for none.
pub async fn follow(
    state: &Identity,
    service: &str,
    client_id: &str,
) -> Result<Answers, StoreError> {
    let mut tx = state.outside.db.read().await?;
    let client = clients::find(&mut tx, client_id).await?;
    drop(tx);
    let sector = client.map(|client| client.sector);
    let (state, service) = (state.clone(), service.to_owned());
    let (send, receive) = mpsc::channel(64);
    let mut head = state.feed.head();
    tokio::spawn(async move {
        let mut told: HashMap<AccountId, Instant> = HashMap::new();
        loop {
            let open = match deletions::open_for(&state.outside.db, &service, BATCH).await {
                Ok(open) => open,
                Err(error) => {
                    let _ = send.send(Err(fault(&error))).await;
                    return;
                }
            };
            told.retain(|account, _| open.contains(account));
            for account in open {
                if told.get(&account).is_some_and(|at| at.elapsed() < AGAIN) {
                    continue;
                }
                told.insert(account, Instant::now());
                let subject = sector.as_ref().map(|sector| state.subject(sector, account));
                let subject = subject.unwrap_or_default();
                let account_id = account.to_string();
                if send.send(Ok(WatchDeletionsResponse { account_id, subject })).await.is_err() {
                    return;
                }
            }
            // A deletion that begins appends revocations: the head moves.
            match tokio::time::timeout(HEARTBEAT, head.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => {
                    if send.send(Ok(WatchDeletionsResponse::default())).await.is_err() {
                        return;
                    }
                }
            }
        }
    });
    Ok(ReceiverStream::new(receive))
}
