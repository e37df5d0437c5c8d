//! Keeping a provider's answer. It is looked at only when it belongs to a log-in that this browser
//! began at this very provider.

use serde::{Deserialize, Serialize};
use siegel_crypto::{same_bytes, sha256};
use url::form_urlencoded;

use super::{refused, seal};
use crate::app::failure::Failure;
use crate::state::Identity;
use crate::store::upstream_logins::{self, Purpose, UpstreamLoginId};

/// An answer as it is kept.
#[derive(Default, Serialize, Deserialize)]
pub struct Answer {
    pub code: Option<String>,
    pub error: Option<String>,
    pub iss: Option<String>,
}

/// A browser at a callback.
#[derive(Clone, Copy)]
pub struct Came<'a> {
    /// The provider whose callback it is.
    pub upstream: &'a str,
    pub query: &'a str,
    /// SHA-256 of its cookies: of its requests, and of its session.
    pub browser: Option<[u8; 32]>,
    pub session: Option<[u8; 32]>,
}

/// Keeps the answer, once: under which id, for what. `None` when no log-in of this browser at this
/// provider waits for it; then nothing changes but the audit trail.
pub async fn keep(
    state: &Identity,
    came: Came<'_>,
) -> Result<Option<(UpstreamLoginId, Purpose)>, Failure> {
    let now = state.now();
    let kept = match read(came.query) {
        Some((oauth_state, answer)) => {
            let mut tx = state.outside.db.begin().await?;
            let hash = sha256(oauth_state.as_bytes());
            let waiting = upstream_logins::sent(&mut tx, came.upstream, &hash, now).await?;
            let own = waiting.filter(|login| {
                let cookie = match login.purpose {
                    Purpose::Request(_) => came.browser,
                    Purpose::Link(_) | Purpose::Claim(..) => came.session,
                };
                cookie.is_some_and(|cookie| same_bytes(&cookie, &login.browser))
            });
            match own {
                Some(login) => {
                    let sealed = seal(&state.people.keys, "answer", login.id, &answer)?;
                    let first = upstream_logins::answer(&mut tx, login.id, &sealed).await?;
                    tx.commit().await?;
                    first.then_some((login.id, login.purpose))
                }
                None => None,
            }
        }
        None => None,
    };
    if kept.is_none() {
        refused(state, known_word(came.upstream), None, "UPSTREAM_UNKNOWN_STATE", now).await?;
    }
    Ok(kept)
}

/// `state` and what came with it; `None` when something is missing or there twice (RFC 6749 §3.1).
fn read(query: &str) -> Option<(String, Answer)> {
    let mut oauth_state = None;
    let mut answer = Answer::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let place = match &*name {
            "state" => &mut oauth_state,
            "code" => &mut answer.code,
            "error" => &mut answer.error,
            "iss" => &mut answer.iss,
            _ => continue,
        };
        if place.replace(value.into_owned()).is_some() {
            return None;
        }
    }
    // One of the two, never both (RFC 6749 §4.1.2).
    (answer.code.is_some() != answer.error.is_some()).then_some((oauth_state?, answer))
}

/// A provider's id as it may stand in the audit trail: whoever calls writes it.
fn known_word(id: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    if id.len() <= 64 && id.bytes().all(plain) { id } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_state_and_either_a_code_or_an_error_each_once() {
        let (state, answer) =
            read("code=c%20d&state=s&iss=https%3A%2F%2Fb&session_state=x").unwrap();
        assert_eq!(state, "s");
        assert_eq!(answer.code.as_deref(), Some("c d"));
        assert_eq!(answer.iss.as_deref(), Some("https://b"));
        for bad in [
            "",
            "code=c",
            "state=s",
            "code=c&error=e&state=s",
            "code=c&code=d&state=s",
            "code=c&state=s&state=t",
            "code=c&state=s&iss=a&iss=b",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
