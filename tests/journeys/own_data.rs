//! What a person decides about data that leaves the account: a consent and its end, a document that
//! a service fetches, the archive of everything.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use siegel::demo::{Timeline, answer};
use siegel::outside::Browser;
use siegel_crypto::{SystemEntropy, random_token, sha256};
use siegel_grpc::AuthChannel;
use siegel_kernel::{Clock as _, SystemClock};
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_service_client::AccountServiceClient;
use siegel_proto::account::v1::document_redemption_service_client::DocumentRedemptionServiceClient;
use siegel_proto::account::v1::document_service_client::DocumentServiceClient;
use siegel_proto::account::v1::privacy_service_client::PrivacyServiceClient;
use siegel_proto::convert;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;

use crate::world::{World, refused};

const PORTAL: [(&str, &str); 4] = [
    ("scope", "openid postbox postbox.read offline_access"),
    ("acr_values", "substantial"),
    ("claims", r#"{"id_token": {"given_name": null}}"#),
    ("resource", "urn:siegel:postbox"),
];
const OWN: [(&str, &str); 3] = [
    ("scope", "openid account.read account.write offline_access"),
    ("acr_values", "substantial"),
    ("resource", "urn:siegel:account"),
];
const DOCUMENT: &[u8] = b"Zeugnis: bestanden";

fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?)
}

/// A persona's channel to the account service, by the suite's own portal.
async fn own(world: &World, persona: usize) -> anyhow::Result<AuthChannel> {
    let visit = world.visit(&world.own_portal()?, persona, &OWN).await?;
    world.channel(&visit.tokens.access_token, &visit.client.dpop_key)
}

