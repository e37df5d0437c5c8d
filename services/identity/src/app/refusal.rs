//! Refusals in the audit trail, in transactions of their own. Whoever is refused can come again as
//! often as it likes: the trail keeps the first of a kind in each minute and counts the rest.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use siegel_db::{StoreError, audit};
use siegel_kernel::Timestamp;

use super::connection;
use super::endpoint::EndpointError;
use crate::domain::oauth::{OAuthError, Refused};
use crate::state::Identity;

/// Lines of one kind and reason in one minute of one process.
const MOST: u32 = 20;
const MINUTE: Duration = Duration::from_mins(1);

/// Part of a log-in that goes well: nothing was attempted that should not be.
const fn is_ordinary(error: OAuthError) -> bool {
    matches!(
        error,
        OAuthError::UseDpopNonce
            | OAuthError::LoginRequired
            | OAuthError::InteractionRequired
            | OAuthError::ConsentRequired
            | OAuthError::TemporarilyUnavailable
            | OAuthError::ServerError
    )
}

/// Of which kind a refusal was, its error and its sentence.
type Name = (String, &'static str, &'static str);

#[derive(Clone, Copy, Debug)]
struct Window {
    since: Timestamp,
    written: u32,
    /// Refusals beside those written.
    more: u32,
}

/// Whose refusals are counted together: all of them, or those of one network.
type Source = Vec<u8>;

/// How many refusals this process wrote in the running minute. Names come from a fixed list, so
/// there are few of each source.
#[derive(Debug, Default)]
pub struct Refusals {
    windows: Mutex<HashMap<(Source, Name), Window>>,
}

impl Refusals {
    /// Whether this refusal gets a line of its own.
    fn note(&self, source: &[u8], name: &Name, now: Timestamp) -> bool {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Window { since: now, written: 0, more: 0 };
        let window = windows.entry((source.to_vec(), name.clone())).or_insert(fresh);
        if window.written < MOST {
            window.written += 1;
            return true;
        }
        window.more = window.more.saturating_add(1);
        false
    }

    /// Takes out the minutes that are over, with the number of lines that were not written.
    fn over(&self, now: Timestamp) -> Vec<(Name, u32)> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counted = Vec::new();
        windows.retain(|(_, name), window| {
            let running = now < window.since.plus(MINUTE);
            if !running && window.more > 0 {
                counted.push((name.clone(), window.more));
            }
            running
        });
        counted
    }
}

/// Writes that a request was refused; who sent it is not proven, so nobody is named.
pub async fn record(state: &Identity, kind: &str, refused: Refused) {
    if is_ordinary(refused.error) {
        return;
    }
    let now = state.now();
    let over = state.refusals.over(now);
    let name = (kind.to_owned(), refused.error.as_str(), refused.description);
    let lines = if state.refusals.note(&[], &name, now) { vec![name] } else { Vec::new() };
    report(write(state, &lines, &over, now).await);
}

/// Whether the refusal of a log-in gets a line of its own, which names the account: not beyond the
/// first of its reason from one network in a minute. Where networks cannot be told apart all do.
pub fn is_written(
    state: &Identity,
    kind: &str,
    reason: &'static str,
    detail: &'static str,
    now: Timestamp,
) -> bool {
    let Some(network) = connection::network() else { return true };
    state.refusals.note(&network, &(kind.to_owned(), reason, detail), now)
}

/// The same for what an endpoint answered.
pub async fn record_error(state: &Identity, kind: &str, error: &EndpointError) {
    if !error.is_fault() {
        record(state, kind, error.told()).await;
    }
}

/// Writes the counts of minutes that are over; for the sweeper.
pub async fn settle(state: &Identity) {
    let now = state.now();
    let over = state.refusals.over(now);
    report(write(state, &[], &over, now).await);
}

fn report(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::error!(error = &error as &dyn Error, "a refusal is missing in the audit trail");
    }
}

async fn write(
    state: &Identity,
    lines: &[Name],
    over: &[(Name, u32)],
    at: Timestamp,
) -> Result<(), StoreError> {
    if lines.is_empty() && over.is_empty() {
        return Ok(());
    }
    let mut tx = state.outside.db.begin().await?;
    let counted = over.iter().map(|(name, more)| (name, format!("{more} more: {}", name.2)));
    let single = lines.iter().map(|name| (name, name.2.to_owned()));
    for (name, detail) in counted.chain(single) {
        let entry = audit::Entry {
            kind: &name.0,
            actor: "anyone",
            subject: "",
            level: None,
            outcome: name.1,
            request_id: "",
            detail: &detail,
            at,
        };
        audit::record(&mut tx, &entry).await?;
    }
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(detail: &'static str) -> Name {
        ("identity.token.refused".to_owned(), "invalid_client", detail)
    }

    #[test]
    fn after_twenty_lines_of_a_kind_the_rest_of_the_minute_is_counted() {
        let refusals = Refusals::default();
        let (start, later) = (Timestamp::from_seconds(100), Timestamp::from_seconds(160));
        let written = (0..100).filter(|_| refusals.note(&[], &name("a"), start)).count();
        assert_eq!(written, 20);
        assert!(refusals.note(&[], &name("b"), start), "another reason has its own count");
        assert!(refusals.note(&[4], &name("a"), start), "and another source");
        assert_eq!(refusals.over(Timestamp::from_seconds(159)), []);
        assert_eq!(refusals.over(later), [(name("a"), 80)]);
        assert_eq!(refusals.over(later), [], "counted once");
        assert!(refusals.note(&[], &name("a"), later), "a new minute");
    }
}
