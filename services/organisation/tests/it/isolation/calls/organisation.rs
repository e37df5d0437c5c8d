use siegel_proto::organisation::v1 as pb;

use super::{Call, call, one};

pub fn calls() -> Vec<Call> {
    vec![
        call("OrganisationService/CreateOrganisation", |n| {
            one(&pb::CreateOrganisationRequest {
                request_id: n.request_id.clone(),
                name: "Neue GmbH".into(),
                legal_form: "GmbH".into(),
                ..Default::default()
            })
        }),
        call("OrganisationService/GetOrganisation", |n| {
            one(&pb::GetOrganisationRequest { organisation_id: n.organisation.clone() })
        }),
        call("OrganisationService/ListOrganisations", |_| one(&pb::ListOrganisationsRequest {})),
        call("OwnPartyService/ListOwnParties", |_| one(&pb::ListOwnPartiesRequest::default())),
        call("OwnPartyService/GetOwnParty", |n| {
            one(&pb::GetOwnPartyRequest {
                organisation_id: n.organisation.clone(),
                ..Default::default()
            })
        }),
    ]
}
