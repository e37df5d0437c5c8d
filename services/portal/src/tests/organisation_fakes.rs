//! An organisation as the portal sees it: record, units, members and programs.

use std::sync::{Arc, Mutex, MutexGuard};

use siegel_grpc::refusal;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::claim_service_server::ClaimService;
use siegel_proto::organisation::v1::member_service_server::MemberService;
use siegel_proto::organisation::v1::record_service_server::RecordService;
use tonic::{Code, Request, Response, Status};

use super::account_fakes::not_faked;

pub const BUILDING: &str = "unt_1";
pub const ABOVE_GROUND: &str = "unt_2";
pub const PROGRAM: &str = "sys_1";

/// What there is, and what was told to it.
#[derive(Clone, Default)]
pub struct Firm(Arc<Mutex<FirmTold>>);

#[derive(Default)]
pub struct FirmTold {
    /// The caller manages nothing.
    pub reads_only: bool,
    /// Nobody changes the record.
    pub verified: bool,
    /// There are more parties than one page holds.
    pub many: bool,
    pub fields: Vec<pb::SetFieldRequest>,
    pub made: Vec<pb::CreateUnitRequest>,
    pub changed: Vec<pb::ChangeUnitRequest>,
    pub closed: Vec<pb::CloseUnitRequest>,
    pub members: Vec<pb::SetUnitMembersRequest>,
    pub contacts: Vec<pb::AddContactPointRequest>,
    pub removed: Vec<pb::RemoveContactPointRequest>,
    pub registered: Vec<pb::RegisterSystemUserRequest>,
    pub revoked: Vec<pb::RevokeSystemUserRequest>,
    pub looked_for: Vec<pb::ListOwnPartiesRequest>,
}

impl Firm {
    pub fn told(&self) -> MutexGuard<'_, FirmTold> {
        self.0.lock().unwrap()
    }
}

