//! A register full of mandates, written past the API: what measurements start from; and the
//! statements of a decision alone, which is what they are compared with.

use siegel_db::{Db, StoreError, on};
use siegel_kernel::{AccountId, OrganisationId};
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use crate::domain::Party;
use crate::store::asked::{Pair, PartyId};
use crate::store::{facts, mandates};

/// Somebody, and for whom they might act.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub account: AccountId,
    pub organisation: Option<OrganisationId>,
    pub principal: Option<AccountId>,
}

/// What the tables were filled with.
#[derive(Clone, Debug)]
pub struct Filled {
    /// Pairs of all kinds of paths, in no order.
    pub samples: Vec<Sample>,
    /// Somebody who may act for as many parties as asked for.
    pub adviser: AccountId,
}

/// `$1` grants: a twentieth as many firms with an owner and an employee each; of the grants 60 %
/// from persons to persons, 20 % from firms to persons, 15 % from persons to firms, and a third of
/// those passed on to the employee. The texts differ only in how numbers and ids are made; what is
/// drawn is drawn once (`MATERIALIZED`), for it stands in two columns.
macro_rules! fill {
    ($numbers:literal, $id:literal, $false:literal) => {
        [
            concat!(
                "INSERT INTO organisations (id, name, legal_form, identification_level, \
                 created_at_us) SELECT ", $id, ", 'Firma ' || n, 'GmbH', 3, n FROM ",
                $numbers, " WHERE n <= $1 / 20"
            ),
            concat!(
                "INSERT INTO memberships (id, organisation_id, account_id, role, began_at_us) \
                 SELECT ", $id, ", o.id, ", $id, ", r.role, 1 FROM organisations o \
                 CROSS JOIN (SELECT 1 AS role UNION ALL SELECT 3) AS r WHERE $1 > 0"
            ),
            fill!(@ $id, $false, "2", $id, "2", $id, "NULL", $numbers, "n <= $1 * 60 / 100"),
            fill!(@ $id, $false, "1", "o.id", "2", $id, "NULL",
                "organisations o CROSS JOIN (SELECT 1 AS a UNION ALL SELECT 2 UNION ALL SELECT 3 \
                 UNION ALL SELECT 4) AS four", "$1 > 0"),
            fill!(@ $id, $false, "2", $id, "1", "o.id", "NULL",
                "organisations o CROSS JOIN (SELECT 1 AS a UNION ALL SELECT 2 UNION ALL SELECT 3) \
                 AS three", "$1 > 0"),
        ]
    };
    (@ $id:literal, $false:literal, $fk:literal, $from:literal, $tk:literal, $to:literal,
        $parent:literal, $source:literal, $where:literal) => {
        concat!(
            "INSERT INTO mandates (id, version, state, from_kind, from_id, to_kind, to_id, \
             principal_kind, principal_id, parent_id, package, read_only, service_id, mailbox_id, \
             sender_id, thread, letter_id, level, redelegation, valid_from_us, valid_until_us, \
             ends_at_us, granted_at_us, accepted_at_us) \
             WITH x AS MATERIALIZED (SELECT ", $id, " AS id, ", $fk, " AS fk, ", $from,
            " AS f, ", $tk, " AS tk, ", $to, " AS t FROM ", $source, " WHERE ", $where, ") \
             SELECT x.id, 2, 2, x.fk, x.f, x.tk, x.t, x.fk, x.f, ", $parent, ", 'full', ", $false,
            ", '', '', '', '', '', 2, 3, 0, 9000000000000000, 9000000000000000, 1, 1 FROM x"
        )
    };
}

/// A third of what firms hold goes on to their employee.
macro_rules! pass_on {
    ($id:literal, $false:literal) => {
        concat!(
            "INSERT INTO mandates (id, version, state, from_kind, from_id, to_kind, to_id, \
             principal_kind, principal_id, parent_id, package, read_only, service_id, mailbox_id, \
             sender_id, thread, letter_id, level, redelegation, valid_from_us, valid_until_us, \
             ends_at_us, granted_at_us, accepted_at_us) \
             SELECT ", $id, ", 2, 2, 1, g.to_id, 3, m.account_id, g.principal_kind, \
             g.principal_id, g.id, 'adviser', ", $false, ", '', '', '', '', '', 2, 1, 0, \
             9000000000000000, 9000000000000000, 1, 1 \
             FROM (SELECT id, to_id, principal_kind, principal_id, \
                ROW_NUMBER() OVER (PARTITION BY to_id ORDER BY id) AS place \
                FROM mandates WHERE to_kind = 1) AS g \
             JOIN memberships m ON g.place = 1 AND m.organisation_id = g.to_id AND m.role = 3"
        )
    };
}

const POSTGRES: [&str; 5] = fill!("generate_series(1, $1) AS n", "gen_random_uuid()", "FALSE");
const SQLITE: [&str; 5] = fill!(
    "(WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $1) \
      SELECT n FROM s)",
    "randomblob(16)",
    "0"
);

