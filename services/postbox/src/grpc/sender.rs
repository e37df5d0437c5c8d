use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _};
use siegel_grpc::{caller, invalid};
use siegel_kernel::Timestamp;
use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1::sender_service_server::SenderService;
use siegel_proto::postbox::v1::submit_stream_request::Part;
use siegel_proto::postbox::v1::{
    CancelBatchRequest, CancelBatchResponse, CheckRecipientsRequest, CheckRecipientsResponse,
    CommitBatchRequest, CommitBatchResponse, DownloadReplyAttachmentRequest, ExportProofRequest,
    ExportProofResponse, GetBatchRequest, GetBatchResponse, GetReplyRequest, GetReplyResponse,
    GetSentLetterRequest, GetSentLetterResponse, LetterEvent, ListRepliesRequest,
    ListRepliesResponse, ListSentLettersRequest, ListSentLettersResponse, RecallRequest,
    RecallResponse, SubmitBatchRequest, SubmitBatchResponse, SubmitRequest, SubmitResponse,
    SubmitStreamRequest, SubmitStreamResponse, SupersedeRequest, SupersedeResponse,
    UpdateCaseStatusRequest, UpdateCaseStatusResponse, WatchEventsRequest, WatchEventsResponse,
};
use siegel_telemetry::metric;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::proof::Messages;
use super::{batches, cases, convert, inline, limits, proof, replies, sent, status, upload};
use crate::app::events::{self, EventsError, read_cursor, write_cursor};
use crate::app::proof::Holder;
use crate::app::submit::{Order, SenderClient, SubmitError, Submitted};
use crate::app::{Postbox, reader::ReadError};
use crate::domain::UploadId;
use crate::domain::attachment::Declaration;
use crate::domain::letter::Letter;

/// Request id, letter, its own attachments, and those uploaded before.
type Parts = (String, Option<Letter>, Vec<Declaration>, Vec<UploadId>);

/// `SenderService`
#[derive(Clone)]
pub struct SenderServer(pub Postbox);

fn client<T>(request: &Request<T>) -> Result<SenderClient, Status> {
    let caller = caller(request)?;
    let (client_id, tenant) = caller.client()?;
    Ok(SenderClient {
        client_id: client_id.to_owned(),
        tenant: tenant.to_owned(),
        name: caller.name(),
    })
}

#[tonic::async_trait]
impl SenderService for SenderServer {
    type ExportProofStream = Messages<ExportProofResponse>;
    type WatchEventsStream = BoxStream<'static, Result<WatchEventsResponse, Status>>;

    async fn submit(
        &self,
        request: Request<SubmitRequest>,
    ) -> Result<Response<SubmitResponse>, Status> {
        let who = client(&request)?;
        let lane = limits::lane(request.get_ref().letter.as_ref());
        let done = self.inline(&who, request.into_inner(), false).await;
        let answer = done.map(|done| SubmitResponse {
            letter_id: done.letter.to_string(),
            state: convert::state(&done.state).into(),
            receipts: done.receipts.iter().map(convert::receipt).collect(),
            announced_on: done.announced_on,
        });
        limits::tell(&self.0, &who, lane, answer).await
    }

    async fn submit_stream(
        &self,
        request: Request<Streaming<SubmitStreamRequest>>,
    ) -> Result<Response<SubmitStreamResponse>, Status> {
        let who = client(&request)?;
        let mut messages = request.into_inner();
        let first = messages.message().await?.and_then(|m| m.part);
        let Some(Part::Head(head)) = first else {
            return Err(invalid(&[("head", "must be the first message")]));
        };
        let lane = limits::lane(head.letter.as_ref());
        let declared = convert::declarations(head.attachments)?;
        let letter = convert::letter(head.letter, self.0.default_required_level)?;
        let uploads = upload::ids(&head.upload_ids)?;
        let content = messages.map(chunk).boxed();
        let parts = (head.request_id, letter, declared, uploads);
        let done = self.run(&who, parts, false, content).await;
        let answer = done.map(|done| SubmitStreamResponse {
            letter_id: done.letter.to_string(),
            state: convert::state(&done.state).into(),
            receipts: done.receipts.iter().map(convert::receipt).collect(),
            announced_on: done.announced_on,
        });
        limits::tell(&self.0, &who, lane, answer).await
    }

    async fn supersede(
        &self,
        request: Request<SupersedeRequest>,
    ) -> Result<Response<SupersedeResponse>, Status> {
        let who = client(&request)?;
        let SupersedeRequest { request_id, letter, attachments, upload_ids } = request.into_inner();
        let lane = limits::lane(letter.as_ref());
        let message = SubmitRequest { request_id, letter, attachments, upload_ids };
        let done = self.inline(&who, message, true).await;
        let answer = done.map(|done| SupersedeResponse {
            letter_id: done.letter.to_string(),
            state: convert::state(&done.state).into(),
            receipts: done.receipts.iter().map(convert::receipt).collect(),
            announced_on: done.announced_on,
        });
        limits::tell(&self.0, &who, lane, answer).await
    }

