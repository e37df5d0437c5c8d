use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use super::super::asked::PartyId;
use super::record::{Record, RecordRow, record_columns};
use crate::domain::{MandateId, Party};

/// Which mandates of a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Given,
    Received,
}

/// Up to `limit` mandates of a party before a place in the list, the latest first.
pub async fn list(
    tx: &mut Tx,
    side: Side,
    of: Party,
    before: Option<(Timestamp, MandateId)>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    const GIVEN: &str = concat!(
        "SELECT ",
        record_columns!(),
        " FROM mandates g WHERE g.from_id = $1 AND (g.granted_at_us, g.id) < ($2, $3) \
         ORDER BY g.granted_at_us DESC, g.id DESC LIMIT $4"
    );
    const RECEIVED: &str = concat!(
        "SELECT ",
        record_columns!(),
        " FROM mandates g WHERE g.to_id = $1 AND (g.granted_at_us, g.id) < ($2, $3) \
         ORDER BY g.granted_at_us DESC, g.id DESC LIMIT $4"
    );
    let sql = match side {
        Side::Given => GIVEN,
        Side::Received => RECEIVED,
    };
    // The first page begins before everything.
    let beginning =
        (Timestamp::from_micros(i64::MAX), MandateId::from_uuid(sqlx::types::Uuid::max()));
    let (at, id) = before.unwrap_or(beginning);
    let rows: Vec<RecordRow> = on!(tx, c => sqlx::query_as(sql)
        .bind(PartyId::from(of)).bind(at).bind(id).bind(limit).fetch_all(c).await?);
    rows.into_iter().map(Record::try_from).collect()
}
