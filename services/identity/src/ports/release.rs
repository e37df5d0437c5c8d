//! What leaves with a token: attributes from the account service, the handle from the postbox.

use siegel_grpc::Siblings;
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_registry_service_client::AccountRegistryServiceClient;
use siegel_proto::postbox::v1 as postbox;
use siegel_proto::postbox::v1::handle_service_client::HandleServiceClient;
use siegel_proto::postbox::v1::issue_handle_request::Owner;
use tonic::{Code, Status};

use crate::domain::acting::Party;

/// Gives out attributes under the person's consent; the account service writes its disclosure log.
/// The same `request_id` discloses once. `None` when there is no consent (any more).
pub async fn attributes(
    siblings: &Siblings,
    request: account::ReleaseAttributesRequest,
) -> Result<Option<Vec<account::Attribute>>, Status> {
    let mut client = AccountRegistryServiceClient::new(siblings.channel("account"));
    match client.release_attributes(request).await {
        Ok(answer) => Ok(Some(answer.into_inner().attributes)),
        Err(status)
            if status.code() == Code::FailedPrecondition
                && siegel_grpc::reason(&status).as_deref() == Some("CONSENT_REQUIRED") =>
        {
            Ok(None)
        }
        Err(status) => Err(status),
    }
}

/// The handle under which senders of a sector reach a person, or an organisation: its central
/// mailbox, unless `mailbox` names another.
pub async fn handle(
    siblings: &Siblings,
    (owner, mailbox): (Party, &str),
    sector: &str,
) -> Result<String, Status> {
    let (owner, name) = match owner {
        // It stands in the audit trail, where accounts have another name.
        Party::Person(id) => (Owner::AccountId(id.to_string()), siegel_grpc::audit_name(id)),
        Party::Organisation(id) => (Owner::OrganisationId(id.to_string()), id.to_string()),
    };
    let of = if mailbox.is_empty() { &name } else { mailbox };
    let request = postbox::IssueHandleRequest {
        request_id: format!("handle-{of}-{sector}"),
        owner: Some(owner),
        sector: sector.to_owned(),
        mailbox_id: mailbox.to_owned(),
    };
    let mut client = HandleServiceClient::new(siblings.channel("postbox"));
    Ok(client.issue_handle(request).await?.into_inner().handle)
}
