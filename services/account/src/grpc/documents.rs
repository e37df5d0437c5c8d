use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use siegel_grpc::{caller, invalid};
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::document_service_server::DocumentService;
use siegel_proto::account::v1::download_document_response::Part as Down;
use siegel_proto::account::v1::upload_document_request::Part as Up;
use siegel_proto::convert;
use tonic::{Request, Response, Status, Streaming};

use super::status::status;
use super::{read, write};
use crate::app::{App, Failure, Granting, kinds};
use crate::domain::document::Provenance;
use crate::store::documents::DocumentId;

/// The document safe as its person uses it.
pub struct Documents(pub App);

#[tonic::async_trait]
impl DocumentService for Documents {
    type DownloadDocumentStream = BoxStream<'static, Result<pb::DownloadDocumentResponse, Status>>;

    #[tracing::instrument(name = "account.document.upload", skip_all)]
    async fn upload_document(
        &self,
        request: Request<Streaming<pb::UploadDocumentRequest>>,
    ) -> Result<Response<pb::UploadDocumentResponse>, Status> {
        let caller = caller(&request)?.clone();
        let account = caller.person()?.account;
        let mut messages = request.into_inner();
        let Some(Up::Head(head)) = messages.message().await?.and_then(|m| m.part) else {
            return Err(invalid(&[("head", "must be the first message")]));
        };
        let kind = kinds::DOCUMENT_STORED;
        let order = read::order_by(&self.0, kind, &caller, &head, &head.request_id)?;
        let head = read::document_head(head);
        let content = messages.map(chunk).boxed();
        let about = (&head, &Provenance::own());
        let stored = self.0.upload_document(&order, account, about, content).await;
        let document = Some(write::document(&stored.map_err(|e| status(&e))?));
        Ok(Response::new(pb::UploadDocumentResponse { document }))
    }

    #[tracing::instrument(name = "account.documents.list", skip_all)]
    async fn list_documents(
        &self,
        request: Request<pb::ListDocumentsRequest>,
    ) -> Result<Response<pb::ListDocumentsResponse>, Status> {
        let account = read::own_account(&request)?;
        let listing = self.0.list_documents(account).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::ListDocumentsResponse {
            documents: listing.documents.iter().map(write::document).collect(),
            used_bytes: listing.used,
            quota_bytes: listing.quota,
        }))
    }

    #[tracing::instrument(name = "account.document.rename", skip_all)]
    async fn rename_document(
        &self,
        request: Request<pb::RenameDocumentRequest>,
    ) -> Result<Response<pb::RenameDocumentResponse>, Status> {
        let account = read::own_account(&request)?;
        let wire = request.get_ref();
        let order = read::order(&self.0, kinds::DOCUMENT_RENAMED, &request, &wire.request_id)?;
        let id = document_id(&wire.document_id)?;
        let done = self.0.rename_document(&order, account, id, &wire.name).await;
        done.map_err(|e| status(&e))?;
        Ok(Response::new(pb::RenameDocumentResponse {}))
    }

    #[tracing::instrument(name = "account.document.delete", skip_all)]
    async fn delete_document(
        &self,
        request: Request<pb::DeleteDocumentRequest>,
    ) -> Result<Response<pb::DeleteDocumentResponse>, Status> {
        let account = read::own_account(&request)?;
        let wire = request.get_ref();
        let order = read::order(&self.0, kinds::DOCUMENT_DELETED, &request, &wire.request_id)?;
        let id = document_id(&wire.document_id)?;
        self.0.delete_document(&order, account, id).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::DeleteDocumentResponse {}))
    }

    #[tracing::instrument(name = "account.document.download", skip_all)]
    async fn download_document(
        &self,
        request: Request<pb::DownloadDocumentRequest>,
    ) -> Result<Response<Self::DownloadDocumentStream>, Status> {
        let caller = caller(&request)?;
        let (account, level) = (caller.person()?.account, caller.level());
        let id = document_id(&request.get_ref().document_id)?;
        let found = self.0.download_document(account, level, id).await;
        let (document, content) = found.map_err(|e| status(&e))?;
        let part = Some(Down::Document(write::document(&document)));
        let head = stream::iter([Ok(pb::DownloadDocumentResponse { part })]);
        let rest = stream::try_unfold(content, |mut content| async move {
            let plain = content.next().await.map_err(|e| status(&e))?;
            let message = |plain: Bytes| pb::DownloadDocumentResponse {
                part: Some(Down::Chunk(plain.to_vec())),
            };
            Ok(plain.map(|plain| (message(plain), content)))
        });
        Ok(Response::new(head.chain(rest).boxed()))
    }

    #[tracing::instrument(name = "account.document.grant", skip_all)]
    async fn grant_document(
        &self,
        request: Request<pb::GrantDocumentRequest>,
    ) -> Result<Response<pb::GrantDocumentResponse>, Status> {
        let account = read::own_account(&request)?;
        let wire = request.get_ref();
        let order = read::order(&self.0, kinds::DOCUMENT_GRANTED, &request, &wire.request_id)?;
        let until = wire.valid_until.as_ref().map(convert::instant);
        let wanted = Granting {
            document: document_id(&wire.document_id)?,
            client_id: read::text("client_id", &wire.client_id, false)?,
            client_name: read::text("client_name", &wire.client_name, true)?,
            purpose: read::text("purpose", &wire.purpose, false)?,
            valid_until: until.ok_or_else(|| invalid(&[("valid_until", "is missing")]))?,
            many: wire.many,
        };
        let shown = self.0.grant_document(&order, account, &wanted).await;
        let grant = Some(write::grant(&shown.map_err(|e| status(&e))?));
        Ok(Response::new(pb::GrantDocumentResponse { grant }))
    }

    #[tracing::instrument(name = "account.document.grants.list", skip_all)]
    async fn list_document_grants(
        &self,
        request: Request<pb::ListDocumentGrantsRequest>,
    ) -> Result<Response<pb::ListDocumentGrantsResponse>, Status> {
        let account = read::own_account(&request)?;
        let document = &request.get_ref().document_id;
        let document = (!document.is_empty()).then(|| document_id(document)).transpose()?;
        let grants = self.0.document_grants(account, document).await.map_err(|e| status(&e))?;
        let grants = grants.iter().map(write::grant).collect();
        Ok(Response::new(pb::ListDocumentGrantsResponse { grants }))
    }

    #[tracing::instrument(name = "account.document.grant.revoke", skip_all)]
    async fn revoke_document_grant(
        &self,
        request: Request<pb::RevokeDocumentGrantRequest>,
    ) -> Result<Response<pb::RevokeDocumentGrantResponse>, Status> {
        let account = read::own_account(&request)?;
        let wire = request.get_ref();
        let kind = kinds::DOCUMENT_GRANT_REVOKED;
        let order = read::order(&self.0, kind, &request, &wire.request_id)?;
        let id = wire.grant_id.parse().map_err(|_| status(&Failure::UnknownDocumentGrant))?;
        self.0.revoke_document_grant(&order, account, id).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::RevokeDocumentGrantResponse {}))
    }
}

/// An id that is none is one that is not there.
fn document_id(text: &str) -> Result<DocumentId, Status> {
    text.parse().map_err(|_| status(&Failure::UnknownDocument))
}

fn chunk(message: Result<pb::UploadDocumentRequest, Status>) -> Result<Bytes, Failure> {
    match message.map(|m| m.part) {
        Ok(Some(Up::Chunk(bytes))) => Ok(bytes.into()),
        // A head in the middle, a message without a part, or a stream that broke.
        Ok(_) | Err(_) => Err(Failure::Incomplete),
    }
}
