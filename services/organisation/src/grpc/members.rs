use siegel_grpc::invalid;
use siegel_oidc::catalogue;
use siegel_proto::common::v1 as common;
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::member_service_server::MemberService;
use siegel_proto::organisation::v1::system_user_service_server::SystemUserService;
use tonic::{Request, Response, Status};

use super::read::{account, id, order, organisation, role};
use super::status::status;
use crate::app::{App, NewInvitation, NewSystemUser, Refusal, Shown, ShownInvitation, kinds};
use crate::store::system_users::SystemUser;

/// Members, invitations, programs.
pub struct Members(pub App);

/// Programs, for identity.
pub struct SystemUsers(pub App);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl MemberService for Members {
    #[tracing::instrument(name = "organisation.members.list", skip_all)]
    async fn list_members(
        &self,
        request: Request<pb::ListMembersRequest>,
    ) -> Answer<pb::ListMembersResponse> {
        let who = account(&request)?;
        let org = organisation(&request.get_ref().organisation_id)?;
        let found = self.0.members(who, org).await.map_err(|e| status(&e))?;
        let member = |shown: Shown| pb::Member {
            membership_id: shown.member.id.to_string(),
            role: shown.member.role.number(),
            name: shown.name,
            since: Some(convert::timestamp(shown.member.began_at)),
            own: shown.own,
        };
        let members = found.into_iter().map(member).collect();
        Ok(Response::new(pb::ListMembersResponse { members }))
    }

