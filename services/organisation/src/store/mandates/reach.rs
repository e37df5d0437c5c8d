//! Which chains of mandates lead from a party to a person: a bounded number of statements for any
//! number of questions.

use std::collections::{HashMap, HashSet};

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::AccountId;

use super::super::asked::{Pair, PartyId, Read, of_ids, of_pairs};
use super::super::facts::standing;
use super::record::{GrantRow, grant_columns, party};
use crate::domain::{Chain, Grant, Hold, MandateId, Party, ToKind};

/// A mandate in somebody's hand, and how.
#[derive(sqlx::FromRow)]
struct Leaf {
    account_id: AccountId,
    party_id: PartyId,
    /// 0 nothing, 1 a member, 2 by register.
    standing_kind: i64,
    standing_role: i64,
    jointly: bool,
    #[sqlx(flatten)]
    grant: GrantRow,
}

/// Given to a person (and what a member is where it comes from); held by an organisation of which
/// the person is the owner, or which they represent. `CROSS JOIN` keeps SQLite from beginning with
/// all mandates; to PostgreSQL it says nothing.
const LEAVES: &str = concat!(
    "SELECT a.account_id, a.party_id, \
        CAST(CASE WHEN m.id IS NULL THEN 0 ELSE 1 END AS BIGINT) AS standing_kind, \
        COALESCE(m.role, 0) AS standing_role, (1 = 0) AS jointly, ",
    grant_columns!(),
    " FROM asked a CROSS JOIN mandates g \
     LEFT JOIN memberships m ON g.to_kind = 3 AND m.account_id = a.account_id \
        AND m.organisation_id = g.from_id AND m.ended_at_us IS NULL \
     WHERE g.to_id = a.account_id AND g.principal_id = a.party_id AND g.state = 2 \
     UNION ALL \
     SELECT a.account_id, a.party_id, CAST(1 AS BIGINT), m.role, (1 = 0), ",
    grant_columns!(),
    " FROM asked a CROSS JOIN memberships m CROSS JOIN mandates g \
     WHERE m.account_id = a.account_id AND m.ended_at_us IS NULL AND m.role = 1 \
        AND g.to_id = m.organisation_id AND g.principal_id = a.party_id AND g.state = 2 \
     UNION ALL \
     SELECT a.account_id, a.party_id, CAST(2 AS BIGINT), f.role, f.jointly, ",
    grant_columns!(),
    " FROM asked a CROSS JOIN register_facts f CROSS JOIN mandates g \
     WHERE f.account_id = a.account_id AND f.ended_at_us IS NULL \
        AND g.to_id = f.organisation_id AND g.principal_id = a.party_id AND g.state = 2"
);

const ABOVE: &str = concat!(
    "SELECT ",
    grant_columns!(),
    " FROM asked a CROSS JOIN mandates g WHERE g.id = a.id AND g.state = 2"
);

/// The chains of accepted mandates that end with each person, whether in force or not.
pub async fn chains(tx: &mut Tx, pairs: &[Pair]) -> Result<Vec<(Pair, Chain)>, StoreError> {
    let leaves: Vec<Leaf> = leaf_rows(tx, pairs).await?;
    let leaves = leaves.into_iter().map(Leaf::read).collect::<Result<Vec<_>, _>>()?;
    let above = above(tx, leaves.iter().filter_map(|(_, grant, _)| grant.parent)).await?;
    let chain = |(pair, last, hold): (Pair, Grant, Hold)| {
        let mut grants = vec![last];
        // A mandate that is missing above leaves a chain that begins nowhere.
        while let Some(parent) = grants.last().and_then(|grant| grant.parent)
            && let Some(parent) = above.get(&parent)
        {
            grants.push(parent.clone());
        }
        grants.reverse();
        (pair, Chain { grants, hold })
    };
    Ok(leaves.into_iter().map(chain).collect())
}

/// The mandates in each person's hand, as rows.
pub async fn leaf_rows<R: Read>(tx: &mut Tx, pairs: &[Pair]) -> Result<Vec<R>, StoreError> {
    of_pairs(tx, pairs, LEAVES).await
}

