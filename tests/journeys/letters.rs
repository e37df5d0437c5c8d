use anyhow::{Context as _, bail, ensure};
use siegel_crypto::{SystemEntropy, random_token, sha256};
use siegel_grpc::{AuthChannel, fact};
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::document_service_client::DocumentServiceClient;
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use siegel_proto::postbox::v1::sender_service_client::SenderServiceClient;
use tonic::Status;

use crate::world::{World, refused};

const PDF: &[u8] = include_bytes!("../fixtures/bescheid.pdf");

fn letter(handle: &str) -> pb::Letter {
    pb::Letter {
        handle: handle.to_owned(),
        subject: "Ihr Antrag".into(),
        bodies: vec![pb::Body {
            language: "de".into(),
            plain_text: "Guten Tag".into(),
            easy_text: String::new(),
            html: String::new(),
        }],
        required_level: TrustLevel::Substantial.into(),
        importance: pb::Importance::Normal.into(),
        delivery_type: pb::DeliveryType::Decision.into(),
        legal_basis: "ozg-9".into(),
        lane: pb::Lane::Interactive.into(),
        ..Default::default()
    }
}

fn attachment(name: &str, media_type: &str, content: &[u8]) -> pb::InlineAttachment {
    let declaration = pb::AttachmentDeclaration {
        name: name.into(),
        media_type: media_type.into(),
        sha256: sha256(content).to_vec(),
        size_bytes: i64::try_from(content.len()).unwrap_or(i64::MAX),
    };
    pb::InlineAttachment { declaration: Some(declaration), content: content.to_vec() }
}

fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?)
}

async fn submit(
    world: &World,
    request_id: &str,
    letter: pb::Letter,
    attachments: Vec<pb::InlineAttachment>,
) -> Result<pb::SubmitResponse, Status> {
    let request = pb::SubmitRequest {
        request_id: request_id.into(),
        letter: Some(letter),
        attachments,
        ..pb::SubmitRequest::default()
    };
    Ok(world.authority.sender().submit(request).await?.into_inner())
}

/// Submits what must be refused, and checks that nothing came of it.
async fn refuse(
    world: &World,
    letter: pb::Letter,
    attachments: Vec<pb::InlineAttachment>,
    reason: &str,
) -> anyhow::Result<()> {
    let before = world.authority.events_so_far().await?.len();
    refused(submit(world, &fresh()?, letter, attachments).await, reason)?;
    let after = world.authority.events_so_far().await?.len();
    ensure!(before == after, "an event came of a refused letter");
    Ok(())
}

/// Submits what must be refused with a receipt, and checks that nothing else came of it.
async fn reject(world: &World, letter: pb::Letter, reason: &str) -> anyhow::Result<()> {
    let before = world.authority.events_so_far().await?.len();
    let request_id = fresh()?;
    let status = refused(submit(world, &request_id, letter.clone(), vec![]).await, reason)?;
    let rejected = fact(&status, "letter_id").context("no letter is named")?;
    let get = pb::GetSentLetterRequest { letter_id: rejected.clone() };
    let receipts = world.authority.sender().get_sent_letter(get).await?.into_inner().receipts;
    let [receipt] = &receipts[..] else { bail!("{receipts:?}") };
    ensure!(receipt.kind == "rejected", "{receipt:?}");
    let again = refused(submit(world, &request_id, letter, vec![]).await, reason)?;
    let told = fact(&again, "receipt_id");
    ensure!(told.as_ref() == Some(&receipt.receipt_id), "another receipt: {told:?}");
    let events = world.authority.events_so_far().await?;
    let new: Vec<_> = events.iter().skip(before).map(|e| (&*e.letter_id, &*e.kind)).collect();
    ensure!(new == [(&*rejected, "rejected")], "{new:?}");
    Ok(())
}

pub async fn an_unknown_handle_is_refused_with_a_receipt(world: &mut World) -> anyhow::Result<()> {
    let unknown = letter(&format!("hdl_{:032x}", 1));
    reject(world, unknown, "RECIPIENT_UNKNOWN").await
}

