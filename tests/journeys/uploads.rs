//! Attachments that come before their letter: over gRPC and over plain HTTP, with a bound token.

use anyhow::{Context as _, ensure};
use reqwest::{Method, StatusCode};
use siegel::demo::channel;
use siegel::outside::Client;
use siegel_crypto::{SystemEntropy, random_token, sha256};
use siegel_grpc::AuthChannel;
use siegel_kernel::{Clock as _, SystemClock};
use siegel_oidc::dpop::{Expected, prove};
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use siegel_proto::postbox::v1::upload_service_client::UploadServiceClient;

use crate::own_letters::letter;
use crate::world::World;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<< /Title (Anlage) >>\nendobj\n";

fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?)
}

/// An authority with a token of its own.
struct Sender {
    client: Client,
    token: String,
    uploads: UploadServiceClient<AuthChannel>,
    origin: String,
}

impl Sender {
    async fn new(world: &World) -> anyhow::Result<Self> {
        let (keys, net) = (&world.credentials.authority, world.credentials.net());
        let origin = world.suite.origin();
        let client = Client::discover(&net, &origin, &keys.client_id, keys.key()?).await?;
        let form = [
            ("grant_type", "client_credentials"),
            ("scope", "postbox.deliver"),
            ("resource", "urn:siegel:postbox"),
        ];
        let token = client.tokens(&form).await?.access_token;
        let calls = channel(&net, &origin, token.clone(), client.dpop_key.clone())?;
        Ok(Self { client, token, uploads: UploadServiceClient::new(calls), origin })
    }

    async fn begin(&mut self, name: &str) -> anyhow::Result<String> {
        let request = pb::CreateUploadRequest {
            request_id: fresh()?,
            attachment: Some(pb::AttachmentDeclaration {
                name: name.into(),
                media_type: "application/pdf".into(),
                sha256: sha256(PDF).to_vec(),
                size_bytes: i64::try_from(PDF.len())?,
            }),
            organisation_id: String::new(),
            ..Default::default()
        };
        let created = self.uploads.create_upload(request).await?.into_inner();
        Ok(created.upload.context("no upload")?.upload_id)
    }

    /// One request with a proof for its own method and address, or for another method.
    async fn ask(
        &self,
        (method, proven): (&Method, &Method),
        upload: &str,
        nonce: Option<&str>,
        (range, body): (Option<&str>, &[u8]),
    ) -> anyhow::Result<reqwest::Response> {
        let url = format!("{}/v1/uploads/{upload}", self.origin);
        let expected = Expected {
            method: proven.as_str(),
            url: &url,
            access_token: Some(&self.token),
            jkt: None,
        };
        let proof = prove(&self.client.dpop_key, &expected, nonce, fresh()?, SystemClock.now())?;
        let mut request = self.client.http.request(method.clone(), &url);
        if let Some(range) = range {
            request = request.header("content-range", range);
        }
        let request = request
            .header("authorization", format!("DPoP {}", self.token))
            .header("dpop", proof)
            .body(body.to_vec());
        Ok(request.send().await?)
    }

    /// As [`Self::ask`], with the nonce that the first answer gives.
    async fn sent(
        &self,
        method: &Method,
        upload: &str,
        content: (Option<&str>, &[u8]),
    ) -> anyhow::Result<reqwest::Response> {
        let first = self.ask((method, method), upload, None, content).await?;
        ensure!(first.status() == StatusCode::UNAUTHORIZED, "without a nonce: {}", first.status());
        let challenge = first.headers().get("www-authenticate").context("no challenge")?;
        ensure!(challenge.to_str()?.contains("use_dpop_nonce"), "{challenge:?}");
        let nonce = first.headers().get("dpop-nonce").context("no nonce")?.to_str()?.to_owned();
        self.ask((method, method), upload, Some(&nonce), content).await
    }
}

fn offset(answer: &reqwest::Response) -> anyhow::Result<usize> {
    let value = answer.headers().get("upload-offset").context("no Upload-Offset")?;
    Ok(value.to_str()?.parse()?)
}

