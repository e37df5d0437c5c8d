//! Between wire values and kernel values.

use siegel_kernel::{Timestamp, TrustLevel};

use crate::common::v1 as pb;

impl From<TrustLevel> for pb::TrustLevel {
    fn from(level: TrustLevel) -> Self {
        match level {
            TrustLevel::Basic => Self::Basic,
            TrustLevel::Low => Self::Low,
            TrustLevel::Substantial => Self::Substantial,
            TrustLevel::High => Self::High,
        }
    }
}

impl pb::TrustLevel {
    /// `None` for `UNSPECIFIED`.
    pub fn kernel(self) -> Option<TrustLevel> {
        TrustLevel::try_from(i64::from(self as i32)).ok()
    }
}

/// The level behind a wire number; `None` when unspecified or unknown.
pub fn level(number: i32) -> Option<TrustLevel> {
    TrustLevel::try_from(i64::from(number)).ok()
}

/// An instant for the wire.
pub fn timestamp(at: Timestamp) -> pbjson_types::Timestamp {
    let nanos = at.as_micros().rem_euclid(1_000_000) * 1_000;
    pbjson_types::Timestamp {
        seconds: at.as_seconds(),
        nanos: i32::try_from(nanos).unwrap_or_default(),
    }
}

/// An instant from the wire, cut to the microsecond.
pub fn instant(at: &pbjson_types::Timestamp) -> Timestamp {
    Timestamp::from_micros(
        at.seconds.saturating_mul(1_000_000).saturating_add(i64::from(at.nanos) / 1_000),
    )
}
