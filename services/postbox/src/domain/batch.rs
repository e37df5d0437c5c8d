//! Letters that are delivered together or not at all: what may be done with a batch in which state.

use std::time::Duration;

/// Letters added in one call.
pub const AT_ONCE: usize = 500;
/// How long a batch waits for its commit.
pub const OPEN_FOR: Duration = Duration::from_hours(24);

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchState {
    Open,
    /// Every letter of it is or will be delivered.
    Committed,
    Delivered,
    Cancelled,
}

/// What the state of a batch does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the batch was committed")]
    Committed,
    #[error("the batch was cancelled, or its time was over")]
    Cancelled,
    #[error("{refused} letters of the batch were refused")]
    Incomplete { refused: i64 },
    #[error("there is no letter in the batch")]
    Empty,
}

impl BatchState {
    const ALL: [Self; 4] = [Self::Open, Self::Committed, Self::Delivered, Self::Cancelled];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Committed => "committed",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// Letters can be added.
    pub fn add(self) -> Result<(), Refusal> {
        match self {
            Self::Open => Ok(()),
            Self::Committed | Self::Delivered => Err(Refusal::Committed),
            Self::Cancelled => Err(Refusal::Cancelled),
        }
    }

    /// `true` when it is to be committed now, `false` when it was before.
    pub fn commit(
        self,
        (waiting, refused): (i64, i64),
        without_refused: bool,
    ) -> Result<bool, Refusal> {
        match self {
            Self::Committed | Self::Delivered => Ok(false),
            Self::Cancelled => Err(Refusal::Cancelled),
            Self::Open if refused > 0 && !without_refused => Err(Refusal::Incomplete { refused }),
            Self::Open if waiting == 0 => Err(Refusal::Empty),
            Self::Open => Ok(true),
        }
    }

    /// `true` when it is to be cancelled now, `false` when it was before.
    pub fn cancel(self) -> Result<bool, Refusal> {
        match self {
            Self::Open => Ok(true),
            Self::Cancelled => Ok(false),
            Self::Committed | Self::Delivered => Err(Refusal::Committed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_with_refused_letters_is_committed_only_when_the_caller_says_so() {
        let open = BatchState::Open;
        assert_eq!(open.commit((3, 0), false), Ok(true));
        assert_eq!(open.commit((3, 2), false), Err(Refusal::Incomplete { refused: 2 }));
        assert_eq!(open.commit((3, 2), true), Ok(true));
        assert_eq!(open.commit((0, 2), true), Err(Refusal::Empty));
    }

    #[test]
    fn what_was_committed_is_never_cancelled_and_the_other_way_round() {
        for done in [BatchState::Committed, BatchState::Delivered] {
            assert_eq!(done.commit((0, 0), false), Ok(false));
            assert_eq!(done.cancel(), Err(Refusal::Committed));
            assert_eq!(done.add(), Err(Refusal::Committed));
        }
        let gone = BatchState::Cancelled;
        assert_eq!(gone.cancel(), Ok(false));
        assert_eq!(gone.commit((3, 0), false), Err(Refusal::Cancelled));
        assert_eq!(gone.add(), Err(Refusal::Cancelled));
    }

    #[test]
    fn every_state_has_one_name() {
        for state in BatchState::ALL {
            assert_eq!(BatchState::parse(state.as_str()), Some(state));
        }
    }
}
