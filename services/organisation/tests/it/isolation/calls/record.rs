use siegel_proto::organisation::v1 as pb;

use super::{Call, call, one};
use crate::team::text;

pub fn calls() -> Vec<Call> {
    vec![
        call("RecordService/GetRecord", |n| {
            one(&pb::GetRecordRequest { organisation_id: n.organisation.clone() })
        }),
        call("RecordService/SetField", |n| {
            one(&pb::SetFieldRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                name: pb::FieldName::Name.into(),
                value: Some(text("Neuer Name")),
            })
        }),
        call("RecordService/ListLegalForms", |_| one(&pb::ListLegalFormsRequest {})),
        call("RecordService/ListFieldHistory", |n| {
            let organisation_id = n.organisation.clone();
            one(&pb::ListFieldHistoryRequest { organisation_id, name: 1 })
        }),
        call("RecordService/ListUnits", |n| {
            one(&pb::ListUnitsRequest { organisation_id: n.organisation.clone() })
        }),
        call("RecordService/CreateUnit", |n| {
            one(&pb::CreateUnitRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                name: "Neu".into(),
                parent_unit_id: n.unit.clone(),
            })
        }),
        call("RecordService/ChangeUnit", |n| {
            one(&pb::ChangeUnitRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                unit_id: n.unit.clone(),
                name: "Anders".into(),
                parent_unit_id: String::new(),
            })
        }),
        call("RecordService/SetUnitMembers", |n| {
            one(&pb::SetUnitMembersRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                unit_id: n.unit.clone(),
                member_ids: Vec::new(),
            })
        }),
        call("RecordService/CloseUnit", |n| {
            one(&pb::CloseUnitRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                unit_id: n.unit.clone(),
            })
        }),
        call("RecordService/ListContactPoints", |n| {
            one(&pb::ListContactPointsRequest { organisation_id: n.organisation.clone() })
        }),
        call("RecordService/AddContactPoint", |n| {
            one(&pb::AddContactPointRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                kind: pb::ContactKind::Telephone.into(),
                value: "+49 385 1".into(),
                label: String::new(),
                unit_id: n.unit.clone(),
            })
        }),
        call("RecordService/RemoveContactPoint", |n| {
            one(&pb::RemoveContactPointRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                contact_point_id: n.contact_point.clone(),
            })
        }),
        call("RecordService/DissolveOrganisation", |n| {
            one(&pb::DissolveOrganisationRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
            })
        }),
    ]
}
