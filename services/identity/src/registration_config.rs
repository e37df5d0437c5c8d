//! Settings of dynamic registration.

use std::path::PathBuf;

use serde::Deserialize;

/// The table `[identity.registration]`. Without it clients cannot register themselves.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrationConfig {
    /// File with a token that registers any number of clients, of the tenant `default`; besides
    /// those that `siegel admin registration-token new` makes.
    pub initial_access_token_file: Option<PathBuf>,
    /// A client that registered itself can do nothing until an operator approved it; what it
    /// changes later waits as well, and the old registration holds until then.
    pub approval: bool,
}
