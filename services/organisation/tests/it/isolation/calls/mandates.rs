use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;

use super::{Call, call, one, refused};

/// 5 April 2025, a month after the tests' clock begins.
fn some_day() -> pbjson_types::Timestamp {
    convert::timestamp(siegel_kernel::Timestamp::from_seconds(1_743_848_100))
}

pub fn calls() -> Vec<Call> {
    vec![
        call("MandateService/ListPackages", |_| one(&pb::ListPackagesRequest {})),
        call("MandateService/GrantMandate", |n| {
            one(&pb::GrantMandateRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                to_kind: pb::HolderKind::Person.into(),
                package: "mail-reader".into(),
                review_at: Some(some_day()),
                ..Default::default()
            })
        }),
        // It waits for another organisation.
        refused(
            "MANDATE_CODE_UNKNOWN",
            call("MandateService/AcceptMandate", |n| {
                one(&pb::AcceptMandateRequest {
                    request_id: n.request_id.clone(),
                    code: n.mandate_code.clone(),
                    organisation_id: n.organisation.clone(),
                })
            }),
        ),
        refused(
            "MANDATE_CODE_UNKNOWN",
            call("MandateService/RejectMandate", |n| {
                one(&pb::RejectMandateRequest {
                    request_id: n.request_id.clone(),
                    code: n.mandate_code.clone(),
                    organisation_id: n.organisation.clone(),
                })
            }),
        ),
        call("MandateService/RevokeMandate", |n| {
            let (request_id, mandate_id) = (n.request_id.clone(), n.mandate.clone());
            one(&pb::RevokeMandateRequest { request_id, mandate_id })
        }),
        call("MandateService/ReviewMandate", |n| {
            one(&pb::ReviewMandateRequest {
                request_id: n.request_id.clone(),
                mandate_id: n.mandate.clone(),
                valid_until: None,
                review_at: Some(some_day()),
            })
        }),
        call("MandateService/GetMandate", |n| {
            one(&pb::GetMandateRequest { mandate_id: n.mandate.clone() })
        }),
        call("MandateService/ListMandates", |n| {
            one(&pb::ListMandatesRequest {
                side: pb::MandateSide::Given.into(),
                organisation_id: n.organisation.clone(),
                ..Default::default()
            })
        }),
        call("MandateService/ListUses", |n| {
            one(&pb::ListUsesRequest { mandate_id: n.mandate.clone(), ..Default::default() })
        }),
    ]
}
