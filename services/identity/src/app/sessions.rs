//! Sessions: who is behind a browser, at which level, and for how long.

use std::time::Duration;

use http::HeaderMap;
use siegel_crypto::{random_token, sha256};
use siegel_db::{StoreError, Tx, audit};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, SessionId, Timestamp, TrustLevel};
use siegel_telemetry::metric;
use siegel_web::Scheme;

use super::deletion::inactivity;
use super::failure::Failure;
use super::{backchannel, connection, disable, guests};
use crate::domain::ageing::{Proof, Standing, standing, word};
use crate::domain::connection_group::counting;
use crate::domain::interaction::{AuthRequest, SessionView};
use crate::state::Identity;
use crate::store::sessions::{self, Held, Session};
use crate::store::sign_ins::{self, SignIn};
use crate::store::{accounts, grants, revocations};

/// Short name of the session's cookie.
pub const COOKIE: &str = "session";

/// Signs of a person are written down no more often than this.
const NOTED: Duration = Duration::from_secs(15);

/// The live session of this browser as far as it counts for this request: by what was proven for
/// its client's sector, with the methods the client takes. Nobody is signed on to a sector
/// silently, unless the tenant shares its log-ins.
pub async fn from_cookie(
    state: &Identity,
    headers: &HeaderMap,
    request: &AuthRequest,
) -> Result<Option<SessionView>, StoreError> {
    let Some(token) = presented(state, headers) else { return Ok(None) };
    let now = state.now();
    let mut tx = state.outside.db.read().await?;
    let Some(session) = sessions::by_token(&mut tx, &sha256(token.as_bytes())).await? else {
        return Ok(None);
    };
    let view = view_of(&mut tx, &session, Some(request), now).await?;
    let entered = sessions::entered(&mut tx, session.id, &request.sector).await?;
    drop(tx);
    let noted = now.since(session.last_seen_at_us) >= NOTED;
    if view.is_some() && (noted || !entered) {
        let mut tx = state.outside.db.begin().await?;
        sessions::touch(&mut tx, &session, now).await?;
        // With single sign-on a sector is entered by its first request.
        sessions::enter(&mut tx, session.id, &request.sector, now).await?;
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
        Some(session) => view_of(&mut tx, &session, None, state.now()).await,
        None => Ok(None),
    }
}

/// The address of an account, to fill its own form with; `None` when it has none. A convenience: an address that does not
/// open is said to whoever operates this, and left out.
pub async fn address(state: &Identity, account: AccountId) -> Result<Option<String>, StoreError> {
    let mut tx = state.outside.db.glance().await?;
    let Some(sealed) = accounts::opening(&mut tx, account).await? else { return Ok(None) };
    let opened = state.people.keys.open_address(&sealed.address_hash, &sealed.address_sealed);
    Ok(opened
        .inspect_err(|error| {
            tracing::error!(error = error as &dyn std::error::Error, "an address does not open");
        })
        .ok()
        .filter(|address| !address.is_empty()))
}

/// The value of the session cookie, whatever it is worth.
pub fn presented(state: &Identity, headers: &HeaderMap) -> Option<String> {
    Scheme::of(&state.outside.origin).read(headers, COOKIE)
}

