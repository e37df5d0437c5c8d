//! The accounts of a closed system: imported beside the running suite, killed in between, taken over
//! by the person whose address they carry.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use siegel_crypto::{SystemEntropy, random_token};
use siegel_db::{Db, on};
use siegel_grpc::AuthChannel;
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_service_client::AccountServiceClient;
use siegel_proto::account::v1::offer_service_client::OfferServiceClient;

use crate::audit::OWN;
use crate::world::{World, refused};

const LINES: usize = 2_000;
/// An import whose process is killed is given up on after this long.
const PATIENCE: Duration = Duration::from_mins(1);

/// Words of the command line for a file.
fn words<'a>(file: &'a Path, system: &'a str) -> [&'a str; 8] {
    let file = file.to_str().unwrap_or_default();
    ["import", file, "--tenant", "musterstadt", "--system", system, "--name", "Altkonto"]
}

fn written(world: &World, name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let file = world.suite.data().with_file_name(name);
    std::fs::write(&file, text)?;
    Ok(file)
}

/// Imports a text to its end.
pub fn import(world: &World, system: &str, text: &str) -> anyhow::Result<Output> {
    let file = written(world, &format!("{system}.jsonl"), text)?;
    Ok(world.suite.admin()?.args(words(&file, system)).output()?)
}

async fn number(db: &Db, sql: &'static str) -> anyhow::Result<i64> {
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await?))
}

pub async fn an_import_that_is_killed_goes_on_and_doubles_nothing(
    world: &mut World,
) -> anyhow::Result<()> {
    const READ: &str =
        "SELECT COALESCE(MAX(lines_read), 0) FROM import_runs WHERE system = 'gekillt'";
    const WAITING: &str = "SELECT COUNT(*) FROM imported_accounts WHERE system = 'gekillt'";
    let mut text = String::from("no line at all\n");
    for n in 0..LINES {
        writeln!(text, r#"{{"id":"{n}","email":"p{n}@alt.example","level":"low"}}"#)?;
    }
    let file = written(world, "gekillt.jsonl", &text)?;
    let db = Db::open(&world.suite.database("account")?).await?;
    let mut far = 0;
    for _ in 0..3 {
        let mut command = world.suite.admin()?;
        command.args(words(&file, "gekillt")).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let began = tokio::time::Instant::now();
        while number(&db, READ).await? == far {
            ensure!(began.elapsed() < PATIENCE, "it stands still after {far} lines");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        child.kill()?;
        child.wait()?;
        far = number(&db, READ).await?;
        ensure!(number(&db, WAITING).await? <= far, "more accounts than lines");
    }
    let done = world.suite.admin()?.args(words(&file, "gekillt")).output()?;
    let said = String::from_utf8(done.stdout)?;
    ensure!(done.status.code() == Some(2), "a line was bad: {:?} {said}", done.status);
    ensure!(said.contains("2001 lines: 2000 accounts wait"), "{said}");
    ensure!(done.stderr.is_empty(), "a bar where nobody looks");
    ensure!(number(&db, WAITING).await? == i64::try_from(LINES)?, "doubled or lost");
    let report = std::fs::read_to_string(file.with_file_name("gekillt.jsonl.report"))?;
    ensure!(report == "{\"line\":1,\"reason\":\"LINE_MALFORMED\",\"field\":\"\"}\n", "{report}");
    db.close().await;
    Ok(())
}

/// One account of somebody, known at substantial.
pub fn line(email: &str, attribute: &str, value: &str) -> String {
    serde_json::json!({
        "id": "4711", "email": email.to_uppercase(), "level": "substantial",
        "attributes": [{"name": attribute, "value": value, "level": "substantial"}],
    })
    .to_string()
}

pub async fn an_earlier_account_is_taken_over_by_its_person_only(
    world: &mut World,
) -> anyhow::Result<()> {
    let email = world.persona(0)?.email.clone();
    for system in ["altkonto", "fremdkonto"] {
        let done = import(world, system, &line(&email, "demail", "erika@alt.de-mail.example"))?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let mut offers = OfferServiceClient::new(own(world, 0, &OWN).await?);
    let found = offers.list_offers(account::ListOffersRequest {}).await?.into_inner().offers;
    ensure!(found.len() == 2, "not offered: {found:?}");
    let [first, second] = &found[..] else { return Ok(()) };
    ensure!(!first.attributes.is_empty(), "nothing is shown at substantial");

    // Somebody else hears nothing, and a session at a lower level takes nothing.
    let mut others = OfferServiceClient::new(own(world, 1, &OWN).await?);
    let of_others = others.list_offers(account::ListOffersRequest {}).await?.into_inner();
    ensure!(of_others.offers.is_empty(), "offered to another person");
    refused(others.accept_offer(accept(&first.offer_id)?).await, "OFFER_UNKNOWN")?;

    offers.accept_offer(accept(&first.offer_id)?).await?;
    let request_id = random_token(&SystemEntropy::new())?;
    let offer_id = second.offer_id.clone();
    offers.decline_offer(account::DeclineOfferRequest { request_id, offer_id }).await?;
    let left = offers.list_offers(account::ListOffersRequest {}).await?.into_inner().offers;
    ensure!(left.is_empty(), "still offered: {left:?}");
    let mut accounts = AccountServiceClient::new(own(world, 0, &OWN).await?);
    let held = accounts.list_attributes(account::ListAttributesRequest {}).await?.into_inner();
    let demail = held.attributes.into_iter().find(|a| a.name == "demail");
    let demail = demail.context("the attribute did not come")?;
    ensure!(demail.source_detail == "Altkonto" && demail.level == 3, "{demail:?}");
    Ok(())
}

fn accept(offer_id: &str) -> anyhow::Result<account::AcceptOfferRequest> {
    Ok(account::AcceptOfferRequest {
        request_id: random_token(&SystemEntropy::new())?,
        offer_id: offer_id.to_owned(),
        attributes: vec!["demail".into()],
    })
}

async fn own(world: &World, persona: usize, ask: &[(&str, &str)]) -> anyhow::Result<AuthChannel> {
    let visit = world.visit(&world.own_portal()?, persona, ask).await?;
    let token = visit.token_for("account").await?;
    world.channel(&token.access_token, &visit.client.dpop_key)
}
