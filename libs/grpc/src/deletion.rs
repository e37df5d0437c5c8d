//! Deleted accounts. Every service that holds something of them follows identity's feed, deletes,
//! and says so; identity tells it again until it has.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use siegel_kernel::AccountId;
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::deletion_service_client::DeletionServiceClient;
use tonic::Status;

use crate::Siblings;

/// A stream without a message for this long is lost; there is a heartbeat every 2 s.
const SILENCE: Duration = Duration::from_secs(10);
/// What a service waits for that could not delete; its log says why.
const FAILED: &str = "FAILED";
/// Between two streams.
const AGAIN: Duration = Duration::from_secs(1);

/// An account of which nothing may be left.
#[derive(Clone, Debug)]
pub struct Deletion {
    pub account: AccountId,
    /// What the following client knows the person by; empty for services that are no client.
    pub subject: String,
}

/// How far a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It holds nothing any more.
    Done,
    /// Something has to happen before, a stable word that operators see. Told again later.
    Waits(&'static str),
}

/// Follows the feed until the task is dropped. `delete` must be idempotent: it is called again
/// after a crash, and until it answers [`Progress::Done`]. `client_id`: of a service that is a
/// client of identity; empty for others.
pub async fn follow_deletions<F, Fut, E>(siblings: Siblings, client_id: String, delete: F)
where
    F: Fn(Deletion) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Progress, E>> + Send,
    E: Error + 'static,
{
    loop {
        if let Err(status) = listen(&siblings, &client_id, &delete).await {
            tracing::debug!(status.code = ?status.code(), "the feed of deletions ended");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn listen<F, Fut, E>(siblings: &Siblings, client_id: &str, delete: &F) -> Result<(), Status>
where
    F: Fn(Deletion) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Progress, E>> + Send,
    E: Error + 'static,
{
    let mut client = DeletionServiceClient::new(siblings.channel("identity"));
    let request = pb::WatchDeletionsRequest { client_id: client_id.to_owned() };
    let mut stream = client.watch_deletions(request).await?.into_inner();
    loop {
        let next = tokio::time::timeout(SILENCE, stream.message()).await;
        let Some(told) = next.map_err(|_| Status::unavailable("silent"))?? else {
            return Ok(());
        };
        let Ok(account) = told.account_id.parse() else { continue };
        let waits_for = match delete(Deletion { account, subject: told.subject }).await {
            Ok(Progress::Done) => String::new(),
            Ok(Progress::Waits(what)) => what.to_owned(),
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::error!(error, "an account could not be deleted; it is tried again");
                FAILED.to_owned()
            }
        };
        let account_id = told.account_id;
        client
            .acknowledge_deletion(pb::AcknowledgeDeletionRequest { account_id, waits_for })
            .await?;
    }
}
