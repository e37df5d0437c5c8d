//! The authority's side: a back-office system that delivers and watches.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use siegel_crypto::{SystemEntropy, random_token, sha256};
use siegel_grpc::AuthChannel;
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::sender_service_client::SenderServiceClient;
use siegel_proto::postbox::v1::upload_service_client::UploadServiceClient;
use siegel_proto::postbox::v1::webhook_service_client::WebhookServiceClient;
use tonic::Streaming;

use super::{Credentials, person};
use crate::outside::Client;

/// The specimen decision, so that the demo needs no files.
const DECISION: &[u8] = include_bytes!("../../../../tests/fixtures/bescheid.pdf");
const DATA_SET: &[u8] = include_bytes!("../../../../tests/fixtures/bescheid.xml");
/// How long the demo waits for an event.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a pause ends what there is so far.
const PAUSE: Duration = Duration::from_millis(500);

/// A file to attach.
pub struct File {
    pub name: String,
    pub media_type: &'static str,
    pub content: Vec<u8>,
    pub sha256: [u8; 32],
}

/// The files given, or the specimen decision and its data set.
pub fn attachments(given: &[PathBuf]) -> anyhow::Result<Vec<File>> {
    if given.is_empty() {
        let specimen = |name: &str, media_type, content: &[u8]| File {
            name: name.to_owned(),
            media_type,
            content: content.to_vec(),
            sha256: sha256(content),
        };
        return Ok(vec![
            specimen("bescheid.pdf", "application/pdf", DECISION),
            specimen("bescheid.xml", "application/xml", DATA_SET),
        ]);
    }
    given.iter().map(read).collect()
}

fn read(path: &PathBuf) -> anyhow::Result<File> {
    let content = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = path.file_name().context("an attachment needs a name")?.to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let media_type = match extension.as_str() {
        "pdf" => "application/pdf",
        "xml" => "application/xml",
        "json" => "application/json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "txt" => "text/plain",
        other => bail!("{}: no media type is known for .{other}", path.display()),
    };
    Ok(File { name: name.into_owned(), media_type, sha256: sha256(&content), content })
}

/// A client with scope `postbox.deliver`.
pub struct Authority {
    sender: SenderServiceClient<AuthChannel>,
    webhooks: WebhookServiceClient<AuthChannel>,
    uploads: UploadServiceClient<AuthChannel>,
}

/// The authority's event stream.
pub struct Events(Streaming<pb::WatchEventsResponse>);

impl Authority {
    pub async fn connect(origin: &str, credentials: &Credentials) -> anyhow::Result<Self> {
        let keys = &credentials.authority;
        let client =
            Client::discover(&credentials.net(), origin, &keys.client_id, keys.key()?).await?;
        let form = [
            ("grant_type", "client_credentials"),
            ("scope", "postbox.deliver"),
            ("resource", "urn:siegel:postbox"),
        ];
        let tokens = client.tokens(&form).await?;
        let channel =
            person::channel(&client.net, origin, tokens.access_token, client.dpop_key.clone())?;
        let webhooks = WebhookServiceClient::new(channel.clone());
        let uploads = UploadServiceClient::new(channel.clone());
        Ok(Self { sender: SenderServiceClient::new(channel), webhooks, uploads })
    }

    /// A client of the sender's API with this authority's token.
    pub fn sender(&self) -> SenderServiceClient<AuthChannel> {
        self.sender.clone()
    }

    /// A client of the webhooks' API with the same token.
    pub fn webhooks(&self) -> WebhookServiceClient<AuthChannel> {
        self.webhooks.clone()
    }

    /// A client of the uploads' API with the same token.
    pub fn uploads(&self) -> UploadServiceClient<AuthChannel> {
        self.uploads.clone()
    }

    /// Follows the events from the beginning.
    pub async fn watch(&self) -> anyhow::Result<Events> {
        let request = pb::WatchEventsRequest { cursor: String::new() };
        Ok(Events(self.sender.clone().watch_events(request).await?.into_inner()))
    }

