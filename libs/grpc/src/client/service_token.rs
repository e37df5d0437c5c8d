//! The calling service's own tokens, one per audience, renewed a minute before they end.

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
    held: Mutex<HashMap<String, (String, Timestamp)>>,
}

impl ServiceTokens {
    pub(crate) fn new(identity: AuthChannel, clock: Arc<dyn Clock>) -> Self {
        Self { identity, clock, held: Mutex::default() }
    }

    pub(super) async fn get(&self, audience: &str) -> Result<String, Status> {
        // Held while asking: many callers at start need one token, not many.
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        if let Some((token, until)) = held.get(audience)
            && now.plus(EARLY) < *until
        {
            return Ok(token.clone());
        }
        let request = IssueServiceTokenRequest { audience: audience.to_owned() };
        let mut client = SiblingServiceClient::new(self.identity.clone());
        let answer = client.issue_service_token(request).await?.into_inner();
        let until = answer.expires_at.as_ref().map_or(now, convert::instant);
        held.insert(audience.to_owned(), (answer.access_token.clone(), until));
        Ok(answer.access_token)
    }
}
