//! What the use cases beyond decisions work with.

use std::sync::Arc;
use std::time::Duration;

use siegel_db::outbox::Outbox;
use siegel_grpc::Siblings;
use siegel_kernel::Clock;

use super::{App, Failure, Refusal, Vault};
use crate::ports::certificates::Authorities;

/// Surroundings and settings. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// Days, weeks, periods; the sandbox can move it.
    pub legal_clock: Arc<dyn Clock>,
    pub outbox: Outbox,
    pub siblings: Siblings,
    /// Where the suite is, without a slash at the end.
    pub origin: Arc<str>,
    /// `None` without a key: nothing that names persons can be kept then.
    pub vault: Option<Vault>,
    /// Who certificates of organisations may come from; `None`: nobody.
    pub authorities: Option<Authorities>,
    pub cooling_period: Duration,
    pub invitation_lifetime: Duration,
    /// Who sends the letters, as their return line says it.
    pub letter_sender: Arc<str>,
}

impl App {
    pub(super) fn vault(&self) -> Result<&Vault, Failure> {
        self.desk.vault.as_ref().ok_or(Failure::Refused(Refusal::KeyMissing))
    }
}
