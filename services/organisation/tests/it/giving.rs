//! How the tests give and take mandates, and ask for whom somebody may act.

use std::time::Duration;

use siegel_kernel::{AccountId, Clock as _, TrustLevel};
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::{Action, HolderKind};
use tonic::Status;

use crate::office::Office;

pub const HIGH: TrustLevel = TrustLevel::High;

/// A mandate of a person, for one day, to a person.
pub fn granting(office: &Office, request_id: &str) -> pb::GrantMandateRequest {
    pb::GrantMandateRequest {
        request_id: request_id.into(),
        to_kind: HolderKind::Person.into(),
        to_name: "Frau Beispiel".into(),
        from_name: "Erika Mustermann".into(),
        package: "mail-receiver".into(),
        valid_until: Some(convert::timestamp(office.clock.now().plus(Duration::from_hours(24)))),
        ..Default::default()
    }
}

pub async fn grant(
    office: &Office,
    who: AccountId,
    request: pb::GrantMandateRequest,
) -> Result<pb::GrantMandateResponse, Status> {
    office.mandates(who, HIGH).grant_mandate(request).await.map(tonic::Response::into_inner)
}

pub async fn accept(
    office: &Office,
    who: AccountId,
    code: &str,
    organisation: &str,
) -> Result<pb::Mandate, Status> {
    let request = pb::AcceptMandateRequest {
        request_id: format!("accept-{code}"),
        code: code.into(),
        organisation_id: organisation.into(),
    };
    let answer = office.mandates(who, HIGH).accept_mandate(request).await?;
    Ok(answer.into_inner().mandate.unwrap())
}

/// Grants and accepts.
pub async fn given(
    office: &Office,
    from: AccountId,
    request: pb::GrantMandateRequest,
    to: AccountId,
) -> pb::Mandate {
    let granted = grant(office, from, request).await.unwrap();
    accept(office, to, &granted.code, "").await.unwrap()
}

/// May `who` do this for a person or an organisation; the path or the reason.
pub async fn may(
    office: &Office,
    who: AccountId,
    party: &str,
    action: Action,
    about: pb::AccessScope,
) -> String {
    let (organisation, person) = if party.starts_with("org_") { (party, "") } else { ("", party) };
    let question = pb::AccessQuestion {
        account_id: who.to_string(),
        organisation_id: organisation.into(),
        principal_account_id: person.into(),
        action: action.into(),
        session_level: 3,
        about: Some(about),
        ..Default::default()
    };
    let request = pb::CheckAccessRequest { questions: vec![question] };
    let answer = office.postbox().check_access(request).await.unwrap().into_inner();
    let answer = answer.answers.into_iter().next().unwrap();
    if answer.allowed { answer.path } else { answer.reason }
}