/// Half over HTTP, half over HTTP later; the letter that names it arrives with its attachment.
pub async fn by_api(world: &World) -> anyhow::Result<()> {
    let mut sender = Sender::new(world).await?;
    let upload = sender.begin("anlage.pdf").await?;
    let total = PDF.len();
    let (one, two) = PDF.split_at(20);
    let range = format!("bytes 0-19/{total}");
    let answer = sender.sent(&Method::PUT, &upload, (Some(&range), one)).await?;
    ensure!(answer.status() == StatusCode::OK && offset(&answer)? == 20, "{answer:?}");
    let answer = sender.sent(&Method::HEAD, &upload, (None, b"")).await?;
    ensure!(offset(&answer)? == 20, "{answer:?}");
    let range = format!("bytes 20-{}/{total}", total - 1);
    let answer = sender.sent(&Method::PUT, &upload, (Some(&range), two)).await?;
    ensure!(offset(&answer)? == total, "{answer:?}");

    let request = pb::SubmitRequest {
        request_id: fresh()?,
        letter: Some(letter(world)),
        upload_ids: vec![upload],
        ..pb::SubmitRequest::default()
    };
    let letter_id = world.authority.sender().submit(request).await?.into_inner().letter_id;
    let mut own = MailboxServiceClient::new(world.erika.channel(&world.suite.origin())?);
    let open = pb::OpenRequest {
        request_id: fresh()?,
        letter_id: letter_id.clone(),
        organisation_id: String::new(),
        ..Default::default()
    };
    let opened = own.open(open).await?.into_inner();
    ensure!(opened.attachments.first().is_some_and(|a| a.sha256 == sha256(PDF)), "another file");
    let all =
        pb::DownloadAllRequest { letter_id, organisation_id: String::new(), ..Default::default() };
    let mut archive = own.download_all(all).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(message) = archive.message().await? {
        bytes.extend(message.chunk);
    }
    ensure!(bytes.starts_with(b"PK\x03\x04") && bytes.windows(PDF.len()).any(|w| w == PDF), "ZIP");

    let given_up = sender.begin("anders.pdf").await?;
    let cancel = pb::CancelUploadRequest {
        request_id: fresh()?,
        upload_id: given_up,
        organisation_id: String::new(),
        ..Default::default()
    };
    sender.uploads.cancel_upload(cancel).await?;
    Ok(())
}

pub async fn an_upload_over_http_becomes_an_attachment(world: &mut World) -> anyhow::Result<()> {
    by_api(world).await
}

pub async fn a_proof_for_another_method_uploads_nothing(world: &mut World) -> anyhow::Result<()> {
    let mut sender = Sender::new(world).await?;
    let upload = sender.begin("anlage.pdf").await?;
    let first = sender.ask((&Method::PUT, &Method::PUT), &upload, None, (None, PDF)).await?;
    let nonce = first.headers().get("dpop-nonce").context("no nonce")?.to_str()?.to_owned();
    let wrong = (&Method::PUT, &Method::POST);
    let answer = sender.ask(wrong, &upload, Some(&nonce), (None, PDF)).await?;
    ensure!(answer.status() == StatusCode::UNAUTHORIZED, "{answer:?}");
    let problem: serde_json::Value = serde_json::from_str(&answer.text().await?)?;
    let reason = problem.get("reason").and_then(serde_json::Value::as_str);
    ensure!(reason == Some("DPOP_PROOF_INVALID"), "{problem}");
    let url = format!("{}/v1/uploads/{upload}", sender.origin);
    let answer = sender.client.http.put(&url).body(PDF).send().await?;
    ensure!(answer.status() == StatusCode::UNAUTHORIZED, "without a token: {answer:?}");
    let request = pb::GetUploadRequest {
        upload_id: upload,
        organisation_id: String::new(),
        ..Default::default()
    };
    let there = sender.uploads.get_upload(request).await?.into_inner().upload;
    ensure!(there.is_some_and(|u| u.offset_bytes == 0), "bytes were taken");
    Ok(())
}
