//! Whether a member may do something in a mailbox, and by which path.

use std::collections::HashMap;

use siegel_kernel::{AccountId, OrganisationId, Timestamp};

use super::access::Role;
use super::mailbox::{Kind, MembershipId, Place, Right, Rights};
use super::units::UnitId;

/// Whose rights a grant names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Member(MembershipId),
    Role(Role),
    Unit(UnitId),
}

/// What was said about one holder in one mailbox.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    pub place: Place,
    pub holder: Holder,
    pub rights: Rights,
}

/// A member as the rules see them.
#[derive(Clone, Debug)]
pub struct Standing {
    pub member: MembershipId,
    /// `None` once the membership has ended.
    pub role: Option<Role>,
    pub units: Vec<UnitId>,
}

/// A mailbox with what was said about it.
#[derive(Clone, Debug)]
pub struct Known {
    pub place: Place,
    pub kind: Kind,
    pub grants: Vec<Grant>,
}

/// A member of an organisation.
pub type Member = (AccountId, OrganisationId);

/// All that decisions about some mailboxes need.
#[derive(Debug, Default)]
pub struct Facts {
    /// Those who are members now.
    pub members: HashMap<Member, Standing>,
    /// Those that are open.
    pub mailboxes: HashMap<(OrganisationId, Place), Known>,
    pub stand_ins: Vec<StandIn>,
}

/// Why somebody stands in. The numbers are those of the wire and of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The absent member comes back.
    Absence = 1,
    /// The absent member leaves or has left.
    HandOver = 2,
}

impl Reason {
    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Absence, Self::HandOver].into_iter().find(|kind| *kind as i64 == number)
    }
}

/// That one member stands in for another.
#[derive(Clone, Debug)]
pub struct StandIn {
    pub reason: Reason,
    pub absent: Standing,
    pub substitute: MembershipId,
    /// `None` for all mailboxes.
    pub place: Option<Place>,
    pub from: Timestamp,
    /// Exclusive.
    pub until: Timestamp,
}

impl StandIn {
    fn holds(&self, member: MembershipId, place: Place, at: Timestamp) -> bool {
        self.substitute == member
            && self.place.is_none_or(|only| only == place)
            && self.from <= at
            && at < self.until
            && (self.absent.role.is_some() || self.reason == Reason::HandOver)
    }
}

/// The way that leads to a right: stable text in receipts and audit lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// By role, whether by default or because it was said about the role.
    Role(Role),
    /// Given to the member by name.
    Granted(Role),
    /// Given to a unit of the member.
    Unit(Role),
    /// The member's personal mailbox.
    Own(Role),
    /// In the place of another member.
    Substitute(Role),
}

impl Path {
    pub const fn is_substitution(self) -> bool {
        matches!(self, Self::Substitute(_))
    }
}

impl std::fmt::Display for Path {
    /// `member:owner`, `member:case-worker/granted`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (role, end) = match self {
            Self::Role(role) => (role, ""),
            Self::Granted(role) => (role, "/granted"),
            Self::Unit(role) => (role, "/unit"),
            Self::Own(role) => (role, "/personal"),
            Self::Substitute(role) => (role, "/substitute"),
        };
        write!(f, "member:{}{end}", role.as_str())
    }
}

/// The path by which a member has a right in a mailbox at an instant: the plainest, so that the
/// same facts always give the same text. Nobody has what only their substitute's substitute would,
/// and the right to manage is not passed on.
pub fn mailbox_right(
    member: &Standing,
    mailbox: &Known,
    stand_ins: &[StandIn],
    right: Right,
    at: Timestamp,
) -> Option<Path> {
    let role = member.role?;
    if let Some(own) = own_right(member, mailbox, right) {
        return Some(match own {
            By::Personal => Path::Own(role),
            By::Role => Path::Role(role),
            By::Name => Path::Granted(role),
            By::Unit => Path::Unit(role),
        });
    }
    let passed = right != Right::ManageMembers
        && stand_ins
            .iter()
            .filter(|one| one.holds(member.member, mailbox.place, at))
            .any(|one| own_right(&one.absent, mailbox, right).is_some());
    passed.then_some(Path::Substitute(role))
}

