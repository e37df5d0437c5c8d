//! The authority and the person, with tokens that are good.

use std::sync::Arc;
use std::time::{Duration, Instant};

use siegel::demo::{Authority, File, LoggedIn, Timeline, attachments, log_in};
use siegel_e2e::Suite;
use siegel_grpc::AuthChannel;
use siegel_kernel::{Clock, Timestamp};
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use siegel_proto::postbox::v1::sender_service_client::SenderServiceClient;
use siegel_proto::postbox::v1::upload_service_client::UploadServiceClient;

/// A token is good for five minutes; a fault may take one of them.
const FRESH: Duration = Duration::from_mins(3);
/// How long tokens may be refused after a fault.
const PATIENCE: Duration = Duration::from_mins(1);

/// Cheap to clone.
#[derive(Clone)]
pub struct Clients {
    pub origin: String,
    pub sender: SenderServiceClient<AuthChannel>,
    pub uploads: UploadServiceClient<AuthChannel>,
    pub mailbox: MailboxServiceClient<AuthChannel>,
    pub handle: String,
    pub files: Arc<Vec<File>>,
    clock: Arc<dyn Clock>,
    since: Timestamp,
}

impl Clients {
    pub async fn new(suite: &Suite) -> anyhow::Result<Self> {
        let (origin, credentials) = (suite.origin(), suite.credentials()?);
        let clock = credentials.net().clock();
        let authority = Authority::connect(&origin, &credentials).await?;
        let person: LoggedIn = log_in(&origin, &credentials, &mut Timeline::new(true)).await?;
        Ok(Self {
            sender: authority.sender(),
            uploads: authority.uploads(),
            mailbox: MailboxServiceClient::new(person.channel(&origin)?),
            handle: person.handle,
            files: Arc::new(attachments(&[])?),
            origin,
            since: clock.now(),
            clock,
        })
    }

    /// Gets tokens anew when those at hand are old, or from the future: the clock was set back.
    /// The suite may have come back a moment ago.
    pub async fn renew(&mut self, suite: &Suite) -> anyhow::Result<()> {
        let now = self.clock.now();
        if self.since <= now && now.since(self.since) < FRESH {
            return Ok(());
        }
        let started = Instant::now();
        loop {
            match Self::new(suite).await {
                Ok(renewed) => {
                    *self = renewed;
                    return Ok(());
                }
                Err(error) if started.elapsed() > PATIENCE => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    }
}
