//! `WatchMailbox`: news until nobody listens.

use std::time::Duration;

use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1 as pb;
use tokio::sync::mpsc;
use tonic::Status;

use super::{cases, convert, status};
use crate::app::Postbox;
use crate::app::acting::HOLDS;
use crate::app::events::write_cursor;
use crate::app::reader::ReadError;
use crate::app::watch::{MailboxNews, Shown, Watcher};

/// Messages made before the reader takes one: a slow one holds no more than this.
pub const AHEAD: usize = 16;
/// The least time between two looks: every event of every mailbox wakes every watcher, and people
/// do not see the difference.
const PAUSE: Duration = Duration::from_millis(200);

/// Tells news until nobody listens or the right to read is gone.
pub async fn watch(
    postbox: &Postbox,
    mut watcher: Watcher,
    mut position: i64,
    out: &mpsc::Sender<Result<pb::WatchMailboxResponse, Status>>,
) -> Result<(), Status> {
    let mut head = postbox.feed.head();
    let mut caught_up = false;
    loop {
        // Seen before reading: what is numbered meanwhile wakes the wait below.
        head.borrow_and_update();
        postbox.may_still_watch(&mut watcher).await.map_err(|e| status::read(&e))?;
        let found = postbox.mailbox_news(&watcher, position).await;
        let (news, reached) = found.map_err(|e| status::events(&e))?;
        let quiet = reached == position;
        for one in news {
            let lag = postbox.now().legal.since(one.occurred_at);
            let lag_ms = i64::try_from(lag.as_millis()).unwrap_or(i64::MAX);
            let message = message(postbox, &watcher, one.position, Some((one, lag_ms))).await?;
            if out.send(Ok(message)).await.is_err() {
                return Ok(());
            }
        }
        position = reached;
        if !quiet {
            continue;
        }
        let mut over = None;
        // The first heartbeat comes at once, with the counts.
        let first = !std::mem::replace(&mut caught_up, true);
        let woken = tokio::select! {
            () = std::future::ready(()), if first => false,
            changed = head.changed() => changed.is_ok(),
            () = still_allowed(postbox, &mut watcher, &mut over) => false,
            () = out.closed() => return Ok(()),
        };
        if let Some(refused) = over {
            return Err(status::read(&refused));
        }
        if woken {
            tokio::time::sleep(PAUSE).await;
        } else if out.send(Ok(message(postbox, &watcher, position, None).await?)).await.is_err() {
            return Ok(());
        }
    }
}

/// Waits for the time of the next heartbeat. Whoever watches for others is asked about meanwhile, so
/// that the stream ends within a second of the right.
async fn still_allowed(postbox: &Postbox, watcher: &mut Watcher, over: &mut Option<ReadError>) {
    let heartbeat = tokio::time::Instant::now() + postbox.limits.heartbeat();
    while watcher.acts_for_others() {
        // A little later than an answer holds: the check below would wait for the next turn.
        let next = tokio::time::Instant::now() + HOLDS + Duration::from_millis(20);
        if next >= heartbeat {
            break;
        }
        tokio::time::sleep_until(next).await;
        if let Err(refused) = postbox.may_still_watch(watcher).await {
            *over = Some(refused);
            return;
        }
    }
    tokio::time::sleep_until(heartbeat).await;
}

async fn message(
    postbox: &Postbox,
    watcher: &Watcher,
    position: i64,
    news: Option<(MailboxNews, i64)>,
) -> Result<pb::WatchMailboxResponse, Status> {
    let counts = postbox.watched_counts(watcher).await.map_err(|e| status::read(&e))?;
    let (news, lag_ms) = news.map_or((None, 0), |(news, lag_ms)| (Some(wire(news)), lag_ms));
    Ok(pb::WatchMailboxResponse {
        news,
        cursor: write_cursor(position),
        lag_ms,
        counts: Some(pb::MailboxCounts {
            inbox: counts.inbox,
            archive: counts.archive,
            trash: counts.trash,
            unread: counts.unread,
        }),
    })
}

fn wire(news: MailboxNews) -> pb::MailboxNews {
    let (letter, case_update) = match news.shown {
        Shown::Letter(summary) => (Some(convert::summary(*summary)), None),
        Shown::Case(case) => (None, Some(cases::update(*case))),
    };
    pb::MailboxNews {
        kind: news.kind,
        occurred_at: Some(timestamp(news.occurred_at)),
        letter,
        case_update,
    }
}
