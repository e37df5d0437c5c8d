use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use siegel_kernel::{Clock, Timestamp};

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Starts at an RFC 3339 instant.
    pub fn at(text: &str) -> Self {
        Self(AtomicI64::new(Timestamp::parse_rfc3339(text).unwrap().as_micros()))
    }

    pub fn advance(&self, span: Duration) {
        let us = i64::try_from(span.as_micros()).unwrap();
        self.0.fetch_add(us, Ordering::SeqCst);
    }

    pub fn set(&self, to: Timestamp) {
        self.0.store(to.as_micros(), Ordering::SeqCst);
    }
}

impl Default for TestClock {
    /// Thursday, 6 March 2025, 11:15 in Berlin.
    fn default() -> Self {
        Self::at("2025-03-06T10:15:00Z")
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