/// A session as it stands at `now` in all that was proven in it, whatever for; `None` once it ended
/// or aged away. Only reads. What a client learns comes from [`view_in`].
pub async fn view(
    tx: &mut Tx,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<SessionView>, StoreError> {
    match sessions::find(tx, id).await? {
        Some(session) => view_of(tx, &session, None, now).await,
        None => Ok(None),
    }
}

/// A session as it counts for a request at `now`: other sectors' log-ins, and methods the client
/// does not take, say nothing. Only reads.
pub async fn view_in(
    tx: &mut Tx,
    id: SessionId,
    request: &AuthRequest,
    now: Timestamp,
) -> Result<Option<SessionView>, StoreError> {
    match sessions::find(tx, id).await? {
        Some(session) => view_of(tx, &session, Some(request), now).await,
        None => guests::view_in(tx, id, request, now).await,
    }
}

/// As [`view_in`], and counts as a sign of the person: for refreshes. Writes.
pub async fn seen(
    tx: &mut Tx,
    id: SessionId,
    request: &AuthRequest,
    now: Timestamp,
) -> Result<Option<SessionView>, StoreError> {
    let Some(session) = sessions::find(tx, id).await? else {
        return guests::seen(tx, id, request, now).await;
    };
    let view = view_of(tx, &session, Some(request), now).await?;
    if view.is_some() {
        sessions::touch(tx, &session, now).await?;
    }
    Ok(view)
}

async fn view_of(
    tx: &mut Tx,
    session: &Session,
    request: Option<&AuthRequest>,
    now: Timestamp,
) -> Result<Option<SessionView>, StoreError> {
    // Our own pages take whatever the person proved, for whomever.
    let request = request.filter(|request| request.own_page().is_none());
    let last_seen = session.last_seen_at_us;
    let held = sessions::proofs(tx, session.id).await?.into_iter();
    let proofs: Vec<Proof> = match request {
        Some(request) => {
            let held = held.map(|Held { realm, proof }| (realm, proof));
            counting(request, held, last_seen, now)
        }
        None => held.map(|held| held.proof).collect(),
    };
    let standing = standing(&proofs, last_seen, now);
    Ok(standing.map(|Standing { level, authenticated_at, amr }| SessionView {
        id: session.id,
        account: session.account_id,
        level,
        authenticated_at,
        started_at: session.started_at_us,
        amr,
        guest: false,
    }))
}

/// A credential that was just found right.
#[derive(Clone, Copy)]
pub struct LogIn<'a> {
    pub account: AccountId,
    /// A method of [`crate::domain::factors`], or `fed:` and the provider.
    pub method: &'a str,
    pub level: TrustLevel,
    /// What the person logs in for: the proof counts in its realm, within its tenant's limits.
    pub request: &'a AuthRequest,
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
/// # Errors
/// [`Failure::AccountDisabled`]; the transaction is to be dropped then.
pub async fn log_in(
    state: &Identity,
    tx: &mut Tx,
    login: &LogIn<'_>,
    now: Timestamp,
) -> Result<LoggedIn, Failure> {
    disable::admit(state, tx, login.account, login.method, now).await?;
    let token = random_token(&*state.outside.entropy)?;
    let hash = sha256(token.as_bytes());
    let before = current(tx, login.presented, now).await?;
    let (session, kind) = match before {
        Some((session, view)) if view.as_ref().is_some_and(|v| v.account == login.account) => {
            sessions::touch(tx, &session, now).await?;
            if login.again {
                forget(tx, session.id, login.request).await?;
            }
            sessions::renew_token(tx, session.id, &hash).await?;
            let raised = view.is_some_and(|v| v.level < login.level);
            let kind = if raised { "identity.session.raised" } else { "identity.session.renewed" };
            (session.id, kind)
        }
        other => {
            match other {
                Some((session, _)) => {
                    end(tx, &session, "ANOTHER_ACCOUNT", now).await?;
                }
                None => guests::end_presented(tx, login.presented, "ANOTHER_ACCOUNT", now).await?,
            }
            let id = SessionId::new(&*state.outside.clock, &*state.outside.entropy)?;
            sessions::insert(tx, id, &hash, login.account, now).await?;
            (id, "identity.session.started")
        }
    };
    let limits = login.request.limits.clone();
    let proof = Proof { limits, ..Proof::new(login.level, login.method, now) };
    prove(tx, session, login.request, &proof).await?;
    sessions::enter(tx, session, &login.request.sector, now).await?;
    let sign_in = SignIn {
        at: now,
        session,
        method: login.method.to_owned(),
        level: login.level,
        sector: login.request.sector.clone(),
        device: connection::device(),
    };
    sign_ins::insert(tx, login.account, &sign_in).await?;
    inactivity::logged_in(state, tx, login.account).await?;
    metric::LOGIN_FINISHED.count([word(login.method), "done"]);
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
            detail: &format!("{} {}", login.method, login.request.sector),
            at: now,
        },
    )
    .await?;
    Ok(LoggedIn { session, token, device: None })
}

/// Writes that a credential was used for a request, wherever that counts.
pub async fn prove(
    tx: &mut Tx,
    session: SessionId,
    request: &AuthRequest,
    proof: &Proof,
) -> Result<(), StoreError> {
    for realm in request.proves_in() {
        sessions::prove(tx, session, &realm, proof).await?;
    }
    Ok(())
}

/// What counted for this request no longer does. Other tenants' own sectors keep theirs; what they
/// shared is shared again by their next log-in.
async fn forget(tx: &mut Tx, session: SessionId, request: &AuthRequest) -> Result<(), StoreError> {
    for realm in [request.realm()].into_iter().chain(request.borrows_from()) {
        sessions::forget_proofs(tx, session, &realm).await?;
    }
    Ok(())
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
    let view = view_of(tx, &session, None, now).await?;
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
    backchannel::order(tx, session, now).await?;
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

/// Ends the session behind a cookie because a guest comes in its place.
pub(super) async fn end_presented(
    tx: &mut Tx,
    presented: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(token) = presented else { return Ok(()) };
    if let Some(session) = sessions::by_token(tx, &sha256(token.as_bytes())).await? {
        end(tx, &session, "ANOTHER_ACCOUNT", now).await?;
    }
    Ok(())
}

/// Ends the session of this browser; `false` when there was none.
pub async fn log_out(state: &Identity, presented: Option<&str>) -> Result<bool, StoreError> {
    let Some(token) = presented else { return Ok(false) };
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    let ended = match sessions::by_token(&mut tx, &sha256(token.as_bytes())).await? {
        Some(session) => end(&mut tx, &session, "LOGGED_OUT", now).await?,
        None => guests::log_out(&mut tx, token, now).await?,
    };
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(ended)
}
