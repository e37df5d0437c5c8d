use siegel_grpc::{digest, invalid};
use siegel_proto::convert::timestamp;
use siegel_proto::organisation::v1::Action;
use siegel_proto::postbox::v1::mailbox_settings_service_server::MailboxSettingsService;
use siegel_proto::postbox::v1::set_opt_out_request::About as WireAbout;
use siegel_proto::postbox::v1::{
    Handle, ListHandlesRequest, ListHandlesResponse, ListOptOutsRequest, ListOptOutsResponse,
    ListSendersRequest, ListSendersResponse, MailboxSender, OptOut, OptOutChoice,
    RevokeHandleRequest, RevokeHandleResponse, SetOptOutRequest, SetOptOutResponse,
};
use tonic::{Request, Response, Status};

use super::addressed::{self, Addressed};
use super::{convert, status};
use crate::app::Postbox;
use crate::app::opt_outs::{About, SettingError, Write, Writer};
use crate::app::reader::{ReadError, Reader};
use crate::domain::letter::is_control;
use crate::domain::opt_out::Choice;
use crate::store::handles::HandleRow;
use crate::store::opt_outs::ChoiceRow;

/// `MailboxSettingsService`
#[derive(Clone)]
pub struct SettingsServer(pub Postbox);

impl SettingsServer {
    async fn reader<T: Addressed>(
        &self,
        request: &Request<T>,
        action: Action,
    ) -> Result<Reader, Status> {
        addressed::reader(&self.0, request, action).await
    }
}

#[tonic::async_trait]
impl MailboxSettingsService for SettingsServer {
    async fn list_handles(
        &self,
        request: Request<ListHandlesRequest>,
    ) -> Result<Response<ListHandlesResponse>, Status> {
        let message = request.get_ref();
        let reader = self.reader(&request, Action::ReadMail).await?;
        let page = (message.page_size, message.page_token.as_str());
        let found = self.0.handles(&reader, page).await;
        let (rows, next_page_token) = found.map_err(|e| status::setting(&e))?;
        let handles = rows.into_iter().map(handle).collect();
        Ok(Response::new(ListHandlesResponse { handles, next_page_token }))
    }

    async fn revoke_handle(
        &self,
        request: Request<RevokeHandleRequest>,
    ) -> Result<Response<RevokeHandleResponse>, Status> {
        let message = request.get_ref();
        let write = write(&message.request_id, digest(message))?;
        let reader = self.reader(&request, Action::ReceiveMail).await?;
        let handle = convert::id(&message.handle);
        let handle = handle.ok_or_else(|| status::setting(&SettingError::HandleUnknown))?;
        let revoked = self.0.revoke_handle(&reader, handle, write).await;
        revoked.map_err(|e| status::setting(&e))?;
        Ok(Response::new(RevokeHandleResponse {}))
    }

    async fn list_senders(
        &self,
        request: Request<ListSendersRequest>,
    ) -> Result<Response<ListSendersResponse>, Status> {
        let message = request.get_ref();
        let reader = self.reader(&request, Action::ReadMail).await?;
        let page = (message.page_size, message.page_token.as_str());
        let found = self.0.writers(&reader, page).await.map_err(|e| status::setting(&e))?;
        Ok(Response::new(ListSendersResponse {
            general: wire_choice(found.general).into(),
            senders: found.page.into_iter().map(sender).collect(),
            next_page_token: found.next_page_token,
        }))
    }

    async fn set_opt_out(
        &self,
        request: Request<SetOptOutRequest>,
    ) -> Result<Response<SetOptOutResponse>, Status> {
        let message = request.get_ref();
        let write = write(&message.request_id, digest(message))?;
        let choice = read_choice(message)?;
        let about = about(message)?;
        let wording = message.wording_version.as_str();
        if wording.is_empty() || wording.chars().count() > 255 || wording.contains(is_control) {
            return Err(invalid(&[("wording_version", "must be a line of 1 to 255 characters")]));
        }
        let reader = self.reader(&request, Action::ReceiveMail).await?;
        let set = self.0.set_opt_out(&reader, (&about, choice, wording), write).await;
        let row = set.map_err(|e| status::setting(&e))?;
        Ok(Response::new(SetOptOutResponse { opt_out: Some(opt_out(row)) }))
    }

