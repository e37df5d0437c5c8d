/// How far an order is. The numbers are those of the wire and of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Queued = 1,
    /// The mail server took it.
    Sent = 2,
    /// The mail server refused it for good, or nobody took it in time.
    Failed = 3,
    /// The recipient has no address.
    NoContact = 4,
    /// A reminder of what was done meanwhile.
    NotNeeded = 50,
}

impl State {
    const ALL: [Self; 5] =
        [Self::Queued, Self::Sent, Self::Failed, Self::NoContact, Self::NotNeeded];

    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| i64::from(state.number()) == number)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::NoContact => "no_contact",
            Self::NotNeeded => "not_needed",
        }
    }
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
