//! Somebody logs in at an office for another: what the token says, whose postbox the office's letter
//! comes into, whose it opens, and what the receipt says of who opened it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use siegel::demo::{ClientKeys, Timeline, answer};
use siegel::outside::{Browser, Client, Landing, forms};
use siegel_crypto::{KeySet, SigningKey, SystemEntropy, random_token};
use siegel_grpc::AuthChannel;
use siegel_kernel::{Clock as _, SystemClock};
use siegel_proto::convert;
use siegel_proto::organisation::v1 as organisation;
use siegel_proto::organisation::v1::mandate_service_client::MandateServiceClient;
use siegel_proto::organisation::v1::organisation_service_client::OrganisationServiceClient;
use siegel_proto::organisation::v1::record_service_client::RecordServiceClient;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_choice_service_client::MailboxChoiceServiceClient;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use siegel_receipt::{KeyTrust, PublishedKeys, ReceiptFile, verify_published};

use crate::audit::OWN;
use crate::world::{Visit, World, refused};

const REDIRECT: &str = "https://vertretung.example/zurueck";
const NAME: &str = "Vertretene GmbH";

pub fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?)
}

pub async fn a_letter_to_an_organisation_is_opened_by_who_acts_for_it(
    world: &mut World,
) -> anyhow::Result<()> {
    let channel = own(world, 0).await?;
    let organisation_id = founded(&channel, NAME, "777").await?;
    let visit = comes_for(world, 0, "organisation", Some(NAME)).await?;
    ensure!(visit.claims.pointer("/acting_for/name") == Some(&json!(NAME)), "{}", visit.claims);
    let receipt = opened(world, &visit).await?;
    ensure!(receipt.get("path") == Some(&json!("member:owner")), "{receipt}");
    ensure!(receipt.get("organisation").is_some_and(Value::is_string), "{receipt}");
    let dissolve =
        organisation::DissolveOrganisationRequest { request_id: fresh()?, organisation_id };
    let end = async move {
        RecordServiceClient::new(channel).dissolve_organisation(dissolve).await.map(drop)
    };
    ends_within_a_second(world, &visit, end).await
}

pub async fn a_letter_to_a_person_is_opened_by_mandate_until_it_is_revoked(
    world: &mut World,
) -> anyhow::Result<()> {
    let mut giver = MandateServiceClient::new(own(world, 1).await?);
    let end = SystemClock.now().plus(Duration::from_hours(24));
    let request = organisation::GrantMandateRequest {
        request_id: fresh()?,
        to_kind: organisation::HolderKind::Person.into(),
        to_name: "Erika Mustermann".into(),
        from_name: "Wer vertreten wird".into(),
        package: "adviser".into(),
        valid_until: Some(convert::timestamp(end)),
        ..Default::default()
    };
    let granted = giver.grant_mandate(request).await?.into_inner();
    let mandate = granted.mandate.context("no mandate")?.mandate_id;
    let accept = organisation::AcceptMandateRequest {
        request_id: fresh()?,
        code: granted.code,
        ..Default::default()
    };
    MandateServiceClient::new(own(world, 0).await?).accept_mandate(accept).await?;

    let visit = comes(world, 0, "person").await?;
    ensure!(
        visit.claims.pointer("/acting_for/name") == Some(&json!("Wer vertreten wird")),
        "{}",
        visit.claims
    );
    let receipt = opened(world, &visit).await?;
    ensure!(receipt.get("mandate_id") == Some(&json!(mandate)), "{receipt}");
    ensure!(receipt.get("person").is_some_and(Value::is_string), "{receipt}");
    let request = organisation::RevokeMandateRequest { request_id: fresh()?, mandate_id: mandate };
    let end = async move { giver.revoke_mandate(request).await.map(drop) };
    ends_within_a_second(world, &visit, end).await
}

