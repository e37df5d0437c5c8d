use siegel_kernel::typed_id;

use super::{Action, Role};

typed_id! {
    /// That a register says who represents whom.
    FactId = "fct", random
}

/// A role in a register. The numbers are those of the wire and of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactRole {
    ManagingDirector = 1,
    BoardMember = 2,
    Partner = 3,
    /// Prokura: everything the business brings along (HGB § 49(1)), not the organisation itself.
    Procurator = 4,
    Liquidator = 5,
}

impl FactRole {
    pub const ALL: [Self; 5] = [
        Self::ManagingDirector,
        Self::BoardMember,
        Self::Partner,
        Self::Procurator,
        Self::Liquidator,
    ];

    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|role| i64::from(role.number()) == number)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ManagingDirector => "managing-director",
            Self::BoardMember => "board-member",
            Self::Partner => "partner",
            Self::Procurator => "procurator",
            Self::Liquidator => "liquidator",
        }
    }

    /// What somebody with this role may do. Service upon one of several representatives suffices
    /// (VwZG § 6(3)): who represents only jointly receives alone, and does nothing else alone.
    pub const fn may(self, jointly: bool, action: Action) -> bool {
        match action {
            Action::ReadMail
            | Action::ReceiveMail
            | Action::ReadHighMail
            | Action::DownloadMail => true,
            Action::ReplyMail | Action::DeleteMail | Action::Act => !jointly,
            Action::ManageMembers => !jointly && !matches!(self, Self::Procurator),
        }
    }
}

/// What somebody is in an organisation, by the members' list or by a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Member(Role),
    Fact { role: FactRole, jointly: bool },
}

impl Standing {
    pub const fn may(self, action: Action) -> bool {
        match self {
            Self::Member(role) => role.may(action),
            Self::Fact { role, jointly } => role.may(jointly, action),
        }
    }

    /// Whether what the organisation holds is theirs to use without being passed on to them.
    pub const fn uses_what_it_holds(self) -> bool {
        matches!(self, Self::Member(Role::Owner) | Self::Fact { jointly: false, .. })
    }

    /// Whether they give and take mandates for it.
    pub const fn stands_for_it(self) -> bool {
        match self {
            Self::Member(role) => role.stands_for_it(),
            Self::Fact { jointly, .. } => !jointly,
        }
    }
}

impl std::fmt::Display for Standing {
    /// `member:owner`, `fact:procurator`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Member(role) => write!(f, "member:{}", role.as_str()),
            Self::Fact { role, .. } => write!(f, "fact:{}", role.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_represents_jointly_receives_alone_and_acts_not_alone() {
        for role in FactRole::ALL {
            assert!(role.may(true, Action::ReceiveMail));
            assert!(!role.may(true, Action::Act));
            assert!(role.may(false, Action::Act));
        }
    }

    #[test]
    fn a_procurator_does_not_decide_who_belongs_to_the_organisation() {
        assert!(!FactRole::Procurator.may(false, Action::ManageMembers));
        assert!(FactRole::ManagingDirector.may(false, Action::ManageMembers));
    }

    #[test]
    fn every_register_role_is_found_by_its_number() {
        for role in FactRole::ALL {
            assert_eq!(FactRole::from_number(i64::from(role.number())), Some(role));
        }
    }
}
