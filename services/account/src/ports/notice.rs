//! Has a person told that data of theirs came, from the outbox.

use serde::{Deserialize, Serialize};
use siegel_db::outbox::{self, Done};
use siegel_grpc::AuthChannel;
use siegel_kernel::AccountId;
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::notification::v1::notification_service_client::NotificationServiceClient;
use siegel_proto::notification::v1::{NotifyRequest, Template};

/// Kind of the job.
pub const JOB: &str = "import.notice";

/// Whom to tell; no address and no word about what came.
#[derive(Serialize, Deserialize)]
pub struct Job {
    pub account: AccountId,
    pub request_id: String,
}

/// Does one job; what cannot be delivered comes again.
pub async fn deliver(channel: AuthChannel, job: outbox::Job) -> Done {
    let Ok(Job { account, request_id }) = serde_json::from_slice(&job.payload) else {
        tracing::error!(job = job.id, kind = %job.kind, "a job of the outbox cannot be read");
        return Done::Remove;
    };
    let request = NotifyRequest {
        request_id,
        recipient: account.to_string(),
        template: Template::DataTakenOver.into(),
        required_level: TrustLevel::Basic.into(),
        path: "/account".into(),
        ..NotifyRequest::default()
    };
    match NotificationServiceClient::new(channel).notify(request).await {
        Ok(_) => Done::Remove,
        Err(status) => {
            let (code, attempts) = (status.code(), job.attempts);
            tracing::warn!(?code, attempts, "a notice was not ordered yet");
            Done::Retry
        }
    }
}
