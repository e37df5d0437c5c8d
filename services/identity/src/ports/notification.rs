//! Mails with codes, sent by the notification service.

use siegel_grpc::Siblings;
use siegel_proto::notification::v1 as pb;
use siegel_proto::notification::v1::notification_service_client::NotificationServiceClient;
use tonic::Status;

/// A mail to be ordered. With an empty code it says that the address has an account already.
#[derive(Clone, Copy)]
pub struct CodeMail<'a> {
    /// The same for every attempt to order this mail.
    pub request_id: &'a str,
    pub email: &'a str,
    pub code: &'a str,
    /// `de` or `en`.
    pub locale: &'a str,
}

/// Orders a mail; ordering it again sends nothing twice.
pub async fn send_code(siblings: &Siblings, mail: CodeMail<'_>) -> Result<(), Status> {
    let purpose = if mail.code.is_empty() {
        pb::CodePurpose::AlreadyRegistered
    } else {
        pb::CodePurpose::Registration
    };
    let request = pb::SendCodeRequest {
        request_id: mail.request_id.to_owned(),
        email: mail.email.to_owned(),
        code: mail.code.to_owned(),
        purpose: purpose.into(),
        locale: mail.locale.to_owned(),
    };
    let mut client = NotificationServiceClient::new(siblings.channel("notification"));
    client.send_code(request).await?;
    Ok(())
}
