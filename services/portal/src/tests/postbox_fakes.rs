//! Letters and evidence as the portal sees them.

use futures_util::Stream;
use siegel_crypto::{KeySet, sha256};
use siegel_grpc::{refusal, unavailable};
use siegel_proto::postbox::v1 as postbox;
use siegel_proto::postbox::v1::download_attachment_response::Part;
use siegel_proto::postbox::v1::evidence_service_server::EvidenceService;
use siegel_proto::postbox::v1::mailbox_service_server::MailboxService;
use tonic::{Code, Request, Response, Status};

use super::account_fakes::not_faked;
use super::services::{CONTENT, Fake, LETTER};

fn attachment() -> postbox::Attachment {
    postbox::Attachment {
        attachment_id: "att_1".into(),
        name: "Bescheid über \"alles\".pdf".into(),
        media_type: "application/pdf".into(),
        size_bytes: i64::try_from(CONTENT.len()).unwrap(),
        sha256: sha256(CONTENT).to_vec(),
        scan: postbox::ScanState::Scanned.into(),
    }
}

type Bytes = std::pin::Pin<
    Box<dyn Stream<Item = Result<postbox::DownloadAttachmentResponse, Status>> + Send>,
>;

type News =
    std::pin::Pin<Box<dyn Stream<Item = Result<postbox::WatchMailboxResponse, Status>> + Send>>;
type Proof = std::pin::Pin<
    Box<dyn Stream<Item = Result<postbox::MailboxServiceExportProofResponse, Status>> + Send>,
>;

type Mailbox =
    std::pin::Pin<Box<dyn Stream<Item = Result<postbox::ExportMailboxResponse, Status>> + Send>>;

#[tonic::async_trait]
impl MailboxService for Fake {
    type WatchMailboxStream = News;

    async fn watch_mailbox(
        &self,
        _: Request<postbox::WatchMailboxRequest>,
    ) -> Result<Response<News>, Status> {
        not_faked()
    }

    async fn list_letters(
        &self,
        request: Request<postbox::ListLettersRequest>,
    ) -> Result<Response<postbox::ListLettersResponse>, Status> {
        self.0.listed.lock().unwrap().push(request.into_inner());
        if *self.0.down.lock().unwrap() {
            return Err(unavailable("DOWN", "down"));
        }
        let letters = vec![self.0.letter()];
        Ok(Response::new(postbox::ListLettersResponse {
            letters,
            next_page_token: "more".into(),
            ..postbox::ListLettersResponse::default()
        }))
    }

    async fn preview(
        &self,
        _: Request<postbox::PreviewRequest>,
    ) -> Result<Response<postbox::PreviewResponse>, Status> {
        Ok(Response::new(postbox::PreviewResponse {
            letter: Some(self.0.letter()),
            effect_de: "Öffnen heißt: bekanntgegeben.".into(),
            effect_en: "Opening means: announced.".into(),
        }))
    }

    async fn open(
        &self,
        _: Request<postbox::OpenRequest>,
    ) -> Result<Response<postbox::OpenResponse>, Status> {
        self.0.refusal()?;
        let reads_only = *self.0.reads_only.lock().unwrap();
        *self.0.opened.lock().unwrap() += u32::from(!reads_only);
        let body = |language: &str, text: &str| postbox::Body {
            language: language.into(),
            plain_text: text.into(),
            easy_text: String::new(),
            html: self.0.html.lock().unwrap().clone(),
        };
        Ok(Response::new(postbox::OpenResponse {
            letter: Some(self.0.letter()),
            bodies: vec![
                body("en", "Hello <script>alert(2)</script>"),
                body("de", "Guten Tag <script>alert(1)</script>\n\n</section>Gruß"),
            ],
            attachments: vec![attachment()],
            receipt: (!reads_only).then(|| postbox::Receipt {
                receipt_id: "rcp_1".into(),
                letter_id: LETTER.into(),
                kind: "opened".into(),
                file: self.0.receipt(),
                recorded_at: None,
            }),
            actions: self.0.actions.lock().unwrap().clone(),
            ..postbox::OpenResponse::default()
        }))
    }

    async fn confirm(
        &self,
        _: Request<postbox::ConfirmRequest>,
    ) -> Result<Response<postbox::ConfirmResponse>, Status> {
        self.0.refusal()?;
        *self.0.opened.lock().unwrap() += 1;
        self.0.answers.lock().unwrap().push("confirmed");
        Ok(Response::new(postbox::ConfirmResponse::default()))
    }

    async fn refuse(
        &self,
        _: Request<postbox::RefuseRequest>,
    ) -> Result<Response<postbox::RefuseResponse>, Status> {
        self.0.refusal()?;
        self.0.answers.lock().unwrap().push("refused");
        Ok(Response::new(postbox::RefuseResponse::default()))
    }

    async fn set_flags(
        &self,
        _: Request<postbox::SetFlagsRequest>,
    ) -> Result<Response<postbox::SetFlagsResponse>, Status> {
        not_faked()
    }

