//! What is open of a mailbox whose owner thinks of leaving.

use siegel_kernel::Timestamp;

/// Letters, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenMatters {
    pub unopened: i64,
    /// Their legal effect is still to come, or they await a confirmation.
    pub legal_periods: i64,
    /// They ask for something until a day that is not over.
    pub due: i64,
    pub held: i64,
    /// With content, or not over yet.
    pub letters: i64,
    pub last_period_ends_at: Option<Timestamp>,
}
