//! Somebody reads an organisation's letters because a register says so, not by a member's role: until
//! the register says that it is over.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use siegel_grpc::AuthChannel;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::member_service_client::MemberServiceClient;
use siegel_proto::organisation::v1::register_fact_service_client::RegisterFactServiceClient;

use crate::acting::{comes_for, ends_within_a_second, founded, fresh, opened, own};
use crate::world::World;

const NAME: &str = "Eingetragene GmbH";
/// Who founded it, and who the register names.
const OWNER: usize = 0;
const DIRECTOR: usize = 1;

pub async fn letters_opened_by_a_register_role_are_closed_within_a_second_of_its_end(
    world: &mut World,
) -> anyhow::Result<()> {
    let owner = own(world, OWNER).await?;
    let organisation_id = founded(&owner, NAME, "778").await?;
    let member_id = joined(world, owner, &organisation_id).await?;
    let registrar = world.service("registerstelle", "organisation.admin", "organisation").await?;
    let mut register = RegisterFactServiceClient::new(registrar);
    let record = pb::RecordFactRequest {
        request_id: fresh()?,
        organisation_id,
        member_id,
        role: pb::FactRole::ManagingDirector.into(),
        jointly: false,
        source: "HRB 778, Musterstadt".into(),
    };
    let fact = register.record_fact(record).await?.into_inner().fact.context("no fact")?;

    let visit = comes_for(world, DIRECTOR, "organisation", Some(NAME)).await?;
    let receipt = opened(world, &visit).await?;
    ensure!(receipt.get("path") == Some(&json!("fact:managing-director")), "{receipt}");
    let end = pb::EndFactRequest { request_id: fresh()?, fact_id: fact.fact_id };
    let end = async move { register.end_fact(end).await.map(drop) };
    ends_within_a_second(world, &visit, end).await
}

/// The director becomes a member who may read and no more; the membership's id.
async fn joined(world: &World, owner: AuthChannel, organisation: &str) -> anyhow::Result<String> {
    let mut members = MemberServiceClient::new(owner);
    let email = world.persona(DIRECTOR)?.email.clone();
    let invite = pb::InviteMemberRequest {
        request_id: fresh()?,
        organisation_id: organisation.into(),
        name: "Wer eingetragen ist".into(),
        email: email.clone(),
        role: pb::Role::ReadOnly.into(),
        minimum_level: 3,
        locale: "de".into(),
    };
    members.invite_member(invite).await?;
    let code = invitation(&world.suite.origin(), &email).await?;
    let accept = pb::AcceptInvitationRequest { request_id: fresh()?, code };
    MemberServiceClient::new(own(world, DIRECTOR).await?).accept_invitation(accept).await?;
    let list = pb::ListMembersRequest { organisation_id: organisation.into() };
    let all = members.list_members(list).await?.into_inner().members;
    let one = all.into_iter().find(|member| !member.own).context("nobody joined")?;
    Ok(one.membership_id)
}

/// The code of the last invitation that went to an address.
async fn invitation(origin: &str, to: &str) -> anyhow::Result<String> {
    let address = format!("{origin}/sandbox/mail.json?to={to}");
    let of_a_code = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
    let is_code = |line: &&str| line.len() >= 16 && line.bytes().all(of_a_code);
    for _ in 0..100 {
        let mails: Vec<Value> = reqwest::get(&address).await?.json().await?;
        let word = |mail: &Value, name: &str| mail.get(name)?.as_str().map(str::to_owned);
        let invites =
            |mail: &Value| word(mail, "subject").is_some_and(|s| s.contains("eingeladen"));
        let mail = mails.iter().find(|mail| invites(mail));
        let text = mail.and_then(|mail| word(mail, "text")).unwrap_or_default();
        if let Some(code) = text.lines().map(str::trim).find(is_code) {
            return Ok(code.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("no invitation came to {to}")
}
