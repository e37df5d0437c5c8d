//! Who may act for whom, decided by the organisation service.

use siegel_grpc::Siblings;
use siegel_kernel::{AccountId, OrganisationId, TrustLevel};
use siegel_proto::common::v1::TrustLevel as Wire;
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::access_event_service_client::AccessEventServiceClient;
use siegel_proto::organisation::v1::access_service_client::AccessServiceClient;
use siegel_proto::organisation::v1::claim_proof_service_client::ClaimProofServiceClient;
use siegel_proto::organisation::v1::field_value::Value;
use siegel_proto::organisation::v1::representation_service_client::RepresentationServiceClient;
use siegel_proto::organisation::v1::system_user_service_client::SystemUserServiceClient;
use tonic::{Code, Status};

use crate::domain::acting::Party;
use crate::domain::upstream_organisation::{Address, Coded, Entry, Said};

/// Questions that one call answers.
const AT_ONCE: usize = 1_000;

/// Somebody for whom a person may act in some way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    pub party: Party,
    /// What people call it. Personal data: held for the length of one request.
    pub name: String,
}

/// One page of them, and the token of the next; empty when there is none.
pub async fn parties(
    siblings: &Siblings,
    account: AccountId,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<Offered>, String), Status> {
    let request = pb::ListAuthorisedPartiesRequest {
        account_id: account.to_string(),
        page_size,
        page_token: page_token.to_owned(),
    };
    let mut client = AccessServiceClient::new(siblings.channel("organisation"));
    let answer = client.list_authorised_parties(request).await?.into_inner();
    let offered = |party: pb::AuthorisedParty| {
        let id = match (party.organisation_id.as_str(), party.principal_account_id.as_str()) {
            ("", principal) => Party::Person(principal.parse().ok()?),
            (organisation, _) => Party::Organisation(organisation.parse().ok()?),
        };
        Some(Offered { party: id, name: party.name })
    };
    let parties = answer.parties.into_iter().filter_map(offered).collect();
    Ok((parties, answer.next_page_token))
}

/// One answer per question, in the same order.
pub async fn check(
    siblings: &Siblings,
    questions: Vec<pb::AccessQuestion>,
) -> Result<Vec<pb::AccessAnswer>, Status> {
    let mut answers = Vec::with_capacity(questions.len());
    let mut client = AccessServiceClient::new(siblings.channel("organisation"));
    for some in questions.chunks(AT_ONCE) {
        let request = pb::CheckAccessRequest { questions: some.to_vec() };
        let found = client.check_access(request).await?.into_inner().answers;
        if found.len() != some.len() {
            return Err(Status::internal("organisation answered another number of questions"));
        }
        answers.extend(found);
    }
    Ok(answers)
}

/// The organisation of a program, and the program's public key; `None` when there is no such
/// program, or it was revoked.
pub async fn system_user(
    siblings: &Siblings,
    id: &str,
) -> Result<Option<(OrganisationId, String)>, Status> {
    let mut client = SystemUserServiceClient::new(siblings.channel("organisation"));
    let request = pb::GetSystemUserRequest { system_user_id: id.to_owned() };
    let found = match client.get_system_user(request).await {
        Ok(answer) => answer.into_inner(),
        Err(status) if status.code() == Code::NotFound => return Ok(None),
        Err(status) => return Err(status),
    };
    let organisation = found.organisation_id.parse();
    let organisation =
        organisation.map_err(|_| Status::internal("a program of no organisation"))?;
    Ok(Some((organisation, found.jwk)))
}

/// What may be told of an organisation.
#[derive(Clone, Debug, Default)]
pub struct Description {
    pub name: String,
    /// Name and value.
    pub attributes: Vec<(String, String)>,
    pub identification_level: Option<TrustLevel>,
}

