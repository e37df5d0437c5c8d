//! A person deletes the account. Afterwards every table of every service, every object and the log
//! of the program are searched for what was planted there before.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use siegel::demo::Persona;
use siegel::outside::{Browser, Page};
use siegel_crypto::{SystemEntropy, random_token, sha256};
use siegel_db::on;
use siegel_grpc::AuthChannel;
use siegel_kernel::{AccountId, Clock as _, SystemClock};
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_service_client::AccountServiceClient;
use siegel_proto::account::v1::export_service_client::ExportServiceClient;
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::convert;
use siegel_proto::organisation::v1 as organisation;
use siegel_proto::organisation::v1::claim_service_client::ClaimServiceClient;
use siegel_proto::organisation::v1::mandate_service_client::MandateServiceClient;
use siegel_proto::organisation::v1::member_service_client::MemberServiceClient;
use siegel_proto::organisation::v1::organisation_service_client::OrganisationServiceClient;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use siegel_receipt::{KeyTrust, PublishedKeys, ReceiptFile, verify_published};

use crate::imports::{import, line};
use crate::newcomer::registers;
use crate::scan::{self, Planted};
use crate::world::World;

/// How long a deletion may take, waiting for deliveries under way and the last mails included.
const PATIENCE: Duration = Duration::from_mins(2);
const PORTAL: [(&str, &str); 3] = [
    ("scope", "openid profile postbox postbox.read offline_access"),
    ("acr_values", "substantial"),
    ("resource", "urn:siegel:postbox"),
];
const OWN: [(&str, &str); 5] = [
    ("scope", "openid account.read account.write organisation.write identity.self offline_access"),
    ("acr_values", "substantial"),
    ("resource", "urn:siegel:account"),
    ("resource", "urn:siegel:organisation"),
    ("resource", "urn:siegel:identity"),
];

/// Somebody with a life in every service.
struct Life {
    persona: Persona,
    account: AccountId,
    handle: String,
    opened: String,
    unopened: String,
    planted: Planted,
}

pub async fn nothing_personal_is_left_of_a_deleted_account(
    world: &mut World,
) -> anyhow::Result<()> {
    let life = live(world, "amara").await?;
    let found = scan::everywhere(world, &life.planted).await?;
    ensure!(!found.is_empty(), "the search finds nothing even before");
    order(world, &life).await?;
    finished(world, life.account).await?;
    nothing_is_left(world, &life).await
}

pub async fn a_deletion_that_is_killed_again_and_again_ends_the_same(
    world: &mut World,
) -> anyhow::Result<()> {
    let life = live(world, "chloe").await?;
    order(world, &life).await?;
    for pause in [0, 150, 700, 1_500, 3_000, 5_500] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        world.suite.kill()?;
        world.suite.start().await?;
    }
    finished(world, life.account).await?;
    nothing_is_left(world, &life).await
}

async fn nothing_is_left(world: &World, life: &Life) -> anyhow::Result<()> {
    let found = scan::everywhere(world, &life.planted).await?;
    ensure!(found.is_empty(), "still there: {found:#?}");

    let gone = waiting(world, &life.persona.eid_persona).await? == 0;
    ensure!(gone, "what an earlier account left for the address is still sealed there");

    // The sender was told, its evidence is whole, and nothing arrives any more.
    let events = world.authority.events_so_far().await?;
    let told = |letter: &str, kind: &str| {
        events.iter().filter(|e| e.letter_id == letter && e.kind == kind).count()
    };
    ensure!(told(&life.unopened, "undeliverable") == 1, "the sender does not know");
    ensure!(told(&life.opened, "purged") == 1 && told(&life.unopened, "purged") == 1, "not purged");
    for letter in [&life.opened, &life.unopened] {
        let sent = world.authority.sent(letter).await?;
        ensure!(sent.receipts.len() >= 3, "evidence is missing: {:?}", sent.receipts);
        evidence_verifies(world, letter).await?;
    }
    let again = world.authority.submit(&life.handle, &[]).await;
    let refusal = again.err().context("a letter reached nobody")?;
    let status = refusal.downcast_ref::<tonic::Status>().context("no answer of the postbox")?;
    let reason = siegel_grpc::reason(status);
    ensure!(reason.as_deref() == Some("RECIPIENT_UNKNOWN"), "{refusal:#}");
    Ok(())
}

