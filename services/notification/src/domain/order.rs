use std::time::Duration;

use siegel_kernel::Timestamp;

use super::Content;

/// How far an order is. The numbers are those of the wire and of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Queued = 1,
    /// Accepted by the mail server.
    Sent = 2,
    /// Refused for good, or not accepted in time.
    Failed = 3,
    /// No contact is known for the recipient.
    NoContact = 4,
}

impl State {
    const ALL: [Self; 4] = [Self::Queued, Self::Sent, Self::Failed, Self::NoContact];

    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|s| i64::from(s.number()) == number)
    }
}

/// When a mail that no server accepted is given up: notices after 5 days (RFC 5321 §4.5.4.1:
/// "at least 4-5 days"), codes after 15 minutes, when they no longer count.
pub fn give_up_at(content: &Content, ordered_at: Timestamp) -> Timestamp {
    ordered_at.plus(match content {
        Content::Code { .. } => Duration::from_mins(15),
        Content::Notice(_) => Duration::from_hours(5 * 24),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_found_by_its_number() {
        for state in State::ALL {
            assert_eq!(State::from_number(i64::from(state.number())), Some(state));
        }
        assert_eq!(State::from_number(0), None);
    }
}
