//! Mailboxes of organisations: which there are, and what may be done in them.

use siegel_kernel::{OrganisationMailboxId, typed_id};
use uuid::Uuid;

use super::access::{Action, Role};
use super::organisation::BadField;
use super::units::UnitId;

typed_id! {
    /// That somebody belongs to an organisation in a role for some time.
    MembershipId = "mem", random
}

/// One of an organisation's mailboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// The one that every organisation has.
    Central,
    Other(OrganisationMailboxId),
}

impl Place {
    /// An empty text is the central one; `None` for a text that is no id.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() { Some(Self::Central) } else { text.parse().ok().map(Self::Other) }
    }

    /// As [`Self::parse`] reads it.
    pub fn text(self) -> String {
        match self {
            Self::Central => String::new(),
            Self::Other(id) => id.to_string(),
        }
    }

    /// As stored.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Central => Uuid::nil(),
            Self::Other(id) => id.as_uuid(),
        }
    }

    pub fn of_uuid(id: Uuid) -> Self {
        if id.is_nil() { Self::Central } else { Self::Other(OrganisationMailboxId::from_uuid(id)) }
    }
}

/// What a mailbox is for. The numbers are those of the wire and of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Central,
    Unit(UnitId),
    /// A task that several people share, by its name.
    Function(String),
    Personal(MembershipId),
}

/// Characters of the name of a function.
const LONGEST_NAME: usize = 80;

impl Kind {
    pub const fn number(&self) -> i32 {
        match self {
            Self::Central => 1,
            Self::Unit(_) => 2,
            Self::Function(_) => 3,
            Self::Personal(_) => 4,
        }
    }

    /// A function, from what somebody wrote.
    /// # Errors
    /// When the name is empty, too long, or has characters that are not shown.
    pub fn function(name: &str) -> Result<Self, BadField> {
        let name = name.trim();
        let length = name.chars().count();
        if length == 0 || length > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(BadField { field: "name", problem: "has not 1 to 80 characters" });
        }
        Ok(Self::Function(name.to_owned()))
    }

    /// Name, and unit or membership, as stored.
    pub fn columns(&self) -> (&str, Uuid) {
        match self {
            Self::Central => ("", Uuid::nil()),
            Self::Unit(unit) => ("", unit.as_uuid()),
            Self::Function(name) => (name, Uuid::nil()),
            Self::Personal(member) => ("", member.as_uuid()),
        }
    }

    /// What [`Self::number`] and [`Self::columns`] say.
    pub fn stored(number: i64, name: String, of: Uuid) -> Option<Self> {
        match number {
            2 => Some(Self::Unit(UnitId::from_uuid(of))),
            3 => Some(Self::Function(name)),
            4 => Some(Self::Personal(MembershipId::from_uuid(of))),
            _ => None,
        }
    }
}

/// One thing that may be done in a mailbox. The numbers are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    Read = 1,
    ReadHigh = 2,
    Reply = 3,
    Download = 4,
    Delete = 5,
    ManageMembers = 6,
    ReceiveFormal = 7,
}

impl Right {
    pub const ALL: [Self; 7] = [
        Self::Read,
        Self::ReadHigh,
        Self::Reply,
        Self::Download,
        Self::Delete,
        Self::ManageMembers,
        Self::ReceiveFormal,
    ];

    pub const fn number(self) -> i32 {
        self as i32
    }

    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.number() == number)
    }
}

impl Action {
    /// What it takes in the mailbox it is about; `None` for what happens in no mailbox.
    pub const fn right(self) -> Option<Right> {
        match self {
            Self::ReadMail => Some(Right::Read),
            Self::ReceiveMail => Some(Right::ReceiveFormal),
            Self::ReplyMail => Some(Right::Reply),
            Self::DeleteMail => Some(Right::Delete),
            Self::ReadHighMail => Some(Right::ReadHigh),
            Self::DownloadMail => Some(Right::Download),
            Self::ManageMembers | Self::Act => None,
        }
    }
}

