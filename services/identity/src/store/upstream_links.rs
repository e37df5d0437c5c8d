//! Which accounts elsewhere belong to which of ours, and what rests on them.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, GrantId, SessionId, Timestamp, TrustLevel};

siegel_kernel::typed_id! {
    /// A link between an account here and one elsewhere.
    LinkId = "lnk", random
}

/// An account elsewhere that belongs to one of ours.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Link {
    pub id: LinkId,
    pub upstream_id: String,
    pub account_id: AccountId,
    pub holder_hash: Option<Vec<u8>>,
    /// The highest level it proved.
    pub level: TrustLevel,
    pub linked_at_us: Timestamp,
    pub last_used_at_us: Timestamp,
}

/// A link to be written.
#[derive(Clone, Copy)]
pub struct NewLink<'a> {
    pub id: LinkId,
    pub upstream: &'a str,
    pub subject_hash: &'a [u8; 32],
    pub holder_hash: Option<&'a [u8; 32]>,
    pub account: AccountId,
    pub level: TrustLevel,
    pub at: Timestamp,
}

/// Links an account; `false` when it is linked already.
pub async fn add(tx: &mut Tx, new: &NewLink<'_>) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO upstream_links (id, upstream_id, subject_hash, holder_hash, \
        account_id, level, linked_at_us, last_used_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (upstream_id, subject_hash) DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.upstream).bind(&new.subject_hash[..])
        .bind(new.holder_hash.map(|h| &h[..])).bind(new.account).bind(new.level).bind(new.at)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Whose a subject is.
pub async fn by_subject(
    tx: &mut Tx,
    upstream: &str,
    subject_hash: &[u8; 32],
) -> Result<Option<Link>, StoreError> {
    const SQL: &str = "SELECT id, upstream_id, account_id, holder_hash, level, linked_at_us, \
        last_used_at_us FROM upstream_links WHERE upstream_id = $1 AND subject_hash = $2";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(upstream).bind(&subject_hash[..]).fetch_optional(c).await?))
}

/// Notes a use; the level only rises, the holder is kept once named. `false` when the link is gone.
pub async fn used(
    tx: &mut Tx,
    id: LinkId,
    level: TrustLevel,
    holder_hash: Option<&[u8; 32]>,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE upstream_links SET last_used_at_us = $2, \
        level = CASE WHEN level < $3 THEN $3 ELSE level END, \
        holder_hash = COALESCE(holder_hash, $4) WHERE id = $1";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(at).bind(level).bind(holder_hash.map(|h| &h[..]))
        .execute(c).await?.rows_affected())
        == 1)
}

/// An account's links, oldest first.
pub async fn of_account(tx: &mut Tx, account: AccountId) -> Result<Vec<Link>, StoreError> {
    const SQL: &str = "SELECT id, upstream_id, account_id, holder_hash, level, linked_at_us, \
        last_used_at_us FROM upstream_links WHERE account_id = $1 ORDER BY linked_at_us, id";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?))
}

/// Ends a link of this account; `false` when there is none.
pub async fn remove(tx: &mut Tx, id: LinkId, account: AccountId) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM upstream_links WHERE id = $1 AND account_id = $2";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(account).execute(c).await?.rows_affected()) == 1)
}

/// Sessions that did not end and were proven by this method; of one account, or of all.
pub async fn sessions_by(
    tx: &mut Tx,
    method: &str,
    account: Option<AccountId>,
) -> Result<Vec<SessionId>, StoreError> {
    const SQL: &str = "SELECT DISTINCT s.id FROM sessions s JOIN sector_proofs p ON p.session_id = s.id \
        WHERE p.method = $1 AND s.ended_at_us IS NULL ORDER BY s.id";
    const OF_ONE: &str = "SELECT DISTINCT s.id FROM sessions s JOIN sector_proofs p ON p.session_id = s.id \
        WHERE p.method = $1 AND s.ended_at_us IS NULL AND s.account_id = $2 ORDER BY s.id";
    Ok(match account {
        None => on!(tx, c => sqlx::query_scalar(SQL).bind(method).fetch_all(c).await?),
        Some(account) => {
            on!(tx, c => sqlx::query_scalar(OF_ONE).bind(method).bind(account).fetch_all(c).await?)
        }
    })
}

/// Forgets what a session was proven by.
pub async fn forget_proof(tx: &mut Tx, session: SessionId, method: &str) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM sector_proofs WHERE session_id = $1 AND method = $2";
    on!(tx, c => sqlx::query(SQL).bind(session).bind(method).execute(c).await?.rows_affected());
    Ok(())
}

/// Grants of linked accounts that still live; of one account, or of all that the provider has.
pub async fn live_grants(
    tx: &mut Tx,
    upstream: &str,
    account: Option<AccountId>,
    now: Timestamp,
) -> Result<Vec<GrantId>, StoreError> {
    const SQL: &str = "SELECT DISTINCT g.id FROM grants g \
        JOIN upstream_links l ON l.account_id = g.account_id \
        WHERE l.upstream_id = $1 AND g.revoked_at_us IS NULL AND g.expires_at_us > $2";
    const OF_ONE: &str = "SELECT g.id FROM grants g \
        WHERE g.account_id = $1 AND g.revoked_at_us IS NULL AND g.expires_at_us > $2";
    Ok(match account {
        None => on!(tx, c => sqlx::query_scalar(SQL).bind(upstream).bind(now).fetch_all(c).await?),
        Some(account) => {
            on!(tx, c => sqlx::query_scalar(OF_ONE).bind(account).bind(now).fetch_all(c).await?)
        }
    })
}
