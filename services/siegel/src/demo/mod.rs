//! `siegel demo`: an outside client plays portal and authority. HTTP and gRPC over the network, no
//! way into the process.

mod authority;
mod credentials;
mod log;
mod person;
mod proof;
mod timeline;

use anyhow::Context as _;

use crate::cli::DemoArgs;
pub use authority::{Authority, Events, File, Sent, attachments};
pub use credentials::{ClientKeys, Credentials, Persona};
pub use person::{LoggedIn, answer, authorize, channel, log_in, open, through_pages};
pub use timeline::Timeline;

pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let mut timeline = Timeline::new(args.json);
    let outcome = walk(&args, &mut timeline).await;
    timeline.finish(outcome.as_ref().err());
    outcome.context("the demo failed")
}

async fn walk(args: &DemoArgs, timeline: &mut Timeline) -> anyhow::Result<()> {
    let file = args.credentials.clone().unwrap_or_else(|| args.data.join("demo.toml"));
    let mut credentials = Credentials::read(&file)?;
    if let Some(file) = &args.ca {
        let pem = std::fs::read_to_string(file);
        credentials.ca = Some(pem.with_context(|| format!("cannot read {}", file.display()))?);
    }
    let origin = args.url.trim_end_matches('/');
    let files = attachments(&args.attach)?;

    let login = person::log_in(origin, &credentials, timeline).await?;
    let authority = Authority::connect(origin, &credentials).await?;
    timeline.note("authority", "has a token of its own, bound to its key (private_key_jwt, DPoP)");
    let mut events = authority.watch().await?;
    timeline.note("authority", "watches its event stream");

    let letter = authority.submit(&login.handle, &files).await?;
    timeline.fact("letter_id", letter.letter_id.as_str());
    timeline.fact("announced_on", letter.announced_on.as_str());
    timeline.note("postbox", format!("accepted and provided letter {}", letter.letter_id));
    if !letter.announced_on.is_empty() {
        let text = format!("counts as announced on {} (OZG § 9(1))", letter.announced_on);
        timeline.note("law", text);
    }

    let opened = person::open(origin, &login, &letter.letter_id, &files, timeline).await?;
    let read = events.wait_for(&letter.letter_id, "opened").await?;
    timeline.note("authority", "received the read receipt on its event stream");

    let mut receipts = letter.receipts;
    receipts.push(opened);
    let published = credentials.net().http()?.build()?.get(format!("{origin}/log/keys.json"));
    let keys = published.send().await?.error_for_status()?.text().await?;
    log::places(&authority, &letter.letter_id, &keys, &mut receipts, timeline).await?;
    proof::check(keys, args, &receipts, &read, timeline)
}
