//! The Rust of `docs/how-to/deliver-a-letter.md`, word for word (`tests/howto/deliver.py` compares).

use std::sync::Arc;

use anyhow::Context as _;
use serde_json::Value;
use siegel_crypto::{SigningKey, SystemEntropy, random_token};
use siegel_grpc::{AuthChannel, DpopToken};
use siegel_kernel::{Clock as _, SystemClock};
use siegel_oidc::{assertion, dpop};
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::postbox::v1::sender_service_client::SenderServiceClient;
use siegel_proto::postbox::v1::{Body, DeliveryType, Letter, SubmitRequest};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let mut next = || args.next().context("deliver ORIGIN CLIENT_ID KEY_FILE HANDLE");
    let (origin, client, key_file, handle) = (next()?, next()?, next()?, next()?);
    let key = SigningKey::from_pem(&std::fs::read_to_string(key_file)?)?;
    let proof_key = SigningKey::generate()?; // the token works with this key only
    let access_token = token(&origin, &client, &key, &proof_key).await?;

    let channel = tonic::transport::Endpoint::new(origin.clone())?.connect_lazy();
    let token = DpopToken {
        access_token,
        key: proof_key,
        origin,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy::new()),
    };
    // Proofs and nonces are the channel's business.
    let mut sender = SenderServiceClient::new(AuthChannel::with_dpop(channel, token));
    let letter = Letter {
        handle,
        subject: "Ihre Baugenehmigung".into(),
        bodies: vec![Body {
            language: "de".into(),
            plain_text: "Guten Tag, Ihre Baugenehmigung ist erteilt.".into(),
            ..Body::default()
        }],
        required_level: TrustLevel::Substantial.into(),
        delivery_type: DeliveryType::Decision.into(),
        legal_basis: "ozg-9".into(),
        ..Letter::default()
    };
    let request = SubmitRequest {
        request_id: "63.2-2026-00417/rust/1".into(),
        letter: Some(letter),
        ..SubmitRequest::default()
    };
    let sent = sender.submit(request).await?.into_inner();
    for receipt in &sent.receipts {
        std::fs::write(format!("receipt-rust-{}.json", receipt.kind), &receipt.file)?;
    }
    println!("delivered {}, announced on {}", sent.letter_id, sent.announced_on);
    Ok(())
}

/// A token for the postbox, bound to `proof_key` (RFC 7523, RFC 8707, RFC 9449).
async fn token(
    origin: &str,
    client: &str,
    key: &SigningKey,
    proof_key: &SigningKey,
) -> anyhow::Result<String> {
    let fresh = || random_token(&SystemEntropy::new());
    let http = reqwest::Client::new();
    let discovery = format!("{origin}/.well-known/openid-configuration");
    let metadata: Value = http.get(discovery).send().await?.json().await?;
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).context("no metadata");
    let (issuer, url) = (text("issuer")?, text("token_endpoint")?);
    let mut nonce: Option<String> = None;
    loop {
        let now = SystemClock.now();
        let assertion = assertion::make(key, client, issuer, fresh()?, now)?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("client_assertion_type", assertion::TYPE),
            ("client_assertion", &assertion),
            ("resource", "urn:siegel:postbox"),
            ("scope", "postbox.deliver"),
        ];
        let expected = dpop::Expected { method: "POST", url, access_token: None, jkt: None };
        let proof = dpop::prove(proof_key, &expected, nonce.as_deref(), fresh()?, now)?;
        let answer = http.post(url).header("DPoP", proof).form(&form).send().await?;
        let asked = answer.headers().get("dpop-nonce").and_then(|n| n.to_str().ok());
        let asked = asked.map(str::to_owned);
        let body: Value = answer.json().await?;
        let said = |name: &str| body.get(name).and_then(Value::as_str);
        match said("access_token") {
            Some(token) => return Ok(token.to_owned()),
            None if said("error") == Some("use_dpop_nonce") && nonce.is_none() => nonce = asked,
            None => anyhow::bail!("the token endpoint refused: {body}"),
        }
    }
}