/// Earlier accounts that wait for somebody.
async fn waiting(world: &World, card: &str) -> anyhow::Result<i64> {
    const SQL: &str =
        "SELECT COUNT(*) FROM imported_accounts WHERE system = $1 AND payload IS NOT NULL";
    let db = siegel_db::Db::open(&world.suite.database("account")?).await?;
    let (mut tx, system) = (db.read().await?, format!("alt-{card}"));
    Ok(on!(&mut tx, c => sqlx::query_scalar(SQL).bind(&system).fetch_one(c).await?))
}

/// Every receipt of a letter, by the program's own verifier and the published keys.
async fn evidence_verifies(world: &World, letter_id: &str) -> anyhow::Result<()> {
    let request = pb::GetSentLetterRequest { letter_id: letter_id.to_owned() };
    let sent = world.authority.sender().get_sent_letter(request).await?.into_inner();
    let url = format!("{}/log/keys.json", world.suite.origin());
    let keys = PublishedKeys::from_json(&reqwest::get(&url).await?.text().await?)?;
    for receipt in sent.receipts {
        verify_published(&ReceiptFile::parse(&receipt.file)?, &keys, KeyTrust::Given)?;
    }
    Ok(())
}

pub async fn finished(world: &World, account: AccountId) -> anyhow::Result<()> {
    const SQL: &str =
        "SELECT COUNT(*) FROM deletions WHERE name = $1 AND finished_at_us IS NOT NULL";
    const OPEN: &str = "SELECT service, waits_for FROM deletion_steps \
        WHERE name = $1 AND done_at_us IS NULL";
    let name = siegel_grpc::audit_name(account);
    let db = siegel_db::Db::open(&world.suite.database("identity")?).await?;
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let mut tx = db.read().await?;
        let done: i64 = on!(&mut tx, c => sqlx::query_scalar(SQL).bind(&name).fetch_one(c).await?);
        if done == 1 {
            return Ok(());
        }
        if tokio::time::Instant::now() > until {
            let open: Vec<(String, String)> =
                on!(&mut tx, c => sqlx::query_as(OPEN).bind(&name).fetch_all(c).await?);
            bail!("the deletion does not end: {open:?}");
        }
        drop(tx);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?.replace(['-', '_'], "x"))
}

/// Registers, identifies, writes into the account, founds an organisation, gets letters, opens one.
async fn live(world: &World, card: &str) -> anyhow::Result<Life> {
    let mut planted = Planted::default();
    let persona = Persona {
        name: card.to_owned(),
        email: planted.word(&format!("{}@persona.example", fresh()?.to_lowercase())),
        password: planted.word(&fresh()?),
        eid_persona: card.to_owned(),
    };
    registers(world, &persona).await?;
    let portal = world.visit_as(&world.credentials.portal, &persona, &PORTAL).await?;
    let handle = portal.claims.get("postbox_handle").and_then(|h| h.as_str());
    let handle = handle.context("no handle")?.to_owned();
    let account = last_account(world).await?;
    planted.account(account);
    let own = world.visit_as(&world.own_portal()?, &persona, &OWN).await?;
    let key = &own.client.dpop_key;
    let token = own.token_for("account").await?;
    let mut accounts = AccountServiceClient::new(world.channel(&token.access_token, key)?);
    let telephone = planted.word("+49 30 7351946028");
    let set = account::SetAttributeRequest {
        request_id: fresh()?,
        name: "telephone".into(),
        value: telephone,
        ..Default::default()
    };
    accounts.set_attribute(set).await?;
    let all = exported(world.channel(&token.access_token, key)?).await?;
    ensure!(all.contains("7351946028"), "the export lacks the number");
    let listed = accounts.list_attributes(account::ListAttributesRequest {}).await?.into_inner();
    for one in listed.attributes {
        // Short ones are found everywhere: `DE`, `ID`, a date as part of a longer number.
        if one.value.len() >= 10 {
            planted.word(&one.value);
        }
    }
    let street = planted.word(&format!("Altweg {}", fresh()?));
    let earlier = import(world, &format!("alt-{card}"), &line(&persona.email, "street", &street))?;
    ensure!(earlier.status.success(), "{}", String::from_utf8_lossy(&earlier.stderr));
    ensure!(waiting(world, card).await? == 1, "no earlier account waits");
    let token = own.token_for("organisation").await?;
    in_an_organisation(world.channel(&token.access_token, key)?, &mut planted).await?;

    let opened = letter(world, &handle, &mut planted).await?;
    let unopened = letter(world, &handle, &mut planted).await?;
    let channel = world.channel(&portal.tokens.access_token, &portal.client.dpop_key)?;
    read(&mut MailboxServiceClient::new(channel), &opened, &mut planted).await?;
    Ok(Life { persona, account, handle, opened, unopened, planted })
}

