//! Guests: people who log in once with their card. There is no account and no mailbox; what the
//! card said is sealed, and goes with the session.

use std::time::Duration;

use http::HeaderMap;
use siegel_crypto::{SealError, random_token, sha256};
use siegel_db::{StoreError, Tx, audit};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, SessionId, Timestamp};
use siegel_proto::account::v1 as pb;
use siegel_proto::common::v1::{AttributeSource, TrustLevel as WireLevel};
use siegel_proto::convert;
use siegel_telemetry::metric;

use super::backchannel;
use super::consent::{Asked, scopes_to_ask};
use super::failure::Failure;
use super::identify::{self, Errand, Fetched, Outcome};
use super::sessions::{self, LoggedIn};
use crate::domain::ageing::{Proof, aged, standing};
use crate::domain::decide::ConsentState;
use crate::domain::factors::CARD;
use crate::domain::guest;
use crate::domain::interaction::{AuthRequest, Interaction, SessionView};
use crate::ports::accounts::{Preview, Shown};
use crate::ports::eid::Identified;
use crate::state::Identity;
use crate::store::guests::{self, Guest};
use crate::store::sessions::Session;
use crate::store::{grants, revocations};

/// Signs of a person are written down no more often than this.
const NOTED: Duration = Duration::from_secs(15);

/// A browser that comes back from an identification.
pub struct Return<'a> {
    pub interaction: &'a Interaction,
    /// As the browser says; must be the interaction's own.
    pub eid_session: &'a str,
    /// Shows that the card was read in front of this browser.
    pub ticket: &'a str,
    /// The session cookie that came with the request.
    pub presented: Option<&'a str>,
}

/// Fetches the outcome and starts a session with it. Whether the card belongs to an account is not
/// looked at: whoever comes as a guest is one.
pub async fn finish(state: &Identity, back: Return<'_>) -> Result<Outcome, Failure> {
    let Return { interaction, eid_session, ticket, presented } = back;
    if !interaction.request.takes_guests() {
        return Ok(Outcome::Unknown);
    }
    match identify::fetch(state, interaction, Errand::Guest, eid_session, ticket).await? {
        Fetched::Card(card) => {
            Ok(Outcome::In(log_in(state, &interaction.request, &card, presented).await?))
        }
        Fetched::No(outcome) => Ok(outcome),
    }
}

async fn log_in(
    state: &Identity,
    request: &AuthRequest,
    card: &Identified,
    presented: Option<&str>,
) -> Result<LoggedIn, Failure> {
    let now = state.now();
    let (clock, entropy) = (&*state.outside.clock, &*state.outside.entropy);
    let token = random_token(entropy)?;
    let id = SessionId::new(clock, entropy)?;
    let plain = serde_json::to_vec(card).map_err(|_| StoreError::corrupt("card of a guest"))?;
    let new = Guest {
        id,
        guest: AccountId::new(clock, entropy)?,
        client_id: request.client_id.clone(),
        level: card.level,
        limits: request.limits.clone(),
        card: state.people.keys.seal_guest(id, &plain)?,
        started_at: now,
        last_seen_at: now,
        expires_at: guest::ends_at(card.level, &request.limits, now),
    };
    let mut tx = state.outside.db.begin().await?;
    sessions::end_presented(&mut tx, presented, now).await?;
    end_presented(&mut tx, presented, "ANOTHER_ACCOUNT", now).await?;
    guests::insert(&mut tx, &sha256(token.as_bytes()), &new).await?;
    record(&mut tx, &new, "identity.guest.started", &request.client_id, now).await?;
    tx.commit().await?;
    metric::LOGIN_FINISHED.count([CARD, "done"]);
    state.feed.committed();
    state.outbox.committed();
    Ok(LoggedIn { session: id, token, device: None })
}

