//! Log-ins at providers that are on their way. Every step is a guarded statement: it happens once.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{SessionId, Timestamp};

use super::digest;
use crate::domain::interaction::InteractionId;

siegel_kernel::typed_id! {
    /// One log-in at a provider; part of addresses, worth nothing in another browser.
    UpstreamLoginId = "uln", random
}

siegel_kernel::typed_id! {
    /// A claim of an organisation, as the organisation service names it.
    ClaimId = "clm", random
}

/// What a log-in is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To log in or to raise the level, for an authorization request.
    Request(InteractionId),
    /// To link an account, by the person of this session.
    Link(SessionId),
    /// To prove this claim of an organisation, by the person of this session.
    Claim(SessionId, ClaimId),
}

/// A log-in to be written.
#[derive(Clone, Copy)]
pub struct NewLogin<'a> {
    pub id: UpstreamLoginId,
    pub upstream: &'a str,
    pub state_hash: &'a [u8; 32],
    pub purpose: Purpose,
    /// SHA-256 of the cookie of the browser that began it.
    pub browser: &'a [u8; 32],
    pub attempt_sealed: &'a [u8],
    pub expires_at: Timestamp,
}

/// A log-in as stored.
#[derive(Clone, Debug)]
pub struct Login {
    pub id: UpstreamLoginId,
    pub upstream: String,
    pub purpose: Purpose,
    pub browser: [u8; 32],
    pub attempt_sealed: Vec<u8>,
    pub answer_sealed: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: UpstreamLoginId,
    upstream_id: String,
    interaction_id: Option<InteractionId>,
    session_id: Option<SessionId>,
    claim_id: Option<ClaimId>,
    browser: Vec<u8>,
    attempt_sealed: Vec<u8>,
    answer_sealed: Option<Vec<u8>>,
}

impl Row {
    fn login(self) -> Result<Login, StoreError> {
        let purpose = match (self.interaction_id, self.session_id, self.claim_id) {
            (Some(interaction), None, None) => Purpose::Request(interaction),
            (None, Some(session), None) => Purpose::Link(session),
            (None, Some(session), Some(claim)) => Purpose::Claim(session, claim),
            _ => return Err(StoreError::corrupt("upstream log-in")),
        };
        Ok(Login {
            id: self.id,
            upstream: self.upstream_id,
            purpose,
            browser: digest(self.browser, "browser")?,
            attempt_sealed: self.attempt_sealed,
            answer_sealed: self.answer_sealed.unwrap_or_default(),
        })
    }
}

pub async fn insert(tx: &mut Tx, new: &NewLogin<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO upstream_logins (id, upstream_id, state_hash, interaction_id, \
        session_id, browser, phase, attempt_sealed, expires_at_us, claim_id) \
        VALUES ($1, $2, $3, $4, $5, $6, 'sent', $7, $8, $9)";
    let (interaction, session, claim) = match new.purpose {
        Purpose::Request(interaction) => (Some(interaction), None, None),
        Purpose::Link(session) => (None, Some(session), None),
        Purpose::Claim(session, claim) => (None, Some(session), Some(claim)),
    };
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.upstream).bind(&new.state_hash[..]).bind(interaction).bind(session)
        .bind(&new.browser[..]).bind(new.attempt_sealed).bind(new.expires_at).bind(claim)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The log-in that waits for an answer with this `state` from this provider. Only reads.
pub async fn sent(
    tx: &mut Tx,
    upstream: &str,
    state_hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Login>, StoreError> {
    const SQL: &str = "SELECT id, upstream_id, interaction_id, session_id, claim_id, \
        browser, attempt_sealed, answer_sealed FROM upstream_logins \
        WHERE upstream_id = $1 AND state_hash = $2 AND phase = 'sent' AND expires_at_us > $3";
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL)
        .bind(upstream).bind(&state_hash[..]).bind(now).fetch_optional(c).await?);
    row.map(Row::login).transpose()
}

/// Keeps the provider's answer; `false` when one came before.
pub async fn answer(
    tx: &mut Tx,
    id: UpstreamLoginId,
    answer_sealed: &[u8],
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE upstream_logins SET phase = 'answered', answer_sealed = $2 \
        WHERE id = $1 AND phase = 'sent'";
    Ok(
        on!(tx, c => sqlx::query(SQL).bind(id).bind(answer_sealed).execute(c).await?.rows_affected())
            == 1,
    )
}

/// Takes the answer, which counts once.
pub async fn take(
    tx: &mut Tx,
    id: UpstreamLoginId,
    now: Timestamp,
) -> Result<Option<Login>, StoreError> {
    const SQL: &str = "UPDATE upstream_logins SET phase = 'taken' \
        WHERE id = $1 AND phase = 'answered' AND expires_at_us > $2 \
        RETURNING id, upstream_id, interaction_id, session_id, claim_id, browser, \
            attempt_sealed, answer_sealed";
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(id).bind(now).fetch_optional(c).await?);
    row.map(Row::login).transpose()
}

/// Keeps what the provider proved until the person says whether to link it.
pub async fn proved(
    tx: &mut Tx,
    id: UpstreamLoginId,
    proof_sealed: &[u8],
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE upstream_logins SET phase = 'proved', answer_sealed = $2 \
        WHERE id = $1 AND phase = 'taken'";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(proof_sealed).execute(c).await?.rows_affected())
        == 1)
}

/// Takes the proof, which counts once.
pub async fn claim(
    tx: &mut Tx,
    id: UpstreamLoginId,
    now: Timestamp,
) -> Result<Option<Login>, StoreError> {
    const SQL: &str = "DELETE FROM upstream_logins \
        WHERE id = $1 AND phase = 'proved' AND expires_at_us > $2 \
        RETURNING id, upstream_id, interaction_id, session_id, claim_id, browser, \
            attempt_sealed, answer_sealed";
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(id).bind(now).fetch_optional(c).await?);
    row.map(Row::login).transpose()
}

/// Removes log-ins whose time is over.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM upstream_logins WHERE expires_at_us <= $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected()))
}
