use siegel_proto::organisation::v1 as pb;

use super::{Call, call, one, refused};

pub fn calls() -> Vec<Call> {
    vec![
        refused(
            "CLAIM_EXISTS",
            call("ClaimService/ClaimOrganisation", |n| {
                one(&pb::ClaimOrganisationRequest {
                    request_id: n.request_id.clone(),
                    organisation_id: n.organisation.clone(),
                    method: pb::ClaimMethod::Operator.into(),
                    claimant_name: "Eve".into(),
                })
            }),
        ),
        refused(
            "CERTIFICATE_UNTRUSTED",
            call("ClaimService/ProveByCertificate", |n| {
                one(&pb::ProveByCertificateRequest {
                    request_id: n.request_id.clone(),
                    claim_id: n.claim.clone(),
                    certificates: vec![b"none".to_vec()],
                    statement: "none".into(),
                })
            }),
        ),
        call("ClaimService/RequestRecovery", |n| {
            one(&pb::RequestRecoveryRequest {
                request_id: n.request_id.clone(),
                register: Some(pb::RegisterEntry {
                    kind: "VR".into(),
                    court: "Kiel".into(),
                    number: "77".into(),
                    place: String::new(),
                }),
                claimant_name: "Eve".into(),
            })
        }),
        call("ClaimService/ListOwnClaims", |_| one(&pb::ListOwnClaimsRequest {})),
        call("ClaimService/WithdrawClaim", |n| {
            one(&pb::WithdrawClaimRequest {
                request_id: n.request_id.clone(),
                claim_id: n.claim.clone(),
            })
        }),
    ]
}
