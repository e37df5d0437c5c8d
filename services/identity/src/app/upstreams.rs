//! Upstream providers as administration sees them, and what ends when one is no longer trusted.

use siegel_db::{StoreError, Tx, audit};
use siegel_kernel::{AccountId, SessionId, Timestamp, TrustLevel};

use super::failure::Failure;
use super::manage_clients::Became;
use super::sessions;
use crate::domain::ageing::{self, standing};
use crate::domain::grant::Holder;
use crate::domain::upstream::{METHOD, Upstream};
use crate::state::Identity;
use crate::store::upstreams::{self, Stored};
use crate::store::{grants, revocations, sessions as stored_sessions, upstream_links};
use crate::upstream_config::{Registration, Source};

/// A provider as administration sees it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub id: String,
    pub name: String,
    pub issuer: String,
    pub level_cap: TrustLevel,
    /// `settings` or `applied`.
    pub managed_by: String,
    /// What its registration says.
    pub registered: bool,
    /// The switch of administration; it is used when both are on.
    pub switched_on: bool,
}

/// Stores the providers of the settings, and removes those that are no longer there. What rested
/// on one that is gone, switched off, capped lower or moved to another issuer ends.
pub async fn register(state: &Identity, all: &[Registration]) -> Result<(), Failure> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    for old in upstreams::list(&mut tx).await? {
        let id = &old.upstream.id;
        if old.managed_by != Source::Settings.as_str() || all.iter().any(|r| r.upstream.id == *id) {
            continue;
        }
        end_all(&mut tx, id, None, now).await?;
        upstreams::remove(&mut tx, id).await?;
        note(&mut tx, "identity.upstream.removed", "service:identity", id, now).await?;
    }
    for registration in all {
        put(state, &mut tx, registration, Source::Settings, now).await?;
    }
    tx.commit().await?;
    state.feed.committed();
    Ok(())
}

/// Stores a provider of a set-up file.
pub async fn apply(
    state: &Identity,
    registration: &Registration,
    actor: &str,
) -> Result<(), Failure> {
    let mut tx = state.outside.db.begin().await?;
    apply_in(state, &mut tx, registration, actor, state.now()).await?;
    tx.commit().await?;
    state.feed.committed();
    Ok(())
}

/// As [`apply`], in a transaction of the caller's; what became of it.
pub async fn apply_in(
    state: &Identity,
    tx: &mut Tx,
    registration: &Registration,
    actor: &str,
    now: Timestamp,
) -> Result<Became, Failure> {
    let id = &registration.upstream.id;
    let before = upstreams::find(tx, id).await?;
    if let Some(old) = &before
        && old.upstream == registration.upstream
        && old.managed_by == Source::Applied.as_str()
    {
        let what = secret_name(id);
        let secret = state.people.keys.open_job(&what, &old.secret_sealed)?;
        if siegel_crypto::same_bytes(&secret, &registration.secret) {
            return Ok(Became::Unchanged);
        }
    }
    put(state, tx, registration, Source::Applied, now).await?;
    note(tx, "identity.upstream.applied", actor, id, now).await?;
    Ok(if before.is_some() { Became::Updated } else { Became::Created })
}

fn secret_name(id: &str) -> String {
    format!("upstream secret {id}")
}

async fn put(
    state: &Identity,
    tx: &mut Tx,
    new: &Registration,
    source: Source,
    now: Timestamp,
) -> Result<(), Failure> {
    let upstream = &new.upstream;
    if let Some(old) = upstreams::find(tx, &upstream.id).await?
        && trusts_less(&old, upstream)
    {
        end_all(tx, &upstream.id, None, now).await?;
    }
    let sealed = state.people.keys.seal_job(&secret_name(&upstream.id), &new.secret)?;
    upstreams::put(tx, upstream, &sealed, source, now).await?;
    Ok(())
}

fn trusts_less(old: &Stored, new: &Upstream) -> bool {
    old.is_enabled()
        && (!new.enabled
            || new.level_cap < old.upstream.level_cap
            || new.organisation.is_some()
            || new.issuer != old.upstream.issuer)
}

/// All providers, by id.
pub async fn list(state: &Identity) -> Result<Vec<Listed>, StoreError> {
    let mut tx = state.outside.db.read().await?;
    let listed = |s: Stored| Listed {
        id: s.upstream.id,
        name: s.upstream.name,
        issuer: s.upstream.issuer,
        level_cap: s.upstream.level_cap,
        managed_by: s.managed_by,
        registered: s.upstream.enabled,
        switched_on: s.switched_on,
    };
    Ok(upstreams::list(&mut tx).await?.into_iter().map(listed).collect())
}