/// The guest's session of this browser as far as it counts for this request: at its client only.
pub async fn from_cookie(
    state: &Identity,
    headers: &HeaderMap,
    request: &AuthRequest,
) -> Result<Option<SessionView>, StoreError> {
    if !request.guests {
        return Ok(None);
    }
    let Some(token) = sessions::presented(state, headers) else { return Ok(None) };
    let now = state.now();
    let mut tx = state.outside.db.read().await?;
    let found = guests::by_token(&mut tx, &sha256(token.as_bytes()), now).await?;
    drop(tx);
    let Some(guest) = found.filter(|guest| counts(guest, request)) else { return Ok(None) };
    let view = view_of(&guest, now);
    if view.is_some() && now.since(guest.last_seen_at) >= NOTED {
        let mut tx = state.outside.db.begin().await?;
        touch(&mut tx, &guest, now).await?;
        tx.commit().await?;
    }
    Ok(view)
}

/// Whether a guest is in this browser, at whatever client.
pub async fn is_here(state: &Identity, headers: &HeaderMap) -> Result<bool, StoreError> {
    let Some(token) = sessions::presented(state, headers) else { return Ok(false) };
    let now = state.now();
    let mut tx = state.outside.db.read().await?;
    let found = guests::by_token(&mut tx, &sha256(token.as_bytes()), now).await?;
    Ok(found.is_some_and(|guest| view_of(&guest, now).is_some()))
}

/// Whether a guest still proves all that the card did: it was shown a short while ago, and somebody
/// was there since.
pub(super) fn is_fresh(guest: &Guest, card: &Identified, now: Timestamp) -> bool {
    view_of(guest, now).is_some_and(|view| view.level >= card.level)
}

/// A guest's session as it counts for a request; `None` once it ended.
pub(super) async fn view_in(
    tx: &mut Tx,
    id: SessionId,
    request: &AuthRequest,
    now: Timestamp,
) -> Result<Option<SessionView>, StoreError> {
    let found = guests::find(tx, id, now).await?;
    Ok(found.filter(|guest| counts(guest, request)).and_then(|guest| view_of(&guest, now)))
}

/// As [`view_in`], and counts as a sign of the person. Writes.
pub(super) async fn seen(
    tx: &mut Tx,
    id: SessionId,
    request: &AuthRequest,
    now: Timestamp,
) -> Result<Option<SessionView>, StoreError> {
    let found = guests::find(tx, id, now).await?;
    let Some(guest) = found.filter(|guest| counts(guest, request)) else { return Ok(None) };
    let view = view_of(&guest, now);
    if view.is_some() {
        touch(tx, &guest, now).await?;
    }
    Ok(view)
}

fn counts(guest: &Guest, request: &AuthRequest) -> bool {
    guest.client_id == request.client_id && request.takes(CARD)
}

fn proof(guest: &Guest) -> Proof {
    Proof { limits: guest.limits.clone(), ..Proof::new(guest.level, CARD, guest.started_at) }
}

fn view_of(guest: &Guest, now: Timestamp) -> Option<SessionView> {
    let standing = standing(&[proof(guest)], guest.last_seen_at, now)?;
    Some(SessionView {
        id: guest.id,
        account: guest.guest,
        level: standing.level,
        authenticated_at: standing.authenticated_at,
        started_at: guest.started_at,
        amr: standing.amr,
        guest: true,
    })
}

async fn touch(tx: &mut Tx, guest: &Guest, now: Timestamp) -> Result<(), StoreError> {
    match aged(&proof(guest), guest.last_seen_at, now) {
        Some(held) => guests::touch(tx, guest.id, held.level, now).await,
        None => Ok(()),
    }
}

/// What a guest's card said.
pub(super) fn card_of(state: &Identity, guest: &Guest) -> Result<Identified, SealError> {
    let plain = state.people.keys.open_guest(guest.id, &guest.card)?;
    serde_json::from_slice(&plain).map_err(|_| SealError::DoesNotOpen)
}

