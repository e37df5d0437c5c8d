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
}

/// What a recipient is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Provided,
    /// A fiction of formal service came true.
    DeemedServed,
}

/// Tells a recipient about a letter. The same `request_id` sends nothing twice.
pub async fn tell(
    siblings: &Siblings,
    request_id: &str,
    recipient: &str,
    level: TrustLevel,
    news: News,
) -> Result<Order, tonic::Status> {
    let mut client = NotificationServiceClient::new(siblings.channel("notification"));
    let order = NotifyRequest {
        request_id: request_id.to_owned(),
        recipient: recipient.to_owned(),
        template: match news {
            News::Provided => Template::LetterProvided,
            News::DeemedServed => Template::LetterDeemedServed,
        }
        .into(),
        required_level: i32::from(level.number()),
        path: "/postbox".to_owned(),
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
        NotificationState::Unspecified | NotificationState::Queued => Order::Queued,
    }
}