    async fn update_case_status(
        &self,
        request: Request<UpdateCaseStatusRequest>,
    ) -> Result<Response<UpdateCaseStatusResponse>, Status> {
        let who = client(&request)?;
        let message = request.into_inner();
        let request_id = message.request_id.clone();
        let updated = match cases::news(message, self.0.default_required_level)? {
            Some(news) => self.0.update_case(&who, &request_id, &news).await,
            None => Err(self.0.unknown_recipient(&who).await),
        };
        let updated = updated.map_err(|e| status::submit(&e))?;
        Ok(Response::new(UpdateCaseStatusResponse { updated_at: Some(timestamp(updated)) }))
    }

    async fn recall(
        &self,
        request: Request<RecallRequest>,
    ) -> Result<Response<RecallResponse>, Status> {
        let who = client(&request)?;
        let message = request.get_ref();
        if message.request_id.chars().count() > 128 {
            return Err(invalid(&[("request_id", "must have at most 128 characters")]));
        }
        let id = convert::id(&message.letter_id);
        let id = id.ok_or_else(|| status::read(&ReadError::LetterUnknown))?;
        let recalled = self.0.recall(&who, id, &message.request_id).await;
        let recalled = recalled.map_err(|e| status::open(&e))?;
        Ok(Response::new(RecallResponse {
            letter_id: recalled.letter.to_string(),
            state: convert::state(&recalled.state).into(),
            receipt: Some(convert::receipt(&recalled.receipt)),
        }))
    }

    async fn get_sent_letter(
        &self,
        request: Request<GetSentLetterRequest>,
    ) -> Result<Response<GetSentLetterResponse>, Status> {
        let who = client(&request)?;
        let id = convert::id(&request.get_ref().letter_id);
        let id = id.ok_or_else(|| status::read(&ReadError::LetterUnknown))?;
        let sent = self.0.sent_letter(&who, id).await.map_err(|e| status::read(&e))?;
        Ok(Response::new(GetSentLetterResponse {
            letter_id: sent.letter.id.to_string(),
            request_id: sent.request_id,
            sender_reference: sent.sender_reference,
            state: convert::state(&sent.letter.state).into(),
            receipts: sent.receipts.iter().map(convert::receipt).collect(),
        }))
    }

    async fn export_proof(
        &self,
        request: Request<ExportProofRequest>,
    ) -> Result<Response<Self::ExportProofStream>, Status> {
        let who = client(&request)?;
        let message = request.get_ref();
        let wanted = (message.letter_id.as_str(), message.language.as_str());
        let wire = |chunk| ExportProofResponse { chunk };
        Ok(Response::new(proof::proof(&self.0, Holder::Sender(&who), wanted, wire).await?))
    }

    async fn watch_events(
        &self,
        request: Request<WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let who = client(&request)?;
        let cursor = &request.get_ref().cursor;
        let position = if cursor.is_empty() {
            self.0.events_begin(&who).await.map_err(|e| status::trouble(&e))?
        } else {
            read_cursor(cursor).map_err(|_| invalid(&[("cursor", "was not made here")]))?
        };
        let (out, told) = mpsc::channel(16);
        let postbox = self.0.clone();
        tokio::spawn(async move {
            if let Err(error) = watch(&postbox, &who, position, &out).await {
                let _ = out.send(Err(status::events(&error))).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(told).boxed()))
    }

    type DownloadReplyAttachmentStream = replies::Download;

    async fn check_recipients(
        &self,
        request: Request<CheckRecipientsRequest>,
    ) -> Result<Response<CheckRecipientsResponse>, Status> {
        let who = client(&request)?;
        Ok(Response::new(sent::check(&self.0, &who, request.into_inner()).await?))
    }

    async fn submit_batch(
        &self,
        request: Request<SubmitBatchRequest>,
    ) -> Result<Response<SubmitBatchResponse>, Status> {
        let who = client(&request)?;
        Ok(Response::new(batches::fill(&self.0, &who, request.into_inner()).await?))
    }

    async fn commit_batch(
        &self,
        request: Request<CommitBatchRequest>,
    ) -> Result<Response<CommitBatchResponse>, Status> {
        let (who, message) = (client(&request)?, request.get_ref());
        let done = self.0.commit_batch(&who, &message.request_id, message.without_refused).await;
        let batch = batches::wire(&done.map_err(|e| batches::error(&e))?)?;
        Ok(Response::new(CommitBatchResponse { batch: Some(batch) }))
    }

    async fn cancel_batch(
        &self,
        request: Request<CancelBatchRequest>,
    ) -> Result<Response<CancelBatchResponse>, Status> {
        let who = client(&request)?;
        let done = self.0.cancel_batch(&who, &request.get_ref().request_id).await;
        let batch = batches::wire(&done.map_err(|e| batches::error(&e))?)?;
        Ok(Response::new(CancelBatchResponse { batch: Some(batch) }))
    }

    async fn get_batch(
        &self,
        request: Request<GetBatchRequest>,
    ) -> Result<Response<GetBatchResponse>, Status> {
        let who = client(&request)?;
        Ok(Response::new(batches::get(&self.0, &who, request.get_ref()).await?))
    }

    async fn list_sent_letters(
        &self,
        request: Request<ListSentLettersRequest>,
    ) -> Result<Response<ListSentLettersResponse>, Status> {
        let who = client(&request)?;
        Ok(Response::new(sent::list(&self.0, &who, request.into_inner()).await?))
    }

    async fn list_replies(
        &self,
        request: Request<ListRepliesRequest>,
    ) -> Result<Response<ListRepliesResponse>, Status> {
        let who = client(&request)?;
        Ok(Response::new(replies::list(&self.0, &who, request.get_ref()).await?))
    }

    async fn get_reply(
        &self,
        request: Request<GetReplyRequest>,
    ) -> Result<Response<GetReplyResponse>, Status> {
        let who = client(&request)?;
        Ok(Response::new(replies::get(&self.0, &who, request.get_ref()).await?))
    }

    async fn download_reply_attachment(
        &self,
        request: Request<DownloadReplyAttachmentRequest>,
    ) -> Result<Response<Self::DownloadReplyAttachmentStream>, Status> {
        let who = client(&request)?;
        Ok(Response::new(replies::download(&self.0, &who, request.get_ref()).await?))
    }
}

impl SenderServer {
    /// A letter with its attachments in one message.
    async fn inline(
        &self,
        who: &SenderClient,
        message: SubmitRequest,
        recalls: bool,
    ) -> Result<Submitted, Status> {
        let limit = self.0.limits.inline_bytes;
        let (declared, contents) = inline::read(message.attachments, limit)?;
        let letter = convert::letter(message.letter, self.0.default_required_level)?;
        let content = stream::iter(contents.into_iter().map(Ok));
        let uploads = upload::ids(&message.upload_ids)?;
        self.run(who, (message.request_id, letter, declared, uploads), recalls, content).await
    }