/// Several rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self(0b1111_1110);

    pub fn of(rights: impl IntoIterator<Item = Right>) -> Self {
        Self(rights.into_iter().fold(0, |bits, right| bits | 1 << right.number()))
    }

    pub const fn has(self, right: Right) -> bool {
        self.0 & (1 << right.number()) != 0
    }

    pub fn list(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.has(*right))
    }

    /// As stored.
    pub const fn bits(self) -> i64 {
        self.0 as i64
    }

    pub fn from_bits(bits: i64) -> Option<Self> {
        u8::try_from(bits).ok().filter(|bits| bits & !Self::ALL.0 == 0).map(Self)
    }

    /// What a role may do in a mailbox about which nothing was said. The central one is read by
    /// all; others are for those to whom they were given, and personal ones for their owner alone.
    pub fn by_default(role: Role, kind: &Kind) -> Self {
        match (kind, role) {
            (Kind::Personal(_), _) => Self::NONE,
            (_, Role::Owner) => Self::ALL,
            (Kind::Central, role) => {
                let mail = Action::ALL.into_iter().filter(|action| role.may(*action));
                let manages = (role == Role::Administrator).then_some(Right::ManageMembers);
                Self::of(mail.filter_map(Action::right).chain(manages))
            }
            (_, Role::Administrator) => Self::of([Right::ManageMembers]),
            (Kind::Unit(_) | Kind::Function(_), _) => Self::NONE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_what_was_put_in_and_nothing_else() {
        for one in Right::ALL {
            let rights = Rights::of([one]);
            assert_eq!(rights.list().collect::<Vec<_>>(), [one]);
            assert_eq!(Rights::from_bits(rights.bits()), Some(rights));
            assert_eq!(Right::from_number(one.number()), Some(one));
        }
        assert_eq!(Rights::ALL.list().count(), 7);
        assert_eq!((Rights::from_bits(1), Rights::from_bits(256)), (None, None));
    }

    #[test]
    fn by_default_nobody_but_its_owner_reads_a_personal_mailbox() {
        let personal = Kind::Personal(MembershipId::from_uuid(Uuid::from_u128(1)));
        for role in Role::ALL {
            assert_eq!(Rights::by_default(role, &personal), Rights::NONE, "{role:?}");
        }
    }

    #[test]
    fn by_default_the_central_mailbox_goes_by_the_matrix_of_roles() {
        let number = |role| Rights::by_default(role, &Kind::Central).list().map(Right::number);
        let rights = Role::ALL.map(|role| number(role).collect::<Vec<_>>());
        let expected: [&[i32]; 5] =
            [&[1, 2, 3, 4, 5, 6, 7], &[1, 2, 4, 6], &[1, 2, 3, 4, 5, 7], &[1, 2, 4, 5, 7], &[1, 4]];
        assert_eq!(rights, expected);
    }

    #[test]
    fn by_default_a_function_is_for_owners_and_managed_by_administrators() {
        let function = Kind::function("Bauakten").unwrap();
        let reading = |role| Rights::by_default(role, &function).has(Right::Read);
        assert_eq!(Role::ALL.map(reading), [true, false, false, false, false]);
        assert!(Rights::by_default(Role::Administrator, &function).has(Right::ManageMembers));
    }

    #[test]
    fn functions_have_names_of_1_to_80_characters() {
        assert_eq!(Kind::function(" Rechnungen "), Ok(Kind::Function("Rechnungen".into())));
        for bad in [String::new(), "a\nb".into(), "ü".repeat(81)] {
            assert_eq!(Kind::function(&bad).unwrap_err().field, "name");
        }
    }

    #[test]
    fn an_empty_text_is_the_central_mailbox() {
        assert_eq!(Place::parse(""), Some(Place::Central));
        assert_eq!(Place::parse("omb_x"), None);
        assert_eq!(Place::of_uuid(Place::Central.uuid()), Place::Central);
    }
}