impl Leaf {
    fn read(self) -> Result<(Pair, Grant, Hold), StoreError> {
        let (grant, _) = self.grant.read()?;
        let standing = match self.standing_kind {
            0 => None,
            kind => Some(standing(kind, self.standing_role, self.jointly)?),
        };
        let hold = match (grant.to_kind, standing) {
            (ToKind::Member, standing) => Hold::AsMember(standing),
            (ToKind::Organisation, Some(standing)) => Hold::Through(standing),
            _ => Hold::Own,
        };
        Ok(((self.account_id, self.party_id), grant, hold))
    }
}

/// The mandates above, and those above them. A chain has three at most, so two rounds are all.
async fn above(
    tx: &mut Tx,
    parents: impl Iterator<Item = MandateId>,
) -> Result<HashMap<MandateId, Grant>, StoreError> {
    let mut found: HashMap<MandateId, Grant> = HashMap::new();
    let mut wanted: HashSet<MandateId> = parents.collect();
    for _ in 0..2 {
        if wanted.is_empty() {
            break;
        }
        let ids: Vec<_> = wanted.iter().map(|id| id.as_uuid()).collect();
        let rows: Vec<GrantRow> = of_ids(tx, &ids, ABOVE).await?;
        wanted.clear();
        for row in rows {
            let (grant, _) = row.read()?;
            wanted.extend(grant.parent.filter(|id| !found.contains_key(id)));
            found.insert(grant.id, grant);
        }
    }
    Ok(found)
}

/// Parties for whom somebody might act, in the order of their ids after `after`: each part of the
/// statement stops at the limit by its index.
pub async fn candidates(
    tx: &mut Tx,
    account: AccountId,
    after: Option<PartyId>,
    limit: i64,
) -> Result<Vec<Party>, StoreError> {
    const SQL: &str = "SELECT kind, id FROM (\
        SELECT * FROM (SELECT CAST(1 AS BIGINT) AS kind, organisation_id AS id FROM memberships \
            WHERE account_id = $1 AND ended_at_us IS NULL AND organisation_id > $2 \
            ORDER BY organisation_id LIMIT $3) AS a \
        UNION SELECT * FROM (SELECT CAST(1 AS BIGINT) AS kind, organisation_id AS id \
            FROM register_facts \
            WHERE account_id = $1 AND ended_at_us IS NULL AND organisation_id > $2 \
            GROUP BY organisation_id ORDER BY organisation_id LIMIT $3) AS b \
        UNION SELECT * FROM (SELECT MIN(principal_kind) AS kind, principal_id AS id \
            FROM mandates WHERE to_id = $1 AND state = 2 AND principal_id > $2 \
            GROUP BY principal_id ORDER BY principal_id LIMIT $3) AS c \
        UNION SELECT * FROM (SELECT MIN(g.principal_kind) AS kind, g.principal_id AS id \
            FROM memberships m CROSS JOIN mandates g \
            WHERE g.to_id = m.organisation_id AND g.state = 2 AND m.account_id = $1 AND m.ended_at_us IS NULL AND m.role = 1 \
            AND g.principal_id > $2 GROUP BY g.principal_id ORDER BY g.principal_id LIMIT $3) AS d \
        UNION SELECT * FROM (SELECT MIN(g.principal_kind) AS kind, g.principal_id AS id \
            FROM register_facts f CROSS JOIN mandates g \
            WHERE g.to_id = f.organisation_id AND g.state = 2 AND f.account_id = $1 AND f.ended_at_us IS NULL \
            AND g.principal_id > $2 GROUP BY g.principal_id ORDER BY g.principal_id LIMIT $3) AS e\
        ) AS found ORDER BY id LIMIT $3";
    // The lowest id of all is nobody's: ids are random.
    let after = after.unwrap_or_else(|| PartyId::from_uuid(sqlx::types::Uuid::nil()));
    let rows: Vec<(i64, PartyId)> = on!(tx, c => sqlx::query_as(SQL)
        .bind(account).bind(after).bind(limit).fetch_all(c).await?);
    rows.into_iter().map(|(kind, id)| party(kind, id)).collect()
}
