//! What sender and recipient do with letters besides sending and opening them, over the network.

use anyhow::Context as _;
use siegel_crypto::{SystemEntropy, random_token};
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use siegel_proto::postbox::v1::mailbox_settings_service_client::MailboxSettingsServiceClient;

use crate::world::World;

fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?)
}

pub fn letter(world: &World) -> pb::Letter {
    pb::Letter {
        handle: world.erika.handle.clone(),
        subject: "Ihr Antrag".into(),
        bodies: vec![pb::Body {
            language: "de".into(),
            plain_text: "Guten Tag".into(),
            easy_text: String::new(),
            html: String::new(),
        }],
        required_level: TrustLevel::Substantial.into(),
        delivery_type: pb::DeliveryType::Information.into(),
        ..Default::default()
    }
}

/// A letter of formal service, whose recipient was instructed long ago.
fn formal(world: &World) -> pb::Letter {
    let given_at = siegel_kernel::Timestamp::from_seconds(1_700_000_000);
    pb::Letter {
        delivery_type: pb::DeliveryType::FormalService.into(),
        legal_basis: "vwzg-5-7".into(),
        instruction: Some(pb::Instruction {
            text_version: "1".into(),
            given_at: Some(siegel_proto::convert::timestamp(given_at)),
        }),
        ..letter(world)
    }
}

async fn submit(world: &World, letter: pb::Letter) -> anyhow::Result<String> {
    let request = pb::SubmitRequest {
        request_id: fresh()?,
        letter: Some(letter),
        ..pb::SubmitRequest::default()
    };
    Ok(world.authority.sender().submit(request).await?.into_inner().letter_id)
}

/// What a person decides about their mailbox: nothing that keeps the walk's letters from arriving.
async fn own_settings(world: &World) -> anyhow::Result<()> {
    let ask = [("scope", "openid postbox"), ("acr_values", "basic")];
    let visit = world.visit(&world.credentials.other_portal, 0, &ask).await?;
    let handle = visit.claims.get("postbox_handle").and_then(|h| h.as_str());
    let handle = handle.context("no handle for the other sector")?.to_owned();
    let channel = world.erika.channel(&world.suite.origin())?;
    let mut settings = MailboxSettingsServiceClient::new(channel);
    let organisation_id = String::new();
    let request_id = fresh()?;
    settings
        .revoke_handle(pb::RevokeHandleRequest {
            request_id,
            organisation_id,
            handle,
            ..Default::default()
        })
        .await?;
    settings
        .set_opt_out(pb::SetOptOutRequest {
            request_id: fresh()?,
            about: Some(pb::set_opt_out_request::About::Everybody(true)),
            choice: pb::OptOutChoice::Allowed.into(),
            wording_version: "1".into(),
            ..Default::default()
        })
        .await?;
    Ok(())
}

/// Every call of sender and recipient that the demo's walk does not make.
pub async fn by_api(world: &World) -> anyhow::Result<()> {
    let mut own = MailboxServiceClient::new(world.erika.channel(&world.suite.origin())?);
    let organisation_id = String::new();
    let letter_id = submit(world, formal(world)).await?;
    own.confirm(pb::ConfirmRequest {
        request_id: fresh()?,
        letter_id: letter_id.clone(),
        organisation_id: organisation_id.clone(),
        ..Default::default()
    })
    .await?;
    let unread = Some(true);
    own.set_flags(pb::SetFlagsRequest {
        request_id: fresh()?,
        letter_id: letter_id.clone(),
        unread,
        ..Default::default()
    })
    .await?;
    own.archive(pb::ArchiveRequest {
        request_id: fresh()?,
        letter_id: letter_id.clone(),
        organisation_id: organisation_id.clone(),
        ..Default::default()
    })
    .await?;
    own.trash(pb::TrashRequest {
        request_id: fresh()?,
        letter_id: letter_id.clone(),
        organisation_id: organisation_id.clone(),
        ..Default::default()
    })
    .await?;
    own.restore(pb::RestoreRequest {
        request_id: fresh()?,
        letter_id: letter_id.clone(),
        organisation_id: organisation_id.clone(),
        ..Default::default()
    })
    .await?;
    own_settings(world).await?;
    let proof =
        pb::MailboxServiceExportProofRequest { letter_id: letter_id.clone(), ..Default::default() };
    let mut archive = own.export_proof(proof).await?.into_inner();
    while archive.message().await?.is_some() {}
    let mut archive = own.export_mailbox(pb::ExportMailboxRequest::default()).await?.into_inner();
    while archive.message().await?.is_some() {}
    let letter_id = submit(world, formal(world)).await?;
    own.refuse(pb::RefuseRequest {
        request_id: fresh()?,
        letter_id,
        organisation_id,
        ..Default::default()
    })
    .await?;

    let mut sender = world.authority.sender();
    let replaces = submit(world, letter(world)).await?;
    let new = pb::Letter { replaces, ..letter(world) };
    let supersede = pb::SupersedeRequest {
        request_id: fresh()?,
        letter: Some(new),
        ..pb::SupersedeRequest::default()
    };
    let letter_id = sender.supersede(supersede).await?.into_inner().letter_id;
    sender.recall(pb::RecallRequest { request_id: fresh()?, letter_id }).await?;
    let news = pb::UpdateCaseStatusRequest {
        request_id: fresh()?,
        handle: world.erika.handle.clone(),
        case_id: "BA-1".into(),
        status: pb::CaseStatus::Received.into(),
        ..Default::default()
    };
    sender.update_case_status(news).await?;
    webhook(world).await
}

/// An address that nobody has; the letter after it makes the suite try it.
async fn webhook(world: &World) -> anyhow::Result<()> {
    let mut webhooks = world.authority.webhooks();
    let create = pb::CreateWebhookRequest {
        request_id: fresh()?,
        url: "https://hooks.musterstadt.invalid/events".into(),
        cursor: String::new(),
    };
    let created = webhooks.create_webhook(create).await?.into_inner().webhook;
    let webhook_id = created.unwrap_or_default().webhook_id;
    submit(world, letter(world)).await?;
    for _ in 0..100 {
        let listed = webhooks.list_webhooks(pb::ListWebhooksRequest {}).await?.into_inner();
        if listed.webhooks.iter().any(|w| w.webhook_id == webhook_id && w.failed_attempts > 0) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let delete = pb::DeleteWebhookRequest { request_id: fresh()?, webhook_id };
    webhooks.delete_webhook(delete).await?;
    Ok(())
}
