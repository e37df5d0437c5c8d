//! Certificates as credentials. Browsers show them at the listener for certificates only, which may
//! be of another host: the person takes a ticket there and brings an answer back. The listener
//! neither reads nor sets a cookie; the answer counts in the browser that was sent, and once.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use siegel_crypto::{b64, random_token, sha256};
use siegel_db::Tx;
use siegel_kernel::Timestamp;
use siegel_telemetry::metric;

use super::attempt::{Attempt, Outcome};
use super::{NotChanged, Person, changed, locked, refused};
use crate::app::failure::Failure;
use crate::app::notices::Change;
use crate::app::sessions::{self, LogIn};
use crate::app::{connection, devices, login};
use crate::domain::certificate::Issued;
use crate::domain::certificate_holder::Holder;
use crate::domain::factors::{self, CERTIFICATE_LEVEL, Kind};
use crate::domain::interaction::InteractionId;
use crate::ports::accounts::{Certified, record_certificate};
use crate::state::Identity;
use crate::store::ceremonies::Owner;
use crate::store::certificates::{self, Answer, Held, NewCertificate, Shown};
use crate::store::credentials::{self, CredentialId};

/// The page of the listener that certificates are shown at.
pub const PAGE: &str = "/login/certificate";

/// How long a person may take for the way.
const ON_THE_WAY: Duration = Duration::from_mins(5);

/// Whether there is a listener that certificates can be shown at.
pub fn offered(state: &Identity) -> bool {
    state.outside.mtls_origin.is_some()
}

/// Sends a person to the listener: the address. `None` where there is none.
async fn send(state: &Identity, owner: Owner, label: &str) -> Result<Option<String>, Failure> {
    let Some(origin) = &state.outside.mtls_origin else { return Ok(None) };
    let ticket = random_token(&*state.outside.entropy)?;
    let until = state.now().plus(ON_THE_WAY);
    let mut tx = state.outside.db.begin().await?;
    certificates::send(&mut tx, &sha256(ticket.as_bytes()), owner, label, until).await?;
    tx.commit().await?;
    Ok(Some(format!("{origin}{PAGE}?ticket={ticket}")))
}

/// Sends a person who logs in.
pub async fn begin_use(
    state: &Identity,
    interaction: InteractionId,
) -> Result<Option<String>, Failure> {
    metric::LOGIN_STARTED.count([Kind::X509.method()]);
    send(state, Owner::Use(interaction), "").await
}

/// Sends a person who adds a certificate named `label`.
pub async fn begin_adding(
    state: &Identity,
    person: &Person<'_>,
    label: &str,
) -> Result<Option<String>, NotChanged> {
    let mut tx = state.outside.db.begin().await?;
    let held = locked(&mut tx, person.account).await?;
    drop(tx);
    if let Err(why) = factors::may_add(CERTIFICATE_LEVEL, person.level, &held) {
        return Err(refused(state, person, "TRUST_TOO_LOW", why.into()).await);
    }
    Ok(send(state, Owner::Enrol(person.session), label).await?)
}

/// What happened at the listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visited {
    /// Back to this path of our origin, with the answer.
    Shown(String),
    /// The connection has no certificate; the path to return to.
    Nothing(String),
    /// No recognised authority signed it, or it is not in force; the path to return to.
    Untrusted(String),
    /// The ticket ran out, was used, or never was.
    Unknown,
}

/// Keeps the certificate of this connection for the owner of a ticket.
pub async fn show(state: &Identity, ticket: &str) -> Result<Visited, Failure> {
    let now = state.now();
    let ticket = sha256(ticket.as_bytes());
    let mut tx = state.outside.db.read().await?;
    let found = certificates::on_the_way(&mut tx, &ticket, now).await?;
    drop(tx);
    let Some(owner) = found else { return Ok(Visited::Unknown) };
    let Some(shown) = connection::certificate() else {
        return Ok(Visited::Nothing(home(owner)));
    };
    let Some(issued) = Issued::of(&shown.der).filter(|_| shown.trusted) else {
        login::refused_by(state, Kind::X509, None, "CERTIFICATE_UNTRUSTED", now).await?;
        return Ok(Visited::Untrusted(home(owner)));
    };
    let handle = sha256(&shown.der);
    let facts = Facts { issued, holder: Holder::of(&shown.der) };
    let facts = serde_json::to_vec(&facts).map_err(unreadable)?;
    let sealed = state.people.keys.seal_secret(&on_the_way(&handle), &facts)?;
    let answer = random_token(&*state.outside.entropy)?;
    let mut tx = state.outside.db.begin().await?;
    let digest = sha256(answer.as_bytes());
    let kept = Answer { answer: &digest, handle: &handle, facts: &sealed };
    if !certificates::answer(&mut tx, &ticket, &kept, now).await? {
        return Ok(Visited::Unknown);
    }
    tx.commit().await?;
    Ok(Visited::Shown(match owner {
        Owner::Use(id) => format!("/login/{id}/certificate?answer={answer}"),
        Owner::Enrol(_) => format!("/login/credentials/certificate/confirm?answer={answer}"),
    }))
}

/// What is known of a certificate on its way.
#[derive(Serialize, Deserialize)]
struct Facts {
    #[serde(flatten)]
    issued: Issued,
    #[serde(default)]
    holder: Holder,
}

fn unreadable(_: serde_json::Error) -> Failure {
    siegel_db::StoreError::corrupt("certificate").into()
}

