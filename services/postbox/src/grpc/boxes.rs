use siegel_grpc::caller;
use siegel_proto::postbox::v1::mailbox_choice_service_server::MailboxChoiceService;
use siegel_proto::postbox::v1::{ListMailboxesRequest, ListMailboxesResponse, MailboxChoice};
use tonic::{Request, Response, Status};

use super::status;
use crate::app::Postbox;
use crate::app::boxes::Shown;

/// `MailboxChoiceService`
#[derive(Clone)]
pub struct ChoiceServer(pub Postbox);

#[tonic::async_trait]
impl MailboxChoiceService for ChoiceServer {
    async fn list_mailboxes(
        &self,
        request: Request<ListMailboxesRequest>,
    ) -> Result<Response<ListMailboxesResponse>, Status> {
        let person = caller(&request)?.person()?;
        let found = self.0.boxes(person).await.map_err(|e| status::read(&e))?;
        let mailboxes = found.into_iter().map(choice).collect();
        Ok(Response::new(ListMailboxesResponse { mailboxes }))
    }
}

fn choice(Shown { of, counts }: Shown) -> MailboxChoice {
    let counted = MailboxChoice {
        inbox: counts.inbox,
        archive: counts.archive,
        trash: counts.trash,
        unread: counts.unread,
        ..MailboxChoice::default()
    };
    let Some(of) = of else { return counted };
    MailboxChoice {
        organisation_id: of.organisation_id,
        organisation_name: of.organisation_name,
        mailbox_id: of.mailbox_id,
        kind: of.kind.into(),
        name: of.name,
        rights: of.rights.into_iter().map(i32::from).collect(),
        ..counted
    }
}
