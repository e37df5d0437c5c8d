use std::collections::HashMap;
use std::fmt::Write as _;

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, OrganisationId, Timestamp, typed_id};

use crate::domain::Role;

typed_id! {
    /// That somebody belongs to an organisation in a role for some time.
    MembershipId = "mem", random
}

/// A membership that begins.
#[derive(Clone, Copy, Debug)]
pub struct Membership {
    pub id: MembershipId,
    pub organisation: OrganisationId,
    pub account: AccountId,
    pub role: Role,
    pub began_at: Timestamp,
}

/// Adds a membership; `false` when the account is a member already.
pub async fn add(tx: &mut Tx, new: &Membership) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO memberships (id, organisation_id, account_id, role, began_at_us) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.organisation).bind(new.account)
        .bind(i64::from(new.role.number())).bind(new.began_at)
        .execute(c).await?.rows_affected())
        == 1)
}

/// A member of an organisation.
pub type Member = (AccountId, OrganisationId);

/// How many members one statement asks for; the text depends on the number.
const AT_ONCE: usize = 100;

/// The current roles of those who have one; where all members act alike, receivers and readers of
/// mail act as case workers.
pub async fn roles(tx: &mut Tx, members: &[Member]) -> Result<HashMap<Member, Role>, StoreError> {
    let mut found = HashMap::new();
    for some in members.chunks(AT_ONCE) {
        for (account, organisation, role) in roles_of(tx, some).await? {
            let role = Role::from_number(role);
            let role = role.ok_or_else(|| StoreError::corrupt("memberships.role"))?;
            found.insert((account, organisation), role);
        }
    }
    Ok(found)
}

async fn roles_of(
    tx: &mut Tx,
    members: &[Member],
) -> Result<Vec<(AccountId, OrganisationId, i64)>, StoreError> {
    let mut places = String::new();
    for i in 0..members.len() {
        let comma = if i == 0 { "" } else { ", " };
        let _ = write!(places, "{comma}(${}, ${})", 2 * i + 1, 2 * i + 2);
    }
    // Only places for values are written into the text.
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT m.account_id, m.organisation_id, \
         CASE WHEN o.equal_rights AND m.role IN (4, 5) THEN 3 ELSE m.role END \
         FROM memberships m JOIN organisations o ON o.id = m.organisation_id \
         WHERE m.ended_at_us IS NULL AND (m.account_id, m.organisation_id) IN (VALUES {places})"
    ));
    Ok(on!(tx, c => {
        let mut query = sqlx::query_as(sql).persistent(members.len() == AT_ONCE);
        for (account, organisation) in members {
            query = query.bind(*account).bind(*organisation);
        }
        query.fetch_all(c).await?
    }))
}