    async fn run<S>(
        &self,
        who: &SenderClient,
        (request_id, letter, attachments, uploads): Parts,
        recalls: bool,
        content: S,
    ) -> Result<Submitted, Status>
    where
        S: Stream<Item = Result<Bytes, SubmitError>> + Unpin + Send,
    {
        // A handle that is none is refused like one that nobody has; but only to registered
        // senders, as everything else.
        let outcome = match letter {
            Some(letter) => {
                let order = Order { request_id, letter, attachments, uploads, recalls };
                self.0.submit(who, &order, content).await
            }
            None => Err(self.0.unknown_recipient(who).await),
        };
        outcome.map_err(|e| {
            let status = status::submit(&e);
            metric::LETTERS_REFUSED.count([&siegel_grpc::reason(&status).unwrap_or_default()]);
            status
        })
    }
}

/// The bytes of one message of the stream.
pub fn chunk(message: Result<SubmitStreamRequest, Status>) -> Result<Bytes, SubmitError> {
    match message.map(|m| m.part) {
        Ok(Some(Part::Chunk(bytes))) => Ok(Bytes::from(bytes)),
        Ok(Some(Part::Head(_))) => Err(SubmitError::field("head", "must come once")),
        Ok(None) => Ok(Bytes::new()),
        // The connection broke: what is missing will not come.
        Err(_) => Err(SubmitError::StreamIncomplete),
    }
}

/// Tells events until nobody listens.
async fn watch(
    postbox: &Postbox,
    who: &SenderClient,
    mut position: i64,
    out: &mpsc::Sender<Result<WatchEventsResponse, Status>>,
) -> Result<(), EventsError> {
    let mut head = postbox.feed.head();
    let mut caught_up = false;
    loop {
        // Seen before reading: an event numbered meanwhile wakes the wait below.
        head.borrow_and_update();
        let events = postbox.events_after(who, position).await?;
        let quiet = events.is_empty();
        for event in events {
            position = event.position;
            let lag = postbox.now().legal.since(event.occurred_at);
            let message = WatchEventsResponse {
                cursor: write_cursor(position),
                lag_ms: i64::try_from(lag.as_millis()).unwrap_or(i64::MAX),
                behind: event.behind,
                event: Some(wire(event)),
            };
            if out.send(Ok(message)).await.is_err() {
                return Ok(());
            }
        }
        if !quiet {
            continue;
        }
        // The first heartbeat comes at once: now the sender has seen all there was.
        let first = !std::mem::replace(&mut caught_up, true);
        let woken = tokio::select! {
            () = std::future::ready(()), if first => false,
            changed = head.changed() => changed.is_ok(),
            () = tokio::time::sleep(postbox.limits.heartbeat()) => false,
            () = out.closed() => return Ok(()),
        };
        if !woken {
            let cursor = write_cursor(position);
            let beat = WatchEventsResponse { cursor, ..WatchEventsResponse::default() };
            if out.send(Ok(beat)).await.is_err() {
                return Ok(());
            }
        }
    }
}

fn wire(event: events::LetterEvent) -> LetterEvent {
    let at: Timestamp = event.occurred_at;
    LetterEvent {
        letter_id: event.letter.to_string(),
        sender_reference: event.sender_reference,
        kind: event.kind,
        state: convert::state(&event.state).into(),
        occurred_at: Some(timestamp(at)),
        receipt: event.receipt.as_ref().map(convert::receipt),
    }
}