/// What may be told of an organisation; `None` when there is none.
pub async fn describe(
    siblings: &Siblings,
    organisation: OrganisationId,
) -> Result<Option<Description>, Status> {
    let mut client = RepresentationServiceClient::new(siblings.channel("organisation"));
    let request = pb::DescribePartyRequest { organisation_id: organisation.to_string() };
    let told = match client.describe_party(request).await {
        Ok(answer) => answer.into_inner(),
        Err(status) if status.code() == Code::NotFound => return Ok(None),
        Err(status) => return Err(status),
    };
    Ok(Some(Description {
        name: told.name,
        attributes: told.attributes.into_iter().map(|a| (a.name, a.value)).collect(),
        identification_level: convert::level(told.identification_level),
    }))
}

/// The mailbox that letters to an organisation from the services of a sector go to, `omb_…` or empty
/// for the central one; `None` when there is no such organisation.
pub async fn mailbox_for_letters(
    siblings: &Siblings,
    organisation: OrganisationId,
    (sector, client_name): (&str, &str),
) -> Result<Option<String>, Status> {
    let mut client = RepresentationServiceClient::new(siblings.channel("organisation"));
    let request = pb::RouteLettersRequest {
        organisation_id: organisation.to_string(),
        sector: sector.to_owned(),
        name: client_name.to_owned(),
    };
    match client.route_letters(request).await {
        Ok(answer) => Ok(Some(answer.into_inner().mailbox_id)),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        // Not yet upgraded: nobody can have chosen another than the central one.
        Err(status) if status.code() == Code::Unimplemented => Ok(Some(String::new())),
        Err(status) => Err(status),
    }
}

/// What a provider said, as the organisation service takes it. Whose claim it is, and under which
/// name it is handed over, is left to be said.
pub fn told(said: Said) -> pb::ProveByUpstreamRequest {
    let coded = |coded: Coded| Value::Coded(pb::CodedText { code: coded.code, text: coded.text });
    let register = |Entry { kind, court, number }: Entry| {
        Value::Register(pb::RegisterEntry { kind, court, number, place: String::new() })
    };
    let address = |told: Address| {
        Value::Address(pb::OrganisationAddress {
            country: told.country,
            street: told.street,
            house_number: told.house_number,
            postal_code: told.postal_code,
            town: told.town,
            district: told.district,
            addition: told.addition,
        })
    };
    let fields = [
        (pb::FieldName::Name, said.name.map(Value::Text)),
        (pb::FieldName::LegalForm, said.legal_form.map(coded)),
        (pb::FieldName::Register, said.register.map(register)),
        (pb::FieldName::Address, said.address.map(address)),
        (pb::FieldName::Activity, said.activity.map(coded)),
        (pb::FieldName::IdentityType, said.identity_type.map(Value::Text)),
        (pb::FieldName::DataSetType, said.data_set_type.map(Value::Text)),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| {
        let value = Some(pb::FieldValue { value: Some(value?) });
        Some(pb::ToldField { name: name.into(), value })
    });
    pb::ProveByUpstreamRequest {
        fields: fields.collect(),
        identification_level: Wire::from(said.identification).into(),
        authentication_level: Wire::from(said.authentication).into(),
        acting_person: said.acting_person,
        ..pb::ProveByUpstreamRequest::default()
    }
}

/// Proves a claim; the id of its organisation.
pub async fn prove_claim(
    siblings: &Siblings,
    request: pb::ProveByUpstreamRequest,
) -> Result<String, Status> {
    let mut client = ClaimProofServiceClient::new(siblings.channel("organisation"));
    let proven = client.prove_by_upstream(request).await?.into_inner().claim;
    Ok(proven.map(|claim| claim.organisation_id).unwrap_or_default())
}

/// The stream of changes, from what may concern a token that still lives.
pub async fn changes(
    siblings: &Siblings,
) -> Result<tonic::Streaming<pb::WatchAccessChangesResponse>, Status> {
    let mut client = AccessEventServiceClient::new(siblings.channel("organisation"));
    let request = pb::WatchAccessChangesRequest { after_position: 0 };
    Ok(client.watch_access_changes(request).await?.into_inner())
}