/// Founds an organisation, claims it under the own name, invites somebody, gives a mandate.
async fn in_an_organisation(channel: AuthChannel, planted: &mut Planted) -> anyhow::Result<()> {
    let found = organisation::CreateOrganisationRequest {
        request_id: fresh()?,
        name: "Bleibt GmbH".into(),
        legal_form: "GmbH".into(),
        register_kind: "HRB".into(),
        register_court: "Amtsgericht Musterstadt".into(),
        register_number: "9".into(),
    };
    let mut organisations = OrganisationServiceClient::new(channel.clone());
    let found = organisations.create_organisation(found).await?.into_inner().organisation;
    let organisation_id = found.context("no organisation")?.organisation_id;
    let claim = organisation::ClaimOrganisationRequest {
        request_id: fresh()?,
        organisation_id: organisation_id.clone(),
        method: organisation::ClaimMethod::Operator.into(),
        claimant_name: planted.word(&format!("Name im Antrag {}", fresh()?)),
    };
    ClaimServiceClient::new(channel.clone()).claim_organisation(claim).await?;
    let invite = organisation::InviteMemberRequest {
        request_id: fresh()?,
        organisation_id,
        name: planted.word(&format!("Name der Einladung {}", fresh()?)),
        email: "eingeladen@persona.example".into(),
        role: organisation::Role::CaseWorker.into(),
        minimum_level: TrustLevel::Substantial.into(),
        locale: "de".into(),
    };
    MemberServiceClient::new(channel.clone()).invite_member(invite).await?;
    let end = SystemClock.now().plus(Duration::from_hours(24));
    let mandate = organisation::GrantMandateRequest {
        request_id: fresh()?,
        to_kind: organisation::HolderKind::Person.into(),
        to_name: planted.word(&format!("Name in der Vollmacht {}", fresh()?)),
        from_name: planted.word(&format!("Eigener Name {}", fresh()?)),
        package: "mail-receiver".into(),
        valid_until: Some(convert::timestamp(end)),
        ..Default::default()
    };
    MandateServiceClient::new(channel).grant_mandate(mandate).await?;
    Ok(())
}

/// What the account service gives its owner to take away.
async fn exported(channel: AuthChannel) -> anyhow::Result<String> {
    let mut exports = ExportServiceClient::new(channel);
    let mut pieces = exports.export_account(account::ExportAccountRequest {}).await?.into_inner();
    let mut whole = Vec::new();
    while let Some(piece) = pieces.message().await? {
        whole.extend(piece.chunk);
    }
    Ok(String::from_utf8(whole)?)
}

