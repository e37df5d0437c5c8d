//! The person's side: the log-in pages, then the letter.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde_json::Value;
use siegel_crypto::{Sha256, SigningKey, SystemEntropy};
use siegel_grpc::{AuthChannel, DpopToken};
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use url::Url;

use super::authority::File;
use super::timeline::Timeline;
use super::{Credentials, Persona};
use crate::outside::{Browser, Client, Landing, Net, Page, Tokens};

/// A person who is logged in at the demo portal.
pub struct LoggedIn {
    /// Under which the authority reaches them.
    pub handle: String,
    access_token: String,
    key: SigningKey,
    net: Net,
}

impl LoggedIn {
    /// A channel to the postbox with this person's token.
    pub fn channel(&self, origin: &str) -> anyhow::Result<AuthChannel> {
        channel(&self.net, origin, self.access_token.clone(), self.key.clone())
    }
}

/// A channel over the network with a token bound to `key`.
pub fn channel(
    net: &Net,
    origin: &str,
    access_token: String,
    key: SigningKey,
) -> anyhow::Result<AuthChannel> {
    let token = DpopToken {
        access_token,
        key,
        origin: origin.to_owned(),
        clock: net.clock(),
        entropy: Arc::new(SystemEntropy::new()),
    };
    Ok(AuthChannel::with_dpop(net.endpoint(origin)?.connect_lazy(), token))
}