    /// Delivers a decision under a fresh request id.
    pub async fn submit(&self, handle: &str, files: &[File]) -> anyhow::Result<pb::SubmitResponse> {
        let request_id = random_token(&SystemEntropy::new())?;
        self.submit_as(&request_id, handle, files).await
    }

    /// Delivers a decision: important, level substantial, OZG § 9.
    pub async fn submit_as(
        &self,
        request_id: &str,
        handle: &str,
        files: &[File],
    ) -> anyhow::Result<pb::SubmitResponse> {
        let body = pb::Body {
            language: "de".into(),
            plain_text: "Sehr geehrte Damen und Herren,\n\nanbei erhalten Sie unseren Bescheid \
                mit Rechtsbehelfsbelehrung sowie den zugehörigen Datensatz.\n\nMit freundlichen \
                Grüßen\nStadt Musterstadt"
                .into(),
            easy_text: "Hier ist unsere Entscheidung. Sie steht in der PDF-Datei.".into(),
            html: String::new(),
        };
        let letter = pb::Letter {
            handle: handle.to_owned(),
            sender_reference: "BA-2025-0815".into(),
            subject: "Ihr Bescheid vom Bauamt".into(),
            bodies: vec![body],
            required_level: TrustLevel::Substantial.into(),
            importance: pb::Importance::Important.into(),
            delivery_type: pb::DeliveryType::Decision.into(),
            legal_basis: "ozg-9".into(),
            lane: pb::Lane::Interactive.into(),
            ..Default::default()
        };
        let attachments = files.iter().map(inline).collect();
        let request_id = request_id.to_owned();
        let request = pb::SubmitRequest {
            request_id,
            letter: Some(letter),
            attachments,
            ..pb::SubmitRequest::default()
        };
        Ok(self.sender.clone().submit(request).await?.into_inner())
    }
}

/// A letter as its sender finds it again.
pub struct Sent {
    pub request_id: String,
    /// Kinds of its receipts.
    pub receipts: Vec<String>,
}

impl Authority {
    /// A letter this authority sent.
    pub async fn sent(&self, letter_id: &str) -> anyhow::Result<Sent> {
        let request = pb::GetSentLetterRequest { letter_id: letter_id.to_owned() };
        let found = self.sender.clone().get_sent_letter(request).await?.into_inner();
        let receipts = found.receipts.into_iter().map(|r| r.kind).collect();
        Ok(Sent { request_id: found.request_id, receipts })
    }

    /// Every event so far: up to the first heartbeat, and what follows without a pause, since
    /// events are numbered shortly after their commit.
    pub async fn events_so_far(&self) -> anyhow::Result<Vec<pb::LetterEvent>> {
        let Events(mut stream) = self.watch().await?;
        let (mut events, mut patience) = (Vec::new(), PATIENCE);
        loop {
            let next = tokio::time::timeout(patience, stream.message()).await;
            let Ok(message) = next else {
                anyhow::ensure!(patience == PAUSE, "no heartbeat");
                return Ok(events);
            };
            match message?.context("the event stream ended")?.event {
                Some(event) => events.push(event),
                None => patience = PAUSE,
            }
        }
    }
}

fn inline(file: &File) -> pb::InlineAttachment {
    let declaration = pb::AttachmentDeclaration {
        name: file.name.clone(),
        media_type: file.media_type.to_owned(),
        sha256: file.sha256.to_vec(),
        size_bytes: i64::try_from(file.content.len()).unwrap_or(i64::MAX),
    };
    pb::InlineAttachment { declaration: Some(declaration), content: file.content.clone() }
}

impl Events {
    /// The next event of this kind about this letter.
    pub async fn wait_for(&mut self, letter: &str, kind: &str) -> anyhow::Result<pb::LetterEvent> {
        let search = async {
            while let Some(message) = self.0.message().await? {
                if let Some(event) = message.event
                    && event.letter_id == letter
                    && event.kind == kind
                {
                    return Ok(event);
                }
            }
            bail!("the event stream ended")
        };
        let found = tokio::time::timeout(PATIENCE, search).await;
        found.with_context(|| format!("no event {kind:?} within {} s", PATIENCE.as_secs()))?
    }
}
