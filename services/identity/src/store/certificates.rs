//! Certificates as credentials, and people on the way to the listener for them and back.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, SessionId, Timestamp, TrustLevel};

use super::ceremonies::Owner;
use super::credentials::CredentialId;
use super::digest;
use crate::domain::interaction::InteractionId;

/// SHA-256 of what a browser takes to the listener.
pub type Ticket = [u8; 32];

/// A certificate that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The owner's name for it.
    pub label: String,
    /// SHA-256 of the certificate.
    pub handle: [u8; 32],
    /// Issuer and serial number, sealed.
    pub facts: Vec<u8>,
}

/// What is kept of a certificate at the listener.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// SHA-256 of what the browser brings back.
    pub answer: &'a [u8; 32],
    /// SHA-256 of the certificate.
    pub handle: &'a [u8; 32],
    /// Issuer and serial number, sealed.
    pub facts: &'a [u8],
}

#[derive(sqlx::FromRow)]
struct ShownRow {
    label: String,
    handle: Option<Vec<u8>>,
    facts: Option<Vec<u8>>,
}

/// A certificate to be added.
#[derive(Clone, Copy)]
pub struct NewCertificate<'a> {
    pub id: CredentialId,
    pub account: AccountId,
    /// SHA-256 of the certificate.
    pub handle: &'a [u8; 32],
    /// Issuer and serial number, sealed.
    pub sealed: &'a [u8],
    pub level: TrustLevel,
    pub label: &'a str,
    pub at: Timestamp,
}

/// A certificate of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Held {
    pub id: CredentialId,
    pub account_id: AccountId,
    pub level: TrustLevel,
}

const fn parts(owner: Owner) -> (uuid::Uuid, &'static str) {
    match owner {
        Owner::Use(id) => (id.as_uuid(), "use"),
        Owner::Enrol(id) => (id.as_uuid(), "enrol"),
    }
}

/// Sends a person on the way.
pub async fn send(
    tx: &mut Tx,
    ticket: &Ticket,
    owner: Owner,
    label: &str,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO certificate_visits (ticket, owner, kind, label, expires_at_us) \
        VALUES ($1, $2, $3, $4, $5)";
    let (owner, kind) = parts(owner);
    on!(tx, c => sqlx::query(SQL)
        .bind(&ticket[..]).bind(owner).bind(kind).bind(label).bind(expires_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Where a person on the way returns to; `None` when the time is over or a certificate was shown.
pub async fn on_the_way(
    tx: &mut Tx,
    ticket: &Ticket,
    now: Timestamp,
) -> Result<Option<Owner>, StoreError> {
    const SQL: &str = "SELECT owner, kind FROM certificate_visits \
        WHERE ticket = $1 AND answer IS NULL AND expires_at_us > $2";
    let row: Option<(uuid::Uuid, String)> =
        on!(tx, c => sqlx::query_as(SQL).bind(&ticket[..]).bind(now).fetch_optional(c).await?);
    Ok(row.map(|(owner, kind)| match kind.as_str() {
        "use" => Owner::Use(InteractionId::from_uuid(owner)),
        _ => Owner::Enrol(SessionId::from_uuid(owner)),
    }))
}

/// Keeps what was shown for a ticket; `false` for whoever comes second.
pub async fn answer(
    tx: &mut Tx,
    ticket: &Ticket,
    shown: &Answer<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE certificate_visits SET answer = $2, handle = $3, facts = $4 \
        WHERE ticket = $1 AND answer IS NULL AND expires_at_us > $5";
    let kept = on!(tx, c => sqlx::query(SQL)
        .bind(&ticket[..]).bind(&shown.answer[..]).bind(&shown.handle[..]).bind(shown.facts)
        .bind(now)
        .execute(c).await?.rows_affected());
    Ok(kept == 1)
}

/// Takes what was shown, for the owner who was sent and nobody else; once.
pub async fn take(
    tx: &mut Tx,
    owner: Owner,
    answer: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Shown>, StoreError> {
    const SQL: &str = "DELETE FROM certificate_visits WHERE owner = $1 AND kind = $2 \
        AND answer = $3 AND expires_at_us > $4 RETURNING label, handle, facts";
    let (owner, kind) = parts(owner);
    let row: Option<ShownRow> = on!(tx, c => sqlx::query_as(SQL)
        .bind(owner).bind(kind).bind(&answer[..]).bind(now).fetch_optional(c).await?);
    let Some(ShownRow { label, handle: Some(handle), facts: Some(facts) }) = row else {
        return Ok(None);
    };
    Ok(Some(Shown { label, handle: digest(handle, "certificate")?, facts }))
}

/// Adds a certificate; `false` when some account has it already.
pub async fn add(tx: &mut Tx, new: &NewCertificate<'_>) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO credentials \
        (id, account_id, kind, handle, sealed, level, label, added_at_us) \
        VALUES ($1, $2, 'x509', $3, $4, $5, $6, $7) ON CONFLICT (handle) DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.account).bind(&new.handle[..]).bind(new.sealed)
        .bind(new.level).bind(new.label).bind(new.at).execute(c).await?.rows_affected())
        == 1)
}

/// Whose certificate this is.
pub async fn by_handle(tx: &mut Tx, handle: &[u8; 32]) -> Result<Option<Held>, StoreError> {
    const SQL: &str = "SELECT id, account_id, level FROM credentials \
        WHERE handle = $1 AND kind = 'x509' AND state = 'active'";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(&handle[..]).fetch_optional(c).await?))
}

/// Forgets who did not come back.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM certificate_visits WHERE expires_at_us <= $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected()))
}
