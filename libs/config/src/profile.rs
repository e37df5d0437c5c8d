use serde::{Deserialize, Serialize};

/// What a deployment is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Test doubles, generated keys and a movable clock are allowed; http only on loopback.
    Sandbox,
    /// None of these: the start fails and says which line to change.
    #[default]
    Production,
}

impl Profile {
    pub const fn is_production(self) -> bool {
        matches!(self, Self::Production)
    }
}
