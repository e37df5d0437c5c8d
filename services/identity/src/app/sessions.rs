//! Sessions: who is behind a browser, at which level, and for how long.

use std::time::Duration;

use http::HeaderMap;
use siegel_crypto::{random_token, sha256};
use siegel_db::{StoreError, Tx, audit};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, SessionId, Timestamp, TrustLevel};
use siegel_telemetry::metric;
use siegel_web::Scheme;

use super::failure::Failure;
use crate::domain::ageing::{Proof, Standing, standing};
use crate::domain::interaction::SessionView;
use crate::state::Identity;
use crate::store::sessions::{self, Session};
use crate::store::{grants, revocations};

/// Short name of the session's cookie.
pub const COOKIE: &str = "session";

/// Signs of a person are written down no more often than this.
const NOTED: Duration = Duration::from_secs(15);

/// The live session of this browser, if it logged in to `sector` before. Nobody is signed on to a
/// sector silently (no single sign-on between online services).
pub async fn from_cookie(
    state: &Identity,
    headers: &HeaderMap,
    sector: &str,
) -> Result<Option<SessionView>, StoreError> {
    let Some(token) = presented(state, headers) else { return Ok(None) };
    let now = state.now();
    let mut tx = state.outside.db.read().await?;
    let Some(session) = sessions::by_token(&mut tx, &sha256(token.as_bytes())).await? else {
        return Ok(None);
    };
    if !sessions::entered(&mut tx, session.id, sector).await? {
        return Ok(None);
    }
    let view = view_of(&mut tx, &session, now).await?;
    drop(tx);
    if view.is_some() && now.since(session.last_seen_at_us) >= NOTED {
        let mut tx = state.outside.db.begin().await?;
        sessions::touch(&mut tx, &session, now).await?;
        tx.commit().await?;
    }
    Ok(view)
}

/// The live session of this browser, whatever it logged in to.
pub async fn any_from_cookie(
    state: &Identity,
    headers: &HeaderMap,
) -> Result<Option<SessionView>, StoreError> {
    let Some(token) = presented(state, headers) else { return Ok(None) };
    let mut tx = state.outside.db.read().await?;
    match sessions::by_token(&mut tx, &sha256(token.as_bytes())).await? {
        Some(session) => view_of(&mut tx, &session, state.now()).await,
        None => Ok(None),
    }
}

/// The value of the session cookie, whatever it is worth.
pub fn presented(state: &Identity, headers: &HeaderMap) -> Option<String> {
    Scheme::of(&state.outside.origin).read(headers, COOKIE)
}

