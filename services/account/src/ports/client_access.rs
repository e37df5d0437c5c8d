//! Tells identity, from the outbox, that a consent was taken back.

use siegel_db::StoreError;
use siegel_db::outbox::{Done, Job};
use siegel_grpc::AuthChannel;
use siegel_proto::identity::v1::EndClientAccessRequest;
use siegel_proto::identity::v1::client_access_service_client::ClientAccessServiceClient;
use tonic::Code;

use crate::app::App;
use crate::store::consents::{self, ConsentId};

/// Kind of the job; its payload is the id of the consent that was named in the withdrawal.
pub const JOB: &str = "end_client_access";

/// Why an order did not arrive.
#[derive(Debug, thiserror::Error)]
enum Missed {
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("identity did not take the order: {0}")]
    Call(Code),
}

/// Does one job; what cannot be delivered comes again.
pub async fn deliver(app: App, channel: AuthChannel, job: Job) -> Done {
    let Some(id) = String::from_utf8(job.payload).ok().and_then(|text| text.parse().ok()) else {
        tracing::error!(job = job.id, kind = %job.kind, "a job of the outbox cannot be read");
        return Done::Remove;
    };
    match order(&app, channel, id, job.id).await {
        Ok(()) => Done::Remove,
        Err(missed) => {
            let error = &missed as &dyn std::error::Error;
            tracing::warn!(error, attempts = job.attempts, "a withdrawal was not delivered yet");
            Done::Retry
        }
    }
}

async fn order(app: &App, channel: AuthChannel, id: ConsentId, job: i64) -> Result<(), Missed> {
    let mut tx = app.db.read().await?;
    let parties = consents::parties(&mut tx, id).await?;
    drop(tx);
    let Some((account, client_id)) = parties else { return Ok(()) };
    // Of the job: what is given anew later may be withdrawn by the same id.
    let request_id = format!("withdrawn-{id}-{job}");
    let account_id = account.to_string();
    let request = EndClientAccessRequest { request_id, account_id, client_id };
    let mut client = ClientAccessServiceClient::new(channel);
    client.end_client_access(request).await.map_err(|status| Missed::Call(status.code()))?;
    Ok(())
}
