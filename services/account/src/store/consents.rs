use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, typed_id};

use crate::domain::{Asked, Names};

typed_id! {
    /// A consent to release attributes.
    ConsentId = "cns", random
}

/// A consent that stands.
#[derive(Clone, Debug)]
pub struct Consent {
    pub id: ConsentId,
    pub asked: Asked,
    pub given_at: Timestamp,
}

/// A consent that may have ended.
#[derive(Clone, Debug)]
pub struct Past {
    pub consent: Consent,
    pub ended_at: Option<Timestamp>,
    /// `withdrawn` or `replaced`.
    pub ended_by: Option<String>,
    /// The page it was given on, sealed; `None`: given before receipts were kept.
    pub receipt: Option<Vec<u8>>,
}

#[derive(sqlx::FromRow)]
struct PastRow {
    #[sqlx(flatten)]
    row: Row,
    ended_at_us: Option<Timestamp>,
    ended_by: Option<String>,
    receipt: Option<Vec<u8>>,
}

impl From<PastRow> for Past {
    fn from(row: PastRow) -> Self {
        let (ended_at, ended_by) = (row.ended_at_us, row.ended_by);
        Self { consent: row.row.into(), ended_at, ended_by, receipt: row.receipt }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ConsentId,
    client_id: String,
    client_name: String,
    attributes: String,
    purpose: String,
    given_at_us: Timestamp,
}

impl From<Row> for Consent {
    fn from(row: Row) -> Self {
        let asked = Asked {
            client_id: row.client_id,
            client_name: row.client_name,
            attributes: Names::from_text(&row.attributes),
            purpose: row.purpose,
        };
        Self { id: row.id, asked, given_at: row.given_at_us }
    }
}

/// The consents of an account that stand, newest first; one per client and purpose.
pub async fn standing(tx: &mut Tx, account: AccountId) -> Result<Vec<Consent>, StoreError> {
    const SQL: &str = "SELECT id, client_id, client_name, attributes, purpose, given_at_us \
        FROM consents WHERE account_id = $1 AND ended_at_us IS NULL \
        ORDER BY given_at_us DESC, id";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?);
    Ok(rows.into_iter().map(Consent::from).collect())
}

/// Up to `limit` consents of an account, ended ones as well, newest first, older than `before`.
pub async fn past(
    tx: &mut Tx,
    account: AccountId,
    before: (Timestamp, ConsentId),
    limit: i64,
) -> Result<Vec<Past>, StoreError> {
    const SQL: &str = "SELECT id, client_id, client_name, attributes, purpose, given_at_us, \
        ended_at_us, ended_by, receipt FROM consents \
        WHERE account_id = $1 AND (given_at_us < $2 OR (given_at_us = $2 AND id < $3)) \
        ORDER BY given_at_us DESC, id DESC LIMIT $4";
    let rows: Vec<PastRow> = on!(tx, c => sqlx::query_as(SQL)
        .bind(account).bind(before.0).bind(before.1).bind(limit).fetch_all(c).await?);
    Ok(rows.into_iter().map(Past::from).collect())
}

/// One consent that the account gave.
pub async fn find(
    tx: &mut Tx,
    account: AccountId,
    id: ConsentId,
) -> Result<Option<Past>, StoreError> {
    const SQL: &str = "SELECT id, client_id, client_name, attributes, purpose, given_at_us, \
        ended_at_us, ended_by, receipt FROM consents WHERE id = $1 AND account_id = $2";
    let row: Option<PastRow> =
        on!(tx, c => sqlx::query_as(SQL).bind(id).bind(account).fetch_optional(c).await?);
    Ok(row.map(Past::from))
}

/// Whose consent this is, and to which client.
pub async fn parties(
    tx: &mut Tx,
    id: ConsentId,
) -> Result<Option<(AccountId, String)>, StoreError> {
    const SQL: &str = "SELECT account_id, client_id FROM consents WHERE id = $1";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?))
}

/// Adds a standing consent with its sealed receipt; [`replace`] the one before it first.
pub async fn add(
    tx: &mut Tx,
    account: AccountId,
    new: &Consent,
    receipt: &[u8],
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO consents \
        (id, account_id, client_id, client_name, attributes, purpose, given_at_us, receipt) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(account).bind(&new.asked.client_id).bind(&new.asked.client_name)
        .bind(new.asked.attributes.to_text()).bind(&new.asked.purpose).bind(new.given_at)
        .bind(receipt)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Ends a standing consent because a newer one takes its place.
pub async fn replace(tx: &mut Tx, id: ConsentId, at: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE consents SET ended_at_us = $2, ended_by = 'replaced' \
        WHERE id = $1 AND ended_at_us IS NULL";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Whether the account ever gave this consent.
pub async fn exists(tx: &mut Tx, account: AccountId, id: ConsentId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM consents WHERE id = $1 AND account_id = $2";
    let found: i64 =
        on!(tx, c => sqlx::query_scalar(SQL).bind(id).bind(account).fetch_one(c).await?);
    Ok(found == 1)
}

/// Withdraws what stands for the client and purpose of this consent, also when a newer consent
/// has taken its place; `false` when nothing stood.
pub async fn withdraw(
    tx: &mut Tx,
    account: AccountId,
    id: ConsentId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE consents SET ended_at_us = $3, ended_by = 'withdrawn' \
        WHERE account_id = $2 AND ended_at_us IS NULL \
        AND client_id = (SELECT client_id FROM consents WHERE id = $1 AND account_id = $2) \
        AND purpose = (SELECT purpose FROM consents WHERE id = $1 AND account_id = $2)";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(account).bind(at)
        .execute(c).await?.rows_affected())
        == 1)
}