/// Where a person begins anew.
fn home(owner: Owner) -> String {
    match owner {
        Owner::Use(id) => format!("/login/{id}"),
        Owner::Enrol(_) => "/login/credentials".to_owned(),
    }
}

/// What the facts of a certificate are sealed for before it is a credential.
fn on_the_way(handle: &[u8; 32]) -> String {
    format!("certificate {}", b64::encode(handle))
}

async fn take(state: &Identity, owner: Owner, answer: &str) -> Result<Option<Shown>, Failure> {
    let mut tx = state.outside.db.begin().await?;
    let digest = sha256(answer.as_bytes());
    let shown = certificates::take(&mut tx, owner, &digest, state.now()).await?;
    tx.commit().await?;
    Ok(shown)
}

/// Adds the certificate that was shown for this session.
pub async fn finish_adding(
    state: &Identity,
    person: &Person<'_>,
    answer: &str,
) -> Result<(), NotChanged> {
    let now = state.now();
    let Some(shown) = take(state, Owner::Enrol(person.session), answer).await? else {
        return Err(NotChanged::NothingBegun);
    };
    let keys = &state.people.keys;
    let facts = keys.open_secret(&on_the_way(&shown.handle), &shown.facts)?;
    let facts: Facts = serde_json::from_slice(&facts).map_err(unreadable)?;
    let id = CredentialId::new(&*state.outside.clock, &*state.outside.entropy)?;
    // What the certificate says of its holder is the account's; here is what it is known by.
    let issued = serde_json::to_vec(&facts.issued).map_err(unreadable)?;
    let sealed = keys.seal_secret(&id.to_string(), &issued)?;
    drop(addable(state, person, &shown).await?);
    // The account service has it before anything counts at its level.
    hand_over(state, person, &facts, id, now).await?;
    let mut tx = addable(state, person, &shown).await?;
    let new = NewCertificate {
        id,
        account: person.account,
        handle: &shown.handle,
        sealed: &sealed,
        level: CERTIFICATE_LEVEL,
        label: &shown.label,
        at: now,
    };
    if !certificates::add(&mut tx, &new).await? {
        drop(tx);
        return Err(refused(state, person, "CERTIFICATE_EXISTS", NotChanged::Certificate).await);
    }
    let what = ("identity.credential.added", "x509", Change::CredentialAdded);
    changed(state, &mut tx, person, what, now).await?;
    tx.commit().await?;
    state.outbox.committed();
    state.feed.committed();
    Ok(())
}

/// Locks the account that may have this certificate, which nobody has yet.
async fn addable(state: &Identity, person: &Person<'_>, shown: &Shown) -> Result<Tx, NotChanged> {
    let mut tx = state.outside.db.begin().await?;
    let held = locked(&mut tx, person.account).await?;
    if let Err(why) = factors::may_add(CERTIFICATE_LEVEL, person.level, &held) {
        drop(tx);
        return Err(refused(state, person, "TRUST_TOO_LOW", why.into()).await);
    }
    if certificates::by_handle(&mut tx, &shown.handle).await?.is_some() {
        drop(tx);
        return Err(refused(state, person, "CERTIFICATE_EXISTS", NotChanged::Certificate).await);
    }
    Ok(tx)
}

/// Tells the account service what the certificate says of its holder, if it says anything.
async fn hand_over(
    state: &Identity,
    person: &Person<'_>,
    facts: &Facts,
    id: CredentialId,
    at: Timestamp,
) -> Result<(), Failure> {
    if facts.holder.attributes.is_empty() {
        return Ok(());
    }
    let certified = Certified {
        holder: &facts.holder,
        issuer: &facts.issued.issuer,
        level: CERTIFICATE_LEVEL,
        at,
    };
    let request_id = format!("certificate-{id}");
    let told =
        record_certificate(&state.outside.siblings, &request_id, person.account, &certified).await;
    told.map_err(|status| Failure::Sibling("account", status))
}

/// Starts or raises a session with the certificate that was shown for this request.
pub async fn log_in(state: &Identity, attempt: Attempt<'_>) -> Result<Outcome, Failure> {
    let now = state.now();
    let owner = Owner::Use(attempt.interaction);
    let Some(shown) = take(state, owner, attempt.answer).await? else {
        return Ok(Outcome::NothingBegun);
    };
    let mut tx = state.outside.db.begin().await?;
    let found = certificates::by_handle(&mut tx, &shown.handle).await?;
    let Some(Held { id, account_id: account, level }) = found else {
        drop(tx);
        return refuse(state, "CERTIFICATE_UNKNOWN", now).await;
    };
    if attempt.raises.is_some_and(|s| s.account != account) {
        drop(tx);
        return refuse(state, "CERTIFICATE_OF_ANOTHER_ACCOUNT", now).await;
    }
    credentials::used(&mut tx, id, now).await?;
    let login = LogIn {
        account,
        method: Kind::X509.method(),
        level: level.min(CERTIFICATE_LEVEL),
        request: attempt.request,
        again: attempt.again,
        presented: attempt.presented,
    };
    let mut logged_in = sessions::log_in(state, &mut tx, &login, now).await?;
    logged_in.device = Some(devices::remember(state, &mut tx, attempt.device, account, now).await?);
    tx.commit().await?;
    state.feed.committed();
    Ok(Outcome::In(logged_in))
}

async fn refuse(
    state: &Identity,
    reason: &'static str,
    now: Timestamp,
) -> Result<Outcome, Failure> {
    login::refused_by(state, Kind::X509, None, reason, now).await?;
    Ok(Outcome::Refused)
}