/// All that a member may do in a mailbox.
pub fn mailbox_rights(
    member: &Standing,
    mailbox: &Known,
    stand_ins: &[StandIn],
    at: Timestamp,
) -> Rights {
    let may = |right: &Right| mailbox_right(member, mailbox, stand_ins, *right, at).is_some();
    Rights::of(Right::ALL.into_iter().filter(may))
}

enum By {
    Personal,
    Role,
    Name,
    Unit,
}

/// By what somebody has a right themself, a member or one who was.
fn own_right(member: &Standing, mailbox: &Known, right: Right) -> Option<By> {
    if mailbox.kind == Kind::Personal(member.member) {
        return (right != Right::ManageMembers).then_some(By::Personal);
    }
    let said = |holder: Holder| {
        let grant = mailbox.grants.iter().find(|grant| grant.holder == holder);
        grant.map(|grant| grant.rights)
    };
    let by_role = member.role.is_some_and(|role| {
        // What an owner may do by default cannot be taken from them.
        let default = Rights::by_default(role, &mailbox.kind);
        let said = said(Holder::Role(role)).filter(|_| role != Role::Owner);
        said.unwrap_or(default).has(right)
    });
    if by_role {
        return Some(By::Role);
    }
    if said(Holder::Member(member.member)).is_some_and(|rights| rights.has(right)) {
        return Some(By::Name);
    }
    let has = |unit: &UnitId| said(Holder::Unit(*unit)).is_some_and(|rights| rights.has(right));
    member.units.iter().any(has).then_some(By::Unit)
}

