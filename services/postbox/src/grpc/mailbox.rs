use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use siegel_grpc::{caller, invalid};
use siegel_proto::organisation::v1::Action;
use siegel_proto::postbox::v1::download_attachment_response::Part;
use siegel_proto::postbox::v1::mailbox_service_server::MailboxService;
use siegel_proto::postbox::v1::{
    ArchiveRequest, ArchiveResponse, ConfirmRequest, ConfirmResponse, DepositAttachmentRequest,
    DepositAttachmentResponse, DownloadAllRequest, DownloadAllResponse, DownloadAttachmentRequest,
    DownloadAttachmentResponse, ExportMailboxRequest, ExportMailboxResponse, GetCountsRequest,
    GetCountsResponse, GetOwnReplyRequest, GetOwnReplyResponse, LetterSummary, ListAccessesRequest,
    ListAccessesResponse, ListCaseUpdatesRequest, ListCaseUpdatesResponse, ListLettersRequest,
    ListLettersResponse, MailboxServiceExportProofRequest, MailboxServiceExportProofResponse,
    OpenRequest, OpenResponse, PreviewRequest, PreviewResponse, RefuseRequest, RefuseResponse,
    ReplyRequest, ReplyResponse, RestoreRequest, RestoreResponse, SearchRequest, SearchResponse,
    SetFlagsRequest, SetFlagsResponse, TrashRequest, TrashResponse, WatchMailboxRequest,
    WatchMailboxResponse,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::addressed::{self, Addressed};
use super::opened::{self, response, step};
use super::proof::Messages;
use super::{cases, convert, flags, proof, replies, status, watch};
use crate::app::Postbox;
use crate::app::download::Range;
use crate::app::events::read_cursor;
use crate::app::export::Wish;
use crate::app::flag::Change;
use crate::app::list::Listing;
use crate::app::proof::Holder;
use crate::app::reader::{ReadError, Reader};
use crate::domain::flags::Folder;

/// `MailboxService`
#[derive(Clone)]
pub struct MailboxServer(pub Postbox);

impl MailboxServer {
    /// Changes flags of a letter: request id and letter as the request names them.
    async fn flag<T: Addressed>(
        &self,
        request: &Request<T>,
        [request_id, letter]: [&String; 2],
        change: Change,
    ) -> Result<LetterSummary, Status> {
        check_request_id(request_id)?;
        let away = matches!(change, Change::Move(Folder::Trash));
        let action = if away { Action::DeleteMail } else { Action::ReadMail };
        let reader = self.reader(request, action).await?;
        let letter = convert::id(letter).ok_or_else(unknown)?;
        let flagged = self.0.flag(&reader, letter, request_id, change).await;
        Ok(convert::summary(flagged.map_err(|e| status::read(&e))?))
    }

    /// Who calls, for whom the request names.
    async fn reader<T: Addressed>(
        &self,
        request: &Request<T>,
        action: Action,
    ) -> Result<Reader, Status> {
        addressed::reader(&self.0, request, action).await
    }
}

fn check_request_id(request_id: &str) -> Result<(), Status> {
    if request_id.chars().count() > 128 {
        return Err(invalid(&[("request_id", "must have at most 128 characters")]));
    }
    Ok(())
}

fn unknown() -> Status {
    status::read(&ReadError::LetterUnknown)
}

#[tonic::async_trait]
impl MailboxService for MailboxServer {
    type DownloadAllStream = BoxStream<'static, Result<DownloadAllResponse, Status>>;
    type ExportProofStream = Messages<MailboxServiceExportProofResponse>;
    type ExportMailboxStream = Messages<ExportMailboxResponse>;
    type DownloadAttachmentStream = BoxStream<'static, Result<DownloadAttachmentResponse, Status>>;
    type WatchMailboxStream = BoxStream<'static, Result<WatchMailboxResponse, Status>>;

    async fn list_letters(
        &self,
        request: Request<ListLettersRequest>,
    ) -> Result<Response<ListLettersResponse>, Status> {
        let whom = addressed::represented(request.get_ref().whom())?;
        let reader = self.0.lister(&addressed::who(caller(&request)?)?, whom).await;
        let reader = reader.map_err(|e| status::read(&e))?;
        let message = request.into_inner();
        let listing = Listing {
            page_size: message.page_size,
            page_token: message.page_token,
            unread_only: message.unread_only,
            important_only: message.important_only,
            folder: flags::folder(message.folder)?,
            label: message.label,
            case_id: message.case_id,
            due_until: message.due_until,
        };
        let listed = self.0.list(&reader, &listing).await.map_err(|e| status::read(&e))?;
        Ok(Response::new(ListLettersResponse {
            letters: listed.letters.into_iter().map(convert::summary).collect(),
            next_page_token: listed.next_page_token,
            total: listed.total,
            unread: listed.unread,
        }))
    }

    async fn preview(
        &self,
        request: Request<PreviewRequest>,
    ) -> Result<Response<PreviewResponse>, Status> {
        let message = request.get_ref();
        let reader = self.reader(&request, Action::ReadMail).await?;
        let letter = convert::id(&message.letter_id).ok_or_else(unknown)?;
        let (summary, effect) =
            self.0.preview(&reader, letter).await.map_err(|e| status::read(&e))?;
        Ok(Response::new(PreviewResponse {
            letter: Some(convert::summary(summary)),
            effect_de: effect.de,
            effect_en: effect.en,
        }))
    }

    async fn open(&self, request: Request<OpenRequest>) -> Result<Response<OpenResponse>, Status> {
        let message = request.get_ref();
        check_request_id(&message.request_id)?;
        let reader = addressed::reader_with_any_right(&self.0, &request).await?;
        let letter = convert::id(&message.letter_id).ok_or_else(unknown)?;
        let receives = reader.may(Action::ReceiveMail);
        let action = if receives { Action::ReceiveMail } else { Action::ReadMail };
        let reader = reader.to(action).map_err(|e| status::open(&e))?;
        let reader = self.0.uses(reader, action, Some(letter)).await;
        let reader = reader.map_err(|e| status::open(&e))?;
        let opened = if receives {
            self.0.open(&reader, letter, &message.request_id).await
        } else {
            self.0.read_without_effect(&reader, letter, &message.request_id).await
        };
        Ok(Response::new(response(opened.map_err(|e| status::open(&e))?)))
    }

    async fn confirm(
        &self,
        request: Request<ConfirmRequest>,
    ) -> Result<Response<ConfirmResponse>, Status> {
        let message = request.get_ref();
        check_request_id(&message.request_id)?;
        let reader = self.reader(&request, Action::ReceiveMail).await?;
        let letter = convert::id(&message.letter_id).ok_or_else(unknown)?;
        let confirmed = self.0.confirm(&reader, letter, &message.request_id).await;
        let answer = response(confirmed.map_err(|e| status::open(&e))?);
        Ok(Response::new(ConfirmResponse {
            letter: answer.letter,
            bodies: answer.bodies,
            attachments: answer.attachments,
            receipt: answer.receipt,
            content_json: answer.content_json,
            actions: answer.actions,
        }))
    }

    async fn refuse(
        &self,
        request: Request<RefuseRequest>,
    ) -> Result<Response<RefuseResponse>, Status> {
        let message = request.get_ref();
        check_request_id(&message.request_id)?;
        let reader = self.reader(&request, Action::ReceiveMail).await?;
        let letter = convert::id(&message.letter_id).ok_or_else(unknown)?;
        let refused = self.0.refuse(&reader, letter, &message.request_id).await;
        let refused = refused.map_err(|e| status::open(&e))?;
        Ok(Response::new(RefuseResponse {
            letter: Some(convert::summary(refused.summary)),
            receipt: Some(convert::receipt(&refused.receipt)),
        }))
    }

    async fn set_flags(
        &self,
        request: Request<SetFlagsRequest>,
    ) -> Result<Response<SetFlagsResponse>, Status> {
        let message = request.get_ref();
        let change = flags::change(message.unread, message.labels.clone())?;
        let place = [&message.request_id, &message.letter_id];
        let letter = self.flag(&request, place, change).await?;
        Ok(Response::new(SetFlagsResponse { letter: Some(letter) }))
    }

    async fn archive(
        &self,
        request: Request<ArchiveRequest>,
    ) -> Result<Response<ArchiveResponse>, Status> {
        let message = request.get_ref();
        let place = [&message.request_id, &message.letter_id];
        let letter = self.flag(&request, place, Change::Move(Folder::Archive)).await?;
        Ok(Response::new(ArchiveResponse { letter: Some(letter) }))
    }

    async fn trash(
        &self,
        request: Request<TrashRequest>,
    ) -> Result<Response<TrashResponse>, Status> {
        let message = request.get_ref();
        let place = [&message.request_id, &message.letter_id];
        let letter = self.flag(&request, place, Change::Move(Folder::Trash)).await?;
        Ok(Response::new(TrashResponse { letter: Some(letter) }))
    }

    async fn restore(
        &self,
        request: Request<RestoreRequest>,
    ) -> Result<Response<RestoreResponse>, Status> {
        let message = request.get_ref();
        let place = [&message.request_id, &message.letter_id];
        let letter = self.flag(&request, place, Change::Move(Folder::Inbox)).await?;
        Ok(Response::new(RestoreResponse { letter: Some(letter) }))
    }

    async fn list_case_updates(
        &self,
        request: Request<ListCaseUpdatesRequest>,
    ) -> Result<Response<ListCaseUpdatesResponse>, Status> {
        let message = request.get_ref();
        let reader = self.reader(&request, Action::ReadMail).await?;
        let page = (message.page_size, message.page_token.as_str());
        let found = self.0.case_updates(&reader, &message.case_id, page).await;
        let (updates, next_page_token) = found.map_err(|e| status::read(&e))?;
        let updates = updates.into_iter().map(cases::update).collect();
        Ok(Response::new(ListCaseUpdatesResponse { updates, next_page_token }))
    }

    async fn get_counts(
        &self,
        request: Request<GetCountsRequest>,
    ) -> Result<Response<GetCountsResponse>, Status> {
        let reader = self.reader(&request, Action::ReadMail).await?;
        let counts = self.0.counts(&reader).await.map_err(|e| status::read(&e))?;
        Ok(Response::new(GetCountsResponse {
            inbox: counts.inbox,
            archive: counts.archive,
            trash: counts.trash,
            unread: counts.unread,
        }))
    }

    async fn search(
        &self,
        request: Request<SearchRequest>,
    ) -> Result<Response<SearchResponse>, Status> {
        let reader = self.reader(&request, Action::ReadMail).await?;
        let search = flags::search(request.into_inner())?;
        let found = self.0.search(&reader, &search).await.map_err(|e| status::read(&e))?;
        Ok(Response::new(SearchResponse {
            letters: found.letters.into_iter().map(convert::summary).collect(),
            next_page_token: found.next_page_token,
            total: found.total,
        }))
    }

    async fn list_accesses(
        &self,
        request: Request<ListAccessesRequest>,
    ) -> Result<Response<ListAccessesResponse>, Status> {
        let message = request.get_ref();
        let reader = self.reader(&request, Action::ReadMail).await?;
        let letter = match message.letter_id.as_str() {
            "" => None,
            id => Some(proof::letter(id)?),
        };
        let page = (message.page_size, message.page_token.as_str());
        let found = self.0.accesses(&reader, letter, page).await;
        let (accesses, next_page_token) = found.map_err(|e| status::read(&e))?;
        let accesses = accesses.into_iter().map(proof::access).collect();
        Ok(Response::new(ListAccessesResponse { accesses, next_page_token }))
    }

    async fn export_proof(
        &self,
        request: Request<MailboxServiceExportProofRequest>,
    ) -> Result<Response<Self::ExportProofStream>, Status> {
        let message = request.get_ref();
        let reader = self.reader(&request, Action::DownloadMail).await?;
        let wanted = (message.letter_id.as_str(), message.language.as_str());
        let wire = |chunk| MailboxServiceExportProofResponse { chunk };
        Ok(Response::new(proof::proof(&self.0, Holder::Recipient(&reader), wanted, wire).await?))
    }

    async fn export_mailbox(
        &self,
        request: Request<ExportMailboxRequest>,
    ) -> Result<Response<Self::ExportMailboxStream>, Status> {
        let message = request.get_ref();
        let reader = self.reader(&request, Action::DownloadMail).await?;
        let wish = Wish::new(&message.cursor, message.limit);
        let wish = wish.map_err(|_| invalid(&[("cursor", "was not made here")]))?;
        let pieces = self.0.export(&reader, wish).await.map_err(|e| status::open(&e))?;
        Ok(Response::new(proof::mailbox(pieces, message.cursor.clone())))
    }

    async fn download_attachment(
        &self,
        request: Request<DownloadAttachmentRequest>,
    ) -> Result<Response<Self::DownloadAttachmentStream>, Status> {
        let message = request.get_ref();
        let reader = self.reader(&request, Action::DownloadMail).await?;
        let letter = convert::id(&message.letter_id).ok_or_else(unknown)?;
        let attachment = convert::id(&message.attachment_id)
            .ok_or_else(|| status::read(&ReadError::AttachmentUnknown))?;
        let offset = u64::try_from(message.offset_bytes)
            .map_err(|_| invalid(&[("offset_bytes", "must not be negative")]))?;
        let length = u64::try_from(message.length_bytes)
            .map_err(|_| invalid(&[("length_bytes", "must not be negative")]))?;
        let range = Range { offset, length: (length > 0).then_some(length) };
        let download = self.0.download(&reader, letter, attachment, range).await;
        let download = download.map_err(|e| status::open(&e))?;
        let head = DownloadAttachmentResponse {
            part: Some(Part::Attachment(opened::attachment(
                (download.id, download.scan),
                &download.part,
            ))),
        };
        let rest = stream::try_unfold((self.0.clone(), download), step);
        Ok(Response::new(stream::iter([Ok(head)]).chain(rest).boxed()))
    }

    async fn deposit_attachment(
        &self,
        request: Request<DepositAttachmentRequest>,
    ) -> Result<Response<DepositAttachmentResponse>, Status> {
        let message = request.get_ref();
        check_request_id(&message.request_id)?;
        if message.request_id.is_empty() {
            return Err(invalid(&[("request_id", "must be there")]));
        }
        let reader = self.reader(&request, Action::DownloadMail).await?;
        let letter = convert::id(&message.letter_id).ok_or_else(unknown)?;
        let attachment = convert::id(&message.attachment_id)
            .ok_or_else(|| status::read(&ReadError::AttachmentUnknown))?;
        let stored = self.0.deposit(&reader, (letter, attachment), &message.request_id).await;
        let document_id = stored.map_err(|e| status::deposit(&e))?;
        Ok(Response::new(DepositAttachmentResponse { document_id }))
    }

    async fn download_all(
        &self,
        request: Request<DownloadAllRequest>,
    ) -> Result<Response<Self::DownloadAllStream>, Status> {
        let message = request.get_ref();
        let reader = self.reader(&request, Action::DownloadMail).await?;
        let letter = convert::id(&message.letter_id).ok_or_else(unknown)?;
        let archive = self.0.download_all(&reader, letter).await;
        let archive = archive.map_err(|e| status::open(&e))?;
        let bytes = stream::try_unfold(archive, |mut archive| async move {
            let bytes = archive.next().await.map_err(|e| status::read(&e))?;
            Ok(bytes.map(|b| (DownloadAllResponse { chunk: b.to_vec() }, archive)))
        });
        Ok(Response::new(bytes.boxed()))
    }

    async fn watch_mailbox(
        &self,
        request: Request<WatchMailboxRequest>,
    ) -> Result<Response<Self::WatchMailboxStream>, Status> {
        let watcher = self.0.watcher(self.reader(&request, Action::ReadMail).await?);
        let message = request.get_ref();
        let position = if message.cursor.is_empty() {
            self.0.mailbox_end(&watcher).await.map_err(|e| status::trouble(&e))?
        } else {
            read_cursor(&message.cursor).map_err(|_| invalid(&[("cursor", "was not made here")]))?
        };
        let place = self.0.watching(caller(&request)?.person()?);
        let place = place.map_err(|e| status::read(&e))?;
        let (out, told) = mpsc::channel(watch::AHEAD);
        let postbox = self.0.clone();
        tokio::spawn(async move {
            let _place = place;
            if let Err(status) = watch::watch(&postbox, watcher, position, &out).await {
                let _ = out.send(Err(status)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(told).boxed()))
    }

    async fn reply(
        &self,
        request: Request<ReplyRequest>,
    ) -> Result<Response<ReplyResponse>, Status> {
        let reader = self.reader(&request, Action::ReplyMail).await?;
        Ok(Response::new(replies::reply(&self.0, &reader, request.into_inner()).await?))
    }

    async fn get_own_reply(
        &self,
        request: Request<GetOwnReplyRequest>,
    ) -> Result<Response<GetOwnReplyResponse>, Status> {
        let reader = self.reader(&request, Action::ReadMail).await?;
        Ok(Response::new(replies::get_own(&self.0, &reader, request.get_ref()).await?))
    }
}
