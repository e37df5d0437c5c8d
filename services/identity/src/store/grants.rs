//! Grants: what tokens refer to.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, GrantId, SessionId, Timestamp};
use sqlx::types::Json;

use super::acting;
use super::session_clients::{self, SessionClient};
use super::write_json;
use crate::domain::grant::{Grant, Granted, Holder};
use crate::domain::program::ProgramGrant;

#[derive(sqlx::FromRow)]
struct Row {
    id: GrantId,
    kind: String,
    client_id: String,
    account_id: Option<AccountId>,
    session_id: Option<SessionId>,
    subject: String,
    /// Of persons only.
    context: Option<Json<Granted>>,
    /// Of programs only.
    program: Option<Json<ProgramGrant>>,
    created_at_us: Timestamp,
    revoked_at_us: Option<Timestamp>,
    expires_at_us: Timestamp,
    not_before_us: Option<Timestamp>,
}

pub async fn insert(tx: &mut Tx, grant: &Grant) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO grants (id, kind, client_id, account_id, session_id, subject, \
        context, created_at_us, revoked_at_us, expires_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let none = serde_json::Map::new();
    let (kind, account, session, context) = match &grant.holder {
        Holder::Person { account, session, granted } => {
            ("person", Some(*account), *session, write_json(granted, "grant")?)
        }
        Holder::Program(held) => ("program", None, None, write_json(held, "grant")?),
        Holder::Client => ("client", None, None, write_json(&none, "grant")?),
        Holder::Service => ("service", None, None, write_json(&none, "grant")?),
    };
    on!(&mut *tx, c => sqlx::query(SQL)
        .bind(grant.id).bind(kind).bind(&grant.client_id).bind(account).bind(session)
        .bind(&grant.subject).bind(context).bind(grant.created_at).bind(grant.revoked_at)
        .bind(grant.expires_at).execute(c).await?.rows_affected());
    if let Holder::Person { granted, .. } = &grant.holder {
        let client_id = grant.client_id.clone();
        let client = SessionClient { client_id, sector: granted.request.sector.clone() };
        session_clients::note(tx, granted.session.id, &client, grant.created_at).await?;
    }
    acting::index(tx, grant).await
}

pub async fn find(tx: &mut Tx, id: GrantId) -> Result<Option<Grant>, StoreError> {
    Ok(find_with_stop(tx, id).await?.map(|(grant, _)| grant))
}

/// A grant with the latest not-before of its subject or client, in one look.
pub async fn find_with_stop(
    tx: &mut Tx,
    id: GrantId,
) -> Result<Option<(Grant, Option<Timestamp>)>, StoreError> {
    const SQL: &str = "SELECT id, kind, client_id, account_id, session_id, subject, \
        CASE WHEN kind = 'person' THEN context END AS context, \
        CASE WHEN kind = 'program' THEN context END AS program, \
        created_at_us, revoked_at_us, expires_at_us, \
        (SELECT MAX(r.revoked_at_us) FROM revocations r \
            WHERE (r.kind = 'subject' AND r.target = grants.subject) \
            OR (r.kind = 'client' AND r.target = grants.client_id)) AS not_before_us \
        FROM grants WHERE id = $1";
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?);
    let Some(row) = row else { return Ok(None) };
    let not_before = row.not_before_us;
    Ok(Some((row.grant()?, not_before)))
}

/// Revokes a grant; `false` when it was revoked already or never was.
pub async fn revoke(tx: &mut Tx, id: GrantId, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE grants SET revoked_at_us = $2 WHERE id = $1 AND revoked_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(now).execute(c).await?.rows_affected()) == 1)
}

/// Revokes every grant that lives with a session; which ones.
pub async fn revoke_session(
    tx: &mut Tx,
    session: SessionId,
    now: Timestamp,
) -> Result<Vec<GrantId>, StoreError> {
    const SQL: &str = "UPDATE grants SET revoked_at_us = $2 \
        WHERE session_id = $1 AND revoked_at_us IS NULL RETURNING id";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(session).bind(now).fetch_all(c).await?))
}

/// Revokes every grant of a client; which ones.
pub async fn revoke_client(
    tx: &mut Tx,
    client_id: &str,
    now: Timestamp,
) -> Result<Vec<GrantId>, StoreError> {
    const SQL: &str = "UPDATE grants SET revoked_at_us = $2 \
        WHERE client_id = $1 AND revoked_at_us IS NULL AND expires_at_us > $2 RETURNING id";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(client_id).bind(now).fetch_all(c).await?))
}

/// Revokes every grant of a person at one client; which ones.
pub async fn revoke_at_client(
    tx: &mut Tx,
    account: AccountId,
    client_id: &str,
    now: Timestamp,
) -> Result<Vec<GrantId>, StoreError> {
    const SQL: &str = "UPDATE grants SET revoked_at_us = $3 WHERE account_id = $1 \
        AND client_id = $2 AND revoked_at_us IS NULL AND expires_at_us > $3 RETURNING id";
    Ok(on!(tx, c => sqlx::query_scalar(SQL)
        .bind(account).bind(client_id).bind(now).fetch_all(c).await?))
}

/// Grants of an account that live.
pub async fn live_of(
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<GrantId>, StoreError> {
    const SQL: &str = "SELECT id FROM grants \
        WHERE account_id = $1 AND revoked_at_us IS NULL AND expires_at_us > $2";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(account).bind(now).fetch_all(c).await?))
}

/// Clients with a grant of the account that lives.
pub async fn clients_of(
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT DISTINCT client_id FROM grants \
        WHERE account_id = $1 AND revoked_at_us IS NULL AND expires_at_us > $2 ORDER BY client_id";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(account).bind(now).fetch_all(c).await?))
}

/// The subjects that tokens of the account may carry.
pub async fn subjects_of(
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT DISTINCT subject FROM grants \
        WHERE account_id = $1 AND expires_at_us > $2 ORDER BY subject";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(account).bind(now).fetch_all(c).await?))
}

/// Removes grants that ended before `before`.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM grants WHERE expires_at_us < $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(before).execute(c).await?.rows_affected()))
}

impl Row {
    fn grant(self) -> Result<Grant, StoreError> {
        let holder = match (self.kind.as_str(), self.account_id, self.context) {
            ("person", Some(account), Some(Json(granted))) => {
                Holder::Person { account, session: self.session_id, granted: Box::new(granted) }
            }
            ("program", None, None) => {
                let held = self.program.ok_or_else(|| StoreError::corrupt("grant"))?;
                Holder::Program(Box::new(held.0))
            }
            ("client", None, None) => Holder::Client,
            ("service", None, None) => Holder::Service,
            _ => return Err(StoreError::corrupt("grant")),
        };
        Ok(Grant {
            id: self.id,
            client_id: self.client_id,
            subject: self.subject,
            holder,
            created_at: self.created_at_us,
            revoked_at: self.revoked_at_us,
            expires_at: self.expires_at_us,
        })
    }
}
