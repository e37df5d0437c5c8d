//! What an auditor knows of the log, and from whom.

use siegel_crypto::load_ed25519_key;
use siegel_kernel::Timestamp;
use siegel_log::{NoteVerifier, Policy};

use super::audit::AuditError;
use crate::config::Config;
use crate::store::log::HeadRow;

/// What an auditor brings along.
#[derive(Clone, Copy, Debug, Default)]
pub struct Brought<'a> {
    /// The log's key as the auditor knows it; without one, that of the policy or of the key file.
    pub key: Option<&'a str>,
    /// Signed checkpoints of earlier days.
    pub remembered: &'a [String],
    /// Which witnesses must have cosigned the log, and the current time.
    pub witnesses: Option<(&'a Policy, Timestamp)>,
}

impl Brought<'_> {
    /// The key that checkpoints are verified with. A policy that is about other logs says nothing
    /// about this one.
    pub(super) fn log_key(
        &self,
        config: &Config,
        head: &HeadRow,
    ) -> Result<NoteVerifier, AuditError> {
        let name = head.verifier_key.split('+').next().unwrap_or_default();
        let logs = self.witnesses.map(|(policy, _)| policy.logs());
        let key = match (self.key, logs) {
            (Some(key), _) => NoteVerifier::parse(key.trim())?,
            (None, Some(logs)) => {
                let own = logs.iter().find(|log| log.name() == name);
                own.ok_or(AuditError::OtherPolicy)?.clone()
            }
            (None, None) => {
                let file = config.log_signing_key_file.as_deref().ok_or(AuditError::Off)?;
                let key = load_ed25519_key(file, false).map_err(AuditError::Key)?;
                NoteVerifier::new(name, *key.public_key())?
            }
        };
        if logs.is_some_and(|logs| !logs.contains(&key)) {
            Err(AuditError::OtherPolicy)
        } else {
            Ok(key)
        }
    }
}
