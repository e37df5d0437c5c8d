//! What is open in a mailbox, for who is about to delete it.

use siegel_kernel::{AccountId, Timestamp};
use siegel_proto::convert;
use siegel_proto::postbox::v1::CountOpenMattersRequest;
use siegel_proto::postbox::v1::open_matters_service_client::OpenMattersServiceClient;

use crate::app::failure::Failure;
use crate::state::Identity;

/// Letters, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matters {
    pub unopened: i64,
    pub legal_periods: i64,
    pub due: i64,
    pub held: i64,
    /// All that are there, finished ones as well.
    pub letters: i64,
    pub last_period_ends_at: Option<Timestamp>,
}

impl Matters {
    pub const fn is_empty(&self) -> bool {
        self.unopened == 0 && self.legal_periods == 0 && self.due == 0 && self.held == 0
    }
}

/// Asks the postbox.
pub async fn open(state: &Identity, account: AccountId) -> Result<Matters, Failure> {
    let mut client = OpenMattersServiceClient::new(state.outside.siblings.channel("postbox"));
    let request = CountOpenMattersRequest { account_id: account.to_string() };
    let answer = client.count_open_matters(request).await;
    let answer = answer.map_err(|status| Failure::Sibling("postbox", status))?.into_inner();
    Ok(Matters {
        unopened: answer.unopened,
        legal_periods: answer.legal_periods,
        due: answer.due,
        held: answer.held,
        letters: answer.letters,
        last_period_ends_at: answer.last_period_ends_at.as_ref().map(convert::instant),
    })
}