#[cfg(test)]
mod tests {
    use siegel_kernel::OrganisationMailboxId;
    use uuid::Uuid;

    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_000);

    fn member(n: u128, role: Role) -> Standing {
        let member = MembershipId::from_uuid(Uuid::from_u128(n));
        Standing { member, role: Some(role), units: Vec::new() }
    }

    fn function(grants: Vec<Grant>) -> Known {
        let place = Place::Other(OrganisationMailboxId::from_uuid(Uuid::from_u128(7)));
        Known { place, kind: Kind::function("Bauakten").unwrap(), grants }
    }

    fn personal(of: &Standing) -> Known {
        Known { kind: Kind::Personal(of.member), ..function(Vec::new()) }
    }

    fn grant(holder: Holder, rights: Rights) -> Grant {
        Grant { place: Place::Central, holder, rights }
    }

    fn stand_in(absent: &Standing, substitute: &Standing, reason: Reason) -> StandIn {
        StandIn {
            reason,
            absent: absent.clone(),
            substitute: substitute.member,
            place: None,
            from: NOON,
            until: Timestamp::from_micros(2_000),
        }
    }

    fn path(member: &Standing, mailbox: &Known, ins: &[StandIn], right: Right) -> Option<String> {
        mailbox_right(member, mailbox, ins, right, NOON).map(|path| path.to_string())
    }

    #[test]
    fn a_function_is_read_by_those_to_whom_it_was_given() {
        let (ada, bob) = (member(1, Role::CaseWorker), member(2, Role::CaseWorker));
        let given = grant(Holder::Member(ada.member), Rights::of([Right::Read]));
        let mailbox = function(vec![given]);
        let found = path(&ada, &mailbox, &[], Right::Read);
        assert_eq!(found.as_deref(), Some("member:case-worker/granted"));
        assert_eq!(path(&ada, &mailbox, &[], Right::Reply), None);
        assert_eq!(path(&bob, &mailbox, &[], Right::Read), None);
    }

    #[test]
    fn what_was_said_about_a_role_takes_the_place_of_its_default() {
        let bob = member(2, Role::CaseWorker);
        let mut central = Known { place: Place::Central, kind: Kind::Central, grants: vec![] };
        assert_eq!(path(&bob, &central, &[], Right::Reply).as_deref(), Some("member:case-worker"));
        central.grants = vec![grant(Holder::Role(Role::CaseWorker), Rights::of([Right::Read]))];
        assert_eq!(path(&bob, &central, &[], Right::Reply), None);
        assert!(path(&bob, &central, &[], Right::Read).is_some());
    }

    #[test]
    fn the_rights_of_owners_cannot_be_taken() {
        let owner = member(1, Role::Owner);
        let mailbox = function(vec![grant(Holder::Role(Role::Owner), Rights::NONE)]);
        assert_eq!(mailbox_rights(&owner, &mailbox, &[], NOON), Rights::ALL);
    }

    #[test]
    fn a_unit_passes_its_rights_to_its_members() {
        let mut bob = member(2, Role::ReadOnly);
        let unit = UnitId::from_uuid(Uuid::from_u128(5));
        let mailbox = function(vec![grant(Holder::Unit(unit), Rights::of([Right::Reply]))]);
        assert_eq!(path(&bob, &mailbox, &[], Right::Reply), None);
        bob.units.push(unit);
        let found = path(&bob, &mailbox, &[], Right::Reply);
        assert_eq!(found.as_deref(), Some("member:read-only/unit"));
    }

    #[test]
    fn a_personal_mailbox_is_its_owners_and_not_even_an_owners_of_the_organisation() {
        let (ada, owner) = (member(1, Role::ReadOnly), member(2, Role::Owner));
        let mailbox = personal(&ada);
        let found = path(&ada, &mailbox, &[], Right::ReceiveFormal);
        assert_eq!(found.as_deref(), Some("member:read-only/personal"));
        assert_eq!(mailbox_rights(&owner, &mailbox, &[], NOON), Rights::NONE);
    }

    #[test]
    fn a_substitute_has_the_rights_of_the_absent_between_the_dates_and_not_after() {
        let (ada, bob) = (member(1, Role::CaseWorker), member(2, Role::ReadOnly));
        let (mailbox, ins) = (personal(&ada), [stand_in(&ada, &bob, Reason::Absence)]);
        let found = path(&bob, &mailbox, &ins, Right::ReceiveFormal);
        assert_eq!(found.as_deref(), Some("member:read-only/substitute"));
        for at in [999, 2_000] {
            let at = Timestamp::from_micros(at);
            assert_eq!(mailbox_right(&bob, &mailbox, &ins, Right::Read, at), None);
        }
    }

    #[test]
    fn a_substitute_passes_nothing_on_and_manages_nothing() {
        let [ada, bob, eve] = [1, 2, 3].map(|n| member(n, Role::CaseWorker));
        let ins = [stand_in(&ada, &bob, Reason::Absence), stand_in(&bob, &eve, Reason::Absence)];
        assert_eq!(path(&eve, &personal(&ada), &ins, Right::Read), None);
        let manager = grant(Holder::Member(ada.member), Rights::of([Right::ManageMembers]));
        assert_eq!(path(&bob, &function(vec![manager]), &ins, Right::ManageMembers), None);
    }

    #[test]
    fn only_a_hand_over_outlives_the_membership_and_without_the_rights_of_its_role() {
        let (mut ada, bob) = (member(1, Role::Owner), member(2, Role::ReadOnly));
        ada.role = None;
        let absence = [stand_in(&ada, &bob, Reason::Absence)];
        let handed_over = [stand_in(&ada, &bob, Reason::HandOver)];
        assert_eq!(path(&bob, &personal(&ada), &absence, Right::Read), None);
        assert!(path(&bob, &personal(&ada), &handed_over, Right::Read).is_some());
        assert_eq!(path(&bob, &function(vec![]), &handed_over, Right::Read), None);
    }

    #[test]
    fn who_is_no_member_any_more_has_no_right_at_all() {
        let mut ada = member(1, Role::Owner);
        ada.role = None;
        assert_eq!(mailbox_rights(&ada, &personal(&ada), &[], NOON), Rights::NONE);
    }

    #[test]
    fn a_substitution_for_one_mailbox_opens_no_other() {
        let (ada, bob) = (member(1, Role::CaseWorker), member(2, Role::ReadOnly));
        let only = StandIn { place: Some(Place::Central), ..stand_in(&ada, &bob, Reason::Absence) };
        let central = Known { place: Place::Central, kind: Kind::Central, grants: vec![] };
        assert!(path(&bob, &central, std::slice::from_ref(&only), Right::Reply).is_some());
        assert_eq!(path(&bob, &personal(&ada), &[only], Right::Reply), None);
    }
}
