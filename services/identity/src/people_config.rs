//! Settings of accounts, log-in pages and sessions.

use serde::Deserialize;

/// The table `[identity.people]`. All keys are optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeopleConfig {
    /// Whose log-in pages these are: shown in the header of every page.
    pub name: String,
    /// Passwords hashed at the same time. One takes about 20 ms of CPU and 7 MiB.
    pub password_workers: usize,
    /// Log-ins that may wait for a worker; more are answered 503.
    pub password_queue: usize,
}

impl Default for PeopleConfig {
    fn default() -> Self {
        Self { name: "Siegel".to_owned(), password_workers: 2, password_queue: 64 }
    }
}