pub type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl RecordService for Firm {
    async fn get_record(&self, _: Request<pb::GetRecordRequest>) -> Answer<pb::GetRecordResponse> {
        let coded = pb::CodedText { code: String::new(), text: "Gesellschaft".into() };
        let form = pb::RecordField {
            name: pb::FieldName::LegalForm.into(),
            value: Some(pb::FieldValue { value: Some(pb::field_value::Value::Coded(coded)) }),
            source: 1,
            level: 1,
            editable: !self.told().verified,
            ..Default::default()
        };
        let role = pb::Role::Owner.into();
        Ok(Response::new(pb::GetRecordResponse { fields: vec![form], role, ..Default::default() }))
    }

    async fn set_field(
        &self,
        request: Request<pb::SetFieldRequest>,
    ) -> Answer<pb::SetFieldResponse> {
        self.told().fields.push(request.into_inner());
        Ok(Response::new(pb::SetFieldResponse::default()))
    }

    async fn list_legal_forms(
        &self,
        _: Request<pb::ListLegalFormsRequest>,
    ) -> Answer<pb::ListLegalFormsResponse> {
        let form = |code: &str, text: &str| pb::CodedText { code: code.into(), text: text.into() };
        let legal_forms = vec![form("350", "GmbH <klein>"), form("510", "Verein")];
        Ok(Response::new(pb::ListLegalFormsResponse { legal_forms }))
    }

    async fn list_field_history(
        &self,
        _: Request<pb::ListFieldHistoryRequest>,
    ) -> Answer<pb::ListFieldHistoryResponse> {
        not_faked()
    }

    async fn list_units(&self, _: Request<pb::ListUnitsRequest>) -> Answer<pb::ListUnitsResponse> {
        let unit = |id: &str, name: &str, parent: &str, members: &[&str]| pb::Unit {
            unit_id: id.into(),
            name: name.into(),
            parent_unit_id: parent.into(),
            member_ids: members.iter().map(|&id| id.to_owned()).collect(),
        };
        let units = vec![
            unit(BUILDING, "Bau <b>", "", &["mem_1", "mem_2"]),
            unit(ABOVE_GROUND, "Hochbau", BUILDING, &[]),
        ];
        Ok(Response::new(pb::ListUnitsResponse { units }))
    }

    async fn create_unit(
        &self,
        request: Request<pb::CreateUnitRequest>,
    ) -> Answer<pb::CreateUnitResponse> {
        if request.get_ref().name.is_empty() {
            return Err(refusal(Code::InvalidArgument, "INVALID_FIELD", "no name", []));
        }
        self.told().made.push(request.into_inner());
        Ok(Response::new(pb::CreateUnitResponse::default()))
    }

    async fn change_unit(
        &self,
        request: Request<pb::ChangeUnitRequest>,
    ) -> Answer<pb::ChangeUnitResponse> {
        self.told().changed.push(request.into_inner());
        Ok(Response::new(pb::ChangeUnitResponse::default()))
    }

    async fn close_unit(
        &self,
        request: Request<pb::CloseUnitRequest>,
    ) -> Answer<pb::CloseUnitResponse> {
        if request.get_ref().unit_id == BUILDING {
            return Err(refusal(Code::FailedPrecondition, "UNIT_NOT_EMPTY", "not empty", []));
        }
        self.told().closed.push(request.into_inner());
        Ok(Response::new(pb::CloseUnitResponse::default()))
    }

    async fn set_unit_members(
        &self,
        request: Request<pb::SetUnitMembersRequest>,
    ) -> Answer<pb::SetUnitMembersResponse> {
        self.told().members.push(request.into_inner());
        Ok(Response::new(pb::SetUnitMembersResponse::default()))
    }

    async fn list_contact_points(
        &self,
        _: Request<pb::ListContactPointsRequest>,
    ) -> Answer<pb::ListContactPointsResponse> {
        let point = |id: &str, value: &str, unit: &str| pb::ContactPoint {
            contact_point_id: id.into(),
            kind: pb::ContactKind::Email.into(),
            value: value.into(),
            label: "Zentrale <i>".into(),
            unit_id: unit.into(),
        };
        let contact_points = vec![
            point("ctp_1", "post@muster.example", ""),
            point("ctp_2", "bau@muster.example", BUILDING),
        ];
        Ok(Response::new(pb::ListContactPointsResponse { contact_points }))
    }

    async fn add_contact_point(
        &self,
        request: Request<pb::AddContactPointRequest>,
    ) -> Answer<pb::AddContactPointResponse> {
        if !request.get_ref().value.contains(['@', '+', '/']) {
            return Err(refusal(Code::InvalidArgument, "INVALID_FIELD", "no contact", []));
        }
        self.told().contacts.push(request.into_inner());
        Ok(Response::new(pb::AddContactPointResponse::default()))
    }

    async fn remove_contact_point(
        &self,
        request: Request<pb::RemoveContactPointRequest>,
    ) -> Answer<pb::RemoveContactPointResponse> {
        self.told().removed.push(request.into_inner());
        Ok(Response::new(pb::RemoveContactPointResponse::default()))
    }

    async fn dissolve_organisation(
        &self,
        _: Request<pb::DissolveOrganisationRequest>,
    ) -> Answer<pb::DissolveOrganisationResponse> {
        not_faked()
    }
}

#[tonic::async_trait]
impl MemberService for Firm {
    async fn list_members(
        &self,
        _: Request<pb::ListMembersRequest>,
    ) -> Answer<pb::ListMembersResponse> {
        let member = |id: &str, name: &str, role: pb::Role, own: bool| pb::Member {
            membership_id: id.into(),
            name: name.into(),
            role: role.into(),
            own,
            since: None,
        };
        let own = if self.told().reads_only { pb::Role::ReadOnly } else { pb::Role::Owner };
        let members = vec![
            member("mem_1", "", own, true),
            member("mem_2", "Max <u>", pb::Role::CaseWorker, false),
            member("mem_3", "Erika Beispiel", pb::Role::ReadOnly, false),
        ];
        Ok(Response::new(pb::ListMembersResponse { members }))
    }

    async fn change_role(
        &self,
        _: Request<pb::ChangeRoleRequest>,
    ) -> Answer<pb::ChangeRoleResponse> {
        not_faked()
    }

    async fn remove_member(
        &self,
        _: Request<pb::RemoveMemberRequest>,
    ) -> Answer<pb::RemoveMemberResponse> {
        not_faked()
    }

