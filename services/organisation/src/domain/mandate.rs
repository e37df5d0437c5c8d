use siegel_kernel::{Timestamp, TrustLevel, typed_id};

use super::{Action, Package, Party, Scope};

typed_id! {
    /// That somebody was asked to act for somebody.
    MandateId = "mnd", random
}

/// Where a mandate stands. The numbers are those of the wire and of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Pending = 1,
    Active = 2,
    Revoked = 3,
    Rejected = 4,
    Expired = 5,
    Ended = 6,
}

impl State {
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Active, Self::Revoked, Self::Rejected, Self::Expired, Self::Ended];

    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| i64::from(state.number()) == number)
    }

    /// Whether it may still come to count, or does.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Active)
    }
}

/// Whether who holds a mandate may pass it on. Numbered as on the wire; each may pass on less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Redelegation {
    Nobody = 1,
    Members = 2,
    OneStep = 3,
}

impl Redelegation {
    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i64) -> Option<Self> {
        let all = [Self::Nobody, Self::Members, Self::OneStep];
        all.into_iter().find(|rule| i64::from(rule.number()) == number)
    }

    /// Whether a mandate with this rule may be passed on to such a holder with that rule. Chains
    /// end by this: anybody once, then members, then nobody.
    pub fn lets_pass(self, to: ToKind, further: Self) -> bool {
        match self {
            Self::Nobody => false,
            Self::Members => to == ToKind::Member && further == Self::Nobody,
            Self::OneStep => further < Self::OneStep,
        }
    }
}

/// To whom a mandate is made out. The numbers are those of the wire and of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToKind {
    Organisation = 1,
    Person = 2,
    /// A person, for as long as they belong to the organisation that gives it.
    Member = 3,
}

impl ToKind {
    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i64) -> Option<Self> {
        let all = [Self::Organisation, Self::Person, Self::Member];
        all.into_iter().find(|kind| i64::from(kind.number()) == number)
    }
}

/// An accepted mandate, as far as decisions need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub id: MandateId,
    /// Counts its changes, from 1.
    pub version: i64,
    pub from: Party,
    pub to: Party,
    pub to_kind: ToKind,
    /// The mandate it was passed on from.
    pub parent: Option<MandateId>,
    pub package: Package,
    pub read_only: bool,
    pub scope: Scope,
    /// Least level of a session that acts by it.
    pub level: TrustLevel,
    pub redelegation: Redelegation,
    pub valid_from: Timestamp,
    /// The end or the day of review, whichever comes first; it no longer counts then.
    pub ends_at: Timestamp,
    pub accepted_at: Timestamp,
}

impl Grant {
    /// Whoever is granted to read takes out what they read, whatever the letter's level: a mandate
    /// names the level it needs itself.
    pub fn allows(&self, action: Action) -> bool {
        let action = match action {
            Action::ReadHighMail | Action::DownloadMail => Action::ReadMail,
            other => other,
        };
        let reads = action == Action::ReadMail;
        self.package.actions().contains(&action) && (reads || !self.read_only)
    }

    /// How much it allows: of two equally short paths the stronger is taken.
    pub fn strength(&self) -> usize {
        Action::ALL.into_iter().filter(|action| self.allows(*action)).count()
    }

    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.valid_from <= now && now < self.ends_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_on_can_be_passed_on_less_and_never_for_ever() {
        use Redelegation::{Members, Nobody, OneStep};
        for further in [Nobody, Members, OneStep] {
            assert!(!Nobody.lets_pass(ToKind::Member, further));
            assert!(!OneStep.lets_pass(ToKind::Person, OneStep));
        }
        assert!(Members.lets_pass(ToKind::Member, Nobody));
        assert!(!Members.lets_pass(ToKind::Member, Members));
        assert!(!Members.lets_pass(ToKind::Person, Nobody), "an outsider");
        assert!(OneStep.lets_pass(ToKind::Organisation, Members));
    }
}
