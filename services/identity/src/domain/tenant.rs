//! A tenant: a Kommune or authority whose clients people log in to. It decides how its log-in
//! looks and how long a log-in counts for its clients.

use serde::{Deserialize, Serialize};
use siegel_kernel::TrustLevel;
use uuid::Uuid;

use super::ageing::Limits;
use super::passkey_models::{Attestation, PasskeyModels};

/// A tenant as it is configured. A client of an unknown tenant gets the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// `musterstadt`
    pub id: String,
    /// Shown to people.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub logo_uri: Option<String>,
    /// Accent of its pages, `#rrggbb`.
    #[serde(default)]
    pub colour: Option<String>,
    /// A session that logged in to one sector counts for the tenant's other sectors as well. Off:
    /// every sector asks for a credential once (no single sign-on between online services).
    #[serde(default)]
    pub single_sign_on: bool,
    /// No client of the tenant issues anything below this level.
    #[serde(default)]
    pub min_level: Option<TrustLevel>,
    /// How long a log-in counts, where it differs from the defaults; never longer than they.
    #[serde(default)]
    pub session_limits: Vec<LevelLimits>,
    /// With `direct`, only passkeys whose maker vouches for them count for its clients.
    #[serde(default)]
    pub passkey_attestation: Attestation,
    /// Models that count then; every one that is vouched for when empty.
    #[serde(default)]
    pub passkey_aaguids: Vec<Uuid>,
}

/// Limits of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelLimits {
    pub level: TrustLevel,
    pub absolute_minutes: u64,
    pub idle_minutes: u64,
}

impl Tenant {
    /// The limits of a level for this tenant's clients: its own, cut to the common ones.
    pub fn limits(&self, level: TrustLevel) -> Limits {
        Limits::within(&self.session_limits, level)
    }

    /// The passkeys that count for this tenant's clients.
    pub fn passkeys(&self) -> PasskeyModels {
        match self.passkey_attestation {
            Attestation::None => PasskeyModels::Any,
            Attestation::Direct if self.passkey_aaguids.is_empty() => PasskeyModels::Vouched,
            Attestation::Direct => PasskeyModels::These(self.passkey_aaguids.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_may_shorten_a_session_and_never_lengthen_it() {
        let own = |absolute_minutes, idle_minutes| Tenant {
            session_limits: vec![LevelLimits {
                level: TrustLevel::High,
                absolute_minutes,
                idle_minutes,
            }],
            ..Tenant::default()
        };
        let shorter = own(10, 2).limits(TrustLevel::High);
        assert_eq!((shorter.absolute.as_secs(), shorter.idle.as_secs()), (600, 120));
        assert_eq!(own(9_000, 9_000).limits(TrustLevel::High), Limits::of(TrustLevel::High));
        assert_eq!(own(1, 1).limits(TrustLevel::Basic), Limits::of(TrustLevel::Basic));
    }
}
