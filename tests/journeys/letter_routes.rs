//! An organisation says which of its mailboxes an office writes to: the office is told the address at
//! the next log-in, its letters arrive there, and closing the mailbox ends all of that.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use siegel_grpc::AuthChannel;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::mailbox_rights_service_client::MailboxRightsServiceClient;
use siegel_proto::postbox::v1::ListLettersRequest;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;

use crate::acting::{comes, founded, fresh, own};
use crate::world::{Visit, World};

/// The persona that has one organisation, this one.
const OWNER: usize = 1;
const NAME: &str = "Zweigstellen GmbH";

pub async fn letters_of_an_office_go_to_the_mailbox_it_was_given_until_that_is_closed(
    world: &mut World,
) -> anyhow::Result<()> {
    let channel = own(world, OWNER).await?;
    let organisation = founded(&channel, NAME, "779").await?;
    let mut service = MailboxRightsServiceClient::new(channel);
    let visit = comes(world, OWNER, "organisation").await?;
    let central = handle(&visit)?;
    let first = world.authority.submit(&central, &[]).await?.letter_id;

    let mailbox = branch(&mut service, &organisation).await?;
    let route = route(&mut service, &organisation).await?;
    let set = pb::SetLetterRouteRequest {
        request_id: fresh()?,
        organisation_id: organisation.clone(),
        route_id: route.route_id,
        mailbox_id: mailbox.clone(),
    };
    service.set_letter_route(set).await?;
    let visit = comes(world, OWNER, "organisation").await?;
    let beside = handle(&visit)?;
    ensure!(beside != central, "the office still has the address of the central mailbox");
    let second = world.authority.submit(&beside, &[]).await?.letter_id;
    let channel = world.channel(&visit.tokens.access_token, &visit.client.dpop_key)?;
    let mut reader = MailboxServiceClient::new(channel);
    for (place, letter) in [("", &first), (&*mailbox, &second)] {
        let request = ListLettersRequest {
            organisation_id: organisation.clone(),
            mailbox_id: place.into(),
            ..Default::default()
        };
        let found = reader.list_letters(request).await?.into_inner().letters;
        let ids: Vec<_> = found.iter().map(|one| &one.letter_id).collect();
        ensure!(ids == [letter], "in {place:?}: {ids:?}");
    }

    let close = pb::CloseMailboxRequest {
        request_id: fresh()?,
        organisation_id: organisation,
        mailbox_id: mailbox,
    };
    service.close_mailbox(close).await?;
    nothing_arrives(world, &beside, &second).await?;
    let visit = comes(world, OWNER, "organisation").await?;
    ensure!(handle(&visit)? == central, "another address than that of the central mailbox");
    world.authority.submit(&central, &[]).await?;
    Ok(())
}

async fn branch(
    service: &mut MailboxRightsServiceClient<AuthChannel>,
    organisation: &str,
) -> anyhow::Result<String> {
    let create = pb::CreateMailboxRequest {
        request_id: fresh()?,
        organisation_id: organisation.to_owned(),
        kind: pb::MailboxKind::Function.into(),
        name: "Zweigstelle Nord".into(),
        ..Default::default()
    };
    let made = service.create_mailbox(create).await?.into_inner();
    Ok(made.mailbox.context("no mailbox")?.mailbox_id)
}

/// The office, as the organisation knows it since somebody acted for it there.
async fn route(
    service: &mut MailboxRightsServiceClient<AuthChannel>,
    organisation: &str,
) -> anyhow::Result<pb::LetterRoute> {
    let list = pb::ListLetterRoutesRequest { organisation_id: organisation.to_owned() };
    let found = service.list_letter_routes(list).await?.into_inner().routes;
    let [route] = &found[..] else { anyhow::bail!("one office wrote: {found:?}") };
    ensure!(route.name == "Amt für Vertretung" && route.mailbox_id.is_empty(), "{route:?}");
    Ok(route.clone())
}

/// The address that the office is told, of the organisation that this is about.
fn handle(visit: &Visit) -> anyhow::Result<String> {
    let claims = &visit.claims;
    let told = |name: &str| claims.pointer(&format!("/acting_for/{name}")).and_then(Value::as_str);
    ensure!(told("name") == Some(NAME), "for somebody else: {claims}");
    Ok(told("postbox_handle").with_context(|| format!("no handle: {claims}"))?.to_owned())
}

/// The address reaches nobody any more, and the sender of the letter that waited there is told.
async fn nothing_arrives(world: &World, handle: &str, waited: &str) -> anyhow::Result<()> {
    let started = Instant::now();
    let refused = loop {
        if let Err(refused) = world.authority.submit(handle, &[]).await {
            break refused;
        }
        ensure!(started.elapsed() < Duration::from_secs(10), "a closed mailbox takes letters");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let status = refused.downcast_ref::<tonic::Status>().context("no answer of the postbox")?;
    let reason = siegel_grpc::reason(status);
    ensure!(reason.as_deref() == Some("RECIPIENT_UNKNOWN"), "{refused:#}");
    loop {
        let events = world.authority.events_so_far().await?;
        if events.iter().any(|e| e.letter_id == waited && e.kind == "undeliverable") {
            return Ok(());
        }
        ensure!(started.elapsed() < Duration::from_secs(20), "the sender is not told");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
