//! Members as decisions see them.

use std::collections::HashMap;
use std::fmt::Write as _;

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::OrganisationId;

use super::memberships::Member;
use super::units;
use crate::domain::Role;
use crate::domain::mailbox::MembershipId;
use crate::domain::mailbox_right::Standing;

/// How many one statement asks for; its text depends on the number.
pub(super) const AT_ONCE: usize = 100;

/// Places for `rows` rows of `width` values: `($1, $2), ($3, $4)`.
pub(super) fn places(rows: usize, width: usize) -> String {
    let mut text = String::new();
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for n in 1..=width {
            let comma = if n == 1 { "" } else { ", " };
            let _ = write!(text, "{comma}${}", row * width + n);
        }
        text.push(')');
    }
    text
}

pub(super) fn role(number: i64) -> Result<Role, StoreError> {
    Role::from_number(number).ok_or_else(|| StoreError::corrupt("memberships.role"))
}

/// The current members among those asked about.
pub async fn of(tx: &mut Tx, members: &[Member]) -> Result<HashMap<Member, Standing>, StoreError> {
    let mut found = HashMap::new();
    for some in members.chunks(AT_ONCE) {
        // Only places for values are written into the text.
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT id, account_id, organisation_id, role FROM memberships \
             WHERE ended_at_us IS NULL AND (account_id, organisation_id) IN (VALUES {})",
            places(some.len(), 2)
        ));
        let rows: Vec<(MembershipId, _, OrganisationId, i64)> = on!(&mut *tx, c => {
            let mut query = sqlx::query_as(sql).persistent(some.len() == AT_ONCE);
            for (account, organisation) in some {
                query = query.bind(*account).bind(*organisation);
            }
            query.fetch_all(c).await?
        });
        for (member, account, organisation, number) in rows {
            let standing = Standing { member, role: Some(role(number)?), units: Vec::new() };
            found.insert((account, organisation), standing);
        }
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
    const SQL: &str = "SELECT role, ended_at_us IS NULL FROM memberships \
        WHERE id = $1 AND organisation_id = $2";
    let row: Option<(i64, bool)> = on!(&mut *tx, c => sqlx::query_as(SQL)
        .bind(member).bind(organisation).fetch_optional(c).await?);
    let Some((number, current)) = row else { return Ok(None) };
    let role = if current { Some(role(number)?) } else { None };
    let units = units::of_members(tx, &[member]).await?.remove(&member).unwrap_or_default();
    Ok(Some(Standing { member, role, units }))
}
