//! Which clients got a grant in a session.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{SessionId, Timestamp};

/// A client of a session, with the sector whose names it knows session and person by.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SessionClient {
    pub client_id: String,
    pub sector: String,
}

/// Notes that the client got a grant in the session.
pub async fn note(
    tx: &mut Tx,
    session: SessionId,
    client: &SessionClient,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO session_clients (session_id, client_id, sector, granted_at_us) \
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL)
        .bind(session).bind(&client.client_id).bind(&client.sector).bind(at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The clients of a session.
pub async fn of(tx: &mut Tx, session: SessionId) -> Result<Vec<SessionClient>, StoreError> {
    const SQL: &str = "SELECT client_id, sector FROM session_clients \
        WHERE session_id = $1 ORDER BY client_id";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(session).fetch_all(c).await?))
}

/// Removes what was noted before `before`: those sessions have ended or aged away.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM session_clients WHERE granted_at_us < $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(before).execute(c).await?.rows_affected()))
}
