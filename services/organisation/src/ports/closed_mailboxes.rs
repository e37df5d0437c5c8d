//! Tells the postbox that a mailbox was given up, out of the outbox.

use serde::{Deserialize, Serialize};
use siegel_db::outbox::{Done, Job};
use siegel_grpc::AuthChannel;
use siegel_kernel::{OrganisationId, OrganisationMailboxId};
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::close_mailbox_request::Owner;
use siegel_proto::postbox::v1::handle_service_client::HandleServiceClient;

/// Kind of the job.
pub const JOB: &str = "mailbox_closed";

/// A mailbox beside the central one that nobody uses any more.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ClosedMailbox {
    pub organisation: OrganisationId,
    pub mailbox: OrganisationMailboxId,
}

impl ClosedMailbox {
    pub fn payload(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Does one job; until the postbox has closed it, it comes again.
pub async fn deliver(channel: AuthChannel, job: Job) -> Done {
    let Ok(closed) = serde_json::from_slice::<ClosedMailbox>(&job.payload) else {
        tracing::error!(job = job.id, kind = %job.kind, "a job of the outbox cannot be read");
        return Done::Remove;
    };
    let request = pb::CloseMailboxRequest {
        request_id: format!("closed-{}", closed.mailbox),
        owner: Some(Owner::OrganisationId(closed.organisation.to_string())),
        mailbox_id: closed.mailbox.to_string(),
    };
    match HandleServiceClient::new(channel).close_mailbox(request).await {
        Ok(_) => Done::Remove,
        Err(status) => {
            let (code, attempts) = (status.code(), job.attempts);
            tracing::warn!(?code, attempts, "the postbox has not closed a mailbox yet");
            Done::Retry
        }
    }
}