pub async fn a_withdrawn_consent_ends_what_its_client_held_and_stays_on_record(
    world: &mut World,
) -> anyhow::Result<()> {
    let visit = world.visit(&world.credentials.portal, 1, &PORTAL).await?;
    let channel = world.channel(&visit.tokens.access_token, &visit.client.dpop_key)?;
    let mut mailbox = MailboxServiceClient::new(channel);
    mailbox.list_letters(pb::ListLettersRequest::default()).await?;
    let (own, client_id) = (own(world, 1).await?, &visit.client.client_id);
    ensure!(was_told(&own, client_id, "given_name").await?, "the disclosure is not listed");

    let mut service = AccountServiceClient::new(own.clone());
    let given = service.list_consents(account::ListConsentsRequest {}).await?.into_inner().consents;
    let given: Vec<_> = given.into_iter().filter(|c| c.client_id == *client_id).collect();
    ensure!(given.iter().any(|c| c.attributes.iter().any(|a| a == "given_name")), "{given:?}");
    for account::Consent { consent_id, .. } in given {
        let request = account::WithdrawConsentRequest { request_id: fresh()?, consent_id };
        service.withdraw_consent(request).await?;
    }
    let withdrawn = Instant::now();
    loop {
        let outcome = mailbox.list_letters(pb::ListLettersRequest::default()).await;
        if outcome.is_err() {
            refused(outcome, "TOKEN_REVOKED")?;
            break;
        }
        ensure!(withdrawn.elapsed() < Duration::from_secs(1), "the token outlived the consent");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let Err(error) = visit.token_for("postbox").await else { bail!("the grant goes on") };
    ensure!(error.to_string().contains("invalid_grant"), "{error}");

    let request = account::ListPastConsentsRequest::default();
    let past = PrivacyServiceClient::new(own.clone()).list_past_consents(request).await?;
    let ended = |past: &account::PastConsent| {
        past.ended_by == "withdrawn"
            && past.consent.as_ref().is_some_and(|c| c.client_id == *client_id)
    };
    ensure!(past.into_inner().consents.iter().any(ended), "nothing says that it was withdrawn");
    ensure!(was_told(&own, client_id, "given_name").await?, "what was told is not listed any more");
    Ok(())
}

/// Whether the person's log says that a client got an attribute.
async fn was_told(own: &AuthChannel, client_id: &str, attribute: &str) -> anyhow::Result<bool> {
    Ok(disclosures(own).await?.iter().any(|told| {
        told.client_id == client_id && told.attributes.iter().any(|name| name == attribute)
    }))
}

async fn disclosures(own: &AuthChannel) -> anyhow::Result<Vec<account::Disclosure>> {
    let request = account::ListDisclosuresRequest { page_size: 200, ..Default::default() };
    let listed = AccountServiceClient::new(own.clone()).list_disclosures(request).await?;
    Ok(listed.into_inner().disclosures)
}

pub async fn a_document_is_fetched_once_by_the_service_it_was_granted_to(
    world: &mut World,
) -> anyhow::Result<()> {
    let own = own(world, 0).await?;
    let mut safe = DocumentServiceClient::new(own.clone());
    let document_id = keep(&mut safe, "Zeugnis.txt", DOCUMENT).await?;
    let service = async |client: &str| world.service(client, "account.documents", "account").await;
    let (office, other) = (service("zeugnisamt").await?, service("neugier").await?);
    let request = account::GrantDocumentRequest {
        request_id: fresh()?,
        document_id: document_id.clone(),
        client_id: "zeugnisamt".into(),
        client_name: "Zeugnisamt".into(),
        purpose: "Antrag auf Anerkennung".into(),
        valid_until: Some(convert::timestamp(SystemClock.now().plus(Duration::from_hours(1)))),
        many: false,
    };
    let grant_id =
        safe.grant_document(request).await?.into_inner().grant.context("no grant")?.grant_id;
    // As the portal shows it.
    let link = format!("{}/account/shared/{grant_id}", world.suite.origin());
    let fetch =
        |request_id: String| account::RedeemDocumentRequest { request_id, grant_id: link.clone() };
    refused(redeem(&other, fetch(fresh()?)).await, "DOCUMENT_GRANT_UNKNOWN")?;
    ensure!(redeem(&office, fetch(fresh()?)).await? == DOCUMENT, "other bytes");
    refused(redeem(&office, fetch(fresh()?)).await, "DOCUMENT_GRANT_UNKNOWN")?;

    let told = disclosures(&own).await?;
    let told: Vec<_> = told.iter().filter(|told| told.document_id == document_id).collect();
    let [line] = &told[..] else { bail!("{} lines say that it was fetched", told.len()) };
    ensure!(line.client_id == "zeugnisamt" && line.purpose == "Antrag auf Anerkennung", "{line:?}");
    Ok(())
}

/// Puts a document into the safe.
pub async fn keep(
    safe: &mut DocumentServiceClient<AuthChannel>,
    name: &str,
    content: &[u8],
) -> anyhow::Result<String> {
    use account::upload_document_request::Part;
    let head = account::DocumentHead {
        request_id: fresh()?,
        name: name.to_owned(),
        media_type: "text/plain".into(),
        size_bytes: i64::try_from(content.len())?,
        sha256: sha256(content).to_vec(),
    };
    let parts = [Part::Head(head), Part::Chunk(content.to_vec())]
        .map(|part| account::UploadDocumentRequest { part: Some(part) });
    let stored = safe.upload_document(tokio_stream::iter(parts)).await?.into_inner();
    Ok(stored.document.context("no document")?.document_id)
}

async fn redeem(
    office: &AuthChannel,
    request: account::RedeemDocumentRequest,
) -> Result<Vec<u8>, tonic::Status> {
    use account::redeem_document_response::Part;
    let mut service = DocumentRedemptionServiceClient::new(office.clone());
    let mut stream = service.redeem_document(request).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(message) = stream.message().await? {
        if let Some(Part::Chunk(chunk)) = message.part {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(bytes)
}

pub async fn the_archive_of_an_account_holds_its_data_documents_and_letters(
    world: &mut World,
) -> anyhow::Result<()> {
    let letter = world.authority.submit(&world.erika.handle, &[]).await?.letter_id;
    let mut safe = DocumentServiceClient::new(own(world, 0).await?);
    keep(&mut safe, "Zeugnis.txt", DOCUMENT).await?;
    let browser = Browser::new(&world.credentials.net(), None)?;
    let url = format!("{}/account/export", world.suite.origin());
    let mut page = browser.open(&url).await?.page()?;
    for _ in 0..12 {
        if page.html.contains("/account/export.zip") {
            break;
        }
        let next = answer(&browser, &page, world.persona(0)?, &mut Timeline::new(true)).await?;
        page = next.page()?;
    }
    // What lies in the archive is not compressed: text stands in it as it is.
    let archive = browser.open(&format!("{url}.zip")).await?.page()?;
    ensure!(archive.status == 200 && archive.html.starts_with("PK"), "{}", archive.status);
    for part in
        ["account.json", "log-in.json", "mandates.json", "organisations.json", "mailbox.zip"]
    {
        ensure!(archive.html.contains(part), "{part} is missing");
    }
    ensure!(archive.html.contains("siegel-account/1"), "no data");
    ensure!(archive.html.contains("Zeugnis: bestanden"), "the document is missing");
    ensure!(archive.html.contains(&letter), "the letter is missing");
    Ok(())
}