/// What somebody acted by ends, and with it the token and what it holds open.
pub async fn ends_within_a_second(
    world: &World,
    visit: &Visit,
    end: impl Future<Output = Result<(), tonic::Status>>,
) -> anyhow::Result<()> {
    let channel = world.channel(&visit.tokens.access_token, &visit.client.dpop_key)?;
    let mut mailbox = MailboxServiceClient::new(channel);
    let mut open = mailbox.watch_mailbox(pb::WatchMailboxRequest::default()).await?.into_inner();
    end.await?;
    let ended = Instant::now();
    while mailbox.list_letters(pb::ListLettersRequest::default()).await.is_ok() {
        ensure!(ended.elapsed() < Duration::from_secs(1), "the token outlived the right");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let rest = async { while let Ok(Some(_)) = open.message().await {} };
    let left = Duration::from_secs(2).saturating_sub(ended.elapsed());
    tokio::time::timeout(left, rest).await.context("the open stream outlived the right")
}

/// An organisation of whoever the channel is of; its id.
pub async fn founded(owner: &AuthChannel, name: &str, number: &str) -> anyhow::Result<String> {
    let found = organisation::CreateOrganisationRequest {
        request_id: fresh()?,
        name: name.into(),
        legal_form: "GmbH".into(),
        register_kind: "HRB".into(),
        register_court: "Musterstadt".into(),
        register_number: number.into(),
    };
    let mut organisations = OrganisationServiceClient::new(owner.clone());
    let made = organisations.create_organisation(found).await?.into_inner();
    Ok(made.organisation.context("no organisation")?.organisation_id)
}

/// A persona's channel to the organisation service, by the suite's own portal.
pub async fn own(world: &World, persona: usize) -> anyhow::Result<AuthChannel> {
    let visit = world.visit(&world.own_portal()?, persona, &OWN).await?;
    let token = visit.token_for("organisation").await?;
    world.channel(&token.access_token, &visit.client.dpop_key)
}

/// An office where people act for others of one kind; of the sector of the authority.
fn office(world: &World, kind: &str) -> anyhow::Result<ClientKeys> {
    let key = SigningKey::generate()?;
    let client_id = format!("vertretung-{kind}");
    let office = json!({
        "client_id": client_id,
        "name": "Amt für Vertretung",
        "tenant": "musterstadt",
        "sector": "musterstadt",
        "redirect_uris": [REDIRECT],
        "jwks": KeySet::new([key.public_jwk().clone()]).to_json(),
        "scopes": ["openid", "postbox", "postbox.read"],
        "acting": "required",
        "acting_kinds": [kind],
    });
    let file = world.suite.data().with_file_name(format!("{client_id}.json"));
    std::fs::write(&file, office.to_string())?;
    let done = world.suite.admin()?.args(["clients", "put"]).arg(&file).output()?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(ClientKeys {
        client_id,
        redirect_uri: Some(REDIRECT.into()),
        tenant: None,
        private_key_pem: key.to_pem().to_string(),
    })
}

/// A persona logs in there for whoever is offered last.
pub async fn comes(world: &World, persona: usize, kind: &str) -> anyhow::Result<Visit> {
    comes_for(world, persona, kind, None).await
}

/// The same for the one of this name: people act for several.
pub async fn comes_for(
    world: &World,
    persona: usize,
    kind: &str,
    name: Option<&str>,
) -> anyhow::Result<Visit> {
    let (net, origin, office) =
        (world.credentials.net(), world.suite.origin(), office(world, kind)?);
    let client = Client::discover(&net, &origin, &office.client_id, office.key()?).await?;
    let ask = [
        ("scope", "openid postbox postbox.read"),
        ("acr_values", "substantial"),
        ("resource", "urn:siegel:postbox"),
    ];
    let login = client.start(REDIRECT, &ask).await?;
    let browser = Browser::new(&net, Some(REDIRECT.to_owned()))?;
    let mut landing = browser.open(&login.url).await?;
    for _ in 0..12 {
        let page = match landing {
            Landing::Returned(url) => {
                let (tokens, claims) = client.finish(&login, &url).await?;
                return Ok(Visit { client, tokens, claims });
            }
            Landing::Page(page) => page,
        };
        let choice = forms(&page.html).into_iter().find(|form| form.has("party"));
        landing = if let Some(form) = choice {
            let mut offered = form.controls.iter().filter(|c| c.name == "party");
            // The choice stands before its name.
            let end = name.map_or(Some(page.html.len()), |name| page.html.find(name));
            let before = page.html.get(..end.context("it is not offered")?).unwrap_or_default();
            let chosen = offered.rfind(|c| before.contains(&c.value)).context("nobody")?;
            browser.submit(&page, &form, &[("party", &chosen.value)]).await?
        } else {
            answer(&browser, &page, world.persona(persona)?, &mut Timeline::new(true)).await?
        };
    }
    bail!("the log-in did not come to an end")
}

/// The office writes to whom the token names, and who acts for them opens it there; what the receipt
/// says of the right.
pub async fn opened(world: &World, visit: &Visit) -> anyhow::Result<Value> {
    let claims = &visit.claims;
    ensure!(claims.get("postbox_handle").is_none(), "the actor's own handle is told: {claims}");
    let handle = claims.pointer("/acting_for/postbox_handle").and_then(Value::as_str);
    let handle = handle.with_context(|| format!("no handle: {claims}"))?;
    let letter_id = world.authority.submit(handle, &[]).await?.letter_id;
    let own = MailboxServiceClient::new(world.erika.channel(&world.suite.origin())?);
    let open = pb::OpenRequest { request_id: fresh()?, letter_id, ..Default::default() };
    refused({ own }.open(open.clone()).await, "LETTER_UNKNOWN")?;

    let channel = world.channel(&visit.tokens.access_token, &visit.client.dpop_key)?;
    let mut mailbox = MailboxServiceClient::new(channel.clone());
    let listed = mailbox.list_letters(pb::ListLettersRequest::default()).await?.into_inner();
    let ids: Vec<_> = listed.letters.iter().map(|letter| &letter.letter_id).collect();
    ensure!(ids.contains(&&open.letter_id), "not in the mailbox of the represented: {ids:?}");
    let mut choice = MailboxChoiceServiceClient::new(channel);
    let all = choice.list_mailboxes(pb::ListMailboxesRequest {}).await?.into_inner().mailboxes;
    ensure!(all.iter().all(|one| !one.organisation_id.is_empty()), "the actor's own: {all:?}");

    let receipt = mailbox.open(open).await?.into_inner().receipt.context("no receipt")?;
    let keys = format!("{}/log/keys.json", world.suite.origin());
    let keys = world.credentials.net().http()?.build()?.get(keys).send().await?.text().await?;
    let file = ReceiptFile::parse(&receipt.file)?;
    verify_published(&file, &PublishedKeys::from_json(&keys)?, KeyTrust::Given)?;
    said(&receipt.file)
}

/// On whose behalf somebody acted, from the signed token of a receipt file that was verified.
fn said(file: &str) -> anyhow::Result<Value> {
    let file: Value = serde_json::from_str(file)?;
    let token = file.get("jws").and_then(Value::as_str).context("no token")?;
    let payload = token.split('.').nth(1).and_then(siegel_crypto::b64::decode);
    let payload: Value = serde_json::from_slice(&payload.context("no payload")?)?;
    let events = payload.get("events").and_then(Value::as_object).context("no events")?;
    let body = events.values().next().context("no event")?;
    body.get("on_behalf_of").cloned().with_context(|| format!("for nobody else: {body}"))
}
