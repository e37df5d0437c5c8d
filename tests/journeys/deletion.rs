//! A person deletes the account. Afterwards every table of every service, every object and the log
//! of the program are searched for what was planted there before.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use siegel::demo::Persona;
use siegel::outside::{Browser, Page};
use siegel_crypto::{SystemEntropy, random_token};
use siegel_db::on;
use siegel_kernel::AccountId;
use siegel_proto::postbox::v1 as pb;
use siegel_receipt::{KeyTrust, PublishedKeys, ReceiptFile, verify_published};

use crate::life::{Life, live};
use crate::scan;
use crate::world::World;

/// How long a deletion may take, waiting for deliveries under way and the last mails included.
const PATIENCE: Duration = Duration::from_mins(2);

pub async fn nothing_personal_is_left_of_a_deleted_account(
    world: &mut World,
) -> anyhow::Result<()> {
    let life = live(world, "amara").await?;
    ensure!(life.objects.len() >= 4, "documents and files of letters: {:?}", life.objects);
    let found = scan::everywhere(world, &life.planted).await?;
    ensure!(!found.is_empty(), "the search finds nothing even before");
    let in_file = found.iter().any(|place| place.ends_with(".sqlite"));
    ensure!(in_file == (world.backend == "sqlite"), "it does not read files: {found:#?}");
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

    let left: Vec<_> = life.objects.iter().filter(|file| file.exists()).collect();
    ensure!(left.is_empty(), "objects are still there: {left:?}");

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
pub async fn waiting(world: &World, card: &str) -> anyhow::Result<i64> {
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

pub fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?.replace(['-', '_'], "x"))
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
