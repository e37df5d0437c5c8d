use super::Action;

/// What is granted together, in words people use. The texts are the portal's (`package-…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Package {
    MailReader,
    /// Empfangsbevollmächtigte (VwZG § 7(1)).
    MailReceiver,
    /// Postbevollmächtigte.
    MailAgent,
    Applications,
    Adviser,
    /// Everything but the organisation's own affairs.
    Full,
    MemberManager,
}

impl Package {
    pub const ALL: [Self; 7] = [
        Self::MailReader,
        Self::MailReceiver,
        Self::MailAgent,
        Self::Applications,
        Self::Adviser,
        Self::Full,
        Self::MemberManager,
    ];

    /// Stable: stands in requests, rows and paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MailReader => "mail-reader",
            Self::MailReceiver => "mail-receiver",
            Self::MailAgent => "mail-agent",
            Self::Applications => "applications",
            Self::Adviser => "adviser",
            Self::Full => "full",
            Self::MemberManager => "member-manager",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|package| package.as_str() == text)
    }

    /// The table of packages and actions.
    pub const fn actions(self) -> &'static [Action] {
        use Action as A;
        match self {
            Self::MailReader => &[A::ReadMail],
            Self::MailReceiver => &[A::ReadMail, A::ReceiveMail],
            Self::MailAgent => &[A::ReadMail, A::ReceiveMail, A::ReplyMail, A::DeleteMail],
            Self::Applications => &[A::Act],
            Self::Adviser => &[A::ReadMail, A::ReceiveMail, A::ReplyMail, A::Act],
            Self::Full => &[A::ReadMail, A::ReceiveMail, A::ReplyMail, A::DeleteMail, A::Act],
            Self::MemberManager => &[A::ManageMembers],
        }
    }

    /// Whether a person can grant it: nobody is a member of a person.
    pub fn is_for_persons(self) -> bool {
        !self.actions().contains(&Action::ManageMembers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_found_by_its_name_and_allows_something() {
        for package in Package::ALL {
            assert_eq!(Package::parse(package.as_str()), Some(package));
            assert!(!package.actions().is_empty());
        }
    }

    #[test]
    fn no_package_mixes_mail_with_the_organisations_own_affairs() {
        for package in Package::ALL {
            let manages = package.actions().contains(&Action::ManageMembers);
            assert_eq!(manages, package == Package::MemberManager);
        }
    }
}
