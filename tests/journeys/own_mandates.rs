//! Mandates between two people, over the network.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use siegel_crypto::{SystemEntropy, random_token};
use siegel_grpc::AuthChannel;
use siegel_kernel::{Clock as _, SystemClock};
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::mandate_service_client::MandateServiceClient;

use crate::audit::OWN;
use crate::world::World;

fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?)
}

/// One persona gives another mandates, which are accepted, declined, reviewed and revoked.
pub async fn by_api(world: &World) -> anyhow::Result<()> {
    let mut giver = mandates(world, 0).await?;
    let mut holder = mandates(world, 1).await?;
    let (declined, _) = give(&mut giver).await?;
    let request =
        pb::RejectMandateRequest { request_id: fresh()?, code: declined, ..Default::default() };
    holder.reject_mandate(request).await?;
    let (code, mandate_id) = give(&mut giver).await?;
    let request = pb::AcceptMandateRequest { request_id: fresh()?, code, ..Default::default() };
    let taken = holder.accept_mandate(request).await?.into_inner().mandate;
    let taken = taken.context("no mandate")?;
    ensure!(taken.state() == pb::MandateState::Active, "accepted, and not in force");
    let end = SystemClock.now().plus(Duration::from_hours(48));
    let request = pb::ReviewMandateRequest {
        request_id: fresh()?,
        mandate_id: mandate_id.clone(),
        valid_until: Some(convert::timestamp(end)),
        review_at: None,
    };
    giver.review_mandate(request).await?;
    let request = pb::RevokeMandateRequest { request_id: fresh()?, mandate_id };
    let ended = giver.revoke_mandate(request).await?.into_inner().mandate;
    ensure!(ended.is_some_and(|m| m.state() == pb::MandateState::Revoked), "not revoked");
    Ok(())
}

async fn mandates(
    world: &World,
    persona: usize,
) -> anyhow::Result<MandateServiceClient<AuthChannel>> {
    let visit = world.visit(&world.own_portal()?, persona, &OWN).await?;
    let token = visit.token_for("organisation").await?;
    let channel = world.channel(&token.access_token, &visit.client.dpop_key)?;
    Ok(MandateServiceClient::new(channel))
}

/// Offers a mandate for a day; its code and id.
async fn give(giver: &mut MandateServiceClient<AuthChannel>) -> anyhow::Result<(String, String)> {
    let end = SystemClock.now().plus(Duration::from_hours(24));
    let request = pb::GrantMandateRequest {
        request_id: fresh()?,
        to_kind: pb::HolderKind::Person.into(),
        to_name: "Max Beispiel".into(),
        package: "mail-receiver".into(),
        valid_until: Some(convert::timestamp(end)),
        ..Default::default()
    };
    let granted = giver.grant_mandate(request).await?.into_inner();
    Ok((granted.code, granted.mandate.context("no mandate")?.mandate_id))
}
