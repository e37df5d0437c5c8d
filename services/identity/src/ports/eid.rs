//! Identification by card, done by the eid service.

use serde::{Deserialize, Serialize};
use siegel_grpc::Siblings;
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_proto::convert;
use siegel_proto::eid::v1 as pb;
use siegel_proto::eid::v1::identification_service_client::IdentificationServiceClient;
use tonic::{Code, Status};

/// An identification to be started.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    pub request_id: &'a str,
    /// Names of the catalogue.
    pub attributes: &'a [&'a str],
    /// Shown to the person before the PIN.
    pub purpose: &'a str,
    pub return_url: &'a str,
    /// `de` or `en`.
    pub locale: &'a str,
}

/// An identification under way.
pub struct Started {
    pub session_id: String,
    pub browser_url: String,
}

/// What a card said. Personal data: held for the length of one request; a guest's, sealed, for the
/// length of the session.
#[derive(Serialize, Deserialize)]
pub struct Identified {
    pub level: TrustLevel,
    /// Unique within its source; another card has another one.
    pub pseudonym: String,
    /// `card` or `simulated`.
    pub source: String,
    /// Names of the catalogue and their values.
    pub attributes: Vec<(String, String)>,
    pub at: Timestamp,
}

impl Identified {
    /// The value read for a claim name, empty when the card has none.
    pub fn get(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(n, _)| n == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

/// How an identification ended.
pub enum Outcome {
    Identified(Box<Identified>),
    Cancelled,
    Failed,
    /// The person is not done.
    Open,
    /// Never started, run out, or fetched before.
    Unknown,
}

/// Starts an identification.
pub async fn start(siblings: &Siblings, start: Start<'_>) -> Result<Started, Status> {
    let request = pb::StartIdentificationRequest {
        request_id: start.request_id.to_owned(),
        attributes: start.attributes.iter().map(|&a| a.to_owned()).collect(),
        purpose: start.purpose.to_owned(),
        return_url: start.return_url.to_owned(),
        locale: start.locale.to_owned(),
    };
    let mut client = IdentificationServiceClient::new(siblings.channel("eid"));
    let answer = client.start_identification(request).await?.into_inner();
    Ok(Started { session_id: answer.session_id, browser_url: answer.browser_url })
}

/// Fetches the outcome, which is given out once.
pub async fn fetch(siblings: &Siblings, session_id: &str, ticket: &str) -> Result<Outcome, Status> {
    let mut client = IdentificationServiceClient::new(siblings.channel("eid"));
    let request = pb::FetchIdentificationRequest {
        session_id: session_id.to_owned(),
        ticket: ticket.to_owned(),
    };
    let answer = match client.fetch_identification(request).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => {
            return match status.code() {
                Code::NotFound => Ok(Outcome::Unknown),
                Code::FailedPrecondition => Ok(Outcome::Open),
                _ => Err(status),
            };
        }
    };
    Ok(match answer.outcome() {
        pb::Outcome::Identified => identified(answer).map_or(Outcome::Failed, Outcome::Identified),
        pb::Outcome::Cancelled => Outcome::Cancelled,
        pb::Outcome::Failed | pb::Outcome::Unspecified => Outcome::Failed,
    })
}

/// An answer without level, pseudonym or source proves nothing.
fn identified(answer: pb::FetchIdentificationResponse) -> Option<Box<Identified>> {
    let level = convert::level(answer.level)?;
    let at = answer.identified_at.as_ref().map(convert::instant)?;
    if answer.pseudonym.is_empty() || answer.source.is_empty() {
        return None;
    }
    let attributes = answer.attributes.into_iter().map(|a| (a.name, a.value)).collect();
    let (pseudonym, source) = (answer.pseudonym, answer.source);
    Some(Box::new(Identified { level, pseudonym, source, attributes, at }))
}
