use std::time::Duration;

use siegel_kernel::Timestamp;
use url::Url;

use crate::domain::Claim;

siegel_kernel::typed_id! {
    /// One identification. Travels through the browser, so it is random.
    SessionId = "eis", random
}

/// From the start to the fetched result.
pub const LIFETIME: Duration = Duration::from_mins(10);

/// What is asked of the person.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: SessionId,
    pub claims: Vec<Claim>,
    /// Shown before the PIN.
    pub purpose: String,
    /// Lies under the suite's origin.
    pub return_url: Url,
    /// `de` or `en`.
    pub locale: &'static str,
}

/// How an identification ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// `reference` is what the source needs to give the result again.
    Identified {
        reference: String,
    },
    Cancelled,
    Failed,
}

/// A running or ended identification.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub claims: Vec<Claim>,
    pub purpose: String,
    pub return_url: Url,
    /// PINs that did not open the card.
    pub wrong_pins: u32,
    /// `None` while the person is not done.
    pub ending: Option<(Ending, Timestamp)>,
    /// SHA-256 of the ticket that went to the browser in front of the card.
    pub ticket_hash: Option<Vec<u8>>,
}

impl Session {
    /// Where the browser goes when the person is done: the return URL with `eid_session`, and the
    /// ticket that only this browser gets.
    pub fn way_back(&self, ticket: &str) -> Url {
        let mut url = self.return_url.clone();
        url.query_pairs_mut()
            .append_pair("eid_session", &self.id.to_string())
            .append_pair("eid_ticket", ticket);
        url
    }
}

impl Ending {
    /// The word in the database and in metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Identified { .. } => "identified",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

/// Reads a return URL; `None` unless it lies under `origin` and has neither user information nor
/// fragment. Anything else would make us an open redirector.
pub fn return_address(origin: &Url, text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (plain && url.origin() == origin.origin()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(text: &str) -> bool {
        return_address(&Url::parse("http://localhost:8080").unwrap(), text).is_some()
    }

    #[test]
    fn a_return_url_must_lie_under_the_origin() {
        assert!(accepted("http://localhost:8080/login/abc/eid?x=1"));
        for foreign in [
            "http://localhost:8081/",
            "https://localhost:8080/",
            "http://localhost:8080.evil.example/",
            "http://localhost:8080@evil.example/",
            "http://user@localhost:8080/",
            "//localhost:8080/",
            "/login",
            "javascript:alert(1)",
            "http://localhost:8080/#a",
        ] {
            assert!(!accepted(foreign), "{foreign}");
        }
    }
}