/// Switches a provider on; `false` when it was so already or is none.
pub async fn enable(state: &Identity, id: &str, actor: &str) -> Result<bool, StoreError> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    if !upstreams::switch(&mut tx, id, true, now).await? {
        return Ok(false);
    }
    note(&mut tx, "identity.upstream.enabled", actor, id, now).await?;
    tx.commit().await?;
    Ok(true)
}

/// Switches a provider off, at once: log-ins are refused, and what rests on it alone ends. `false`
/// when it was so already or is none.
pub async fn disable(state: &Identity, id: &str, actor: &str) -> Result<bool, StoreError> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    if !upstreams::switch(&mut tx, id, false, now).await? {
        return Ok(false);
    }
    end_all(&mut tx, id, None, now).await?;
    note(&mut tx, "identity.upstream.disabled", actor, id, now).await?;
    tx.commit().await?;
    state.feed.committed();
    Ok(true)
}

/// The providers that the log-in pages of a tenant's clients offer, for a level.
pub async fn offered(
    state: &Identity,
    tx: &mut Tx,
    tenant: &str,
) -> Result<Vec<Upstream>, StoreError> {
    let groups = &state.config.connection_groups;
    let here = |s: &Stored| s.is_enabled() && s.upstream.is_offered_to(tenant, groups);
    let all = upstreams::list(tx).await?;
    Ok(all.into_iter().filter(here).map(|s| s.upstream).collect())
}

/// The providers where claims of organisations are proven, by id.
pub async fn of_organisations(state: &Identity) -> Result<Vec<Upstream>, StoreError> {
    let mut tx = state.outside.db.read().await?;
    let here = |s: &Stored| s.is_enabled() && s.upstream.organisation.is_some();
    let all = upstreams::list(&mut tx).await?;
    Ok(all.into_iter().filter(here).map(|s| s.upstream).collect())
}

/// Ends what rests on log-ins at this provider: sessions without another proof, grants of sessions
/// whose level falls, and grants that were to outlive a session of nothing else. Of one account, or
/// of all.
pub(super) async fn end_all(
    tx: &mut Tx,
    id: &str,
    account: Option<AccountId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let method = format!("{METHOD}:{id}");
    for session in upstream_links::sessions_by(tx, &method, account).await? {
        end_proof(tx, session, &method, now).await?;
    }
    for grant in upstream_links::live_grants(tx, id, account, now).await? {
        let Some(found) = grants::find(tx, grant).await? else { continue };
        // Those of a session ended with it.
        let Holder::Person { granted, session: None, .. } = &found.holder else { continue };
        let only = granted.session.amr.iter().all(|word| word == METHOD);
        if only && super::revoke::grant(tx, grant, now).await? {
            let detail = format!("{id} {grant}");
            note(tx, "identity.grant.revoked", "service:identity", &detail, now).await?;
        }
    }
    Ok(())
}

async fn end_proof(
    tx: &mut Tx,
    id: SessionId,
    method: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(session) = stored_sessions::find(tx, id).await? else { return Ok(()) };
    let level = |proofs: &[ageing::Proof]| {
        standing(proofs, session.last_seen_at_us, now).map(|standing| standing.level)
    };
    let held = stored_sessions::proofs(tx, id).await?;
    let mut proofs: Vec<ageing::Proof> = held.into_iter().map(|held| held.proof).collect();
    let before = level(&proofs);
    proofs.retain(|p| p.method != method);
    let after = level(&proofs);
    upstream_links::forget_proof(tx, id, method).await?;
    if after.is_none() {
        sessions::end(tx, &session, "UPSTREAM_ENDED", now).await?;
    } else if after < before {
        for grant in grants::revoke_session(tx, id, now).await? {
            revocations::publish_grant(tx, grant, now).await?;
        }
    }
    Ok(())
}

async fn note(
    tx: &mut Tx,
    kind: &str,
    actor: &str,
    detail: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = audit::Entry {
        kind,
        actor,
        subject: "",
        level: None,
        outcome: "done",
        request_id: "",
        detail,
        at: now,
    };
    audit::record(tx, &entry).await
}
