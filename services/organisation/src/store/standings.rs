//! Members as decisions see them.

use std::collections::HashMap;

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, OrganisationId, Timestamp};

use super::asked::{Pair, of_pairs};
use super::mailboxes::{self, MailboxRow};
use super::{rights, substitutions, units};
use crate::domain::mailbox::{MembershipId, Place};
use crate::domain::mailbox_right::{Facts, Known, Member, Standing};
use crate::domain::{Party, Role};

pub(super) fn role(number: i64) -> Result<Role, StoreError> {
    Role::from_number(number).ok_or_else(|| StoreError::corrupt("memberships.role"))
}

/// The current members among those asked about.
pub async fn of(tx: &mut Tx, members: &[Member]) -> Result<HashMap<Member, Standing>, StoreError> {
    const SQL: &str = "SELECT m.id, m.account_id, m.organisation_id, \
        CASE WHEN o.equal_rights AND m.role IN (4, 5) THEN 3 ELSE m.role END \
        FROM asked a CROSS JOIN memberships m CROSS JOIN organisations o \
        WHERE m.account_id = a.account_id AND m.organisation_id = a.party_id \
        AND m.ended_at_us IS NULL AND o.id = m.organisation_id AND o.dissolved_at_us IS NULL";
    let pairs: Vec<Pair> =
        members.iter().map(|(who, of)| (*who, Party::Organisation(*of).into())).collect();
    let rows: Vec<(MembershipId, AccountId, OrganisationId, i64)> =
        of_pairs(tx, &pairs, SQL).await?;
    let mut found = HashMap::new();
    for (member, account, organisation, number) in rows {
        let standing = Standing { member, role: Some(role(number)?), units: Vec::new() };
        found.insert((account, organisation), standing);
    }
    let ids: Vec<MembershipId> = found.values().map(|standing| standing.member).collect();
    let mut units = units::of_members(tx, &ids).await?;
    for standing in found.values_mut() {
        standing.units = units.remove(&standing.member).unwrap_or_default();
    }
    Ok(found)
}

/// A member of an organisation by the id of the membership, whether it goes on or has ended.
pub async fn by_id(
    tx: &mut Tx,
    organisation: OrganisationId,
    member: MembershipId,
) -> Result<Option<Standing>, StoreError> {
    const SQL: &str = "SELECT \
        CASE WHEN o.equal_rights AND m.role IN (4, 5) THEN 3 ELSE m.role END, \
        m.ended_at_us IS NULL FROM memberships m JOIN organisations o ON o.id = m.organisation_id \
        WHERE m.id = $1 AND m.organisation_id = $2";
    let row: Option<(i64, bool)> = on!(&mut *tx, c => sqlx::query_as(SQL)
        .bind(member).bind(organisation).fetch_optional(c).await?);
    let Some((number, current)) = row else { return Ok(None) };
    let role = if current { Some(role(number)?) } else { None };
    let units = units::of_members(tx, &[member]).await?.remove(&member).unwrap_or_default();
    Ok(Some(Standing { member, role, units }))
}

/// All that decisions about some members and mailboxes need, in a number of statements that does
/// not grow with them.
pub async fn facts(
    tx: &mut Tx,
    members: &[Member],
    mailboxes: &[(OrganisationId, Place)],
    now: Timestamp,
) -> Result<Facts, StoreError> {
    let members = of(tx, members).await?;
    let current: Vec<MembershipId> = members.values().map(|one| one.member).collect();
    let stand_ins = substitutions::by(tx, &current, now).await?;
    let ids: Vec<_> = mailboxes
        .iter()
        .filter_map(|(_, place)| match place {
            Place::Central => None,
            Place::Other(id) => Some(*id),
        })
        .collect();
    let central = mailboxes.iter().filter(|(_, place)| *place == Place::Central);
    let central = central.map(|(organisation, _)| MailboxRow::central(*organisation));
    let mut known: HashMap<_, Known> = mailboxes::some(tx, &ids)
        .await?
        .into_iter()
        .chain(central)
        .map(|row| {
            let facts = Known { place: row.place, kind: row.kind, grants: Vec::new() };
            ((row.organisation, row.place), facts)
        })
        .collect();
    for row in rights::of(tx, mailboxes).await? {
        if let Some(mailbox) = known.get_mut(&(row.organisation, row.grant.place)) {
            mailbox.grants.push(row.grant);
        }
    }
    Ok(Facts { members, mailboxes: known, stand_ins })
}
