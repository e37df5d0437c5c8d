//! Orders the mail of an invitation from notification, out of the outbox.

use serde::{Deserialize, Serialize};
use siegel_crypto::{SealError, b64};
use siegel_db::StoreError;
use siegel_db::outbox::{Done, Job};
use siegel_grpc::AuthChannel;
use siegel_proto::notification::v1::notification_service_client::NotificationServiceClient;
use siegel_proto::notification::v1::{CodePurpose, SendCodeRequest};
use tonic::Code;

use crate::app::{App, Vault};
use crate::store::invitations::{self, InvitationId, InvitationState};

/// Kind of the job; its payload is sealed.
pub const JOB: &str = "invitation_mail";

/// A mail that is to be ordered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    pub invitation: InvitationId,
    pub email: String,
    pub code: String,
    pub locale: String,
}

/// Why a mail was not ordered.
#[derive(Debug, thiserror::Error)]
enum Missed {
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("the notification service did not take the order: {0}")]
    Call(Code),
}

const CONTEXT: &str = "invitation mail";

impl Order {
    /// As it waits in the outbox.
    pub fn sealed(&self, vault: &Vault) -> Result<Vec<u8>, SealError> {
        let text = serde_json::to_string(self).unwrap_or_default();
        Ok(b64::encode(vault.seal(CONTEXT, &text)?).into_bytes())
    }

    fn open(vault: &Vault, payload: &[u8]) -> Option<Self> {
        let text = vault.open(CONTEXT, &b64::decode(payload)?).ok()?;
        serde_json::from_str(&text).ok()
    }
}

/// Does one job; what cannot be delivered comes again.
pub async fn deliver(app: App, channel: AuthChannel, job: Job) -> Done {
    let opened = app.desk.vault.as_ref().and_then(|vault| Order::open(vault, &job.payload));
    let Some(order) = opened else {
        tracing::error!(job = job.id, kind = %job.kind, "a job of the outbox cannot be read");
        return Done::Remove;
    };
    match send(&app, channel, order).await {
        Ok(()) => Done::Remove,
        // The order itself is wrong: the same again would be refused again.
        Err(Missed::Call(Code::InvalidArgument)) => {
            tracing::warn!("an invitation cannot be mailed");
            Done::Remove
        }
        Err(missed) => {
            let error = &missed as &dyn std::error::Error;
            tracing::warn!(error, attempts = job.attempts, "an invitation was not mailed yet");
            Done::Retry
        }
    }
}

async fn send(app: &App, channel: AuthChannel, order: Order) -> Result<(), Missed> {
    let mut tx = app.db.read().await?;
    let found = invitations::find(&mut tx, order.invitation).await?;
    drop(tx);
    if found.is_none_or(|invitation| invitation.state != InvitationState::Open) {
        return Ok(());
    }
    let request = SendCodeRequest {
        request_id: order.invitation.to_string(),
        email: order.email,
        code: order.code,
        purpose: CodePurpose::Invitation.into(),
        locale: order.locale,
    };
    let mut client = NotificationServiceClient::new(channel);
    client.send_code(request).await.map_err(|status| Missed::Call(status.code()))?;
    Ok(())
}
