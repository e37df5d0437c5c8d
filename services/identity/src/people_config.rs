//! Settings of accounts, log-in pages and sessions.

use std::path::PathBuf;

use serde::Deserialize;

use crate::deletion_config::DeletionConfig;
use crate::passkeys::PasskeyConfig;

/// The table `[identity.people]`. All keys are optional.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeopleConfig {
    /// Whose log-in pages these are: shown in the header of every page.
    pub name: String,
    /// Credentials people may use here: `pwd` password, `otp` one-time password, `hwk` passkey,
    /// `x509` certificate, `fed` account of another, `sc` identity card. A client may take fewer. A level that none of them reaches is refused.
    pub methods: Vec<String>,
    /// Passwords hashed at the same time. One takes about 20 ms of CPU and 7 MiB.
    pub password_workers: usize,
    /// Log-ins that may wait for a worker; more are answered 503.
    pub password_queue: usize,
    /// Passwords nobody may choose: one per line, or lines `SHA1[:count]` sorted by hash.
    pub breached_passwords_file: Option<PathBuf>,
    /// Address of a range service that is asked `GET {url}/{first five digits of the SHA-1}`; its
    /// host must be reachable by the rules of `egress`. Nobody is asked when absent.
    pub breached_passwords_url: Option<String>,
    /// Mails with codes that one network (/24, of IPv6 /64) can order within an hour; 0 sets no
    /// limit. Callers behind a proxy are told apart when `listen.trusted_proxies` names it.
    pub mails_per_network: u32,
    /// `[identity.people.passkeys]`
    pub passkeys: PasskeyConfig,
    /// `[identity.people.deletion]`
    pub deletion: DeletionConfig,
}

impl Default for PeopleConfig {
    fn default() -> Self {
        Self {
            name: "Siegel".to_owned(),
            methods: ["pwd", "otp", "hwk", "x509", "fed", "sc"].map(str::to_owned).to_vec(),
            password_workers: 2,
            password_queue: 64,
            breached_passwords_file: None,
            breached_passwords_url: None,
            mails_per_network: 30,
            passkeys: PasskeyConfig::default(),
            deletion: DeletionConfig::default(),
        }
    }
}