/// A session as it stands at `now`; `None` once it ended or aged away. Only reads.
pub async fn view(
    tx: &mut Tx,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<SessionView>, StoreError> {
    match sessions::find(tx, id).await? {
        Some(session) => view_of(tx, &session, now).await,
        None => Ok(None),
    }
}

/// As [`view`], and counts as a sign of the person: for refreshes. Writes.
pub async fn seen(
    tx: &mut Tx,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<SessionView>, StoreError> {
    let Some(session) = sessions::find(tx, id).await? else { return Ok(None) };
    let view = view_of(tx, &session, now).await?;
    if view.is_some() {
        sessions::touch(tx, &session, now).await?;
    }
    Ok(view)
}

async fn view_of(
    tx: &mut Tx,
    session: &Session,
    now: Timestamp,
) -> Result<Option<SessionView>, StoreError> {
    let proofs = sessions::proofs(tx, session.id).await?;
    let standing = standing(&proofs, session.last_seen_at_us, now);
    Ok(standing.map(|Standing { level, authenticated_at, amr }| SessionView {
        id: session.id,
        account: session.account_id,
        level,
        authenticated_at,
        started_at: session.started_at_us,
        amr,
    }))
}

/// A credential that was just found right.
#[derive(Clone, Copy)]
pub struct LogIn<'a> {
    pub account: AccountId,
    /// A method of [`crate::domain::factors`].
    pub method: &'a str,
    pub level: TrustLevel,
    pub sector: &'a str,
    /// A fresh log-in was demanded: what was proven before no longer counts.
    pub again: bool,
    /// The session cookie that came with the request.
    pub presented: Option<&'a str>,
}

/// A session after a log-in. Its cookie is new, whoever knew the old one.
pub struct LoggedIn {
    pub session: SessionId,
    pub token: String,
    /// The cookie by which the browser is known from now on; absent when it stays as it was.
    pub device: Option<String>,
}

/// Starts a session, or goes on with the browser's own when it is of the same account. A session
/// of another account in the same browser ends.
pub async fn log_in(
    state: &Identity,
    tx: &mut Tx,
    login: &LogIn<'_>,
    now: Timestamp,
) -> Result<LoggedIn, Failure> {
    let token = random_token(&*state.outside.entropy)?;
    let hash = sha256(token.as_bytes());
    let before = current(tx, login.presented, now).await?;
    let (session, kind) = match before {
        Some((session, view)) if view.as_ref().is_some_and(|v| v.account == login.account) => {
            sessions::touch(tx, &session, now).await?;
            if login.again {
                sessions::forget_proofs(tx, session.id).await?;
            }
            sessions::renew_token(tx, session.id, &hash).await?;
            let raised = view.is_some_and(|v| v.level < login.level);
            let kind = if raised { "identity.session.raised" } else { "identity.session.renewed" };
            (session.id, kind)
        }
        other => {
            if let Some((session, _)) = other {
                end(tx, &session, "ANOTHER_ACCOUNT", now).await?;
            }
            let id = SessionId::new(&*state.outside.clock, &*state.outside.entropy)?;
            sessions::insert(tx, id, &hash, login.account, now).await?;
            (id, "identity.session.started")
        }
    };
    let proof = Proof { level: login.level, method: login.method.to_owned(), at: now };
    sessions::prove(tx, session, &proof).await?;
    sessions::enter(tx, session, login.sector, now).await?;
    metric::LOGIN_FINISHED.count([login.method, "done"]);
    let name = audit_name(login.account);
    audit::record(
        tx,
        &audit::Entry {
            kind,
            actor: &format!("person:{name}"),
            subject: &name,
            level: Some(login.level),
            outcome: "done",
            request_id: "",
            detail: &format!("{} {}", login.method, login.sector),
            at: now,
        },
    )
    .await?;
    Ok(LoggedIn { session, token, device: None })
}

/// The session behind a cookie, and what it is still worth.
async fn current(
    tx: &mut Tx,
    presented: Option<&str>,
    now: Timestamp,
) -> Result<Option<(Session, Option<SessionView>)>, StoreError> {
    let Some(token) = presented else { return Ok(None) };
    let Some(session) = sessions::by_token(tx, &sha256(token.as_bytes())).await? else {
        return Ok(None);
    };
    let view = view_of(tx, &session, now).await?;
    Ok(Some((session, view)))
}

/// Ends a session and revokes what was granted in it; `false` when it had ended. The caller tells
/// the feed after the commit.
pub async fn end(
    tx: &mut Tx,
    session: &Session,
    why: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if !sessions::end(tx, session.id, now).await? {
        return Ok(false);
    }
    for grant in grants::revoke_session(tx, session.id, now).await? {
        revocations::publish_grant(tx, grant, now).await?;
    }
    let name = audit_name(session.account_id);
    audit::record(
        tx,
        &audit::Entry {
            kind: "identity.session.ended",
            actor: &format!("person:{name}"),
            subject: &name,
            level: None,
            outcome: "done",
            request_id: "",
            detail: why,
            at: now,
        },
    )
    .await?;
    Ok(true)
}

/// Ends the session of this browser; `false` when there was none.
pub async fn log_out(state: &Identity, presented: Option<&str>) -> Result<bool, StoreError> {
    let Some(token) = presented else { return Ok(false) };
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    let Some(session) = sessions::by_token(&mut tx, &sha256(token.as_bytes())).await? else {
        return Ok(false);
    };
    let ended = end(&mut tx, &session, "LOGGED_OUT", now).await?;
    tx.commit().await?;
    state.feed.committed();
    Ok(ended)
}
