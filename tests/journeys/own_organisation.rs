//! What an owner does with an organisation, by the API.

use anyhow::Context as _;
use siegel_crypto::{SigningKey, SystemEntropy, random_token};
use siegel_grpc::AuthChannel;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::claim_service_client::ClaimServiceClient;
use siegel_proto::organisation::v1::field_value::Value;
use siegel_proto::organisation::v1::member_service_client::MemberServiceClient;
use siegel_proto::organisation::v1::organisation_service_client::OrganisationServiceClient;
use siegel_proto::organisation::v1::record_service_client::RecordServiceClient;

use crate::audit::OWN;
use crate::world::World;

/// Promised for calls that need a second member, a certificate, a letter, or an operator, whom the
/// sandbox has not. The service's own tests look for each of them.
pub const UNCALLED: [&str; 11] = [
    "organisation.member.role_changed",
    "organisation.member.removed",
    "organisation.member.left",
    "organisation.member.handed_over",
    "organisation.invitation.accepted",
    "organisation.claim.proven",
    "organisation.claim.revoked",
    "organisation.claim.approved",
    "organisation.claim.rejected",
    "organisation.claim.letter_printed",
    "organisation.claim.letter_sent",
];

fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?)
}

pub async fn by_api(world: &World) -> anyhow::Result<()> {
    let visit = world.visit(&world.own_portal()?, 0, &OWN).await?;
    let token = visit.token_for("organisation").await?;
    let channel = world.channel(&token.access_token, &visit.client.dpop_key)?;
    let found = pb::CreateOrganisationRequest {
        request_id: fresh()?,
        name: "Zweite GmbH".into(),
        legal_form: "GmbH".into(),
        register_kind: "HRB".into(),
        register_court: "Musterstadt".into(),
        register_number: "54321".into(),
    };
    let found = OrganisationServiceClient::new(channel.clone()).create_organisation(found).await?;
    let found = found.into_inner().organisation.context("no organisation")?.organisation_id;
    members(&mut MemberServiceClient::new(channel.clone()), &found).await?;
    claims(&mut ClaimServiceClient::new(channel.clone()), &found).await?;
    record(&mut RecordServiceClient::new(channel), &found).await
}

async fn members(
    members: &mut MemberServiceClient<AuthChannel>,
    organisation: &str,
) -> anyhow::Result<()> {
    let organisation_id = organisation.to_owned();
    let invite = pb::InviteMemberRequest {
        request_id: fresh()?,
        organisation_id: organisation_id.clone(),
        name: "Max Mustermann".into(),
        email: "max.mustermann@example.org".into(),
        role: pb::Role::CaseWorker.into(),
        minimum_level: 3,
        locale: "de".into(),
    };
    let invitation_id = members.invite_member(invite).await?.into_inner().invitation_id;
    let revoke = pb::RevokeInvitationRequest {
        request_id: fresh()?,
        organisation_id: organisation_id.clone(),
        invitation_id,
    };
    members.revoke_invitation(revoke).await?;
    let key = SigningKey::generate()?;
    let program = pb::RegisterSystemUserRequest {
        request_id: fresh()?,
        organisation_id: organisation_id.clone(),
        name: "Poststelle".into(),
        role: pb::Role::MailReceiver.into(),
        jwk: serde_json::to_string(key.public_jwk())?,
    };
    let system_user_id = members.register_system_user(program).await?.into_inner().system_user_id;
    let revoke = pb::RevokeSystemUserRequest {
        request_id: fresh()?,
        organisation_id: organisation_id.clone(),
        system_user_id,
    };
    members.revoke_system_user(revoke).await?;
    let equal =
        pb::SetEqualRightsRequest { request_id: fresh()?, organisation_id, equal_rights: true };
    members.set_equal_rights(equal).await?;
    Ok(())
}

async fn claims(
    claims: &mut ClaimServiceClient<AuthChannel>,
    organisation: &str,
) -> anyhow::Result<()> {
    let claim = pb::ClaimOrganisationRequest {
        request_id: fresh()?,
        organisation_id: organisation.to_owned(),
        method: pb::ClaimMethod::Operator.into(),
        claimant_name: "Erika Mustermann".into(),
    };
    let claim = claims.claim_organisation(claim).await?.into_inner().claim.context("no claim")?;
    let withdraw = pb::WithdrawClaimRequest { request_id: fresh()?, claim_id: claim.claim_id };
    claims.withdraw_claim(withdraw).await?;
    let recovery = pb::RequestRecoveryRequest {
        request_id: fresh()?,
        register: Some(pb::RegisterEntry {
            kind: "VR".into(),
            court: "Musterstadt".into(),
            number: "99".into(),
            place: String::new(),
        }),
        claimant_name: "Erika Mustermann".into(),
    };
    claims.request_recovery(recovery).await?;
    Ok(())
}

async fn record(
    record: &mut RecordServiceClient<AuthChannel>,
    organisation: &str,
) -> anyhow::Result<()> {
    let organisation_id = organisation.to_owned();
    let lei = pb::SetFieldRequest {
        request_id: fresh()?,
        organisation_id: organisation_id.clone(),
        name: pb::FieldName::Lei.into(),
        value: Some(pb::FieldValue { value: Some(Value::Text("529900T8BM49AURSDO55".into())) }),
    };
    record.set_field(lei).await?;
    let unit = pb::CreateUnitRequest {
        request_id: fresh()?,
        organisation_id: organisation_id.clone(),
        name: "Buchhaltung".into(),
        parent_unit_id: String::new(),
    };
    let unit_id = record.create_unit(unit).await?.into_inner().unit_id;
    let change = pb::ChangeUnitRequest {
        request_id: fresh()?,
        organisation_id: organisation_id.clone(),
        unit_id: unit_id.clone(),
        name: "Rechnungswesen".into(),
        parent_unit_id: String::new(),
    };
    record.change_unit(change).await?;
    let point = pb::AddContactPointRequest {
        request_id: fresh()?,
        organisation_id: organisation_id.clone(),
        kind: pb::ContactKind::Web.into(),
        value: "https://muster.example".into(),
        label: String::new(),
        unit_id: unit_id.clone(),
    };
    let contact_point_id = record.add_contact_point(point).await?.into_inner().contact_point_id;
    let remove = pb::RemoveContactPointRequest {
        request_id: fresh()?,
        organisation_id: organisation_id.clone(),
        contact_point_id,
    };
    record.remove_contact_point(remove).await?;
    let fill = pb::SetUnitMembersRequest {
        request_id: fresh()?,
        organisation_id: organisation_id.clone(),
        unit_id: unit_id.clone(),
        member_ids: Vec::new(),
    };
    record.set_unit_members(fill).await?;
    let close = pb::CloseUnitRequest {
        request_id: fresh()?,
        organisation_id: organisation_id.clone(),
        unit_id,
    };
    record.close_unit(close).await?;
    let over = pb::DissolveOrganisationRequest { request_id: fresh()?, organisation_id };
    record.dissolve_organisation(over).await?;
    Ok(())
}
