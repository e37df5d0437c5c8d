//! How the tests claim an organisation, step by step.

use std::time::Duration;

use siegel_kernel::AccountId;
use siegel_proto::organisation::v1 as pb;

use crate::office::Office;
use crate::team::{address, at, text};

pub const DAY: Duration = Duration::from_hours(24);

pub async fn claimed(
    office: &Office,
    who: AccountId,
    org: &str,
    method: pb::ClaimMethod,
) -> pb::Claim {
    let request = pb::ClaimOrganisationRequest {
        request_id: format!("claim {org}"),
        organisation_id: org.into(),
        method: method.into(),
        claimant_name: "Erika Mustermann".into(),
    };
    office.claims(who).claim_organisation(request).await.unwrap().into_inner().claim.unwrap()
}

pub async fn approved(office: &Office, claim: &str) -> Result<(), tonic::Status> {
    let found = |name: pb::FieldName, value| pb::FoundField {
        name: name.into(),
        value: Some(value),
        source: pb::FieldSource::Register.into(),
    };
    let request = pb::ApproveClaimRequest {
        request_id: format!("approve {claim}"),
        claim_id: claim.into(),
        fields: vec![
            found(pb::FieldName::Name, text("Muster GmbH")),
            found(pb::FieldName::Address, at(address())),
        ],
        level: 3,
    };
    office.admin().approve_claim(request).await.map(drop)
}

/// Prints and sends the letter; what it says for the account, and its code.
pub async fn letter(office: &Office, claim: &str) -> (String, String) {
    let print = pb::PrintClaimLetterRequest {
        request_id: format!("print {claim}"),
        claim_id: claim.into(),
        locale: "de".into(),
        address: None,
    };
    let pdf = office.admin().print_claim_letter(print).await.unwrap().into_inner().pdf;
    assert!(pdf.starts_with(b"%PDF"));
    let name = { office.admin() }.get_claim(pb::GetClaimRequest { claim_id: claim.into() }).await;
    let name = name.unwrap().into_inner().claim.unwrap().account_name;
    // The text of a PDF is drawn by glyphs: the code is read where the printer gets it from.
    let code = office.code_of(claim).await;
    let sent = pb::ConfirmLetterSentRequest {
        request_id: format!("sent {claim}"),
        claim_id: claim.into(),
    };
    office.admin().confirm_letter_sent(sent).await.unwrap();
    (name, code)
}

pub async fn state(office: &Office, who: AccountId, claim: &str) -> pb::ClaimState {
    let all = office.claims(who).list_own_claims(pb::ListOwnClaimsRequest {}).await.unwrap();
    all.into_inner().claims.iter().find(|c| c.claim_id == claim).unwrap().state()
}

/// Claims an organisation, by an operator, to the end of its cooling period; the claim.
pub async fn proven(office: &Office, who: AccountId, org: &str) -> String {
    let claim = claimed(office, who, org, pb::ClaimMethod::Operator).await.claim_id;
    approved(office, &claim).await.unwrap();
    letter(office, &claim).await;
    office.clock.advance(DAY * 7);
    becomes(office, who, &claim, pb::ClaimState::Active).await;
    claim
}

/// Waits until the service has seen that time has passed.
pub async fn becomes(office: &Office, who: AccountId, claim: &str, wanted: pb::ClaimState) {
    for _ in 0..200 {
        if state(office, who, claim).await == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the claim never became {wanted:?}");
}

pub async fn level(office: &Office, who: AccountId, org: &str) -> pb::GetRecordResponse {
    let request = pb::GetRecordRequest { organisation_id: org.into() };
    office.record(who).get_record(request).await.unwrap().into_inner()
}

/// A claim whose letter is with the post: its id, what the letter says for the account, its code.
pub async fn cooling(office: &Office, who: AccountId, org: &str) -> (String, String, String) {
    let claim = claimed(office, who, org, pb::ClaimMethod::Operator).await.claim_id;
    approved(office, &claim).await.unwrap();
    let (name, code) = letter(office, &claim).await;
    (claim, name, code)
}