    #[tracing::instrument(name = "organisation.member.change", skip_all)]
    async fn change_role(
        &self,
        request: Request<pb::ChangeRoleRequest>,
    ) -> Answer<pb::ChangeRoleResponse> {
        let order = order(&self.0, kinds::ROLE_CHANGED, &request, &request.get_ref().request_id)?;
        let wire = request.get_ref();
        let org = organisation(&wire.organisation_id)?;
        let (member, to) = (id(&wire.membership_id, Refusal::MemberUnknown)?, role(wire.role)?);
        let done = self.0.change_role(&order, org, member, to).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::ChangeRoleResponse {}))
    }

    #[tracing::instrument(name = "organisation.member.remove", skip_all)]
    async fn remove_member(
        &self,
        request: Request<pb::RemoveMemberRequest>,
    ) -> Answer<pb::RemoveMemberResponse> {
        let order = order(&self.0, kinds::MEMBER_REMOVED, &request, &request.get_ref().request_id)?;
        let wire = request.get_ref();
        let org = organisation(&wire.organisation_id)?;
        let member = id(&wire.membership_id, Refusal::MemberUnknown)?;
        let done = self.0.remove_member(&order, org, member).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::RemoveMemberResponse {}))
    }

    #[tracing::instrument(name = "organisation.member.leave", skip_all)]
    async fn leave_organisation(
        &self,
        request: Request<pb::LeaveOrganisationRequest>,
    ) -> Answer<pb::LeaveOrganisationResponse> {
        let order = order(&self.0, kinds::MEMBER_LEFT, &request, &request.get_ref().request_id)?;
        let org = organisation(&request.get_ref().organisation_id)?;
        let done = self.0.leave(&order, org).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::LeaveOrganisationResponse {}))
    }

    #[tracing::instrument(name = "organisation.member.hand_over", skip_all)]
    async fn hand_over(
        &self,
        request: Request<pb::HandOverRequest>,
    ) -> Answer<pb::HandOverResponse> {
        let order = order(&self.0, kinds::HANDED_OVER, &request, &request.get_ref().request_id)?;
        let wire = request.get_ref();
        let org = organisation(&wire.organisation_id)?;
        let to = id(&wire.membership_id, Refusal::MemberUnknown)?;
        let own = if wire.own_role == 0 { None } else { Some(role(wire.own_role)?) };
        let done = self.0.hand_over(&order, org, to, own).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::HandOverResponse {}))
    }

    #[tracing::instrument(name = "organisation.equal_rights.set", skip_all)]
    async fn set_equal_rights(
        &self,
        request: Request<pb::SetEqualRightsRequest>,
    ) -> Answer<pb::SetEqualRightsResponse> {
        let order = order(&self.0, kinds::EQUAL_RIGHTS, &request, &request.get_ref().request_id)?;
        let wire = request.get_ref();
        let org = organisation(&wire.organisation_id)?;
        let done = self.0.set_equal_rights(&order, org, wire.equal_rights).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::SetEqualRightsResponse {}))
    }

    #[tracing::instrument(name = "organisation.invitation.make", skip_all)]
    async fn invite_member(
        &self,
        request: Request<pb::InviteMemberRequest>,
    ) -> Answer<pb::InviteMemberResponse> {
        let order = order(&self.0, kinds::INVITED, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let org = organisation(&wire.organisation_id)?;
        let level = convert::level(wire.minimum_level);
        let new = NewInvitation {
            role: role(wire.role)?,
            minimum_level: level.ok_or_else(|| invalid(&[("minimum_level", "is no level")]))?,
            name: wire.name,
            email: wire.email,
            locale: wire.locale,
        };
        if !matches!(catalogue::attribute("email").map(|row| row.check(&new.email)), Some(Ok(()))) {
            return Err(invalid(&[("email", "is not an e-mail address")]));
        }
        if !matches!(new.locale.as_str(), "de" | "en") {
            return Err(invalid(&[("locale", "is neither de nor en")]));
        }
        let done = self.0.invite(&order, org, new).await;
        let made = self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::InviteMemberResponse { invitation_id: made.to_string() }))
    }

    #[tracing::instrument(name = "organisation.invitations.list", skip_all)]
    async fn list_invitations(
        &self,
        request: Request<pb::ListInvitationsRequest>,
    ) -> Answer<pb::ListInvitationsResponse> {
        let who = account(&request)?;
        let org = organisation(&request.get_ref().organisation_id)?;
        let found = self.0.invitations(who, org).await.map_err(|e| status(&e))?;
        let written = |ShownInvitation { invitation, person }| pb::Invitation {
            invitation_id: invitation.id.to_string(),
            name: person.name,
            email: person.email,
            role: invitation.role.number(),
            minimum_level: common::TrustLevel::from(invitation.minimum_level).into(),
            state: invitation.state.number(),
            invited_at: Some(convert::timestamp(invitation.invited_at)),
            expires_at: Some(convert::timestamp(invitation.expires_at)),
        };
        let invitations = found.into_iter().map(written).collect();
        Ok(Response::new(pb::ListInvitationsResponse { invitations }))
    }

    #[tracing::instrument(name = "organisation.invitation.revoke", skip_all)]
    async fn revoke_invitation(
        &self,
        request: Request<pb::RevokeInvitationRequest>,
    ) -> Answer<pb::RevokeInvitationResponse> {
        let kind = kinds::INVITATION_REVOKED;
        let order = order(&self.0, kind, &request, &request.get_ref().request_id)?;
        let wire = request.get_ref();
        let org = organisation(&wire.organisation_id)?;
        let invitation = id(&wire.invitation_id, Refusal::InvitationUnknown)?;
        let done = self.0.revoke_invitation(&order, org, invitation).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::RevokeInvitationResponse {}))
    }

    #[tracing::instrument(name = "organisation.invitation.preview", skip_all)]
    async fn preview_invitation(
        &self,
        request: Request<pb::PreviewInvitationRequest>,
    ) -> Answer<pb::PreviewInvitationResponse> {
        let who = account(&request)?;
        let offer = self.0.offer(who, &request.get_ref().code).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::PreviewInvitationResponse {
            organisation_name: offer.organisation_name,
            role: offer.invitation.role.number(),
            minimum_level: common::TrustLevel::from(offer.invitation.minimum_level).into(),
            expires_at: Some(convert::timestamp(offer.invitation.expires_at)),
            name: offer.person.name,
        }))
    }

    #[tracing::instrument(name = "organisation.invitation.accept", skip_all)]
    async fn accept_invitation(
        &self,
        request: Request<pb::AcceptInvitationRequest>,
    ) -> Answer<pb::AcceptInvitationResponse> {
        let kind = kinds::INVITATION_ACCEPTED;
        let order = order(&self.0, kind, &request, &request.get_ref().request_id)?;
        let done = self.0.accept_invitation(&order, &request.get_ref().code).await;
        let joined = self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        let organisation_id = joined.to_string();
        Ok(Response::new(pb::AcceptInvitationResponse { organisation_id }))
    }

    #[tracing::instrument(name = "organisation.system_users.list", skip_all)]
    async fn list_system_users(
        &self,
        request: Request<pb::ListSystemUsersRequest>,
    ) -> Answer<pb::ListSystemUsersResponse> {
        let who = account(&request)?;
        let org = organisation(&request.get_ref().organisation_id)?;
        let found = self.0.system_users(who, org).await.map_err(|e| status(&e))?;
        let system_users = found.into_iter().map(written).collect();
        Ok(Response::new(pb::ListSystemUsersResponse { system_users }))
    }

    #[tracing::instrument(name = "organisation.system_user.register", skip_all)]
    async fn register_system_user(
        &self,
        request: Request<pb::RegisterSystemUserRequest>,
    ) -> Answer<pb::RegisterSystemUserResponse> {
        let kind = kinds::SYSTEM_USER_ADDED;
        let order = order(&self.0, kind, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let org = organisation(&wire.organisation_id)?;
        let new = NewSystemUser { name: wire.name, role: role(wire.role)?, jwk: wire.jwk };
        let done = self.0.register_system_user(&order, org, new).await;
        let made = self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        let system_user_id = made.to_string();
        Ok(Response::new(pb::RegisterSystemUserResponse { system_user_id }))
    }

    #[tracing::instrument(name = "organisation.system_user.revoke", skip_all)]
    async fn revoke_system_user(
        &self,
        request: Request<pb::RevokeSystemUserRequest>,
    ) -> Answer<pb::RevokeSystemUserResponse> {
        let kind = kinds::SYSTEM_USER_REVOKED;
        let order = order(&self.0, kind, &request, &request.get_ref().request_id)?;
        let wire = request.get_ref();
        let org = organisation(&wire.organisation_id)?;
        let program = id(&wire.system_user_id, Refusal::SystemUserUnknown)?;
        let done = self.0.revoke_system_user(&order, org, program).await;
        self.0.audited(&order, done).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::RevokeSystemUserResponse {}))
    }
}

#[tonic::async_trait]
impl SystemUserService for SystemUsers {
    #[tracing::instrument(name = "organisation.system_user.get", skip_all)]
    async fn get_system_user(
        &self,
        request: Request<pb::GetSystemUserRequest>,
    ) -> Answer<pb::GetSystemUserResponse> {
        let program = id(&request.get_ref().system_user_id, Refusal::SystemUserUnknown)?;
        let found = self.0.system_user(program).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::GetSystemUserResponse {
            organisation_id: found.organisation.to_string(),
            jwk: found.jwk.clone(),
            system_user: Some(written(found)),
        }))
    }
}

fn written(one: SystemUser) -> pb::SystemUser {
    pb::SystemUser {
        system_user_id: one.id.to_string(),
        name: one.name,
        role: one.role.number(),
        key_thumbprint: one.key_thumbprint,
        registered_at: Some(convert::timestamp(one.registered_at)),
        revoked_at: one.revoked_at.map(convert::timestamp),
        registered_by_member_id: one.registered_by.map(|id| id.to_string()).unwrap_or_default(),
    }
}
