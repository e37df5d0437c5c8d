//! What every service agrees on: ids, instants, legal days, trust levels. No I/O, no async.

pub mod berlin;
mod entropy;
mod id;
mod ids;
mod level;
#[cfg(feature = "sqlx")]
mod sql;
mod time;

pub use entropy::{Entropy, EntropyUnavailable};
pub use id::{BadId, IdKind, parse_id, write_id};
pub use ids::{AccountId, GrantId, OrganisationId, OrganisationMailboxId, SessionId};
pub use level::{TrustLevel, UnknownLevel};
pub use time::{Clock, SystemClock, Timestamp};

#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "sqlx")]
    pub use sqlx;
    pub use {serde, uuid};
}
