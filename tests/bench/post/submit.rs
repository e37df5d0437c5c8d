//! P1: letters per second against `pgbench` with the very rows of one, alternating.

use std::sync::Arc;
use std::time::Duration;

use siegel_proto::postbox::v1 as pb;

use super::{Post, letter, pgbench};
use crate::{Args, Verdict, load, median};

pub async fn run(post: &Post, args: &Args, verdict: &mut Verdict) -> anyhow::Result<()> {
    let script = match &post.url {
        Some(url) => Some(pgbench::Script::of_one_letter(post, url).await?),
        None => None,
    };
    let (mut bare, mut own) = (Vec::new(), Vec::new());
    for round in 1..=args.rounds {
        if let Some(script) = &script {
            let found = script.run(args.clients, args.seconds).await?;
            println!(
                "P1 round {round}: pgbench, {} clients: {found:.0} transactions/s",
                args.clients
            );
            bare.push(found);
        }
        let outcome = letters(post, args, round).await?;
        println!("P1 round {round}: Submit of 2 kB, {} clients: {outcome}", args.clients);
        own.push(outcome.per_second());
    }
    let figure = median(&mut own);
    match script {
        Some(_) => {
            let bare = median(&mut bare);
            verdict.bar("P1", figure / bare, 1.0, "Submit against pgbench, medians");
        }
        None => println!("  P1 has no bar on SQLite: {figure:.0} letters/s"),
    }
    Ok(())
}

async fn letters(post: &Post, args: &Args, round: u32) -> anyhow::Result<load::Outcome> {
    let sender = post.authority().await?.sender();
    let handles = Arc::new(post.filled.handles.clone());
    let time = Duration::from_secs(args.seconds);
    Ok(load::run(post.pid()?, args.clients, time, move |n| {
        let (mut sender, handles) = (sender.clone(), handles.clone());
        async move {
            let count = u64::try_from(handles.len()).ok()?;
            let handle = handles.get(usize::try_from(n % count).ok()?)?;
            let request = pb::SubmitRequest {
                request_id: format!("bench-{round}-{n}"),
                letter: Some(letter(handle)),
                ..Default::default()
            };
            Some(load::went_well("Submit", &sender.submit(request).await))
        }
    })
    .await)
}
