//! What operators decide for their tenant.

use siegel_kernel::Timestamp;
use siegel_proto::postbox::v1 as pb;

use super::{Call, Names, call, one};

pub fn calls() -> Vec<Call> {
    [tenants(), holds(), rules(), proposals()].concat()
}

fn tenants() -> Vec<Call> {
    vec![
        call("PostboxAdminService/GetSettings", |_| one(&pb::GetSettingsRequest {})),
        call("PostboxAdminService/SetAttachmentLimits", |n| {
            let profile = pb::AttachmentProfile::Federal.into();
            let limits = pb::AttachmentLimits { profile, ..Default::default() };
            one(&pb::SetAttachmentLimitsRequest {
                request_id: n.request_id.clone(),
                limits: Some(limits),
            })
        }),
        call("PostboxAdminService/SetQuota", |n| {
            let quota = pb::Quota { client_id: n.sender.clone(), weight: 10, ..Default::default() };
            one(&pb::SetQuotaRequest { request_id: n.request_id.clone(), quota: Some(quota) })
        }),
        call("PostboxAdminService/SetRetentionClass", |n| {
            let class = pb::RetentionClass { name: "lang".into(), days: 3_650, is_default: false };
            one(&pb::SetRetentionClassRequest {
                request_id: n.request_id.clone(),
                retention_class: Some(class),
            })
        }),
    ]
}

fn hold(n: &Names) -> pb::PlaceLegalHoldRequest {
    pb::PlaceLegalHoldRequest {
        request_id: n.request_id.clone(),
        reference: "VG 1 K 12/25".into(),
        ..Default::default()
    }
}

fn holds() -> Vec<Call> {
    vec![
        call("PostboxAdminService/PlaceLegalHold", |n| {
            one(&pb::PlaceLegalHoldRequest { letter_id: n.letter.clone(), ..hold(n) })
        }),
        call("PostboxAdminService/PlaceLegalHold", |n| {
            one(&pb::PlaceLegalHoldRequest { handle: n.handle.clone(), ..hold(n) })
        }),
        call("PostboxAdminService/PlaceLegalHold", |n| {
            let (handle, case_id) = (n.handle.clone(), "BA-1".into());
            one(&pb::PlaceLegalHoldRequest { handle, case_id, ..hold(n) })
        }),
        call("PostboxAdminService/ProposeHoldRelease", |n| {
            one(&pb::ProposeHoldReleaseRequest {
                request_id: n.request_id.clone(),
                hold_id: n.hold.clone(),
            })
        }),
        call("PostboxAdminService/ListLegalHolds", |_| {
            one(&pb::ListLegalHoldsRequest { all: true })
        }),
    ]
}

fn rules() -> Vec<Call> {
    vec![
        call("PostboxAdminService/ListRules", |_| one(&pb::ListRulesRequest {})),
        call("PostboxAdminService/ProposeRule", |n| {
            let rule = pb::Rule {
                legal_basis: "ozg-9".into(),
                law: "OZG § 9 Abs. 1".into(),
                valid_from: "2025-04-01".into(),
                day0_event: "provision".into(),
                days: 6,
                on_no_retrieval: "deemed_announced".into(),
                ..Default::default()
            };
            one(&pb::ProposeRuleRequest { request_id: n.request_id.clone(), rule: Some(rule) })
        }),
        call("PostboxAdminService/ProposeRuleConfirmation", |n| {
            one(&pb::ProposeRuleConfirmationRequest {
                request_id: n.request_id.clone(),
                rule_id: "ozg-9/2".into(),
            })
        }),
        call("PostboxAdminService/DeclareOutage", |n| {
            let at = |text| {
                let at = Timestamp::parse_rfc3339(text).unwrap();
                Some(siegel_proto::convert::timestamp(at))
            };
            one(&pb::DeclareOutageRequest {
                request_id: n.request_id.clone(),
                from: at("2025-03-01T09:00:00Z"),
                to: at("2025-03-01T10:00:00Z"),
                reason: "Stromausfall im Rechenzentrum".into(),
            })
        }),
        call("PostboxAdminService/ListOutages", |_| one(&pb::ListOutagesRequest {})),
    ]
}

/// 32 bytes of hex.
fn u256(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..64).step_by(2).map(byte).collect()
}

fn proposals() -> Vec<Call> {
    vec![
        call("PostboxAdminService/ListProposals", |_| one(&pb::ListProposalsRequest {})),
        call("PostboxAdminService/ApproveProposal", |n| {
            one(&pb::ApproveProposalRequest {
                request_id: n.request_id.clone(),
                proposal_id: n.proposal.clone(),
                digest: u256(&n.digest),
            })
        }),
        call("PostboxAdminService/RejectProposal", |n| {
            one(&pb::RejectProposalRequest {
                request_id: n.request_id.clone(),
                proposal_id: n.proposal.clone(),
            })
        }),
    ]
}
