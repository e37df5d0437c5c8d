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

/// Adds a standing consent; [`replace`] the one before it first.
pub async fn add(tx: &mut Tx, account: AccountId, new: &Consent) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO consents \
        (id, account_id, client_id, client_name, attributes, purpose, given_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(account).bind(&new.asked.client_id).bind(&new.asked.client_name)
        .bind(new.asked.attributes.to_text()).bind(&new.asked.purpose).bind(new.given_at)
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
