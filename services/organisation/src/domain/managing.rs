//! Who may change whom.

use super::Role;

impl Role {
    /// Whether somebody with this role changes the record and members.
    pub const fn manages(self) -> bool {
        matches!(self, Self::Owner | Self::Administrator)
    }

    /// Whether somebody with this role may give the role `to`, take `from`, or both. Owners are made,
    /// changed and removed by owners only.
    pub fn may_change(self, from: Option<Self>, to: Option<Self>) -> bool {
        let touches_owners = from == Some(Self::Owner) || to == Some(Self::Owner);
        if touches_owners { self == Self::Owner } else { self.manages() }
    }

    /// Whether a program may have this role: it works on mail, it manages nobody.
    pub const fn is_for_programs(self) -> bool {
        matches!(self, Self::CaseWorker | Self::MailReceiver | Self::ReadOnly)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_made_and_unmade_by_owners_only() {
        for role in Role::ALL {
            let owner = role == Role::Owner;
            assert_eq!(role.may_change(None, Some(Role::Owner)), owner, "{role:?}");
            assert_eq!(role.may_change(Some(Role::Owner), None), owner, "{role:?}");
            let manages = owner || role == Role::Administrator;
            assert_eq!(role.may_change(Some(Role::ReadOnly), Some(Role::CaseWorker)), manages);
        }
    }

    #[test]
    fn no_program_manages_members() {
        assert!(Role::ALL.into_iter().all(|role| !(role.is_for_programs() && role.manages())));
    }
}
