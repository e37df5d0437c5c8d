use siegel_grpc::{Caller, caller, invalid, refusal};
use siegel_proto::postbox::v1::handle_service_server::HandleService;
use siegel_proto::postbox::v1::issue_handle_request::Owner as WireOwner;
use siegel_proto::postbox::v1::{
    CloseMailboxRequest, CloseMailboxResponse, IssueHandleRequest, IssueHandleResponse,
    close_mailbox_request,
};
use tonic::{Code, Request, Response, Status};

use super::status;
use crate::app::Postbox;
use crate::store::mailboxes::Owner;

/// `HandleService`
#[derive(Clone)]
pub struct HandleServer(pub Postbox);

#[tonic::async_trait]
impl HandleService for HandleServer {
    async fn issue_handle(
        &self,
        request: Request<IssueHandleRequest>,
    ) -> Result<Response<IssueHandleResponse>, Status> {
        let caller = caller(&request)?.name();
        let message = request.into_inner();
        let owner = match &message.owner {
            Some(WireOwner::AccountId(id)) => id.parse().ok().map(Owner::Account),
            Some(WireOwner::OrganisationId(id)) => organisation(id, &message.mailbox_id),
            None => None,
        };
        let owner =
            owner.ok_or_else(|| invalid(&[("owner", "must be one account or organisation")]))?;
        if message.sector.is_empty() || message.sector.len() > 255 {
            return Err(invalid(&[("sector", "must have 1 to 255 bytes")]));
        }
        let issued =
            self.0.issue_handle(&caller, &message.request_id, owner, &message.sector).await;
        let handle = issued.map_err(|e| status::handle(&e))?;
        Ok(Response::new(IssueHandleResponse { handle: handle.to_string() }))
    }

    async fn close_mailbox(
        &self,
        request: Request<CloseMailboxRequest>,
    ) -> Result<Response<CloseMailboxResponse>, Status> {
        use close_mailbox_request::Owner as Wire;
        let caller = caller(&request)?.clone();
        let message = request.into_inner();
        let owner = match &message.owner {
            Some(Wire::AccountId(id)) => id.parse().ok().map(Owner::Account),
            Some(Wire::OrganisationId(id)) => organisation(id, &message.mailbox_id),
            None => None,
        };
        let owner =
            owner.ok_or_else(|| invalid(&[("owner", "must be one account or organisation")]))?;
        let arranges = matches!(&caller, Caller::Sibling(name) if name == "organisation");
        if arranges && !matches!(owner, Owner::Beside(..)) {
            let text = "this service closes mailboxes beside the central one only";
            return Err(refusal(Code::PermissionDenied, "WRONG_CALLER", text, []));
        }
        let closed = self.0.close_mailbox(&caller.name(), &message.request_id, owner).await;
        closed.map_err(|e| status::handle(&e))?;
        Ok(Response::new(CloseMailboxResponse {}))
    }
}

/// The central mailbox of an organisation, or one beside it.
fn organisation(id: &str, mailbox: &str) -> Option<Owner> {
    let id = id.parse().ok()?;
    if mailbox.is_empty() {
        return Some(Owner::Organisation(id));
    }
    Some(Owner::Beside(id, mailbox.parse().ok()?))
}
