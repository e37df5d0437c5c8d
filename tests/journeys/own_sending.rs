//! Batches and replies, as the audit trail promises them.

use anyhow::{Context as _, ensure};
use siegel_crypto::{SystemEntropy, random_token, sha256};
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;

use crate::world::World;

fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?)
}

fn request(world: &World) -> pb::Letter {
    pb::Letter {
        handle: world.erika.handle.clone(),
        subject: "Wir brauchen Unterlagen".into(),
        bodies: vec![pb::Body {
            language: "de".into(),
            plain_text: "Bitte senden Sie uns den Nachweis.".into(),
            ..Default::default()
        }],
        required_level: i32::from(TrustLevel::Substantial.number()),
        delivery_type: pb::DeliveryType::RequestForDocuments.into(),
        ..Default::default()
    }
}

/// A batch that is committed, its letter answered and the answer fetched; a batch that is not.
pub async fn by_api(world: &World) -> anyhow::Result<()> {
    let mut sender = world.authority.sender();
    let (given_up, kept) = (fresh()?, fresh()?);
    for request_id in [&given_up, &kept] {
        let one = pb::BatchLetter {
            request_id: "1".into(),
            letter: Some(request(world)),
            attachments: vec![],
        };
        let add = pb::SubmitBatchRequest { request_id: request_id.clone(), letters: vec![one] };
        let added = sender.submit_batch(add).await?.into_inner();
        ensure!(added.refused.is_empty(), "{:?}", added.refused);
    }
    sender.cancel_batch(pb::CancelBatchRequest { request_id: given_up }).await?;
    let commit = pb::CommitBatchRequest { request_id: kept.clone(), without_refused: false };
    sender.commit_batch(commit).await?;
    let letter_id = delivered(world, &kept).await?;

    let mut own = MailboxServiceClient::new(world.erika.channel(&world.suite.origin())?);
    let open = pb::OpenRequest {
        request_id: fresh()?,
        letter_id: letter_id.clone(),
        organisation_id: String::new(),
        ..Default::default()
    };
    own.open(open).await?;
    let content = b"Nachweis".to_vec();
    let declaration = pb::AttachmentDeclaration {
        name: "Nachweis.txt".into(),
        media_type: "text/plain".into(),
        sha256: sha256(&content).to_vec(),
        size_bytes: i64::try_from(content.len())?,
    };
    let reply = pb::ReplyRequest {
        request_id: fresh()?,
        letter_id: letter_id.clone(),
        organisation_id: String::new(),
        text: "Anbei der Nachweis.".into(),
        attachments: vec![pb::InlineAttachment { declaration: Some(declaration), content }],
        upload_ids: Vec::new(),
        ..Default::default()
    };
    let replied = own.reply(reply).await?.into_inner();
    let kind = replied.receipt.context("a reply without a receipt")?.kind;
    ensure!(kind == "reply_accepted", "{kind}");
    let get = pb::GetReplyRequest { letter_id, reply_id: replied.reply_id };
    let got = sender.get_reply(get).await?.into_inner();
    ensure!(got.text == "Anbei der Nachweis." && got.attachments.len() == 1);
    Ok(())
}

/// The letter of a committed batch, once it is there.
async fn delivered(world: &World, batch_id: &str) -> anyhow::Result<String> {
    for _ in 0..100 {
        let get = pb::GetBatchRequest { batch_id: batch_id.into(), ..Default::default() };
        let found = world.authority.sender().get_batch(get).await?.into_inner();
        let entry = found.entries.into_iter().next().context("an empty batch")?;
        if !entry.letter_id.is_empty() {
            return Ok(entry.letter_id);
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    anyhow::bail!("the batch was not delivered within 10 s")
}
