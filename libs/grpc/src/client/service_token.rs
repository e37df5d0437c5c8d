//! The calling service's own tokens, one per audience, renewed a minute before they end, and when
//! the clock was set back: a token from the future is refused.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use siegel_kernel::{Clock, Timestamp};
use siegel_proto::convert;
use siegel_proto::identity::v1::IssueServiceTokenRequest;
use siegel_proto::identity::v1::sibling_service_client::SiblingServiceClient;
use tokio::sync::Mutex;
use tonic::Status;

use super::AuthChannel;

const EARLY: Duration = Duration::from_mins(1);

pub(crate) struct ServiceTokens {
    /// To identity, known by the certificate alone.
    identity: AuthChannel,
    clock: Arc<dyn Clock>,
    held: Mutex<HashMap<String, Held>>,
}

struct Held {
    token: String,
    since: Timestamp,
    until: Timestamp,
}

impl Held {
    fn is_good(&self, now: Timestamp) -> bool {
        self.since <= now && now.plus(EARLY) < self.until
    }
}

impl ServiceTokens {
    pub(crate) fn new(identity: AuthChannel, clock: Arc<dyn Clock>) -> Self {
        Self { identity, clock, held: Mutex::default() }
    }

    pub(super) async fn get(&self, audience: &str) -> Result<String, Status> {
        // Held while asking: many callers at start need one token, not many.
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        if let Some(held) = held.get(audience).filter(|held| held.is_good(now)) {
            return Ok(held.token.clone());
        }
        let request = IssueServiceTokenRequest { audience: audience.to_owned() };
        let mut client = SiblingServiceClient::new(self.identity.clone());
        let answer = client.issue_service_token(request).await?.into_inner();
        let until = answer.expires_at.as_ref().map_or(now, convert::instant);
        let token = answer.access_token;
        held.insert(audience.to_owned(), Held { token: token.clone(), since: now, until });
        Ok(token)
    }
}
