use siegel_proto::organisation::v1 as pb;

use super::{Call, call, one, refused};
use crate::team::invitation;

/// The public key of RFC 7517 appendix A.1.
const JWK: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;

pub fn calls() -> Vec<Call> {
    vec![
        call("MemberService/ListMembers", |n| {
            one(&pb::ListMembersRequest { organisation_id: n.organisation.clone() })
        }),
        call("MemberService/ChangeRole", |n| {
            one(&pb::ChangeRoleRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                membership_id: n.member.clone(),
                role: pb::Role::ReadOnly.into(),
            })
        }),
        call("MemberService/RemoveMember", |n| {
            one(&pb::RemoveMemberRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                membership_id: n.member.clone(),
            })
        }),
        refused(
            "LAST_OWNER",
            call("MemberService/LeaveOrganisation", |n| {
                one(&pb::LeaveOrganisationRequest {
                    request_id: n.request_id.clone(),
                    organisation_id: n.organisation.clone(),
                })
            }),
        ),
        call("MemberService/HandOver", |n| {
            one(&pb::HandOverRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                membership_id: n.member.clone(),
                own_role: 0,
            })
        }),
        call("MemberService/SetEqualRights", |n| {
            one(&pb::SetEqualRightsRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                equal_rights: true,
            })
        }),
        call("MemberService/InviteMember", |n| {
            let wanted = invitation(&n.organisation, "new@example.org", pb::Role::ReadOnly);
            one(&pb::InviteMemberRequest { request_id: n.request_id.clone(), ..wanted })
        }),
        call("MemberService/ListInvitations", |n| {
            one(&pb::ListInvitationsRequest { organisation_id: n.organisation.clone() })
        }),
        call("MemberService/RevokeInvitation", |n| {
            one(&pb::RevokeInvitationRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                invitation_id: n.invitation.clone(),
            })
        }),
        // The owner is not whom the invitation means.
        refused(
            "INVITATION_UNKNOWN",
            call("MemberService/PreviewInvitation", |n| {
                one(&pb::PreviewInvitationRequest { code: n.code.clone() })
            }),
        ),
        refused(
            "INVITATION_UNKNOWN",
            call("MemberService/AcceptInvitation", |n| {
                let (request_id, code) = (n.request_id.clone(), n.code.clone());
                one(&pb::AcceptInvitationRequest { request_id, code })
            }),
        ),
        call("MemberService/ListSystemUsers", |n| {
            one(&pb::ListSystemUsersRequest { organisation_id: n.organisation.clone() })
        }),
        call("MemberService/RegisterSystemUser", |n| {
            one(&pb::RegisterSystemUserRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                name: "Programm".into(),
                role: pb::Role::ReadOnly.into(),
                jwk: JWK.into(),
            })
        }),
        call("MemberService/RevokeSystemUser", |n| {
            one(&pb::RevokeSystemUserRequest {
                request_id: n.request_id.clone(),
                organisation_id: n.organisation.clone(),
                system_user_id: n.system_user.clone(),
            })
        }),
    ]
}
