//! Asks `organisation` whether a person may act for an organisation.

use siegel_grpc::{Person, Siblings};
use siegel_kernel::OrganisationId;
use siegel_proto::common::v1 as common;
use siegel_proto::organisation::v1::access_service_client::AccessServiceClient;
use siegel_proto::organisation::v1::{AccessQuestion, Action, CheckAccessRequest};

/// The question has no answer, or not the one hoped for.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("there is no such organisation for this person")]
    Unknown,
    #[error("the service `organisation` cannot be asked")]
    Down(#[source] Box<tonic::Status>),
}

/// The path by which the person may do this, `member:owner`.
pub async fn check(
    siblings: &Siblings,
    person: &Person,
    organisation: OrganisationId,
    action: Action,
) -> Result<String, AccessError> {
    let question = AccessQuestion {
        account_id: person.account.to_string(),
        organisation_id: organisation.to_string(),
        action: action.into(),
        session_level: common::TrustLevel::from(person.level).into(),
        ..AccessQuestion::default()
    };
    let mut client = AccessServiceClient::new(siblings.channel("organisation"));
    let answers = client
        .check_access(CheckAccessRequest { questions: vec![question] })
        .await
        .map_err(|status| AccessError::Down(Box::new(status)))?
        .into_inner()
        .answers;
    match answers.into_iter().next() {
        Some(answer) if answer.allowed => Ok(answer.path),
        _ => Err(AccessError::Unknown),
    }
}
