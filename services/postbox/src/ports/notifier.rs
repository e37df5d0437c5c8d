//! Orders notifications from `notification`. The postbox learns no address and sends no content.

use siegel_grpc::Siblings;
use siegel_kernel::TrustLevel;
use siegel_proto::notification::v1::notification_service_client::NotificationServiceClient;
use siegel_proto::notification::v1::{
    GetNotificationRequest, NotificationState, NotifyRequest, Template,
};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Queued,
    Sent,
    Failed,
    NoContact,
    /// A reminder of something that was done meanwhile.
    NotNeeded,
}

/// What a recipient is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Provided,
    /// A fiction of formal service came true.
    DeemedServed,
    /// Nobody has opened it: `notification` asks us again, by `of`, before the mail leaves.
    Reminder {
        of: String,
    },
}

/// Tells a recipient about a letter. The same `request_id` sends nothing twice.
pub async fn tell(
    siblings: &Siblings,
    request_id: &str,
    recipient: &str,
    level: TrustLevel,
    news: &News,
) -> Result<Order, tonic::Status> {
    let mut client = NotificationServiceClient::new(siblings.channel("notification"));
    let order = NotifyRequest {
        request_id: request_id.to_owned(),
        recipient: recipient.to_owned(),
        template: match news {
            News::Provided => Template::LetterProvided,
            News::DeemedServed => Template::LetterDeemedServed,
            News::Reminder { .. } => Template::LetterReminder,
        }
        .into(),
        required_level: i32::from(level.number()),
        path: "/postbox".to_owned(),
        reminder_of: match news {
            News::Reminder { of } => of.clone(),
            News::Provided | News::DeemedServed => String::new(),
        },
        days: 0,
    };
    let state = client.notify(order).await?.into_inner().state();
    if !matches!(state, NotificationState::Queued | NotificationState::Unspecified) {
        return Ok(read(state));
    }
    let question = GetNotificationRequest { request_id: request_id.to_owned() };
    Ok(read(client.get_notification(question).await?.into_inner().state()))
}

const fn read(state: NotificationState) -> Order {
    match state {
        NotificationState::Sent => Order::Sent,
        NotificationState::Failed => Order::Failed,
        NotificationState::NoContact => Order::NoContact,
        NotificationState::NotNeeded => Order::NotNeeded,
        NotificationState::Unspecified | NotificationState::Queued => Order::Queued,
    }
}
