//! What is done with documents: by persons, by the services they let in, by the postbox.

use siegel_kernel::Timestamp;
use siegel_proto::account::v1 as pb;
use siegel_proto::convert;
use siegel_walk::{Call, Message as _, call, one, tells_of_nothing};

use super::Names;

const CONTENT: &[u8] = b"%PDF-1.7 own";

fn head(n: &Names) -> pb::DocumentHead {
    pb::DocumentHead {
        request_id: n.request_id.clone(),
        name: "Eigenes.pdf".into(),
        media_type: "application/pdf".into(),
        size_bytes: i64::try_from(CONTENT.len()).unwrap(),
        sha256: siegel_crypto::sha256(CONTENT).to_vec(),
    }
}

/// Within the thirty days for which a service may be let in, as the tests' clock begins.
fn soon() -> Timestamp {
    Timestamp::parse_rfc3339("2025-03-07T10:00:00Z").unwrap()
}

fn upload(n: &Names) -> Vec<Vec<u8>> {
    use pb::upload_document_request::Part;
    let parts = [Part::Head(head(n)), Part::Chunk(CONTENT.to_vec())];
    parts.map(|part| pb::UploadDocumentRequest { part: Some(part) }.encode_to_vec()).into()
}

fn deposit(n: &Names) -> Vec<Vec<u8>> {
    use pb::deposit_document_request::Part;
    let head = pb::DepositHead {
        document: Some(head(n)),
        account_id: n.account.clone(),
        origin: pb::DocumentOrigin::Issued.into(),
        issuer: "Musterstadt".into(),
        letter_id: String::new(),
        tenant: "musterstadt".into(),
    };
    let parts = [Part::Head(head), Part::Chunk(CONTENT.to_vec())];
    parts.map(|part| pb::DepositDocumentRequest { part: Some(part) }.encode_to_vec()).into()
}

pub fn calls() -> Vec<Call<Names>> {
    vec![
        call("DocumentService/UploadDocument", upload),
        call("DocumentService/ListDocuments", |_| one(&pb::ListDocumentsRequest {})),
        call("DocumentService/RenameDocument", |n: &Names| {
            let (request_id, document_id) = (n.request_id.clone(), n.document.clone());
            one(&pb::RenameDocumentRequest { request_id, document_id, name: "Neu.pdf".into() })
        }),
        call("DocumentService/DeleteDocument", |n: &Names| {
            let (request_id, document_id) = (n.request_id.clone(), n.document.clone());
            one(&pb::DeleteDocumentRequest { request_id, document_id })
        }),
        call("DocumentService/DownloadDocument", |n: &Names| {
            one(&pb::DownloadDocumentRequest { document_id: n.document.clone() })
        }),
        call("DocumentService/GrantDocument", |n: &Names| {
            one(&pb::GrantDocumentRequest {
                request_id: n.request_id.clone(),
                document_id: n.document.clone(),
                client_id: "bauamt".into(),
                client_name: "Bauamt".into(),
                purpose: "Bauantrag".into(),
                valid_until: Some(convert::timestamp(soon())),
                many: false,
            })
        }),
        // A filter: of what is not there, there are no grants.
        tells_of_nothing(call("DocumentService/ListDocumentGrants", |n: &Names| {
            one(&pb::ListDocumentGrantsRequest { document_id: n.document.clone() })
        })),
        call("DocumentService/RevokeDocumentGrant", |n: &Names| {
            let (request_id, grant_id) = (n.request_id.clone(), n.grant.clone());
            one(&pb::RevokeDocumentGrantRequest { request_id, grant_id })
        }),
        call("DocumentRedemptionService/RedeemDocument", |n: &Names| {
            let (request_id, grant_id) = (n.request_id.clone(), n.grant.clone());
            one(&pb::RedeemDocumentRequest { request_id, grant_id })
        }),
        call("DocumentDepositService/DepositDocument", deposit),
    ]
}
