use siegel_kernel::{AccountId, OrganisationId};

/// Who gives or holds a mandate, and who is acted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    Organisation(OrganisationId),
    Person(AccountId),
}

impl Party {
    pub const fn organisation(self) -> Option<OrganisationId> {
        match self {
            Self::Organisation(id) => Some(id),
            Self::Person(_) => None,
        }
    }

    pub const fn person(self) -> Option<AccountId> {
        match self {
            Self::Person(id) => Some(id),
            Self::Organisation(_) => None,
        }
    }
}