/// A letter with words of its own in every place that has some.
async fn letter(world: &World, handle: &str, planted: &mut Planted) -> anyhow::Result<String> {
    let content = planted.word(&format!("Inhalt der Datei {}", fresh()?)).into_bytes();
    let declaration = pb::AttachmentDeclaration {
        name: format!("{}.txt", planted.word(&fresh()?)),
        media_type: "text/plain".into(),
        sha256: sha256(&content).to_vec(),
        size_bytes: i64::try_from(content.len())?,
    };
    let body = pb::Body {
        language: "de".into(),
        plain_text: planted.word(&format!("Geheimer Text {}", fresh()?)),
        ..Default::default()
    };
    let request = pb::SubmitRequest {
        request_id: fresh()?,
        letter: Some(pb::Letter {
            handle: handle.to_owned(),
            subject: planted.word(&format!("Betreff {}", fresh()?)),
            case_id: planted.word(&format!("AZ-{}", fresh()?)),
            bodies: vec![body],
            required_level: TrustLevel::Substantial.into(),
            delivery_type: pb::DeliveryType::Decision.into(),
            legal_basis: "ozg-9".into(),
            ..Default::default()
        }),
        attachments: vec![pb::InlineAttachment { declaration: Some(declaration), content }],
        ..Default::default()
    };
    Ok(world.authority.sender().submit(request).await?.into_inner().letter_id)
}

/// Opens it, marks it, searches for a word of it.
async fn read(
    own: &mut MailboxServiceClient<AuthChannel>,
    letter_id: &str,
    planted: &mut Planted,
) -> anyhow::Result<()> {
    let letter_id = letter_id.to_owned();
    let open = pb::OpenRequest {
        request_id: fresh()?,
        letter_id: letter_id.clone(),
        ..Default::default()
    };
    own.open(open).await?;
    let label = planted.word(&fresh()?);
    own.set_flags(pb::SetFlagsRequest {
        request_id: fresh()?,
        letter_id,
        labels: Some(pb::Labels { labels: vec![label] }),
        ..Default::default()
    })
    .await?;
    own.search(pb::SearchRequest { query: "Geheimer".into(), ..Default::default() }).await?;
    Ok(())
}

/// The account that logged in last.
pub async fn last_account(world: &World) -> anyhow::Result<AccountId> {
    const SQL: &str = "SELECT account_id FROM sessions ORDER BY started_at_us DESC LIMIT 1";
    let db = siegel_db::Db::open(&world.suite.database("identity")?).await?;
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_scalar(SQL).fetch_one(c).await?))
}

/// On the pages, with everything that stands between.
async fn order(world: &World, life: &Life) -> anyhow::Result<()> {
    let browser = Browser::new(&world.credentials.net(), None)?;
    let url = format!("{}/login/credentials/delete", world.suite.origin());
    let mut page = browser.open(&url).await?.page()?;
    for _ in 0..10 {
        if page.refreshes {
            tokio::time::sleep(Duration::from_millis(300)).await;
            page = browser.open(page.url.as_str()).await?.page()?;
            continue;
        }
        page = match step(&browser, page, &life.persona).await? {
            Step::Next(page) => page,
            Step::Ordered => return Ok(()),
        };
    }
    bail!("the pages lead nowhere: {}", page.url)
}

enum Step {
    Next(Page),
    Ordered,
}

async fn step(browser: &Browser, page: Page, persona: &Persona) -> anyhow::Result<Step> {
    let given: Vec<(&str, &str)>;
    let form = if let Some(form) = page.form(&["email", "password"]) {
        given = vec![("email", &persona.email), ("password", &persona.password)];
        form
    } else if let Some(form) = page.form(&["persona", "pin"]) {
        given = vec![("persona", &persona.eid_persona), ("pin", "123456"), ("action", "identify")];
        form
    } else if let Some(form) = page.offering("method", "eid") {
        given = vec![("method", "eid")];
        form
    } else if let Some(form) = page.form(&["understood"]) {
        given = vec![("understood", "on")];
        let end = browser.submit(&page, &form, &given).await?.page()?;
        ensure!(end.url.path() == "/login/deleted", "it did not begin: {}", end.url);
        return Ok(Step::Ordered);
    } else {
        ensure!(page.url.path() == "/login/credentials/delete", "lost at {}", page.url);
        ensure!(page.html.contains("noch offen"), "the unopened letter is not mentioned");
        given = Vec::new();
        let forms = siegel::outside::forms(&page.html);
        let form = forms.into_iter().find(|f| f.action.ends_with("/delete"));
        form.context("no way on")?
    };
    Ok(Step::Next(browser.submit(&page, &form, &given).await?.page()?))
}