/// Fills an empty database with `grants` mandates, and one adviser of `parties` parties.
/// # Errors
/// The database refuses.
pub async fn fill(db: &Db, grants: i64, parties: i64) -> Result<Filled, StoreError> {
    const ADVISER: &str = "SELECT to_id FROM mandates WHERE to_kind = 2 ORDER BY id LIMIT 1";
    const MOVE: &str = "UPDATE mandates SET to_id = $1 WHERE id IN (SELECT id FROM mandates \
        WHERE to_kind = 2 AND parent_id IS NULL ORDER BY id LIMIT $2)";
    let mut tx = db.begin().await?;
    let (texts, passed_on) = match &tx {
        siegel_db::Tx::Postgres(_) => (POSTGRES, pass_on!("gen_random_uuid()", "FALSE")),
        siegel_db::Tx::Sqlite(_) => (SQLITE, pass_on!("randomblob(16)", "0")),
    };
    for sql in texts {
        on!(&mut tx, c => sqlx::query(sql).bind(grants).execute(c).await?.rows_affected());
    }
    on!(&mut tx, c => sqlx::query(passed_on).execute(c).await?.rows_affected());
    let adviser: PartyId = on!(&mut tx, c => sqlx::query_scalar(ADVISER).fetch_one(c).await?);
    on!(&mut tx, c => sqlx::query(MOVE).bind(adviser).bind(parties).execute(c).await?.rows_affected());
    tx.commit().await?;
    let mut tx = db.singly().await?;
    on!(&mut tx, c => sqlx::query("ANALYZE").execute(c).await?.rows_affected());
    drop(tx);
    let samples = samples(db).await?;
    Ok(Filled { samples, adviser: AccountId::from_uuid(adviser.as_uuid()) })
}

/// Holders, those who run the firm that holds, employees it was passed on to, and strangers.
async fn samples(db: &Db) -> Result<Vec<Sample>, StoreError> {
    const SQL: &str = "SELECT account, kind, party FROM (\
        SELECT * FROM (SELECT g.to_id AS account, g.principal_kind AS kind, \
            g.principal_id AS party, g.id FROM mandates g \
            WHERE g.to_kind IN (2, 3) ORDER BY g.id LIMIT 12000) AS a \
        UNION ALL SELECT * FROM (SELECT m.account_id, g.principal_kind, g.principal_id, g.id \
            FROM mandates g JOIN memberships m ON m.organisation_id = g.to_id AND m.role = 1 \
            WHERE g.to_kind = 1 ORDER BY g.id LIMIT 4000) AS b \
        UNION ALL SELECT * FROM (SELECT m.account_id, g.principal_kind, g.principal_id, g.id \
            FROM mandates g JOIN memberships m ON m.organisation_id = g.to_id AND m.role = 3 \
            WHERE g.to_kind = 1 ORDER BY g.id LIMIT 4000) AS c) AS found ORDER BY id";
    let mut tx = db.read().await?;
    let rows: Vec<(AccountId, i64, PartyId)> =
        on!(&mut tx, c => sqlx::query_as(SQL).fetch_all(c).await?);
    let sample = |(account, kind, party): (AccountId, i64, PartyId)| Sample {
        account,
        organisation: (kind == 1).then(|| OrganisationId::from_uuid(party.as_uuid())),
        principal: (kind == 2).then(|| AccountId::from_uuid(party.as_uuid())),
    };
    Ok(rows.into_iter().map(sample).collect())
}

/// A row that is fetched and not looked at.
struct Row;

impl FromRow<'_, SqliteRow> for Row {
    fn from_row(_: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self)
    }
}

impl FromRow<'_, PgRow> for Row {
    fn from_row(_: &PgRow) -> sqlx::Result<Self> {
        Ok(Self)
    }
}

/// The statements of a decision about these, without reading what they answer; how many rows.
/// # Errors
/// The database refuses.
pub async fn bare(db: &Db, samples: &[Sample]) -> Result<usize, StoreError> {
    let pairs: Vec<Pair> = samples.iter().map(pair).collect();
    let mut tx = db.read().await?;
    let standings = facts::standing_rows::<Row>(&mut tx, &pairs).await?.len();
    Ok(standings + mandates::leaf_rows::<Row>(&mut tx, &pairs).await?.len())
}

/// The statements of the list of all parties of an account, in pages of so many, without reading
/// more than the ids where the next page begins; how many parties.
/// # Errors
/// The database refuses.
pub async fn bare_parties(db: &Db, account: AccountId, page: i64) -> Result<usize, StoreError> {
    let (mut seen, mut after) = (0, None);
    loop {
        let mut tx = db.read().await?;
        let found = mandates::candidates(&mut tx, account, after, page).await?;
        let pairs: Vec<Pair> = found.iter().map(|party| (account, (*party).into())).collect();
        facts::standing_rows::<Row>(&mut tx, &pairs).await?;
        mandates::leaf_rows::<Row>(&mut tx, &pairs).await?;
        seen += found.len();
        after = found.last().copied().map(PartyId::from);
        if i64::try_from(found.len()).is_ok_and(|found| found < page) {
            return Ok(seen);
        }
    }
}

fn pair(sample: &Sample) -> Pair {
    let party = match (sample.organisation, sample.principal) {
        (Some(id), _) => Party::Organisation(id),
        (None, Some(id)) => Party::Person(id),
        (None, None) => Party::Person(sample.account),
    };
    (sample.account, party.into())
}