/// What a guest is asked about: everything, each time, because nothing is remembered.
pub(super) async fn asked(
    state: &Identity,
    request: &AuthRequest,
    session: &SessionView,
) -> Result<Asked, Failure> {
    let mut request = request.clone();
    request.cut_for_guest();
    let (scopes, allowed) = (scopes_to_ask(&request), request.claim_names());
    let mut tx = state.outside.db.read().await?;
    let found = guests::find(&mut tx, session.id, state.now()).await?;
    drop(tx);
    let attributes = match found {
        Some(guest) => shown(&card_of(state, &guest)?, &allowed),
        None => Vec::new(),
    };
    let nothing = scopes.is_empty() && allowed.is_empty();
    let open = if nothing { ConsentState::NotNeeded } else { ConsentState::Open };
    Ok(Asked { state: open, preview: Preview { attributes, consented: false }, scopes, allowed })
}

fn shown(card: &Identified, names: &[String]) -> Vec<Shown> {
    let of_card = |name: &String| {
        Some(card.get(name)).filter(|value| !value.is_empty()).map(|value| Shown {
            name: name.clone(),
            value: value.to_owned(),
            source: AttributeSource::Eid,
            level: Some(card.level),
            not_applicable: false,
        })
    };
    names.iter().filter_map(of_card).collect()
}

/// The attributes a guest allowed, read from the session; `None` once it ended.
pub(super) async fn attributes(
    state: &Identity,
    session: SessionId,
    names: &[String],
) -> Result<Option<Vec<pb::Attribute>>, super::endpoint::EndpointError> {
    let mut tx = state.outside.db.read().await?;
    let found = guests::find(&mut tx, session, state.now()).await?;
    drop(tx);
    let Some(guest) = found else { return Ok(None) };
    let card = card_of(state, &guest)?;
    let released = shown(&card, names).into_iter().map(|one| pb::Attribute {
        name: one.name,
        value: one.value,
        source: one.source.into(),
        level: WireLevel::from(card.level).into(),
        verified_at: Some(convert::timestamp(card.at)),
        ..pb::Attribute::default()
    });
    Ok(Some(released.collect()))
}

/// Ends the guest's session behind a cookie, if there is one.
pub(super) async fn end_presented(
    tx: &mut Tx,
    presented: Option<&str>,
    why: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(token) = presented else { return Ok(()) };
    if let Some(guest) = guests::by_token(tx, &sha256(token.as_bytes()), now).await?
        && guests::remove(tx, guest.id).await?
    {
        farewell(tx, &guest, why, now).await?;
    }
    Ok(())
}

/// Ends the guest's session behind a cookie; `false` when there was none.
pub(super) async fn log_out(tx: &mut Tx, token: &str, now: Timestamp) -> Result<bool, StoreError> {
    let Some(guest) = guests::by_token(tx, &sha256(token.as_bytes()), now).await? else {
        return Ok(false);
    };
    let ended = guests::remove(tx, guest.id).await?;
    if ended {
        farewell(tx, &guest, "LOGGED_OUT", now).await?;
    }
    Ok(ended)
}

/// What follows the end of a guest's session: its client is told, its grants are revoked, and
/// nothing names it any more.
pub(super) async fn farewell(
    tx: &mut Tx,
    guest: &Guest,
    why: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let session = Session {
        id: guest.id,
        account_id: guest.guest,
        started_at_us: guest.started_at,
        last_seen_at_us: guest.last_seen_at,
    };
    backchannel::order(tx, &session, now).await?;
    for grant in grants::revoke_session(tx, guest.id, now).await? {
        revocations::publish_grant(tx, grant, now).await?;
    }
    guests::forget_traces(tx, guest.id).await?;
    record(tx, guest, "identity.guest.ended", why, now).await
}

async fn record(
    tx: &mut Tx,
    guest: &Guest,
    kind: &str,
    detail: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = audit_name(guest.guest);
    let entry = audit::Entry {
        kind,
        actor: &format!("guest:{name}"),
        subject: &name,
        level: Some(guest.level),
        outcome: "done",
        request_id: "",
        detail,
        at: now,
    };
    audit::record(tx, &entry).await
}
