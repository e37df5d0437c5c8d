//! Sends tokens to addresses that senders named, through `notification`: the postbox itself reaches
//! nothing outside.

use std::time::Duration;

use siegel_grpc::Siblings;
use siegel_proto::notification::v1::push_service_client::PushServiceClient;
use siegel_proto::notification::v1::{PushOutcome, PushRequest};
use tonic::Request;

/// Longer than `notification` takes for one address (5 s).
const WITHIN: Duration = Duration::from_secs(15);

/// One attempt.
pub struct Push<'a> {
    pub request_id: &'a str,
    pub url: &'a str,
    pub token: String,
    pub content_type: &'static str,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    Taken,
    /// Not; with a word for the sender.
    Failed(String),
}

/// Sends once. An error is ours, not the address's.
pub async fn push(siblings: &Siblings, push: Push<'_>) -> Result<Pushed, tonic::Status> {
    let mut client = PushServiceClient::new(siblings.channel("notification"));
    let mut request = Request::new(PushRequest {
        request_id: push.request_id.to_owned(),
        url: push.url.to_owned(),
        token: push.token,
        content_type: push.content_type.to_owned(),
    });
    request.set_timeout(WITHIN);
    let answer = client.push(request).await?.into_inner();
    Ok(match answer.outcome() {
        PushOutcome::Taken => Pushed::Taken,
        PushOutcome::Answered if (300..400).contains(&answer.status) => {
            Pushed::Failed("REDIRECTED".to_owned())
        }
        PushOutcome::Answered => Pushed::Failed(format!("HTTP_{}", answer.status)),
        // One word for both: whoever names addresses does not learn which of them are ours.
        PushOutcome::AddressRefused | PushOutcome::Unreachable | PushOutcome::Unspecified => {
            Pushed::Failed("UNREACHABLE".to_owned())
        }
    })
}