pub async fn a_handle_of_another_sector_is_as_unknown_as_none(
    world: &mut World,
) -> anyhow::Result<()> {
    let ask = [("scope", "openid postbox"), ("acr_values", "basic")];
    let visit = world.visit(&world.credentials.other_portal, 0, &ask).await?;
    let foreign = visit.claims.get("postbox_handle").and_then(|h| h.as_str());
    let foreign = foreign.context("no handle for the other sector")?;
    let unknown = submit(world, &fresh()?, letter(&fresh()?), vec![]).await;
    let mine = refused(unknown, "RECIPIENT_UNKNOWN")?;
    let other = submit(world, &fresh()?, letter(foreign), vec![]).await;
    let theirs = refused(other, "RECIPIENT_UNKNOWN")?;
    ensure!((mine.code(), mine.message()) == (theirs.code(), theirs.message()), "they differ");
    reject(world, letter(foreign), "RECIPIENT_UNKNOWN").await
}

pub async fn a_wrong_digest_is_refused(world: &mut World) -> anyhow::Result<()> {
    let mut bent = attachment("bescheid.pdf", "application/pdf", PDF);
    if let Some(declaration) = &mut bent.declaration {
        declaration.sha256 = sha256(b"other").to_vec();
    }
    refuse(world, letter(&world.erika.handle), vec![bent], "DIGEST_MISMATCH").await
}

pub async fn a_media_type_that_is_not_the_contents_is_refused(
    world: &mut World,
) -> anyhow::Result<()> {
    let wrong = attachment("bescheid.png", "image/png", PDF);
    refuse(world, letter(&world.erika.handle), vec![wrong], "MEDIA_TYPE_MISMATCH").await
}

pub async fn an_attachment_over_two_megabytes_is_refused(world: &mut World) -> anyhow::Result<()> {
    let large = attachment("gross.txt", "text/plain", &vec![b'a'; 2 * 1024 * 1024 + 1]);
    refuse(world, letter(&world.erika.handle), vec![large], "ATTACHMENT_TOO_LARGE").await
}

pub async fn a_sixth_attachment_is_refused(world: &mut World) -> anyhow::Result<()> {
    let many = (0..6).map(|n| attachment(&format!("{n}.txt"), "text/plain", b"a")).collect();
    refuse(world, letter(&world.erika.handle), many, "TOO_MANY_ATTACHMENTS").await
}

fn head(world: &World, request_id: &str, content: &[u8]) -> pb::SubmitStreamRequest {
    let declared = attachment("anlage.txt", "text/plain", content).declaration;
    let head = pb::SubmitStreamHead {
        request_id: request_id.into(),
        letter: Some(letter(&world.erika.handle)),
        attachments: declared.into_iter().collect(),
        ..pb::SubmitStreamHead::default()
    };
    pb::SubmitStreamRequest { part: Some(pb::submit_stream_request::Part::Head(head)) }
}

fn chunk(bytes: &[u8]) -> pb::SubmitStreamRequest {
    let bytes = bytes.to_vec();
    pb::SubmitStreamRequest { part: Some(pb::submit_stream_request::Part::Chunk(bytes)) }
}

pub async fn a_stream_that_stops_half_way_delivers_nothing(
    world: &mut World,
) -> anyhow::Result<()> {
    let before = world.authority.events_so_far().await?.len();
    let content = vec![b'x'; 100_000];
    let (first, half) = (head(world, &fresh()?, &content), content.split_at(50_000).0);
    let stream = futures_of(vec![first, chunk(half)]);
    let outcome = world.authority.sender().submit_stream(stream).await;
    refused(outcome, "STREAM_INCOMPLETE")?;
    ensure!(world.authority.events_so_far().await?.len() == before, "an event came of it");
    Ok(())
}

