use siegel_db::{Attempt, IdempotencyKey, StoreError, audit, begin_request, finish_request};
use siegel_kernel::EntropyUnavailable;

use super::App;
use crate::domain::{Claim, Order, SessionId, return_address};
use crate::ports::SourceError;
use crate::store::sessions;

/// Characters of a purpose that fit on the page before the PIN.
const PURPOSE_MAX: usize = 200;
/// Characters of a client-chosen request id.
const REQUEST_ID_MAX: usize = 128;

/// An order as it came in.
#[derive(Clone, Copy, Debug)]
pub struct StartIdentification<'a> {
    /// The calling sibling.
    pub caller: &'a str,
    pub request_id: &'a str,
    pub digest: [u8; 32],
    pub attributes: &'a [String],
    pub purpose: &'a str,
    pub return_url: &'a str,
    pub locale: &'a str,
}

/// Where the person goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub session: SessionId,
    pub browser_url: String,
}

/// The identification does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartRefusal {
    #[error("no source of identities is configured")]
    NoSource,
    #[error("{field} is malformed: {problem}")]
    Field { field: &'static str, problem: &'static str },
    #[error("the request id was used for another request")]
    RequestIdReused,
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error("storing the identification failed")]
    Store(#[from] StoreError),
}

impl App {
    /// Opens a session and prepares the source.
    #[tracing::instrument(name = "eid.start", skip_all)]
    pub async fn start(&self, order: StartIdentification<'_>) -> Result<Started, StartRefusal> {
        let source = self.source.as_ref().ok_or(StartRefusal::NoSource)?;
        let StartIdentification { caller, request_id, digest, .. } = order;
        let order = self.checked(order)?;
        // Prepared before the transaction, for it may be a call to an eID server; a repeated
        // request forgets what was prepared for it.
        let browser_url = source.start(&order).await?;
        let started = Started { session: order.id, browser_url };

        let now = self.clock.now();
        let key = IdempotencyKey { caller, request_id, digest };
        let mut tx = self.db.begin().await?;
        match begin_request(&mut tx, &key, now).await? {
            Attempt::Fresh => {}
            Attempt::Repeated(answer) => return Ok(Started::from_bytes(&answer)?),
            Attempt::Conflict => return Err(StartRefusal::RequestIdReused),
        }
        sessions::add(&mut tx, &order, caller, now).await?;
        finish_request(&mut tx, &key, &started.to_bytes()).await?;
        let entry = audit::Entry {
            kind: "eid.identification.started",
            actor: caller,
            subject: &order.id.to_string(),
            level: None,
            outcome: "done",
            request_id,
            detail: source.name(),
            at: now,
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(started)
    }

    fn checked(&self, order: StartIdentification<'_>) -> Result<Order, StartRefusal> {
        let bad = |field, problem| StartRefusal::Field { field, problem };
        if order.request_id.is_empty() || order.request_id.chars().count() > REQUEST_ID_MAX {
            return Err(bad("request_id", "must have 1 to 128 characters"));
        }
        let claims = Claim::parse_list(order.attributes.iter().map(String::as_str))
            .ok_or_else(|| bad("attributes", "names a claim that no card holds"))?;
        let purpose = order.purpose.trim();
        if purpose.is_empty() || purpose.chars().count() > PURPOSE_MAX {
            return Err(bad("purpose", "must have 1 to 200 characters"));
        }
        if purpose.chars().any(char::is_control) {
            return Err(bad("purpose", "must be one line of text"));
        }
        let return_url = return_address(&self.origin, order.return_url)
            .ok_or_else(|| bad("return_url", "must lie under the suite's own origin"))?;
        let locale = match order.locale {
            "" | "de" => "de",
            "en" => "en",
            _ => return Err(bad("locale", "must be de or en")),
        };
        let id = SessionId::new(&*self.clock, &*self.entropy)?;
        Ok(Order { id, claims, purpose: purpose.to_owned(), return_url, locale })
    }
}

impl Started {
    /// How the answer to a repeated request is kept.
    fn to_bytes(&self) -> Vec<u8> {
        format!("{} {}", self.session, self.browser_url).into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let read = || {
            let (session, url) = std::str::from_utf8(bytes).ok()?.split_once(' ')?;
            Some(Self { session: session.parse().ok()?, browser_url: url.to_owned() })
        };
        read().ok_or_else(|| StoreError::corrupt("answer of a started identification"))
    }
}
