//! Identifications. A row that is expired is as good as gone, whether or not the sweeper came.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::{Claim, Ending, LIFETIME, Order, Session, SessionId};

#[derive(sqlx::FromRow)]
struct Row {
    id: SessionId,
    claims: String,
    purpose: String,
    return_url: String,
    state: String,
    reference: Option<String>,
    ticket_hash: Option<Vec<u8>>,
    wrong_pins: i64,
    ended_at_us: Option<Timestamp>,
}

/// Adds an open identification that `started_by` may fetch.
pub async fn add(
    tx: &mut Tx,
    order: &Order,
    started_by: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO sessions \
        (id, started_by, claims, purpose, return_url, state, expires_at_us) \
        VALUES ($1, $2, $3, $4, $5, 'open', $6)";
    let claims: Vec<_> = order.claims.iter().map(|claim| claim.as_str()).collect();
    on!(tx, c => sqlx::query(SQL)
        .bind(order.id).bind(started_by).bind(claims.join(" ")).bind(&order.purpose)
        .bind(order.return_url.as_str()).bind(now.plus(LIFETIME)).execute(c).await?.rows_affected());
    Ok(())
}

/// An identification that waits for its person.
pub async fn find_open(
    tx: &mut Tx,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    const SQL: &str = "SELECT id, claims, purpose, return_url, state, reference, ticket_hash, wrong_pins, \
        ended_at_us FROM sessions WHERE id = $1 AND state = 'open' AND expires_at_us > $2";
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(id).bind(now).fetch_optional(c).await?);
    row.map(Session::try_from).transpose()
}

/// An identification in any state that `started_by` began.
pub async fn find_own(
    tx: &mut Tx,
    id: SessionId,
    started_by: &str,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    const SQL: &str = "SELECT id, claims, purpose, return_url, state, reference, ticket_hash, wrong_pins, \
        ended_at_us FROM sessions WHERE id = $1 AND started_by = $2 AND expires_at_us > $3";
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL)
        .bind(id).bind(started_by).bind(now).fetch_optional(c).await?);
    row.map(Session::try_from).transpose()
}

/// Counts a PIN that did not open the card; the new count, or `None` when nothing is open.
pub async fn count_wrong_pin(
    tx: &mut Tx,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "UPDATE sessions SET wrong_pins = wrong_pins + 1 \
        WHERE id = $1 AND state = 'open' AND expires_at_us > $2 RETURNING wrong_pins";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(id).bind(now).fetch_optional(c).await?))
}

/// Ends an open identification; `false` when it was ended or gone before.
pub async fn end(
    tx: &mut Tx,
    id: SessionId,
    ending: &Ending,
    ticket_hash: &[u8],
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sessions SET state = $2, reference = $3, ended_at_us = $4, \
        ticket_hash = $5 WHERE id = $1 AND state = 'open' AND expires_at_us > $4";
    let reference = match ending {
        Ending::Identified { reference } => Some(reference.as_str()),
        Ending::Cancelled | Ending::Failed => None,
    };
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(ending.as_str()).bind(reference).bind(now).bind(ticket_hash)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Takes the result away; `false` when somebody else did or it is not there yet.
pub async fn take(tx: &mut Tx, id: SessionId, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str =
        "DELETE FROM sessions WHERE id = $1 AND state <> 'open' AND expires_at_us > $2";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(now).execute(c).await?.rows_affected()) == 1)
}

/// Deletes what has expired; how many there were.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM sessions WHERE expires_at_us <= $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected()))
}

impl TryFrom<Row> for Session {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let ending = match (row.state.as_str(), row.reference, row.ended_at_us) {
            ("open", None, None) => None,
            ("identified", Some(reference), Some(at)) => {
                Some((Ending::Identified { reference }, at))
            }
            ("cancelled", None, Some(at)) => Some((Ending::Cancelled, at)),
            ("failed", None, Some(at)) => Some((Ending::Failed, at)),
            _ => return Err(StoreError::corrupt("state of an identification")),
        };
        let claims = Claim::parse_list(row.claims.split_ascii_whitespace())
            .ok_or_else(|| StoreError::corrupt("claims of an identification"))?;
        let return_url = row.return_url.parse().map_err(|_| StoreError::corrupt("return URL"))?;
        Ok(Self {
            id: row.id,
            claims,
            purpose: row.purpose,
            return_url,
            wrong_pins: u32::try_from(row.wrong_pins).unwrap_or(u32::MAX),
            ending,
            ticket_hash: row.ticket_hash,
        })
    }
}