    async fn archive(
        &self,
        _: Request<postbox::ArchiveRequest>,
    ) -> Result<Response<postbox::ArchiveResponse>, Status> {
        self.0.moved.lock().unwrap().push("archive");
        Ok(Response::new(postbox::ArchiveResponse::default()))
    }

    async fn trash(
        &self,
        _: Request<postbox::TrashRequest>,
    ) -> Result<Response<postbox::TrashResponse>, Status> {
        self.0.moved.lock().unwrap().push("trash");
        Ok(Response::new(postbox::TrashResponse::default()))
    }

    async fn restore(
        &self,
        _: Request<postbox::RestoreRequest>,
    ) -> Result<Response<postbox::RestoreResponse>, Status> {
        self.0.moved.lock().unwrap().push("inbox");
        Ok(Response::new(postbox::RestoreResponse::default()))
    }

    async fn get_counts(
        &self,
        _: Request<postbox::GetCountsRequest>,
    ) -> Result<Response<postbox::GetCountsResponse>, Status> {
        not_faked()
    }

    async fn list_case_updates(
        &self,
        _: Request<postbox::ListCaseUpdatesRequest>,
    ) -> Result<Response<postbox::ListCaseUpdatesResponse>, Status> {
        not_faked()
    }

    async fn deposit_attachment(
        &self,
        request: Request<postbox::DepositAttachmentRequest>,
    ) -> Result<Response<postbox::DepositAttachmentResponse>, Status> {
        let mut data = self.0.data.lock().unwrap();
        if data.full {
            return Err(siegel_grpc::refusal(
                tonic::Code::ResourceExhausted,
                "SAFE_FULL",
                "full",
                [],
            ));
        }
        data.kept.push(request.into_inner());
        let document_id = super::data_fakes::DOCUMENT.into();
        Ok(Response::new(postbox::DepositAttachmentResponse { document_id }))
    }

    type DownloadAllStream =
        std::pin::Pin<Box<dyn Stream<Item = Result<postbox::DownloadAllResponse, Status>> + Send>>;

    async fn download_all(
        &self,
        _: Request<postbox::DownloadAllRequest>,
    ) -> Result<Response<Self::DownloadAllStream>, Status> {
        let chunk = b"PK\x05\x06 no more".to_vec();
        let message = Ok(postbox::DownloadAllResponse { chunk });
        Ok(Response::new(Box::pin(futures_util::stream::iter([message]))))
    }

    async fn search(
        &self,
        request: Request<postbox::SearchRequest>,
    ) -> Result<Response<postbox::SearchResponse>, Status> {
        self.found(request.into_inner())
    }

    async fn list_accesses(
        &self,
        request: Request<postbox::ListAccessesRequest>,
    ) -> Result<Response<postbox::ListAccessesResponse>, Status> {
        let at = pbjson_types::Timestamp { seconds: 1_741_256_100, nanos: 0 };
        let access = |kind: postbox::AccessKind, own| postbox::Access {
            letter_id: LETTER.into(),
            kind: kind.into(),
            accessed_at: Some(at),
            own,
            person: "per_<b>".into(),
            trust_level: 3,
            client_id: "siegel-portal".into(),
            outcome: "done".into(),
            ..postbox::Access::default()
        };
        let denied = "TRUST_TOO_LOW".to_owned();
        let accesses = vec![
            postbox::Access { length_bytes: 7, ..access(postbox::AccessKind::Downloaded, true) },
            postbox::Access { outcome: denied, ..access(postbox::AccessKind::Opened, false) },
        ];
        let next_page_token = match request.get_ref().page_token.as_str() {
            "" => "older".to_owned(),
            _ => String::new(),
        };
        Ok(Response::new(postbox::ListAccessesResponse { accesses, next_page_token }))
    }

    type ExportProofStream = Proof;

    async fn export_proof(
        &self,
        _: Request<postbox::MailboxServiceExportProofRequest>,
    ) -> Result<Response<Proof>, Status> {
        let chunk =
            |chunk: &[u8]| postbox::MailboxServiceExportProofResponse { chunk: chunk.into() };
        let messages = [Ok(chunk(b"proof ")), Ok(chunk(b"archive"))];
        Ok(Response::new(Box::pin(futures_util::stream::iter(messages))))
    }

    type ExportMailboxStream = Mailbox;

    async fn export_mailbox(
        &self,
        _: Request<postbox::ExportMailboxRequest>,
    ) -> Result<Response<Mailbox>, Status> {
        let message = postbox::ExportMailboxResponse {
            chunk: b"mailbox archive".into(),
            ..postbox::ExportMailboxResponse::default()
        };
        Ok(Response::new(Box::pin(futures_util::stream::iter([Ok(message)]))))
    }

    async fn reply(
        &self,
        request: Request<postbox::ReplyRequest>,
    ) -> Result<Response<postbox::ReplyResponse>, Status> {
        self.0.refusal()?;
        if let Some(reason) = *self.0.reply_refused.lock().unwrap() {
            return Err(refusal(Code::InvalidArgument, reason, "refused", []));
        }
        self.0.replies.lock().unwrap().push(request.into_inner());
        Ok(Response::new(postbox::ReplyResponse {
            receipt: Some(postbox::Receipt { receipt_id: "rcp_1".into(), ..Default::default() }),
            ..Default::default()
        }))
    }

