use bytes::Bytes;
use futures_util::StreamExt as _;
use siegel_grpc::{Caller, caller, invalid};
use siegel_proto::convert::timestamp;
use siegel_proto::organisation::v1::Action;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::upload_attachment_request::Part;
use siegel_proto::postbox::v1::upload_service_server::UploadService;
use siegel_proto::postbox::v1::{
    CancelUploadRequest, CancelUploadResponse, CreateUploadRequest, CreateUploadResponse,
    GetUploadRequest, GetUploadResponse, UploadAttachmentRequest, UploadAttachmentResponse,
};
use tonic::{Request, Response, Status, Streaming};

use super::addressed::{self, Addressed as _};
use super::{convert, status};
use crate::app::Postbox;
use crate::app::submit::SubmitError;
use crate::app::uploads::{Progress, Uploader};
use crate::domain::UploadId;
use crate::domain::upload::{Owner, Scan, State};

/// `UploadService`
#[derive(Clone)]
pub struct UploadServer(pub Postbox);

/// The ids of uploads that a letter names. One that is none is one that is not there.
pub fn ids(texts: &[String]) -> Result<Vec<UploadId>, Status> {
    texts.iter().map(|text| id(text)).collect()
}

pub fn id(text: &str) -> Result<UploadId, Status> {
    convert::id(text).ok_or_else(|| status::submit(&SubmitError::UploadUnknown))
}

pub fn scan(scan: Scan) -> pb::ScanState {
    match scan {
        Scan::Scanned => pb::ScanState::Scanned,
        Scan::NotScanned => pb::ScanState::NotScanned,
        Scan::Blocked => pb::ScanState::Blocked,
    }
}

pub fn wire(progress: Progress) -> pb::Upload {
    let state = match progress.state {
        State::Receiving => pb::UploadState::Receiving,
        State::Ready => pb::UploadState::Ready,
        State::Refused => pb::UploadState::Refused,
    };
    pb::Upload {
        upload_id: progress.id.to_string(),
        offset_bytes: i64::try_from(progress.stored_bytes).unwrap_or(i64::MAX),
        size_bytes: i64::try_from(progress.size_bytes).unwrap_or(i64::MAX),
        state: state.into(),
        scan: scan(progress.scan).into(),
        refusal: progress.refusal.unwrap_or_default(),
        expires_at: Some(timestamp(progress.expires_at)),
    }
}

impl UploadServer {
    /// The caller as the owner of uploads.
    pub async fn uploader(&self, caller: &Caller, whom: [&str; 3]) -> Result<Uploader, Status> {
        let name = caller.name();
        if let Caller::Client { client_id, tenant, .. } = caller {
            let (tenant, client_id) = (tenant.clone(), client_id.clone());
            return Ok(Uploader { owner: Owner::Sender { tenant, client_id }, name });
        }
        let whom = addressed::represented(whom)?;
        let reader = self.0.reader(&addressed::who(caller)?, whom, None).await;
        // What persons upload goes into replies.
        let reader = reader.and_then(|reader| reader.to(Action::ReplyMail));
        let reader = reader.map_err(|e| status::read(&e))?;
        let mailbox = self.0.mailbox_id(&reader).await.map_err(|e| status::read(&e))?;
        let mailbox = mailbox.ok_or_else(|| status::submit(&SubmitError::RecipientUnknown))?;
        Ok(Uploader { owner: Owner::Mailbox(mailbox), name })
    }
}

#[tonic::async_trait]
impl UploadService for UploadServer {
    async fn create_upload(
        &self,
        request: Request<CreateUploadRequest>,
    ) -> Result<Response<CreateUploadResponse>, Status> {
        let message = request.get_ref();
        let who = self.uploader(caller(&request)?, message.whom()).await?;
        let declared = convert::declarations(message.attachment.iter().cloned().collect())?;
        let [declared] = declared.as_slice() else {
            return Err(invalid(&[("attachment", "must be there")]));
        };
        let created = self.0.create_upload(&who, &message.request_id, declared).await;
        let created = created.map_err(|e| status::upload(&e))?;
        Ok(Response::new(CreateUploadResponse { upload: Some(wire(created)) }))
    }

    async fn upload_attachment(
        &self,
        request: Request<Streaming<UploadAttachmentRequest>>,
    ) -> Result<Response<UploadAttachmentResponse>, Status> {
        let caller = caller(&request)?.clone();
        let mut messages = request.into_inner();
        let first = messages.message().await?.and_then(|m| m.part);
        let Some(Part::Head(head)) = first else {
            return Err(invalid(&[("head", "must be the first message")]));
        };
        let who = self.uploader(&caller, head.whom()).await?;
        let offset = u64::try_from(head.offset_bytes)
            .map_err(|_| invalid(&[("head.offset_bytes", "must not be negative")]))?;
        let content = messages.map(chunk).boxed();
        let progress = self.0.append(&who, id(&head.upload_id)?, offset, content).await;
        let progress = progress.map_err(|e| status::upload(&e))?;
        Ok(Response::new(UploadAttachmentResponse { upload: Some(wire(progress)) }))
    }

    async fn get_upload(
        &self,
        request: Request<GetUploadRequest>,
    ) -> Result<Response<GetUploadResponse>, Status> {
        let message = request.get_ref();
        let who = self.uploader(caller(&request)?, message.whom()).await?;
        let found = self.0.upload_progress(&who, id(&message.upload_id)?).await;
        let found = found.map_err(|e| status::upload(&e))?;
        Ok(Response::new(GetUploadResponse { upload: Some(wire(found)) }))
    }

    async fn cancel_upload(
        &self,
        request: Request<CancelUploadRequest>,
    ) -> Result<Response<CancelUploadResponse>, Status> {
        let message = request.get_ref();
        if message.request_id.chars().count() > 128 {
            return Err(invalid(&[("request_id", "must have at most 128 characters")]));
        }
        let who = self.uploader(caller(&request)?, message.whom()).await?;
        let upload = id(&message.upload_id)?;
        let cancelled = self.0.cancel_upload(&who, upload, &message.request_id).await;
        cancelled.map_err(|e| status::upload(&e))?;
        Ok(Response::new(CancelUploadResponse {}))
    }
}

/// The bytes of one message of the stream.
fn chunk(message: Result<UploadAttachmentRequest, Status>) -> Result<Bytes, SubmitError> {
    match message.map(|m| m.part) {
        Ok(Some(Part::Chunk(bytes))) => Ok(Bytes::from(bytes)),
        Ok(Some(Part::Head(_))) => Err(SubmitError::field("head", "must come once")),
        Ok(None) => Ok(Bytes::new()),
        // The connection broke: what is missing comes with another call.
        Err(_) => Err(SubmitError::StreamIncomplete),
    }
}
