/// What a member may do. The numbers are those of the wire and of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Owner = 1,
    Administrator = 2,
    CaseWorker = 3,
    MailReceiver = 4,
    ReadOnly = 5,
}

/// What a caller wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// See that letters are there, and what was opened before.
    ReadMail = 1,
    /// Open with legal effect for the organisation (Empfangsberechtigung, VwZG § 5).
    ReceiveMail = 2,
    /// Act in their name at an online service.
    Act = 6,
}

impl Role {
    pub const ALL: [Self; 5] =
        [Self::Owner, Self::Administrator, Self::CaseWorker, Self::MailReceiver, Self::ReadOnly];

    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|role| i64::from(role.number()) == number)
    }

    /// As it stands in paths and receipts: stable.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::CaseWorker => "case-worker",
            Self::MailReceiver => "mail-receiver",
            Self::ReadOnly => "read-only",
        }
    }

    /// The matrix of roles and actions. An administrator manages members and reads; what is
    /// received with legal effect is decided by owners and those appointed to it.
    pub const fn may(self, action: Action) -> bool {
        match (self, action) {
            (Self::Owner | Self::CaseWorker | Self::MailReceiver, Action::ReceiveMail)
            | (Self::Owner | Self::Administrator | Self::CaseWorker, Action::Act)
            | (_, Action::ReadMail) => true,
            (Self::Administrator | Self::ReadOnly, Action::ReceiveMail)
            | (Self::MailReceiver | Self::ReadOnly, Action::Act) => false,
        }
    }
}

impl Action {
    pub const ALL: [Self; 3] = [Self::ReadMail, Self::ReceiveMail, Self::Act];

    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|action| *action as i32 == number)
    }
}

/// The path by which somebody may act: stable text that receipts carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    Membership(Role),
}

impl std::fmt::Display for Through {
    /// `member:owner`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Membership(role) => write!(f, "member:{}", role.as_str()),
        }
    }
}

/// Why somebody may not act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    NotAMember,
    RoleTooLow,
}

impl Denied {
    /// The stable reason.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotAMember => "NOT_A_MEMBER",
            Self::RoleTooLow => "ROLE_TOO_LOW",
        }
    }
}

impl Action {
    /// Whether somebody with this role (`None`: no member) may do this, and by which path.
    pub fn by(self, role: Option<Role>) -> Result<Through, Denied> {
        match role {
            None => Err(Denied::NotAMember),
            Some(role) if role.may(self) => Ok(Through::Membership(role)),
            Some(_) => Err(Denied::RoleTooLow),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_reads_but_only_some_receive_with_legal_effect() {
        let receive: Vec<Role> =
            Role::ALL.into_iter().filter(|role| role.may(Action::ReceiveMail)).collect();
        assert_eq!(receive, [Role::Owner, Role::CaseWorker, Role::MailReceiver]);
        assert!(Role::ALL.into_iter().all(|role| role.may(Action::ReadMail)));
    }

    #[test]
    fn a_stranger_may_nothing() {
        for action in Action::ALL {
            assert_eq!(action.by(None), Err(Denied::NotAMember));
        }
    }

    #[test]
    fn the_path_names_the_role() {
        let through = Action::ReceiveMail.by(Some(Role::Owner)).unwrap();
        assert_eq!(through.to_string(), "member:owner");
        assert_eq!(Action::ReceiveMail.by(Some(Role::ReadOnly)), Err(Denied::RoleTooLow));
    }

    #[test]
    fn every_role_is_found_by_its_number() {
        for role in Role::ALL {
            assert_eq!(Role::from_number(i64::from(role.number())), Some(role));
        }
        assert_eq!((Role::from_number(0), Action::from_number(0)), (None, None));
    }
}
