//! Posting a token to an address that somebody outside named, once.

use http::header::{CONTENT_TYPE, HeaderValue};
use siegel_db::audit::{self, Entry};
use siegel_egress::EgressError;

use super::{App, Failure, kinds};

/// What is posted where, and who asked for it.
pub struct Push {
    pub caller: String,
    pub request_id: String,
    pub url: String,
    pub token: String,
    pub content_type: HeaderValue,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// With 2xx.
    Taken(u16),
    Answered(u16),
    AddressRefused,
    Unreachable,
}

impl Pushed {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Taken(_) => "taken",
            Self::Answered(_) => "answered",
            Self::AddressRefused => "address_refused",
            Self::Unreachable => "unreachable",
        }
    }
}

impl App {
    /// Posts once; the audit line does not name the address.
    pub async fn push(&self, push: Push) -> Result<Pushed, Failure> {
        let pushed = self.post(&push).await;
        let mut tx = self.db.begin().await?;
        let entry = Entry {
            kind: kinds::EVENT_PUSHED,
            actor: &push.caller,
            subject: "",
            level: None,
            outcome: "done",
            request_id: &push.request_id,
            detail: pushed.as_str(),
            at: self.clock.now(),
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        self.committed();
        Ok(pushed)
    }

    async fn post(&self, push: &Push) -> Pushed {
        let request = http::Request::post(&push.url)
            .header(CONTENT_TYPE, push.content_type.clone())
            .body(push.token.clone().into_bytes());
        let Ok(request) = request else { return Pushed::AddressRefused };
        match self.egress.send(request).await {
            Ok(answer) if answer.status.is_success() => Pushed::Taken(answer.status.as_u16()),
            Ok(answer) => Pushed::Answered(answer.status.as_u16()),
            Err(EgressError::NotHttps | EgressError::Refused) => Pushed::AddressRefused,
            Err(EgressError::Call(_) | EgressError::TooLong) => Pushed::Unreachable,
        }
    }
}