/// Logs the first persona in at the demo portal, at level substantial or better.
pub async fn log_in(
    origin: &str,
    credentials: &Credentials,
    timeline: &mut Timeline,
) -> anyhow::Result<LoggedIn> {
    let persona = credentials.persona.first().context("demo.toml names no persona")?;
    let keys = &credentials.portal;
    let client = Client::discover(&credentials.net(), origin, &keys.client_id, keys.key()?).await?;
    let ask = [
        ("scope", "openid profile postbox postbox.read offline_access"),
        ("acr_values", "substantial"),
        ("claims", r#"{"id_token": {"given_name": null, "family_name": null}}"#),
        ("resource", "urn:siegel:postbox"),
        ("ui_locales", "de"),
    ];
    let redirect_uri = keys.redirect_uri.as_deref().context("the portal has no redirect_uri")?;
    let (tokens, claims) = authorize(&client, redirect_uri, persona, &ask, timeline).await?;
    logged_in(&client, tokens.access_token, &claims, persona, timeline)
}

/// Sends a browser through the log-in pages and redeems what it comes back with.
pub async fn authorize(
    client: &Client,
    redirect_uri: &str,
    persona: &Persona,
    ask: &[(&str, &str)],
    timeline: &mut Timeline,
) -> anyhow::Result<(Tokens, Value)> {
    let login = client.start(redirect_uri, ask).await?;
    timeline.note("portal", "pushed an authorization request (PAR, PKCE, private_key_jwt)");
    let returned = through_pages(&client.net, &login.url, redirect_uri, persona, timeline).await?;
    client.finish(&login, &returned).await
}

/// Does on every page what the person would do, until the browser is sent to the client.
pub async fn through_pages(
    net: &Net,
    url: &str,
    redirect_uri: &str,
    persona: &Persona,
    timeline: &mut Timeline,
) -> anyhow::Result<Url> {
    let browser = Browser::new(net, Some(redirect_uri.to_owned()))?;
    let mut landing = browser.open(url).await?;
    for _ in 0..12 {
        let page = match landing {
            Landing::Returned(url) => return Ok(url),
            Landing::Page(page) => page,
        };
        landing = answer(&browser, &page, persona, timeline).await?;
    }
    bail!("the log-in did not come to an end")
}

/// Does on one page what the person would do.
pub async fn answer(
    browser: &Browser,
    page: &Page,
    persona: &Persona,
    timeline: &mut Timeline,
) -> anyhow::Result<Landing> {
    if let Some(form) = page.form(&["email", "password"]) {
        timeline.note("person", format!("{} logs in with e-mail and password", persona.name));
        let given = [("email", persona.email.as_str()), ("password", persona.password.as_str())];
        return browser.submit(page, &form, &given).await;
    }
    if let Some(form) = page.form(&["persona", "pin"]) {
        timeline.note("eid", format!("simulated card of {} is read", persona.name));
        let given =
            [("persona", persona.eid_persona.as_str()), ("pin", "123456"), ("action", "identify")];
        return browser.submit(page, &form, &given).await;
    }
    if let Some(form) = page.offering("method", "eid") {
        timeline.note("identity", "the level is too low: asks for the eID card and says why");
        return browser.submit(page, &form, &[("method", "eid")]).await;
    }
    if let Some(form) = page.offering("action", "allow") {
        timeline.note("person", "releases the attributes the consent page lists");
        // Optional attributes are never ticked beforehand.
        let boxes = form.controls.iter().filter(|c| c.name == "claim");
        let mut given: Vec<(&str, &str)> = boxes.map(|c| ("claim", c.value.as_str())).collect();
        given.push(("action", "allow"));
        return browser.submit(page, &form, &given).await;
    }
    if page.refreshes {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        return browser.open(page.url.as_str()).await;
    }
    bail!("nobody expects this page: {} ({})", page.url.path(), page.status)
}

fn logged_in(
    client: &Client,
    access_token: String,
    claims: &Value,
    persona: &Persona,
    timeline: &mut Timeline,
) -> anyhow::Result<LoggedIn> {
    let field = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let level = claims.get("trust_level").and_then(Value::as_i64).unwrap_or_default();
    if field("acr") != "substantial" || level < 3 {
        bail!("asked for substantial, got acr {:?} and level {level}", field("acr"));
    }
    let names = [field("given_name"), field("family_name")].join(" ");
    timeline.note("portal", format!("knows a pseudonymous subject at level {level}: {names}"));
    timeline.fact("subject", field("sub"));
    timeline.fact("acr", field("acr"));
    timeline.fact("persona", persona.name.as_str());
    let handle = field("postbox_handle").to_owned();
    if handle.is_empty() {
        bail!("the person released no postbox handle");
    }
    Ok(LoggedIn { handle, access_token, key: client.dpop_key.clone(), net: client.net.clone() })
}

/// Finds, previews and opens the letter, downloads what is attached; returns the read receipt.
pub async fn open(
    origin: &str,
    person: &LoggedIn,
    letter_id: &str,
    sent: &[File],
    timeline: &mut Timeline,
) -> anyhow::Result<pb::Receipt> {
    let mut mailbox = MailboxServiceClient::new(person.channel(origin)?);
    let letters =
        mailbox.list_letters(pb::ListLettersRequest::default()).await?.into_inner().letters;
    if !letters.iter().any(|l| l.letter_id == letter_id) {
        bail!("the letter is not in the list");
    }
    let request = pb::PreviewRequest { letter_id: letter_id.to_owned(), ..Default::default() };
    let preview = mailbox.preview(request).await?.into_inner();
    timeline.note("person", format!("sees the preview. {}", preview.effect_en));
    let request = pb::OpenRequest {
        request_id: format!("open-{letter_id}"),
        letter_id: letter_id.to_owned(),
        ..Default::default()
    };
    let opened = mailbox.open(request).await?.into_inner();
    timeline
        .note("person", format!("opens the letter: {} attachment(s)", opened.attachments.len()));
    for file in sent {
        let attachment = opened.attachments.iter().find(|a| a.name == file.name);
        let attachment = attachment.with_context(|| format!("{} is missing", file.name))?;
        let digest = download(&mut mailbox, letter_id, attachment).await?;
        if digest != file.sha256 {
            bail!("{} arrived changed", file.name);
        }
        timeline.note("person", format!("downloaded {} unchanged", file.name));
    }
    opened.receipt.context("opening gave no receipt")
}

async fn download(
    mailbox: &mut MailboxServiceClient<AuthChannel>,
    letter_id: &str,
    attachment: &pb::Attachment,
) -> anyhow::Result<[u8; 32]> {
    use pb::download_attachment_response::Part;
    let request = pb::DownloadAttachmentRequest {
        letter_id: letter_id.to_owned(),
        attachment_id: attachment.attachment_id.clone(),
        ..Default::default()
    };
    let mut stream = mailbox.download_attachment(request).await?.into_inner();
    let mut hash = Sha256::new();
    while let Some(message) = stream.message().await? {
        if let Some(Part::Chunk(bytes)) = message.part {
            hash.update(&bytes);
        }
    }
    Ok(hash.finish())
}
