//! Asks the postbox, when a reminder is about to leave, whether it is still needed.

use siegel_grpc::Siblings;
use siegel_proto::postbox::v1::CheckReminderRequest;
use siegel_proto::postbox::v1::reminder_service_client::ReminderServiceClient;

/// Whether what a reminder is of still waits to be opened.
pub async fn still_unopened(siblings: &Siblings, of: &str) -> Result<bool, tonic::Status> {
    let mut client = ReminderServiceClient::new(siblings.channel("postbox"));
    let question = CheckReminderRequest { subject_id: of.to_owned() };
    Ok(client.check_reminder(question).await?.into_inner().still_unopened)
}