    async fn get_own_reply(
        &self,
        request: Request<postbox::GetOwnReplyRequest>,
    ) -> Result<Response<postbox::GetOwnReplyResponse>, Status> {
        let sent = self.0.replies.lock().unwrap().first().cloned();
        let sent = sent.filter(|_| request.get_ref().reply_id == "rpl_1");
        let sent = sent.ok_or_else(|| Status::not_found("no reply"))?;
        let file = |a: &postbox::InlineAttachment| {
            let name = a.declaration.clone().unwrap_or_default().name;
            postbox::Attachment { name, ..Default::default() }
        };
        Ok(Response::new(postbox::GetOwnReplyResponse {
            attachments: sent.attachments.iter().map(file).collect(),
            text: sent.text,
            ..Default::default()
        }))
    }

    type DownloadAttachmentStream = Bytes;

    async fn download_attachment(
        &self,
        request: Request<postbox::DownloadAttachmentRequest>,
    ) -> Result<Response<Bytes>, Status> {
        if *self.0.opened.lock().unwrap() == 0 {
            let code = Code::FailedPrecondition;
            return Err(refusal(code, "LETTER_NOT_OPENED", "not opened", []));
        }
        let message = request.get_ref();
        let first = usize::try_from(message.offset_bytes).unwrap();
        let Some(rest) = CONTENT.get(first..) else {
            return Err(siegel_grpc::invalid(&[("offset_bytes", "must be within")]));
        };
        let length = usize::try_from(message.length_bytes).unwrap();
        let length = if length == 0 { rest.len() } else { length.min(rest.len()) };
        let (one, two) = rest[..length].split_at(length.min(5));
        let chunk = |bytes: &[u8]| Part::Chunk(bytes.to_vec());
        let parts = [Part::Attachment(attachment()), chunk(one), chunk(two)];
        let messages =
            parts.map(|part| Ok(postbox::DownloadAttachmentResponse { part: Some(part) }));
        Ok(Response::new(Box::pin(futures_util::stream::iter(messages))))
    }
}

#[tonic::async_trait]
impl EvidenceService for Fake {
    async fn list_receipts(
        &self,
        _: Request<postbox::ListReceiptsRequest>,
    ) -> Result<Response<postbox::ListReceiptsResponse>, Status> {
        let receipt = postbox::Receipt {
            receipt_id: "rcp_1".into(),
            letter_id: LETTER.into(),
            kind: self.0.kind().as_str().into(),
            file: self.0.receipt(),
            recorded_at: None,
        };
        Ok(Response::new(postbox::ListReceiptsResponse { receipts: vec![receipt] }))
    }

    async fn get_receipt(
        &self,
        _: Request<postbox::GetReceiptRequest>,
    ) -> Result<Response<postbox::GetReceiptResponse>, Status> {
        not_faked()
    }

    async fn get_receipt_document(
        &self,
        request: Request<postbox::GetReceiptDocumentRequest>,
    ) -> Result<Response<postbox::GetReceiptDocumentResponse>, Status> {
        let wanted = request.into_inner();
        if wanted.receipt_id != "rcp_1" {
            return Err(refusal(Code::NotFound, "RECEIPT_UNKNOWN", "no such receipt", []));
        }
        Ok(Response::new(postbox::GetReceiptDocumentResponse {
            document: format!("%PDF {}", wanted.language).into_bytes(),
            media_type: "application/pdf".into(),
            file_name: "receipt-opened-rcp_1.pdf".into(),
        }))
    }

    async fn list_signing_keys(
        &self,
        _: Request<postbox::ListSigningKeysRequest>,
    ) -> Result<Response<postbox::ListSigningKeysResponse>, Status> {
        if *self.0.down.lock().unwrap() {
            return Err(unavailable("DOWN", "down"));
        }
        let jwks = KeySet::new([self.0.key.public_jwk().clone()]).to_json();
        Ok(Response::new(postbox::ListSigningKeysResponse { jwks }))
    }

    async fn get_checkpoint(
        &self,
        _: Request<postbox::GetCheckpointRequest>,
    ) -> Result<Response<postbox::GetCheckpointResponse>, Status> {
        Err(Status::unimplemented("the portal does not ask"))
    }

    async fn get_inclusion_proof(
        &self,
        _: Request<postbox::GetInclusionProofRequest>,
    ) -> Result<Response<postbox::GetInclusionProofResponse>, Status> {
        Err(Status::unimplemented("the portal does not ask"))
    }

    async fn get_mailbox_head(
        &self,
        _: Request<postbox::GetMailboxHeadRequest>,
    ) -> Result<Response<postbox::GetMailboxHeadResponse>, Status> {
        Err(Status::unimplemented("the portal does not ask"))
    }

    async fn get_consistency_proof(
        &self,
        _: Request<postbox::GetConsistencyProofRequest>,
    ) -> Result<Response<postbox::GetConsistencyProofResponse>, Status> {
        Err(Status::unimplemented("the portal does not ask"))
    }
}
