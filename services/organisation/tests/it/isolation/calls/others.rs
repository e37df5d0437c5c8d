//! RPCs that no person calls: those of siblings, of operators, and of who holds a letter.

use siegel_proto::organisation::v1 as pb;
use siegel_walk::tells_of_nothing;

use super::{Call, call, one, refused};

/// An account that has nothing anywhere.
pub const NOBODY: &str = "acc_00000000000000000000000000000009";

fn asked(n: &super::Names, mandate_id: &str) -> pb::AccessQuestion {
    pb::AccessQuestion {
        account_id: NOBODY.into(),
        organisation_id: n.organisation.clone(),
        action: pb::Action::ReadMail.into(),
        session_level: 4,
        about: Some(pb::AccessScope { mailbox_id: n.mailbox.clone(), ..Default::default() }),
        mandate_id: mandate_id.into(),
        ..Default::default()
    }
}

pub fn calls() -> Vec<Call> {
    [siblings(), registrars(), desk()].concat()
}

fn siblings() -> Vec<Call> {
    vec![
        tells_of_nothing(call("AccessService/CheckAccess", |n| {
            let questions = vec![asked(n, ""), asked(n, &n.mandate)];
            one(&pb::CheckAccessRequest { questions })
        })),
        call("AccessService/ListAuthorisedParties", |_| {
            let account_id = NOBODY.into();
            one(&pb::ListAuthorisedPartiesRequest { account_id, ..Default::default() })
        }),
        call("AccessEventService/WatchAccessChanges", |_| {
            one(&pb::WatchAccessChangesRequest::default())
        }),
        call("MailboxDirectoryService/ListReadableMailboxes", |_| {
            one(&pb::ListReadableMailboxesRequest { account_id: NOBODY.into(), session_level: 3 })
        }),
        call("RepresentationService/DescribeParty", |n| {
            one(&pb::DescribePartyRequest { organisation_id: n.organisation.clone() })
        }),
        call("RepresentationService/RouteLetters", |n| {
            one(&pb::RouteLettersRequest {
                organisation_id: n.organisation.clone(),
                sector: "zwetschgen.example".into(),
                name: "Zwetschgenamt".into(),
            })
        }),
        call("TieService/CountTies", |_| one(&pb::CountTiesRequest { account_id: NOBODY.into() })),
        call("SystemUserService/GetSystemUser", |n| {
            one(&pb::GetSystemUserRequest { system_user_id: n.system_user.clone() })
        }),
        // Identity tells of a log-in of somebody who did not make the claim.
        refused(
            "CLAIM_UNKNOWN",
            call("ClaimProofService/ProveByUpstream", |n| {
                one(&pb::ProveByUpstreamRequest {
                    request_id: n.request_id.clone(),
                    claim_id: n.claim.clone(),
                    account_id: NOBODY.into(),
                    provider: "muk".into(),
                    fields: Vec::new(),
                    identification_level: 3,
                    authentication_level: 3,
                    acting_person: true,
                })
            }),
        ),
    ]
}

fn registrars() -> Vec<Call> {
    vec![
        call("RegisterFactService/RecordFact", |n| {
            one(&pb::RecordFactRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                member_id: n.member.clone(),
                role: pb::FactRole::Partner.into(),
                jointly: true,
                source: "HRB 1234B, Schwerin".into(),
            })
        }),
        refused(
            "FACT_UNKNOWN",
            call("RegisterFactService/EndFact", |n| {
                let fact_id = format!("fct_{}", "0".repeat(32));
                one(&pb::EndFactRequest { request_id: n.request_id.clone(), fact_id })
            }),
        ),
        call("RegisterFactService/ListFacts", |n| {
            one(&pb::ListFactsRequest { organisation_id: n.organisation.clone() })
        }),
    ]
}

fn desk() -> Vec<Call> {
    vec![
        call("OrganisationAdminService/ListClaims", |_| one(&pb::ListClaimsRequest::default())),
        call("OrganisationAdminService/GetClaim", |n| {
            one(&pb::GetClaimRequest { claim_id: n.claim.clone() })
        }),
        refused(
            "INVALID_FIELD",
            call("OrganisationAdminService/ApproveClaim", |n| {
                let (request_id, claim_id) = (n.request_id.clone(), n.claim.clone());
                let (fields, level) = (Vec::new(), 3);
                one(&pb::ApproveClaimRequest { request_id, claim_id, fields, level })
            }),
        ),
        call("OrganisationAdminService/RejectClaim", |n| {
            let (request_id, claim_id) = (n.request_id.clone(), n.claim.clone());
            one(&pb::RejectClaimRequest { request_id, claim_id })
        }),
        // Nobody approved it.
        refused(
            "CLAIM_STATE",
            call("OrganisationAdminService/PrintClaimLetter", |n| {
                one(&pb::PrintClaimLetterRequest {
                    request_id: n.request_id.clone(),
                    claim_id: n.claim.clone(),
                    locale: "de".into(),
                    address: None,
                })
            }),
        ),
        refused(
            "CLAIM_STATE",
            call("OrganisationAdminService/ConfirmLetterSent", |n| {
                let (request_id, claim_id) = (n.request_id.clone(), n.claim.clone());
                one(&pb::ConfirmLetterSentRequest { request_id, claim_id })
            }),
        ),
        refused(
            "CODE_UNKNOWN",
            call("ClaimRevocationService/RevokeClaim", |_| {
                let (account_name, code) = ("AAAA-AAAA".into(), "A".repeat(16));
                one(&pb::RevokeClaimRequest { account_name, code })
            }),
        ),
    ]
}
