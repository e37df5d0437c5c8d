//! What those ask who have something to prove, and anybody about the log.

use siegel_proto::postbox::v1 as pb;

use super::{Call, call, one};

pub fn calls() -> Vec<Call> {
    vec![
        call("EvidenceService/ListReceipts", |n| {
            one(&pb::ListReceiptsRequest {
                letter_id: n.letter.clone(),
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
                principal_account_id: n.principal.clone(),
            })
        }),
        call("EvidenceService/ListSigningKeys", |_| one(&pb::ListSigningKeysRequest {})),
        call("EvidenceService/GetCheckpoint", |_| one(&pb::GetCheckpointRequest {})),
        call("EvidenceService/GetInclusionProof", |_| {
            one(&pb::GetInclusionProofRequest { leaf: vec![1; 32], tree_size: 0 })
        }),
        call("EvidenceService/GetConsistencyProof", |_| {
            one(&pb::GetConsistencyProofRequest { from_size: 1, to_size: 0 })
        }),
        call("EvidenceService/GetMailboxHead", |n| of_mailbox!(GetMailboxHeadRequest, n)),
        call("EvidenceService/GetReceipt", |n| {
            one(&pb::GetReceiptRequest {
                letter_id: n.letter.clone(),
                receipt_id: n.receipt.clone(),
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
                principal_account_id: n.principal.clone(),
            })
        }),
        call("EvidenceService/GetReceiptDocument", |n| {
            one(&pb::GetReceiptDocumentRequest {
                letter_id: n.letter.clone(),
                receipt_id: n.receipt.clone(),
                organisation_id: n.organisation.clone(),
                mailbox_id: n.mailbox.clone(),
                principal_account_id: n.principal.clone(),
                language: String::new(),
            })
        }),
    ]
}