pub async fn a_streamed_letter_arrives_with_its_attachment(
    world: &mut World,
) -> anyhow::Result<()> {
    let content = vec![b'y'; 1_500_000];
    let mut parts = vec![head(world, &fresh()?, &content)];
    parts.extend(content.chunks(200_000).map(chunk));
    let answer = world.authority.sender().submit_stream(futures_of(parts)).await?.into_inner();
    ensure!(answer.receipts.len() == 2, "{} receipts", answer.receipts.len());
    let opened = open(world, &answer.letter_id).await?;
    let found = opened.attachments.first().context("no attachment")?;
    ensure!(found.sha256 == sha256(&content).to_vec(), "the attachment changed");
    Ok(())
}

fn futures_of(
    parts: Vec<pb::SubmitStreamRequest>,
) -> impl tonic::IntoStreamingRequest<Message = pb::SubmitStreamRequest> {
    tokio_stream::iter(parts)
}

pub async fn the_same_request_gives_the_same_letter_and_receipts(
    world: &mut World,
) -> anyhow::Result<()> {
    let id = fresh()?;
    let files = || vec![attachment("bescheid.pdf", "application/pdf", PDF)];
    let first = submit(world, &id, letter(&world.erika.handle), files()).await?;
    let second = submit(world, &id, letter(&world.erika.handle), files()).await?;
    ensure!(first == second, "the answers differ");
    Ok(())
}

pub async fn a_request_id_with_other_content_is_refused(world: &mut World) -> anyhow::Result<()> {
    let id = fresh()?;
    submit(world, &id, letter(&world.erika.handle), vec![]).await?;
    let other = pb::Letter { subject: "Etwas anderes".into(), ..letter(&world.erika.handle) };
    let status = refused(submit(world, &id, other, vec![]).await, "REQUEST_ID_REUSED")?;
    ensure!(status.code() == tonic::Code::AlreadyExists, "{:?}", status.code());
    Ok(())
}

fn mailbox(world: &World) -> anyhow::Result<MailboxServiceClient<AuthChannel>> {
    Ok(MailboxServiceClient::new(world.erika.channel(&world.suite.origin())?))
}

async fn open(world: &World, letter_id: &str) -> anyhow::Result<pb::OpenResponse> {
    let request =
        pb::OpenRequest { request_id: fresh()?, letter_id: letter_id.into(), ..Default::default() };
    Ok(mailbox(world)?.open(request).await?.into_inner())
}

/// What a person needs to keep an attachment: the letter's, and the safe.
const KEEPER: [(&str, &str); 4] = [
    ("scope", "openid postbox.read account.read offline_access"),
    ("acr_values", "substantial"),
    ("resource", "urn:siegel:postbox"),
    ("resource", "urn:siegel:account"),
];

pub async fn an_attachment_goes_into_its_readers_safe_and_says_where_from(
    world: &mut World,
) -> anyhow::Result<()> {
    let files = vec![attachment("bescheid.pdf", "application/pdf", PDF)];
    let answer = submit(world, &fresh()?, letter(&world.erika.handle), files).await?;
    let opened = open(world, &answer.letter_id).await?;
    let wanted = pb::DepositAttachmentRequest {
        request_id: fresh()?,
        letter_id: answer.letter_id.clone(),
        attachment_id: opened.attachments.first().context("no attachment")?.attachment_id.clone(),
    };
    let own = world.visit_as(&world.own_portal()?, world.persona(0)?, &KEEPER).await?;
    let key = &own.client.dpop_key;
    let token = own.token_for("postbox").await?;
    let mut mailbox = MailboxServiceClient::new(world.channel(&token.access_token, key)?);
    let first = mailbox.deposit_attachment(wanted.clone()).await?.into_inner();
    let second = mailbox.deposit_attachment(wanted).await?.into_inner();
    ensure!(first == second, "a retry stored another document");
    let token = own.token_for("account").await?;
    let mut safe = DocumentServiceClient::new(world.channel(&token.access_token, key)?);
    let listed = safe.list_documents(account::ListDocumentsRequest {}).await?.into_inner();
    let mut found = listed.documents.iter().filter(|d| d.letter_id == answer.letter_id);
    let document = found.next().context("no document of the letter")?;
    ensure!(found.next().is_none(), "it is there twice");
    ensure!(document.origin() == account::DocumentOrigin::Letter, "{document:?}");
    let sender = opened.letter.context("no letter")?.authority;
    ensure!(document.issuer == sender && document.sha256 == sha256(PDF), "{document:?}");
    Ok(())
}

