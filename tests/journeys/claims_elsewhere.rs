//! An organisation is proven by a log-in with its account elsewhere: from the portal's page to the
//! provider and back, to the letter and the end of the cooling period. A suite of its own, since the
//! provider stands in its settings.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use siegel::demo::{Persona, Timeline, answer};
use siegel::outside::{Browser, Landing, Page};
use siegel_crypto::{SystemEntropy, random_token};
use siegel_e2e::{Setup, Suite};
use siegel_grpc::AuthChannel;
use siegel_kernel::{Clock as _, SystemClock};
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::claim_service_client::ClaimServiceClient;
use siegel_proto::organisation::v1::organisation_service_client::OrganisationServiceClient;
use siegel_proto::organisation::v1::record_service_client::RecordServiceClient;
use siegel_testkit::TestClock;

use crate::provider::Provider;
use crate::world::World;
use crate::{Tally, acting};

/// What the portal asks for to look after an organisation.
const OWN: [(&str, &str); 3] = [
    ("scope", "openid organisation.read organisation.write offline_access"),
    ("acr_values", "substantial"),
    ("resource", "urn:siegel:organisation"),
];

pub async fn all(tally: &mut Tally) {
    const NAME: &str = "an_organisation_is_proven_by_its_account_elsewhere";
    if !tally.wants(NAME) {
        return;
    }
    let postgres = siegel_e2e::postgres().await.map(|found| found.map(Some));
    let databases = [("sqlite", Ok(Some(None))), ("postgres", postgres)];
    for (backend, database) in databases {
        let started = Instant::now();
        let outcome = match database {
            Ok(Some(url)) => proven_elsewhere(backend, url).await,
            Ok(None) => continue,
            Err(error) => Err(error),
        };
        tally.note(backend, NAME, started, outcome);
    }
}

fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?)
}

/// What the suite is told of the provider. A cooling period of no days ends with the sending.
fn settings(provider: &Provider, dir: &Path) -> anyhow::Result<String> {
    let (root, secret) = (dir.join("root.pem"), dir.join("secret"));
    std::fs::write(&root, &provider.root_pem)?;
    std::fs::write(&secret, fresh()?)?;
    let (root, secret) = (root.display(), secret.display());
    let Provider { issuer, pair, .. } = provider;
    Ok(format!(
        "[egress]\nallow = ['{pair}']\nextra_root_file = '{root}'\n\
         [organisation]\ncooling_days = 0\n\
         [[identity.upstreams]]\nid = \"muk\"\nname = \"Mein Unternehmenskonto\"\n\
         issuer = '{issuer}'\nclient_id = \"siegel\"\nauth = \"client_secret_basic\"\n\
         client_secret_file = '{secret}'\nlevel_cap = \"substantial\"\n\
         [identity.upstreams.organisation]\nidentification_cap = \"substantial\"\n"
    ))
}

/// What the provider says of the organisation with this number.
fn says(number: &str) -> Value {
    json!({
        "PersTyp": "NNatPers",
        "DatenkranzTyp": "Steuernummer",
        "Taetigkeit": "711",
        "TaetigkeitText": "Architektur- und Ingenieurbüros",
        "Firmenname": "Elsewhere GmbH",
        "Rechtsform": "350",
        "RechtsformText": "Gesellschaft mit beschränkter Haftung",
        "Registerart": "HRB",
        "Registergericht": "Amtsgericht Musterstadt",
        "Registernummer": number,
        "Unternehmensanschrift": {
            "Typ": "INLAND", "Strasse": "Schlossstraße", "Hausnummer": "1", "PLZ": "19053",
            "Ort": "Schwerin"
        },
        "HandelndePerson": { "Vorname": "Erika", "Name": "Mustermann" },
        "ElsterVertrauensniveauIdentifizierung": "HOCH",
        "ElsterVertrauensniveauAuthentifizierung": "SUBSTANZIELL",
    })
}

async fn proven_elsewhere(backend: &str, database_url: Option<String>) -> anyhow::Result<()> {
    let clock = Arc::new(TestClock::default());
    let provider = Provider::start(clock.clone()).await;
    let dir = tempfile::tempdir()?;
    let settings = settings(&provider, dir.path())?;
    let setup = Setup { database_url, settings, ..Setup::default() };
    let suite = Suite::set_up(dir.path(), setup).await?;
    let world = World::around(backend, suite).await?;

    let (channel, organisation) = founded(&world).await?;
    let claim = claimed(&channel, &organisation).await?;
    let browser = Browser::new(&world.credentials.net(), Some(provider.issuer.clone()))?;
    let record = format!("/organisation/{organisation}/record");
    let target = format!("/account/login?level=substantial&return={record}");
    let page = arrive(&world, &browser, &target, &record).await?;
    let target = format!("/login/upstream/muk/claim?claim={claim}");
    ensure!(page.html.contains("Mit Mein Unternehmenskonto nachweisen"), "{}", page.html);
    ensure!(page.html.contains(&target), "its way is not {target}: {}", page.html);

    for (number, expected) in
        [("9999", "Konto einer anderen Organisation"), ("4711", "Die Organisation ist bestätigt")]
    {
        provider.says(says(number));
        clock.set(SystemClock.now());
        let page = there_and_back(&world, &browser, &provider, &target).await?;
        ensure!(page.html.contains(expected), "{number}: {}", page.html);
    }
    // An office that was told where letters reach the organisation: it has a postbox since then.
    acting::comes(&world, 0, "organisation").await?;
    letter(&world, &claim, dir.path())?;
    effective(&channel, &organisation).await?;
    in_its_postbox(&world, &browser, &organisation).await
}

