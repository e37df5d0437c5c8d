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
    /// Answer letters in the name of who is represented.
    ReplyMail = 3,
    /// Put letters away, and delete them.
    DeleteMail = 4,
    /// Invite, change and remove members.
    ManageMembers = 5,
    /// Act at an online service.
    Act = 6,
    /// As [`Self::ReadMail`], for letters of level high.
    ReadHighMail = 60,
    /// Take attachments, proofs and whole mailboxes out.
    DownloadMail = 61,
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
    /// received with legal effect or done in the organisation's name is decided by owners and
    /// those appointed to it.
    pub const fn may(self, action: Action) -> bool {
        match action {
            Action::ReadMail | Action::DownloadMail => true,
            Action::ReadHighMail => !matches!(self, Self::ReadOnly),
            Action::ReceiveMail | Action::DeleteMail => {
                matches!(self, Self::Owner | Self::CaseWorker | Self::MailReceiver)
            }
            Action::ReplyMail | Action::Act => matches!(self, Self::Owner | Self::CaseWorker),
            Action::ManageMembers => matches!(self, Self::Owner | Self::Administrator),
        }
    }

    /// Whether members of this role give and take mandates for the organisation.
    pub const fn stands_for_it(self) -> bool {
        matches!(self, Self::Owner | Self::Administrator)
    }
}

impl Action {
    pub const ALL: [Self; 8] = [
        Self::ReadMail,
        Self::ReceiveMail,
        Self::ReplyMail,
        Self::DeleteMail,
        Self::ManageMembers,
        Self::Act,
        Self::ReadHighMail,
        Self::DownloadMail,
    ];

    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|action| *action as i32 == number)
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
    fn only_owners_and_case_workers_act_and_only_owners_and_administrators_manage() {
        let who = |action| Role::ALL.into_iter().filter(move |role| role.may(action));
        assert!(who(Action::Act).eq([Role::Owner, Role::CaseWorker]));
        assert!(who(Action::ReplyMail).eq([Role::Owner, Role::CaseWorker]));
        assert!(who(Action::ManageMembers).eq([Role::Owner, Role::Administrator]));
    }

    #[test]
    fn every_role_is_found_by_its_number() {
        for role in Role::ALL {
            assert_eq!(Role::from_number(i64::from(role.number())), Some(role));
        }
        assert_eq!((Role::from_number(0), Action::from_number(0)), (None, None));
    }
}
