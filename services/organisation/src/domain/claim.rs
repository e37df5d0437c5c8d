//! How a claim of an organisation goes on.

use siegel_kernel::typed_id;

typed_id! {
    /// A claim of an organisation.
    ClaimId = "clm", random
}

/// How a claim is proven. The numbers are those of the wire and of the database, as below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Certificate = 1,
    Operator = 2,
    Upstream = 3,
}

impl Method {
    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Certificate, Self::Operator, Self::Upstream]
            .into_iter()
            .find(|method| i64::from(method.number()) == number)
    }
}

/// How far a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Waiting = 1,
    Asked = 2,
    Cooling = 3,
    Active = 4,
    Rejected = 5,
    Withdrawn = 6,
    Revoked = 7,
}

/// What happens to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The claim before it is over.
    Promote,
    Prove,
    /// The cooling period is over.
    Activate,
    Reject,
    Withdraw,
    /// The code of the letter was typed.
    Revoke,
}

impl State {
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Asked,
        Self::Cooling,
        Self::Active,
        Self::Rejected,
        Self::Withdrawn,
        Self::Revoked,
    ];

    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| i64::from(state.number()) == number)
    }

    /// For operators and the audit trail: stable.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Asked => "asked",
            Self::Cooling => "cooling",
            Self::Active => "active",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Revoked => "revoked",
        }
    }

    pub const fn is_over(self) -> bool {
        matches!(self, Self::Rejected | Self::Withdrawn | Self::Revoked)
    }

    /// The state after a step; `None` where the step is not possible.
    pub const fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Waiting, Step::Promote) => Some(Self::Asked),
            (Self::Asked, Step::Prove) => Some(Self::Cooling),
            (Self::Cooling, Step::Activate) => Some(Self::Active),
            (Self::Waiting | Self::Asked, Step::Reject) => Some(Self::Rejected),
            (Self::Waiting | Self::Asked | Self::Cooling, Step::Withdraw) => Some(Self::Withdrawn),
            (Self::Cooling | Self::Active, Step::Revoke) => Some(Self::Revoked),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 6] =
        [Step::Promote, Step::Prove, Step::Activate, Step::Reject, Step::Withdraw, Step::Revoke];

    #[test]
    fn what_is_over_stays_over() {
        for state in State::ALL.into_iter().filter(|s| s.is_over()) {
            assert!(STEPS.into_iter().all(|step| state.after(step).is_none()), "{state:?}");
        }
    }

    #[test]
    fn nothing_becomes_active_but_through_proof_and_cooling() {
        let into = |to: State| {
            let from = |s: &State| STEPS.into_iter().any(|step| s.after(step) == Some(to));
            State::ALL.into_iter().filter(from).collect::<Vec<_>>()
        };
        assert_eq!(into(State::Active), [State::Cooling]);
        assert_eq!(into(State::Cooling), [State::Asked]);
    }

    #[test]
    fn every_number_is_read_back() {
        for state in State::ALL {
            assert_eq!(State::from_number(i64::from(state.number())), Some(state));
        }
        assert_eq!((State::from_number(0), Method::from_number(4)), (None, None));
    }
}
