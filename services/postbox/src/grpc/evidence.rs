use siegel_grpc::{Caller, caller};
use siegel_proto::convert::timestamp;
use siegel_proto::organisation::v1::Action;
use siegel_proto::postbox::v1::evidence_service_server::EvidenceService;
use siegel_proto::postbox::v1::{
    GetCheckpointRequest, GetCheckpointResponse, GetConsistencyProofRequest,
    GetConsistencyProofResponse, GetInclusionProofRequest, GetInclusionProofResponse,
    GetMailboxHeadRequest, GetMailboxHeadResponse, GetReceiptDocumentRequest,
    GetReceiptDocumentResponse, GetReceiptRequest, GetReceiptResponse, ListReceiptsRequest,
    ListReceiptsResponse, ListSigningKeysRequest, ListSigningKeysResponse, LogPlace,
};
use tonic::{Request, Response, Status};

use super::proof::{self, Party};
use super::{addressed, convert, status};
use crate::app::Postbox;
use crate::app::log::MailboxHead;
use crate::app::reader::ReadError;
use crate::app::submit::SenderClient;

/// `EvidenceService`
#[derive(Clone)]
pub struct EvidenceServer(pub Postbox);

#[tonic::async_trait]
impl EvidenceService for EvidenceServer {
    async fn list_receipts(
        &self,
        request: Request<ListReceiptsRequest>,
    ) -> Result<Response<ListReceiptsResponse>, Status> {
        let message = request.get_ref();
        let letter = convert::id(&message.letter_id);
        let letter = letter.ok_or_else(|| status::read(&ReadError::LetterUnknown))?;
        let caller = caller(&request)?;
        let found = if let Caller::Client { client_id, tenant, .. } = caller {
            let who = SenderClient {
                client_id: client_id.clone(),
                tenant: tenant.clone(),
                name: caller.name(),
            };
            self.0.sent_letter(&who, letter).await.map(|sent| sent.receipts)
        } else {
            let reader = addressed::reader(&self.0, &request, Action::ReadMail).await?;
            self.0.receipts(&reader, letter).await
        };
        let receipts = found.map_err(|e| status::read(&e))?;
        Ok(Response::new(ListReceiptsResponse {
            receipts: receipts.iter().map(convert::receipt).collect(),
        }))
    }

    async fn get_receipt(
        &self,
        request: Request<GetReceiptRequest>,
    ) -> Result<Response<GetReceiptResponse>, Status> {
        let message = request.get_ref();
        let party = Party::of(&self.0, &request, Action::ReadMail).await?;
        Ok(Response::new(proof::receipt(&self.0, &party, message).await?))
    }

    async fn get_receipt_document(
        &self,
        request: Request<GetReceiptDocumentRequest>,
    ) -> Result<Response<GetReceiptDocumentResponse>, Status> {
        let message = request.get_ref();
        let party = Party::of(&self.0, &request, Action::ReadMail).await?;
        Ok(Response::new(proof::document(&self.0, &party, message).await?))
    }

    async fn list_signing_keys(
        &self,
        _: Request<ListSigningKeysRequest>,
    ) -> Result<Response<ListSigningKeysResponse>, Status> {
        let jwks = self.0.key_set().await.map_err(|e| status::read(&e))?;
        Ok(Response::new(ListSigningKeysResponse { jwks }))
    }

    async fn get_checkpoint(
        &self,
        _: Request<GetCheckpointRequest>,
    ) -> Result<Response<GetCheckpointResponse>, Status> {
        let checkpoint = self.0.checkpoint().await.map_err(|e| status::log(&e))?;
        Ok(Response::new(GetCheckpointResponse { checkpoint }))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<GetInclusionProofRequest>,
    ) -> Result<Response<GetInclusionProofResponse>, Status> {
        let message = request.get_ref();
        let found = self.0.inclusion(&message.leaf, message.tree_size).await;
        let found = found.map_err(|e| status::log(&e))?;
        Ok(Response::new(GetInclusionProofResponse {
            origin: found.origin,
            index: found.index,
            tree_size: found.tree_size,
            proof: found.proof.iter().map(|hash| hash.to_vec()).collect(),
            checkpoint: found.checkpoint,
        }))
    }

    async fn get_mailbox_head(
        &self,
        request: Request<GetMailboxHeadRequest>,
    ) -> Result<Response<GetMailboxHeadResponse>, Status> {
        let message = request.get_ref();
        let reader = addressed::reader(&self.0, &request, Action::ReadMail).await?;
        let found = self.0.mailbox_head(&reader, message.sequence).await;
        let MailboxHead { row, place } = found
            .and_then(|found| found.ok_or(ReadError::LetterUnknown))
            .map_err(|e| status::read(&e))?;
        Ok(Response::new(GetMailboxHeadResponse {
            mailbox_id: row.mailbox_id.to_string(),
            sequence: row.sequence,
            letter_id: row.letter_id.to_string(),
            previous: row.previous,
            content_digest: row.content_digest,
            provided_digest: row.provided_digest,
            head: row.head,
            leaf_salt: row.leaf_salt,
            recorded_at: Some(timestamp(row.recorded_at)),
            place: place.map(|found| LogPlace {
                origin: found.origin,
                index: found.index,
                tree_size: found.tree_size,
                proof: found.proof.iter().map(|hash| hash.to_vec()).collect(),
                checkpoint: found.checkpoint,
            }),
        }))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<GetConsistencyProofRequest>,
    ) -> Result<Response<GetConsistencyProofResponse>, Status> {
        let message = request.get_ref();
        let found = self.0.consistency(message.from_size, message.to_size).await;
        let found = found.map_err(|e| status::log(&e))?;
        Ok(Response::new(GetConsistencyProofResponse {
            from_size: found.from,
            to_size: found.to,
            proof: found.proof.iter().map(|hash| hash.to_vec()).collect(),
            checkpoint: found.checkpoint,
        }))
    }
}
