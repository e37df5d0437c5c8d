//! What registers say, and what somebody is in an organisation.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, OrganisationId, Timestamp};

use super::asked::{Pair, PartyId, Read, of_pairs};
use crate::domain::{FactId, FactRole, Party, Role, Standing};

/// A register role of somebody.
#[derive(Clone, Debug)]
pub struct Fact {
    pub id: FactId,
    pub organisation: OrganisationId,
    pub account: AccountId,
    pub role: FactRole,
    pub jointly: bool,
    pub source: String,
    pub recorded_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: FactId,
    organisation_id: OrganisationId,
    account_id: AccountId,
    role: i64,
    jointly: bool,
    source: String,
    recorded_at_us: Timestamp,
    ended_at_us: Option<Timestamp>,
}

impl TryFrom<Row> for Fact {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let role = FactRole::from_number(row.role);
        Ok(Self {
            id: row.id,
            organisation: row.organisation_id,
            account: row.account_id,
            role: role.ok_or_else(|| StoreError::corrupt("register_facts.role"))?,
            jointly: row.jointly,
            source: row.source,
            recorded_at: row.recorded_at_us,
            ended_at: row.ended_at_us,
        })
    }
}

pub async fn add(tx: &mut Tx, new: &Fact) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO register_facts \
        (id, organisation_id, account_id, role, jointly, source, recorded_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.organisation).bind(new.account)
        .bind(i64::from(new.role.number())).bind(new.jointly).bind(&new.source)
        .bind(new.recorded_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Ends a fact in force; `false` when there is none.
pub async fn end(tx: &mut Tx, id: FactId, at: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE register_facts SET ended_at_us = $2 WHERE id = $1 AND ended_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(at).execute(c).await?.rows_affected()) == 1)
}

pub async fn find(tx: &mut Tx, id: FactId) -> Result<Option<Fact>, StoreError> {
    const SQL: &str = "SELECT id, organisation_id, account_id, role, jointly, source, \
        recorded_at_us, ended_at_us FROM register_facts WHERE id = $1";
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?);
    row.map(Fact::try_from).transpose()
}

/// All of an organisation, the latest last.
pub async fn of(tx: &mut Tx, organisation: OrganisationId) -> Result<Vec<Fact>, StoreError> {
    const SQL: &str = "SELECT id, organisation_id, account_id, role, jointly, source, \
        recorded_at_us, ended_at_us FROM register_facts \
        WHERE organisation_id = $1 ORDER BY recorded_at_us, id";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(organisation).fetch_all(c).await?);
    rows.into_iter().map(Fact::try_from).collect()
}

/// The fact in force by which somebody stands for an organisation; the oldest of several.
pub async fn in_force(
    tx: &mut Tx,
    organisation: OrganisationId,
    account: AccountId,
    role: FactRole,
) -> Result<Option<FactId>, StoreError> {
    const SQL: &str = "SELECT id FROM register_facts WHERE account_id = $1 \
        AND organisation_id = $2 AND role = $3 AND ended_at_us IS NULL \
        ORDER BY recorded_at_us, id LIMIT 1";
    Ok(on!(tx, c => sqlx::query_scalar(SQL)
        .bind(account).bind(organisation).bind(i64::from(role.number()))
        .fetch_optional(c).await?))
}

#[derive(sqlx::FromRow)]
struct StandingRow {
    account_id: AccountId,
    party_id: PartyId,
    kind: i64,
    role: i64,
    jointly: bool,
    /// A member who manages, and a claim of the organisation is in its cooling period.
    cooling: bool,
}

/// What somebody who asks is in an organisation.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub pair: Pair,
    pub standing: Standing,
    /// Whether they manage members there again once a claim has cooled.
    pub cooling: bool,
}

/// With equal rights, receivers and readers (4, 5) work on mail as case workers (3) do. A dissolved
/// organisation has nobody. The states of a claim are written out as its index has them.
const STANDINGS: &str = "SELECT a.account_id, a.party_id, CAST(1 AS BIGINT) AS kind, \
        CASE WHEN o.equal_rights AND m.role IN (4, 5) THEN 3 ELSE m.role END AS role, \
        (1 = 0) AS jointly, (m.role IN (1, 2) AND EXISTS (SELECT 1 FROM claims c WHERE c.organisation_id = o.id \
            AND c.state IN (1, 2, 3, 4) AND NOT c.recovery AND c.state = 3)) AS cooling \
    FROM asked a CROSS JOIN memberships m CROSS JOIN organisations o \
    WHERE m.account_id = a.account_id AND m.organisation_id = a.party_id \
        AND m.ended_at_us IS NULL AND o.id = m.organisation_id AND o.dissolved_at_us IS NULL \
    UNION ALL \
    SELECT a.account_id, a.party_id, CAST(2 AS BIGINT), f.role, f.jointly, (1 = 0) \
    FROM asked a CROSS JOIN register_facts f CROSS JOIN organisations o \
    WHERE f.account_id = a.account_id AND f.organisation_id = a.party_id \
        AND f.ended_at_us IS NULL AND o.id = f.organisation_id AND o.dissolved_at_us IS NULL \
    ORDER BY kind, role, jointly";

/// What those who ask are now in the organisations they ask about, members' roles first.
pub async fn standings(tx: &mut Tx, pairs: &[Pair]) -> Result<Vec<Found>, StoreError> {
    let rows: Vec<StandingRow> = standing_rows(tx, pairs).await?;
    let read = |row: StandingRow| {
        let standing = standing(row.kind, row.role, row.jointly)?;
        Ok(Found { pair: (row.account_id, row.party_id), standing, cooling: row.cooling })
    };
    rows.into_iter().map(read).collect()
}

/// The same, as rows.
pub async fn standing_rows<R: Read>(tx: &mut Tx, pairs: &[Pair]) -> Result<Vec<R>, StoreError> {
    of_pairs(tx, pairs, STANDINGS).await
}

/// What somebody is in one organisation.
pub async fn standing_of(
    tx: &mut Tx,
    account: AccountId,
    organisation: OrganisationId,
) -> Result<Vec<Standing>, StoreError> {
    let pair = (account, Party::Organisation(organisation).into());
    Ok(standings(tx, &[pair]).await?.into_iter().map(|found| found.standing).collect())
}

/// Reads what a row says somebody is: kind 1 a member, 2 by register.
pub fn standing(kind: i64, role: i64, jointly: bool) -> Result<Standing, StoreError> {
    let found = match kind {
        1 => Role::from_number(role).map(Standing::Member),
        2 => FactRole::from_number(role).map(|role| Standing::Fact { role, jointly }),
        _ => None,
    };
    found.ok_or_else(|| StoreError::corrupt("memberships.role or register_facts.role"))
}
