//! Tells notification where a person is reached, from the outbox.

use siegel_crypto::SealError;
use siegel_db::StoreError;
use siegel_db::outbox::{Done, Job};
use siegel_grpc::AuthChannel;
use siegel_proto::notification::v1::SetContactRequest;
use siegel_proto::notification::v1::notification_service_client::NotificationServiceClient;
use tonic::Code;

use crate::app::App;
use crate::store::accounts;
use crate::store::attributes::{self, AttributeId};

/// Kind of the job; its payload is the id of the attribute row that holds the address.
pub const JOB: &str = "set_contact";

/// Why an order did not arrive.
#[derive(Debug, thiserror::Error)]
enum Missed {
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("the address cannot be read")]
    Seal(#[from] SealError),
    #[error("the notification service did not take the order: {0}")]
    Call(Code),
}

/// Does one job; what cannot be delivered comes again.
pub async fn deliver(app: App, channel: AuthChannel, job: Job) -> Done {
    let Some(id) = String::from_utf8(job.payload).ok().and_then(|text| text.parse().ok()) else {
        tracing::error!(job = job.id, kind = %job.kind, "a job of the outbox cannot be read");
        return Done::Remove;
    };
    match order(&app, channel, id).await {
        Ok(()) => Done::Remove,
        Err(missed) => {
            let error = &missed as &dyn std::error::Error;
            tracing::warn!(error, attempts = job.attempts, "a contact was not delivered yet");
            Done::Retry
        }
    }
}

async fn order(app: &App, channel: AuthChannel, id: AttributeId) -> Result<(), Missed> {
    let Some(request) = request(app, id).await? else { return Ok(()) };
    let mut client = NotificationServiceClient::new(channel);
    client.set_contact(request).await.map_err(|status| Missed::Call(status.code()))?;
    Ok(())
}

/// `None` when a newer address has taken its place: that one has a job of its own.
async fn request(app: &App, id: AttributeId) -> Result<Option<SetContactRequest>, Missed> {
    let mut tx = app.db.read().await?;
    let Some(stored) = attributes::find(&mut tx, id).await? else { return Ok(None) };
    if stored.superseded_at.is_some() {
        return Ok(None);
    }
    let Some(account) = accounts::find(&mut tx, stored.account).await? else { return Ok(None) };
    let held = app.vault.key_of(&account)?.open_value(&stored)?;
    Ok(Some(SetContactRequest {
        request_id: id.to_string(),
        recipient: account.id.to_string(),
        email: held.value,
        locale: account.locale,
    }))
}
