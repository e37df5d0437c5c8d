use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, TrustLevel, typed_id};

use crate::domain::{Proof, Source};

typed_id! {
    /// One value of one attribute at one time.
    AttributeId = "att", random
}

/// A value as it is stored.
#[derive(Clone, Debug)]
pub struct Stored {
    pub id: AttributeId,
    pub account: AccountId,
    pub name: String,
    /// Sealed under the account's data key.
    pub value: Vec<u8>,
    pub proof: Proof,
    pub recorded_at: Timestamp,
    pub superseded_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: AttributeId,
    account_id: AccountId,
    name: String,
    source: i64,
    value: Vec<u8>,
    level: Option<TrustLevel>,
    verified_at_us: Option<Timestamp>,
    recorded_at_us: Timestamp,
    superseded_at_us: Option<Timestamp>,
    source_detail: String,
    valid_until_us: Option<Timestamp>,
}

impl TryFrom<Row> for Stored {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let source = Source::from_number(row.source);
        let source = source.ok_or_else(|| StoreError::corrupt("attributes.source"))?;
        Ok(Self {
            id: row.id,
            account: row.account_id,
            name: row.name,
            value: row.value,
            proof: Proof {
                source,
                detail: row.source_detail,
                level: row.level,
                verified_at: row.verified_at_us,
                valid_until: row.valid_until_us,
            },
            recorded_at: row.recorded_at_us,
            superseded_at: row.superseded_at_us,
        })
    }
}

/// The current values of an account, one per name, source and which of its kind.
pub async fn current(tx: &mut Tx, account: AccountId) -> Result<Vec<Stored>, StoreError> {
    const SQL: &str = "SELECT id, account_id, name, source, value, level, verified_at_us, \
        recorded_at_us, superseded_at_us, source_detail, valid_until_us FROM attributes \
        WHERE account_id = $1 AND superseded_at_us IS NULL ORDER BY name, source, source_detail";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?);
    rows.into_iter().map(Stored::try_from).collect()
}

/// Every value there ever was, oldest first.
pub async fn all(tx: &mut Tx, account: AccountId) -> Result<Vec<Stored>, StoreError> {
    const SQL: &str = "SELECT id, account_id, name, source, value, level, verified_at_us, \
        recorded_at_us, superseded_at_us, source_detail, valid_until_us FROM attributes \
        WHERE account_id = $1 ORDER BY recorded_at_us, name, source, source_detail";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?);
    rows.into_iter().map(Stored::try_from).collect()
}

/// One value, current or not.
pub async fn find(tx: &mut Tx, id: AttributeId) -> Result<Option<Stored>, StoreError> {
    const SQL: &str = "SELECT id, account_id, name, source, value, level, verified_at_us, \
        recorded_at_us, superseded_at_us, source_detail, valid_until_us FROM attributes \
        WHERE id = $1";
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?);
    row.map(Stored::try_from).transpose()
}

/// Up to `limit` values of an account, current ones and earlier ones, newest first, older than the
/// value `before`.
pub async fn history(
    tx: &mut Tx,
    account: AccountId,
    before: (Timestamp, AttributeId),
    limit: i64,
) -> Result<Vec<Stored>, StoreError> {
    const SQL: &str = "SELECT id, account_id, name, source, value, level, verified_at_us, \
        recorded_at_us, superseded_at_us, source_detail, valid_until_us FROM attributes \
        WHERE account_id = $1 AND (recorded_at_us < $2 OR (recorded_at_us = $2 AND id < $3)) \
        ORDER BY recorded_at_us DESC, id DESC LIMIT $4";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL)
        .bind(account).bind(before.0).bind(before.1).bind(limit).fetch_all(c).await?);
    rows.into_iter().map(Stored::try_from).collect()
}

/// Ends the current value of this name and source, if there is one; it stays as history.
pub async fn supersede(
    tx: &mut Tx,
    account: AccountId,
    name: &str,
    of: &Proof,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE attributes SET superseded_at_us = $5 WHERE account_id = $1 \
        AND name = $2 AND source = $3 AND source_detail = $4 AND superseded_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(account).bind(name).bind(i64::from(of.source.number())).bind(&of.detail).bind(at)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Adds a current value; [`supersede`] the one before it first.
pub async fn add(tx: &mut Tx, new: &Stored) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO attributes \
        (id, account_id, name, source, value, level, verified_at_us, recorded_at_us, \
        source_detail, valid_until_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.account).bind(&new.name)
        .bind(i64::from(new.proof.source.number())).bind(&new.value[..])
        .bind(new.proof.level).bind(new.proof.verified_at).bind(new.recorded_at)
        .bind(&new.proof.detail).bind(new.proof.valid_until)
        .execute(c).await?.rows_affected());
    Ok(())
}
