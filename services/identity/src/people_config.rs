//! Settings of accounts, log-in pages and sessions.

use serde::Deserialize;

/// The table `[identity.people]`. All keys are optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeopleConfig {
    /// Whose log-in pages these are: shown in the header of every page.
    pub name: String,
    /// Credentials people may use here: `pwd` password, `otp` one-time password, `hwk` passkey,
    /// `sc` identity card. A client may take fewer. A level that none of them reaches is refused.
    pub methods: Vec<String>,
    /// Passwords hashed at the same time. One takes about 20 ms of CPU and 7 MiB.
    pub password_workers: usize,
    /// Log-ins that may wait for a worker; more are answered 503.
    pub password_queue: usize,
}

impl Default for PeopleConfig {
    fn default() -> Self {
        Self {
            name: "Siegel".to_owned(),
            methods: ["pwd", "otp", "hwk", "sc"].map(str::to_owned).to_vec(),
            password_workers: 2,
            password_queue: 64,
        }
    }
}
