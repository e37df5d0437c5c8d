//! A postbox that says who called.

use std::pin::Pin;

use siegel_grpc::{Caller, caller};
use siegel_proto::postbox::v1 as postbox;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};

/// The service behind the guard: says who called.
#[derive(Clone)]
pub struct Postbox;

#[tonic::async_trait]
impl postbox::evidence_service_server::EvidenceService for Postbox {
    async fn list_receipts(
        &self,
        request: Request<postbox::ListReceiptsRequest>,
    ) -> Result<Response<postbox::ListReceiptsResponse>, Status> {
        let kind = match caller(&request)? {
            Caller::Person(person) => match &person.acting_for {
                Some(acting) => format!("person at {} for {:?}", person.level, acting.party),
                None => format!("person at {}", person.level),
            },
            Caller::Program(program) => format!("{} of {}", program.id, program.organisation),
            other => other.name(),
        };
        let receipt = postbox::Receipt { kind, ..Default::default() };
        Ok(Response::new(postbox::ListReceiptsResponse { receipts: vec![receipt] }))
    }

    async fn list_signing_keys(
        &self,
        request: Request<postbox::ListSigningKeysRequest>,
    ) -> Result<Response<postbox::ListSigningKeysResponse>, Status> {
        let jwks = caller(&request)?.name();
        Ok(Response::new(postbox::ListSigningKeysResponse { jwks }))
    }

    async fn get_receipt(
        &self,
        _: Request<postbox::GetReceiptRequest>,
    ) -> Result<Response<postbox::GetReceiptResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_receipt_document(
        &self,
        _: Request<postbox::GetReceiptDocumentRequest>,
    ) -> Result<Response<postbox::GetReceiptDocumentResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_mailbox_head(
        &self,
        _: Request<postbox::GetMailboxHeadRequest>,
    ) -> Result<Response<postbox::GetMailboxHeadResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_checkpoint(
        &self,
        _: Request<postbox::GetCheckpointRequest>,
    ) -> Result<Response<postbox::GetCheckpointResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_inclusion_proof(
        &self,
        _: Request<postbox::GetInclusionProofRequest>,
    ) -> Result<Response<postbox::GetInclusionProofResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_consistency_proof(
        &self,
        _: Request<postbox::GetConsistencyProofRequest>,
    ) -> Result<Response<postbox::GetConsistencyProofResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl postbox::handle_service_server::HandleService for Postbox {
    async fn issue_handle(
        &self,
        request: Request<postbox::IssueHandleRequest>,
    ) -> Result<Response<postbox::IssueHandleResponse>, Status> {
        let handle = caller(&request)?.name();
        Ok(Response::new(postbox::IssueHandleResponse { handle }))
    }

    async fn close_mailbox(
        &self,
        _: Request<postbox::CloseMailboxRequest>,
    ) -> Result<Response<postbox::CloseMailboxResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

#[tonic::async_trait]
impl postbox::sender_service_server::SenderService for Postbox {
    type ExportProofStream =
        Pin<Box<dyn Stream<Item = Result<postbox::ExportProofResponse, Status>> + Send>>;

    async fn export_proof(
        &self,
        _: Request<postbox::ExportProofRequest>,
    ) -> Result<Response<Self::ExportProofStream>, Status> {
        Err(Status::unimplemented("not here"))
    }

    type WatchEventsStream =
        Pin<Box<dyn Stream<Item = Result<postbox::WatchEventsResponse, Status>> + Send>>;

    async fn submit(
        &self,
        _: Request<postbox::SubmitRequest>,
    ) -> Result<Response<postbox::SubmitResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn submit_stream(
        &self,
        _: Request<tonic::Streaming<postbox::SubmitStreamRequest>>,
    ) -> Result<Response<postbox::SubmitStreamResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_sent_letter(
        &self,
        _: Request<postbox::GetSentLetterRequest>,
    ) -> Result<Response<postbox::GetSentLetterResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn recall(
        &self,
        _: Request<postbox::RecallRequest>,
    ) -> Result<Response<postbox::RecallResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn supersede(
        &self,
        _: Request<postbox::SupersedeRequest>,
    ) -> Result<Response<postbox::SupersedeResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn update_case_status(
        &self,
        _: Request<postbox::UpdateCaseStatusRequest>,
    ) -> Result<Response<postbox::UpdateCaseStatusResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn check_recipients(
        &self,
        _: Request<postbox::CheckRecipientsRequest>,
    ) -> Result<Response<postbox::CheckRecipientsResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn submit_batch(
        &self,
        _: Request<postbox::SubmitBatchRequest>,
    ) -> Result<Response<postbox::SubmitBatchResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn commit_batch(
        &self,
        _: Request<postbox::CommitBatchRequest>,
    ) -> Result<Response<postbox::CommitBatchResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn cancel_batch(
        &self,
        _: Request<postbox::CancelBatchRequest>,
    ) -> Result<Response<postbox::CancelBatchResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_batch(
        &self,
        _: Request<postbox::GetBatchRequest>,
    ) -> Result<Response<postbox::GetBatchResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn list_sent_letters(
        &self,
        _: Request<postbox::ListSentLettersRequest>,
    ) -> Result<Response<postbox::ListSentLettersResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn list_replies(
        &self,
        _: Request<postbox::ListRepliesRequest>,
    ) -> Result<Response<postbox::ListRepliesResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_reply(
        &self,
        _: Request<postbox::GetReplyRequest>,
    ) -> Result<Response<postbox::GetReplyResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    type DownloadReplyAttachmentStream = Pin<
        Box<dyn Stream<Item = Result<postbox::DownloadReplyAttachmentResponse, Status>> + Send>,
    >;

    async fn download_reply_attachment(
        &self,
        _: Request<postbox::DownloadReplyAttachmentRequest>,
    ) -> Result<Response<Self::DownloadReplyAttachmentStream>, Status> {
        Err(Status::unimplemented("not here"))
    }

    /// One message, then silence.
    async fn watch_events(
        &self,
        _: Request<postbox::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let first = tokio_stream::once(Ok(postbox::WatchEventsResponse::default()));
        Ok(Response::new(Box::pin(first.chain(tokio_stream::pending()))))
    }
}