pub async fn a_session_below_the_letters_level_is_told_the_level(
    world: &mut World,
) -> anyhow::Result<()> {
    let high = pb::Letter { required_level: 0, ..letter(&world.erika.handle) };
    let answer = submit(world, &fresh()?, high, vec![]).await?;
    let ask = [
        ("scope", "openid postbox.read"),
        ("resource", "urn:siegel:postbox"),
        ("acr_values", "basic"),
    ];
    let visit = world.visit(&world.credentials.portal, 0, &ask).await?;
    let channel = world.channel(&visit.tokens.access_token, &visit.client.dpop_key)?;
    let request =
        pb::OpenRequest { request_id: fresh()?, letter_id: answer.letter_id, ..Default::default() };
    let outcome = MailboxServiceClient::new(channel).open(request).await;
    let status = refused(outcome, "TRUST_TOO_LOW")?;
    ensure!(fact(&status, "needed").as_deref() == Some("high"), "it does not name the level");
    Ok(())
}

pub async fn opening_twice_gives_the_same_receipt(world: &mut World) -> anyhow::Result<()> {
    let answer = submit(world, &fresh()?, letter(&world.erika.handle), vec![]).await?;
    let first = open(world, &answer.letter_id).await?.receipt.context("no receipt")?;
    let second = open(world, &answer.letter_id).await?.receipt.context("no receipt")?;
    ensure!(first.file == second.file, "two receipts for one opening");
    let events = world.authority.events_so_far().await?;
    let opened = events.iter().filter(|e| e.letter_id == answer.letter_id && e.kind == "opened");
    ensure!(opened.count() == 1, "the sender was told of two openings");
    Ok(())
}

pub async fn another_persons_letter_does_not_exist(world: &mut World) -> anyhow::Result<()> {
    let answer = submit(world, &fresh()?, letter(&world.erika.handle), vec![]).await?;
    let ask = [
        ("scope", "openid postbox.read"),
        ("resource", "urn:siegel:postbox"),
        ("acr_values", "substantial"),
    ];
    let max = world.visit(&world.credentials.portal, 1, &ask).await?;
    let channel = world.channel(&max.tokens.access_token, &max.client.dpop_key)?;
    let request =
        pb::OpenRequest { request_id: fresh()?, letter_id: answer.letter_id, ..Default::default() };
    let status = refused(MailboxServiceClient::new(channel).open(request).await, "LETTER_UNKNOWN")?;
    ensure!(status.code() == tonic::Code::NotFound, "{:?}", status.code());
    Ok(())
}

pub async fn a_kill_right_after_the_answer_loses_nothing(world: &mut World) -> anyhow::Result<()> {
    let id = fresh()?;
    let answer = submit(world, &id, letter(&world.erika.handle), vec![]).await?;
    world.suite.kill()?;
    world.suite.start().await?;
    // Tokens outlive a restart: the keys are files.
    let sender: &mut SenderServiceClient<AuthChannel> = &mut world.authority.sender();
    let request = pb::GetSentLetterRequest { letter_id: answer.letter_id.clone() };
    let found = sender.get_sent_letter(request).await?.into_inner();
    ensure!(found.request_id == id && found.receipts.len() >= 2, "the letter is not whole");
    let again = submit(world, &id, letter(&world.erika.handle), vec![]).await?;
    ensure!(again == answer, "the repeated request gave another answer");
    let events = world.authority.events_so_far().await?;
    let provided =
        events.iter().filter(|e| e.letter_id == answer.letter_id && e.kind == "provided");
    ensure!(provided.count() == 1, "the stream lost or doubled the letter");
    Ok(())
}
