//! Mails with codes, sent by the notification service.

use siegel_grpc::Siblings;
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::notification::v1 as pb;
use siegel_proto::notification::v1::notification_service_client::NotificationServiceClient;
use tonic::Status;

use crate::app::deliver_outbox::Purpose;
use crate::app::notices::{Change, NoticeJob};

/// Where people look after what they log in with.
const CREDENTIALS: &str = "/login/credentials";

/// A mail to be ordered.
#[derive(Clone, Copy)]
pub struct CodeMail<'a> {
    /// The same for every attempt to order this mail.
    pub request_id: &'a str,
    pub email: &'a str,
    pub code: &'a str,
    pub purpose: Purpose,
    /// `de` or `en`.
    pub locale: &'a str,
}

/// Orders a mail; ordering it again sends nothing twice.
pub async fn send_code(siblings: &Siblings, mail: CodeMail<'_>) -> Result<(), Status> {
    let purpose = match mail.purpose {
        _ if mail.code.is_empty() => pb::CodePurpose::AlreadyRegistered,
        Purpose::Registration | Purpose::AlreadyRegistered | Purpose::Nothing => {
            pb::CodePurpose::Registration
        }
        Purpose::PasswordReset => pb::CodePurpose::PasswordReset,
        Purpose::EmailChangeNew => pb::CodePurpose::EmailChangeNew,
        Purpose::EmailChangeOld => pb::CodePurpose::EmailChangeOld,
        Purpose::DeviceRelease => pb::CodePurpose::DeviceRelease,
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

/// Where a notice leads.
const fn path_of(change: Change) -> &'static str {
    match change {
        // Nobody can log in any more.
        Change::DeletionAsked { days: 0 } => "/",
        Change::DeletionAsked { .. } => "/login/credentials/delete",
        Change::Inactive { .. } | Change::DeletionCancelled | Change::AccountsMerged => "/account",
        _ => CREDENTIALS,
    }
}

/// Orders a notice to an account's address, which is notification's to know.
pub async fn notify(siblings: &Siblings, notice: &NoticeJob) -> Result<(), Status> {
    let template = match notice.change {
        Change::CredentialAdded => pb::Template::CredentialAdded,
        Change::CredentialRemoved => pb::Template::CredentialRemoved,
        Change::PasswordChanged => pb::Template::PasswordChanged,
        Change::RecoveryCodesCreated => pb::Template::RecoveryCodesCreated,
        Change::RecoveryCodeUsed => pb::Template::RecoveryCodeUsed,
        Change::AccountLinked => pb::Template::AccountLinked,
        Change::AccountUnlinked => pb::Template::AccountUnlinked,
        Change::Inactive { .. } => pb::Template::AccountInactive,
        Change::DeletionAsked { .. } => pb::Template::DeletionAsked,
        Change::DeletionCancelled => pb::Template::DeletionCancelled,
        Change::AccountsMerged => pb::Template::AccountsMerged,
    };
    let days = match notice.change {
        Change::Inactive { days } | Change::DeletionAsked { days } => days,
        _ => 0,
    };
    let request = pb::NotifyRequest {
        request_id: notice.request_id.clone(),
        recipient: notice.account.clone(),
        template: template.into(),
        required_level: TrustLevel::Basic.into(),
        path: path_of(notice.change).to_owned(),
        days,
        ..Default::default()
    };
    let mut client = NotificationServiceClient::new(siblings.channel("notification"));
    client.notify(request).await?;
    Ok(())
}