    async fn leave_organisation(
        &self,
        _: Request<pb::LeaveOrganisationRequest>,
    ) -> Answer<pb::LeaveOrganisationResponse> {
        not_faked()
    }

    async fn hand_over(&self, _: Request<pb::HandOverRequest>) -> Answer<pb::HandOverResponse> {
        not_faked()
    }

    async fn set_equal_rights(
        &self,
        _: Request<pb::SetEqualRightsRequest>,
    ) -> Answer<pb::SetEqualRightsResponse> {
        not_faked()
    }

    async fn invite_member(
        &self,
        _: Request<pb::InviteMemberRequest>,
    ) -> Answer<pb::InviteMemberResponse> {
        not_faked()
    }

    async fn list_invitations(
        &self,
        _: Request<pb::ListInvitationsRequest>,
    ) -> Answer<pb::ListInvitationsResponse> {
        not_faked()
    }

    async fn revoke_invitation(
        &self,
        _: Request<pb::RevokeInvitationRequest>,
    ) -> Answer<pb::RevokeInvitationResponse> {
        not_faked()
    }

    async fn preview_invitation(
        &self,
        _: Request<pb::PreviewInvitationRequest>,
    ) -> Answer<pb::PreviewInvitationResponse> {
        not_faked()
    }

    async fn accept_invitation(
        &self,
        _: Request<pb::AcceptInvitationRequest>,
    ) -> Answer<pb::AcceptInvitationResponse> {
        not_faked()
    }

    async fn list_system_users(
        &self,
        _: Request<pb::ListSystemUsersRequest>,
    ) -> Answer<pb::ListSystemUsersResponse> {
        let at = Some(pbjson_types::Timestamp { seconds: 1_741_256_100, nanos: 0 });
        let program = |id: &str, name: &str, by: &str| pb::SystemUser {
            system_user_id: id.into(),
            name: name.into(),
            role: pb::Role::ReadOnly.into(),
            key_thumbprint: "thumb".into(),
            registered_at: at,
            revoked_at: None,
            registered_by_member_id: by.into(),
        };
        let over = pb::SystemUser { revoked_at: at, ..program("sys_2", "Altes Programm", "mem_9") };
        let system_users = vec![program(PROGRAM, "Poststelle <b>", "mem_2"), over];
        Ok(Response::new(pb::ListSystemUsersResponse { system_users }))
    }

    async fn register_system_user(
        &self,
        request: Request<pb::RegisterSystemUserRequest>,
    ) -> Answer<pb::RegisterSystemUserResponse> {
        if !request.get_ref().jwk.starts_with('{') {
            return Err(refusal(Code::InvalidArgument, "INVALID_FIELD", "no key", []));
        }
        self.told().registered.push(request.into_inner());
        let system_user_id = PROGRAM.into();
        Ok(Response::new(pb::RegisterSystemUserResponse { system_user_id }))
    }

    async fn revoke_system_user(
        &self,
        request: Request<pb::RevokeSystemUserRequest>,
    ) -> Answer<pb::RevokeSystemUserResponse> {
        self.told().revoked.push(request.into_inner());
        Ok(Response::new(pb::RevokeSystemUserResponse::default()))
    }
}

#[tonic::async_trait]
impl ClaimService for Firm {
    async fn claim_organisation(
        &self,
        _: Request<pb::ClaimOrganisationRequest>,
    ) -> Answer<pb::ClaimOrganisationResponse> {
        not_faked()
    }

    async fn prove_by_certificate(
        &self,
        _: Request<pb::ProveByCertificateRequest>,
    ) -> Answer<pb::ProveByCertificateResponse> {
        not_faked()
    }

    async fn request_recovery(
        &self,
        _: Request<pb::RequestRecoveryRequest>,
    ) -> Answer<pb::RequestRecoveryResponse> {
        not_faked()
    }

    async fn list_own_claims(
        &self,
        _: Request<pb::ListOwnClaimsRequest>,
    ) -> Answer<pb::ListOwnClaimsResponse> {
        Ok(Response::new(pb::ListOwnClaimsResponse::default()))
    }

    async fn withdraw_claim(
        &self,
        _: Request<pb::WithdrawClaimRequest>,
    ) -> Answer<pb::WithdrawClaimResponse> {
        not_faked()
    }
}
