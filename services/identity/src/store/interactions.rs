//! Authorization requests whose person is on the log-in pages.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{SessionId, Timestamp};
use sqlx::types::Json;

use super::{digest, read_json, write_json};
use crate::domain::interaction::{AuthRequest, Interaction, InteractionId};

#[derive(sqlx::FromRow)]
struct Row {
    id: InteractionId,
    request: Json<serde_json::Value>,
    session_id: Option<SessionId>,
    eid_session: Option<String>,
    browser: Option<Vec<u8>>,
    created_at_us: Timestamp,
    expires_at_us: Timestamp,
}

pub async fn insert(tx: &mut Tx, interaction: &Interaction) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO interactions \
        (id, request, session_id, eid_session, browser, created_at_us, expires_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let request = write_json(&interaction.request, "interaction")?;
    on!(tx, c => sqlx::query(SQL)
        .bind(interaction.id).bind(request).bind(interaction.session)
        .bind(interaction.eid_session.as_deref())
        .bind(interaction.browser.as_ref().map(|b| &b[..]))
        .bind(interaction.created_at).bind(interaction.expires_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The interaction, unless it has expired or was finished.
pub async fn find(
    tx: &mut Tx,
    id: InteractionId,
    now: Timestamp,
) -> Result<Option<Interaction>, StoreError> {
    const SQL: &str = "SELECT id, request, session_id, eid_session, browser, created_at_us, \
        expires_at_us FROM interactions WHERE id = $1 AND expires_at_us > $2";
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(id).bind(now).fetch_optional(c).await?);
    row.map(Row::interaction).transpose()
}

/// Binds the interaction to the browser that opened its first page; `false` when it is bound
/// already.
pub async fn bind_browser(
    tx: &mut Tx,
    id: InteractionId,
    browser: &[u8; 32],
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE interactions SET browser = $2 WHERE id = $1 AND browser IS NULL";
    let bound = on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(&browser[..]).execute(c).await?.rows_affected());
    Ok(bound == 1)
}

/// Writes what changed of a request while its person is on the pages.
pub async fn update_request(
    tx: &mut Tx,
    id: InteractionId,
    request: &AuthRequest,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE interactions SET request = $2 WHERE id = $1";
    let request = write_json(request, "interaction")?;
    on!(tx, c => sqlx::query(SQL).bind(id).bind(request).execute(c).await?.rows_affected());
    Ok(())
}

/// Remembers which session logged in for this request; `false` when the interaction is gone.
pub async fn update_session(
    tx: &mut Tx,
    id: InteractionId,
    session: Option<SessionId>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE interactions SET session_id = $2 WHERE id = $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(session).execute(c).await?.rows_affected()) == 1)
}

/// Remembers the identification in progress; `None` when it has been fetched.
pub async fn set_eid(
    tx: &mut Tx,
    id: InteractionId,
    eid_session: Option<&str>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE interactions SET eid_session = $2 WHERE id = $1";
    let set = on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(eid_session).execute(c).await?.rows_affected());
    Ok(set == 1)
}

/// Ends the interaction; `false` when somebody else ended it first.
pub async fn remove(tx: &mut Tx, id: InteractionId) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM interactions WHERE id = $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).execute(c).await?.rows_affected()) == 1)
}

/// Removes interactions whose time is over.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM interactions WHERE expires_at_us <= $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected()))
}

impl Row {
    fn interaction(self) -> Result<Interaction, StoreError> {
        Ok(Interaction {
            id: self.id,
            request: read_json(self.request.0, "interaction")?,
            session: self.session_id,
            eid_session: self.eid_session,
            created_at: self.created_at_us,
            expires_at: self.expires_at_us,
            browser: self.browser.map(|b| digest(b, "browser")).transpose()?,
        })
    }
}
