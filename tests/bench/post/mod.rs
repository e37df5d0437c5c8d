//! The postbox under load: see `postbox.md` of the promises in `docs/measurements.md`.

mod attachment;
mod batch;
mod events;
mod lists;
mod open;
mod pgbench;
mod sink;
mod submit;
mod verify;

use anyhow::{Context as _, bail};
use siegel::demo::Authority;
use siegel_db::Db;
use siegel_e2e::{LARGE_FILES, Suite, fresh_database};
use siegel_postbox::measure::{self, Filled};
use siegel_proto::postbox::v1 as pb;

use crate::{Args, Verdict};

/// The suite with a sandbox's clients, and recipients.
pub struct Post {
    pub suite: Suite,
    /// Of the whole suite; absent on SQLite.
    pub url: Option<String>,
    pub filled: Filled,
}

impl Post {
    async fn start(args: &Args) -> anyhow::Result<Self> {
        let server = std::env::var("SIEGEL_TEST_POSTGRES").ok();
        let url = match (args.backend.as_deref(), server) {
            (Some("sqlite"), _) | (None, None) => None,
            (_, Some(server)) => Some(fresh_database(&server).await?),
            (Some(_), None) => bail!("--backend postgres needs SIEGEL_TEST_POSTGRES"),
        };
        let place = std::env::temp_dir();
        let suite = Suite::fresh_in(&place, url.clone(), LARGE_FILES).await?;
        let db = Db::open(&suite.database("postbox")?).await?;
        let client = &suite.credentials()?.authority.client_id;
        let sector = sector(&db, client).await?;
        let kek = suite.data().join("keys/postbox-kek");
        let filled = measure::mailboxes(&db, &kek, &sector, args.recipients).await;
        let filled = filled.map_err(|e| anyhow::anyhow!("{e}"))?;
        db.close().await;
        Ok(Self { suite, url, filled })
    }

    /// The postbox's own database, beside the suite.
    pub async fn database(&self) -> anyhow::Result<Db> {
        Ok(Db::open(&self.suite.database("postbox")?).await?)
    }

    pub fn pid(&self) -> anyhow::Result<u32> {
        self.suite.pid().context("the suite does not run")
    }

    /// An authority with a fresh token: good for five minutes.
    pub async fn authority(&self) -> anyhow::Result<Authority> {
        Authority::connect(&self.suite.origin(), &self.suite.credentials()?).await
    }
}

pub async fn sector(db: &Db, client: &str) -> anyhow::Result<String> {
    const SQL: &str = "SELECT sector FROM senders WHERE client_id = $1";
    let mut tx = db.read().await?;
    Ok(siegel_db::on!(&mut tx, c => sqlx::query_scalar(SQL).bind(client).fetch_one(c).await?))
}

/// A letter of 2 kB without attachments, under a rule.
pub fn letter(handle: &str) -> pb::Letter {
    let plain_text = "Sehr geehrte Damen und Herren, anbei der Bescheid. ".repeat(40);
    pb::Letter {
        handle: handle.to_owned(),
        sender_reference: "BA-2026-0815".into(),
        subject: "Ihr Bescheid vom Bauamt".into(),
        bodies: vec![pb::Body { language: "de".into(), plain_text, ..Default::default() }],
        delivery_type: pb::DeliveryType::Decision.into(),
        importance: pb::Importance::Normal.into(),
        legal_basis: "ozg-9".into(),
        lane: pb::Lane::Interactive.into(),
        ..Default::default()
    }
}

pub async fn run(args: &Args, verdict: &mut Verdict) -> anyhow::Result<()> {
    let post = Post::start(args).await?;
    if args.wants("P1") {
        submit::run(&post, args, verdict).await?;
    }
    if args.wants("P2") || args.wants("P8") {
        let receipts = open::run(&post, args, verdict).await?;
        if args.wants("P8") {
            verify::run(&post, &receipts, verdict).await?;
        }
    }
    if args.wants("P3") {
        events::run(&post, args, verdict).await?;
    }
    if args.wants("P6") {
        attachment::run(&post, args, verdict).await?;
    }
    if args.wants("P4") {
        batch::run(&post, args, verdict).await?;
    }
    if args.wants("P5") {
        lists::run(&post, args, verdict).await?;
    }
    Ok(())
}