    async fn list_opt_outs(
        &self,
        request: Request<ListOptOutsRequest>,
    ) -> Result<Response<ListOptOutsResponse>, Status> {
        let message = request.get_ref();
        let reader = self.reader(&request, Action::ReadMail).await?;
        let page = (message.page_size, message.page_token.as_str());
        let found = self.0.opt_outs(&reader, page).await;
        let (rows, next_page_token) = found.map_err(|e| status::setting(&e))?;
        let opt_outs = rows.into_iter().map(opt_out).collect();
        Ok(Response::new(ListOptOutsResponse { opt_outs, next_page_token }))
    }
}

fn write(request_id: &str, digest: [u8; 32]) -> Result<Write<'_>, Status> {
    if request_id.is_empty() || request_id.chars().count() > 128 {
        return Err(invalid(&[("request_id", "must have 1 to 128 characters")]));
    }
    Ok(Write { request_id, digest })
}

fn read_choice(message: &SetOptOutRequest) -> Result<Choice, Status> {
    let bad = |problem| Err(invalid(&[("choice", problem)]));
    match OptOutChoice::try_from(message.choice) {
        Ok(OptOutChoice::Excluded) => Ok(Choice::Excluded),
        Ok(OptOutChoice::Allowed) => Ok(Choice::Allowed),
        Ok(OptOutChoice::General) if matches!(message.about, Some(WireAbout::Everybody(_))) => {
            bad("is possible about one sender only")
        }
        Ok(OptOutChoice::General) => Ok(Choice::General),
        Ok(OptOutChoice::Unspecified) | Err(_) => bad("must say what was chosen"),
    }
}

fn about(message: &SetOptOutRequest) -> Result<About, Status> {
    match &message.about {
        Some(WireAbout::Everybody(true)) => Ok(About::Everybody),
        Some(WireAbout::SenderId(id)) => Ok(About::Sender(id.clone())),
        Some(WireAbout::LetterId(id)) => {
            let unknown = || status::read(&ReadError::LetterUnknown);
            Ok(About::SenderOf(convert::id(id).ok_or_else(unknown)?))
        }
        Some(WireAbout::Everybody(false)) | None => {
            Err(invalid(&[("about", "must say about whom")]))
        }
    }
}

fn wire_choice(choice: Option<Choice>) -> OptOutChoice {
    match choice {
        Some(Choice::Excluded) => OptOutChoice::Excluded,
        Some(Choice::Allowed) => OptOutChoice::Allowed,
        Some(Choice::General) => OptOutChoice::General,
        None => OptOutChoice::Unspecified,
    }
}

fn handle(row: HandleRow) -> Handle {
    Handle {
        handle: row.id.to_string(),
        sector: row.sector,
        issued_at: Some(timestamp(row.created_at)),
        revoked_at: row.revoked_at.map(timestamp),
    }
}

fn sender(writer: Writer) -> MailboxSender {
    MailboxSender {
        sender_id: writer.row.client_id,
        authority: writer.row.authority,
        service_id: writer.row.service_id,
        choice: wire_choice(writer.choice).into(),
        excluded: writer.excluded,
    }
}

fn opt_out(row: ChoiceRow) -> OptOut {
    OptOut {
        number: row.number,
        sender_id: row.sender,
        authority: row.authority,
        service_id: row.service_id,
        choice: wire_choice(Choice::parse(&row.choice)).into(),
        wording_version: row.wording_version,
        chosen_at: Some(timestamp(row.chosen_at)),
        level: siegel_proto::common::v1::TrustLevel::from(row.level).into(),
        in_force: row.latest,
    }
}