/// An organisation of the first persona.
async fn founded(world: &World) -> anyhow::Result<(AuthChannel, String)> {
    let visit = world.visit(&world.own_portal()?, 0, &OWN).await?;
    let token = visit.token_for("organisation").await?;
    let channel = world.channel(&token.access_token, &visit.client.dpop_key)?;
    let request = pb::CreateOrganisationRequest {
        request_id: fresh()?,
        name: "Elsewhere".into(),
        legal_form: "GmbH".into(),
        register_kind: "HRB".into(),
        register_court: "Musterstadt".into(),
        register_number: "4711".into(),
    };
    let made = OrganisationServiceClient::new(channel.clone()).create_organisation(request).await?;
    let made = made.into_inner().organisation.context("no organisation")?;
    Ok((channel, made.organisation_id))
}

async fn claimed(channel: &AuthChannel, organisation: &str) -> anyhow::Result<String> {
    let request = pb::ClaimOrganisationRequest {
        request_id: fresh()?,
        organisation_id: organisation.to_owned(),
        method: pb::ClaimMethod::Upstream.into(),
        claimant_name: "Erika Mustermann".into(),
    };
    let made = ClaimServiceClient::new(channel.clone()).claim_organisation(request).await?;
    Ok(made.into_inner().claim.context("no claim")?.claim_id)
}

/// Opens a page, and does on the log-in pages what the person would do until it is at its end.
async fn arrive(world: &World, browser: &Browser, from: &str, to: &str) -> anyhow::Result<Page> {
    let erika: &Persona = world.persona(0)?;
    let mut page = browser.open(&format!("{}{from}", world.suite.origin())).await?.page()?;
    for _ in 0..12 {
        if page.url.path() == to {
            return Ok(page);
        }
        page = answer(browser, &page, erika, &mut Timeline::new(true)).await?.page()?;
    }
    bail!("the log-in did not come to an end: {}", page.url)
}

/// To the provider, where somebody logs in for the organisation, and back.
async fn there_and_back(
    world: &World,
    browser: &Browser,
    provider: &Provider,
    target: &str,
) -> anyhow::Result<Page> {
    let page = browser.open(&format!("{}{target}", world.suite.origin())).await?.page()?;
    let form = siegel::outside::forms(&page.html).into_iter().find(|f| f.action == target);
    let form = form.with_context(|| format!("no form leads on: {}", page.html))?;
    let Landing::Returned(there) = browser.submit(&page, &form, &[]).await? else {
        bail!("the provider is not asked");
    };
    browser.open(&provider.logs_in(there.as_str())).await?.page()
}

/// An operator prints and sends the letter; its address came with the proof.
fn letter(world: &World, claim: &str, dir: &Path) -> anyhow::Result<()> {
    let file = dir.join("letter.pdf");
    let print = world.suite.admin()?.args(["organisation", "print", claim]).arg(&file).output()?;
    ensure!(print.status.success(), "{}", String::from_utf8_lossy(&print.stderr));
    ensure!(std::fs::read(&file)?.starts_with(b"%PDF"), "no letter");
    let sent = world.suite.admin()?.args(["organisation", "sent", claim]).output()?;
    ensure!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    Ok(())
}

/// Waits until the organisation counts as identified, by what the provider said.
async fn effective(channel: &AuthChannel, organisation: &str) -> anyhow::Result<()> {
    let mut records = RecordServiceClient::new(channel.clone());
    for _ in 0..200 {
        let request = pb::GetRecordRequest { organisation_id: organisation.to_owned() };
        let record = records.get_record(request).await?.into_inner();
        if record.identification_level() != TrustLevel::Substantial {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        }
        ensure!(record.authentication_level() == TrustLevel::Substantial, "{record:?}");
        let told = |field: &&pb::RecordField| field.provider == "muk" && !field.editable;
        ensure!(record.fields.iter().filter(told).count() == 7, "{record:?}");
        return Ok(());
    }
    bail!("the claim never had effect")
}

/// The letter came into the organisation's postbox too.
async fn in_its_postbox(
    world: &World,
    browser: &Browser,
    organisation: &str,
) -> anyhow::Result<()> {
    const SUBJECT: &str = "Ihr Organisationskonto wurde in Anspruch genommen";
    let mailbox = format!("{}/postbox?organisation={organisation}", world.suite.origin());
    for _ in 0..200 {
        let page = browser.open(&mailbox).await?.page()?;
        if page.html.contains(SUBJECT) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("the letter never came into the organisation's postbox")
}
