//! Which passkeys count for a tenant's clients: by the model of the device, as its maker vouches
//! for it (`WebAuthn` Level 3 §6.5, BSI TR-03107-1).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whether the maker of a device vouches for it (`WebAuthn` §5.4.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attestation {
    #[default]
    None,
    Direct,
}

/// The passkeys that count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasskeyModels {
    /// All of them.
    #[default]
    Any,
    /// Those whose maker vouches for the model.
    Vouched,
    /// Of those, these models, by AAGUID.
    These(Vec<Uuid>),
}

impl PasskeyModels {
    /// Whether makers have to be asked.
    pub const fn asks(&self) -> bool {
        !matches!(self, Self::Any)
    }

    /// Whether a passkey counts; `vouched` is its model, when its maker vouches for it.
    pub fn take(&self, vouched: Option<Uuid>) -> bool {
        match self {
            Self::Any => true,
            Self::Vouched => vouched.is_some(),
            Self::These(models) => vouched.is_some_and(|model| models.contains(&model)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_counts_where_it_is_listed_and_vouched_for() {
        let (one, other) = (Uuid::from_bytes([1; 16]), Uuid::from_bytes([2; 16]));
        let only_one = PasskeyModels::These(vec![one]);
        for (models, vouched, counts) in [
            (&PasskeyModels::Any, None, true),
            (&PasskeyModels::Vouched, None, false),
            (&PasskeyModels::Vouched, Some(other), true),
            (&only_one, Some(one), true),
            (&only_one, Some(other), false),
            (&only_one, None, false),
        ] {
            assert_eq!(models.take(vouched), counts, "{models:?} {vouched:?}");
        }
    }
}
