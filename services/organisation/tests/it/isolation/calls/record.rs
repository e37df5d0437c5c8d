use siegel_proto::organisation::v1 as pb;

use super::{Call, bytes, call};
use crate::team::text;

pub fn calls() -> Vec<Call> {
    vec![
        call("RecordService/GetRecord", |n| {
            bytes(&pb::GetRecordRequest { organisation_id: n.organisation.clone() })
        }),
        call("RecordService/SetField", |n| {
            bytes(&pb::SetFieldRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                name: pb::FieldName::Name.into(),
                value: Some(text("Neuer Name")),
            })
        }),
        call("RecordService/ListFieldHistory", |n| {
            let organisation_id = n.organisation.clone();
            bytes(&pb::ListFieldHistoryRequest { organisation_id, name: 1 })
        }),
        call("RecordService/ListUnits", |n| {
            bytes(&pb::ListUnitsRequest { organisation_id: n.organisation.clone() })
        }),
        call("RecordService/CreateUnit", |n| {
            bytes(&pb::CreateUnitRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                name: "Neu".into(),
                parent_unit_id: n.unit.clone(),
            })
        }),
        call("RecordService/ChangeUnit", |n| {
            bytes(&pb::ChangeUnitRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                unit_id: n.unit.clone(),
                name: "Anders".into(),
                parent_unit_id: String::new(),
            })
        }),
        call("RecordService/SetUnitMembers", |n| {
            bytes(&pb::SetUnitMembersRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                unit_id: n.unit.clone(),
                member_ids: Vec::new(),
            })
        }),
        call("RecordService/CloseUnit", |n| {
            bytes(&pb::CloseUnitRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                unit_id: n.unit.clone(),
            })
        }),
        call("RecordService/ListContactPoints", |n| {
            bytes(&pb::ListContactPointsRequest { organisation_id: n.organisation.clone() })
        }),
        call("RecordService/AddContactPoint", |n| {
            bytes(&pb::AddContactPointRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                kind: pb::ContactKind::Telephone.into(),
                value: "+49 385 1".into(),
                label: String::new(),
                unit_id: n.unit.clone(),
            })
        }),
        call("RecordService/RemoveContactPoint", |n| {
            bytes(&pb::RemoveContactPointRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                contact_point_id: n.contact_point.clone(),
            })
        }),
        call("RecordService/DissolveOrganisation", |n| {
            bytes(&pb::DissolveOrganisationRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
            })
        }),
    ]
}
