//! Finishing a log-in elsewhere: what the provider proved, whose it is here, and a session.

use siegel_db::Tx;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::account::{self, Opened, hand_over};
use super::redeem::{Asserted, redeem};
use super::{Attempt, Fault, Proof, link, record, refused, seal, unseal};
use crate::app::disable;
use crate::app::failure::Failure;
use crate::app::sessions::{self, LogIn, LoggedIn};
use crate::domain::ageing;
use crate::domain::email::EmailAddress;
use crate::domain::interaction::{AuthRequest, SessionView};
use crate::domain::linking::{self, Holder, Known, Refusal, Ruling, rule};
use crate::domain::upstream::{Claims, Upstream, holder};
use crate::ports::accounts::Said;
use crate::state::Identity;
use crate::store::accounts;
use crate::store::upstream_links::{self as links, Link, LinkId, NewLink};
use crate::store::upstream_logins::{self, Login, Purpose, UpstreamLoginId};
use crate::store::upstreams::{self, Stored};

/// A browser that comes back from a provider.
#[derive(Clone, Copy)]
pub struct Return<'a> {
    pub login: UpstreamLoginId,
    /// What the page it comes to is for; must be the log-in's own.
    pub purpose: Purpose,
    pub browser: &'a [u8; 32],
    /// The session that counts here.
    pub session: Option<&'a SessionView>,
    /// What the person logs in for; nothing when an account is linked.
    pub request: Option<&'a AuthRequest>,
    /// A fresh log-in was demanded.
    pub again: bool,
    /// The session cookie that came with the request.
    pub presented: Option<&'a str>,
    /// `de` or `en`.
    pub locale: &'a str,
}

/// How it ended.
pub enum Outcome {
    In {
        logged_in: LoggedIn,
        level: TrustLevel,
    },
    /// Somebody is logged in, and the account elsewhere is nobody's yet: ask.
    Ask {
        upstream: String,
    },
    Linked,
    /// Not of this page, answered before, or over.
    Unknown,
    /// The address it confirms belongs to an account here, which logs in by itself first.
    AddressTaken,
    /// The session is too old or not sure enough to link anything.
    NotFresh,
    Refused(Refusal),
    /// Name or birth date differ from what the account was proven with.
    OtherPerson,
}

/// Takes the answer, checks it and logs in, or asks, or links.
pub async fn finish(state: &Identity, back: Return<'_>) -> Result<Outcome, Fault> {
    let now = state.now();
    let Some(login) = take(state, &back, now).await? else { return Ok(Outcome::Unknown) };
    let done = prove_and_settle(state, &back, &login, now).await;
    noted(state, &back, &login, &done, now).await?;
    done
}

/// Takes the answer that this browser brought for this purpose. It counts once, for whoever takes
/// it; `None` is on record.
pub(super) async fn take(
    state: &Identity,
    back: &Return<'_>,
    now: Timestamp,
) -> Result<Option<Login>, Fault> {
    let mut tx = state.outside.db.begin().await?;
    let login = upstream_logins::take(&mut tx, back.login, now).await?;
    tx.commit().await?;
    let same = |l: &Login| {
        l.purpose == back.purpose && siegel_crypto::same_bytes(&l.browser, back.browser)
    };
    let login = login.filter(same);
    if login.is_none() {
        refused(state, "", None, "UPSTREAM_UNKNOWN_ANSWER", now).await?;
    }
    Ok(login)
}

/// Puts what went wrong there on record; what is ours is the log's.
pub(super) async fn noted<T>(
    state: &Identity,
    back: &Return<'_>,
    login: &Login,
    done: &Result<T, Fault>,
    now: Timestamp,
) -> Result<(), Fault> {
    if let Err(fault) = done
        && !matches!(fault, Fault::Own(_))
    {
        let account = back.session.map(|s| s.account);
        refused(state, &login.upstream, account, fault.reason(), now).await?;
    }
    Ok(())
}

async fn prove_and_settle(
    state: &Identity,
    back: &Return<'_>,
    login: &Login,
    now: Timestamp,
) -> Result<Outcome, Fault> {
    let (stored, proof, claims) = proven(state, login, now).await?;
    let keys = &state.people.keys;
    let address = confirmed_address(&claims).map(|a| keys.address_hash(&a));
    settle(state, back, &stored, proof, address, now).await
}

/// What the provider proves, as it counts here.
async fn proven(
    state: &Identity,
    login: &Login,
    now: Timestamp,
) -> Result<(Stored, Proof, Claims), Fault> {
    let (stored, attempt, asserted) = asserted(state, login, now).await?;
    let at = match asserted.auth_time {
        Some(at) if !attempt.again => at.min(now),
        _ => now,
    };
    let proof = judge(state, &stored.upstream, &asserted, at);
    Ok((stored, proof, asserted.claims))
}

/// What the provider says, verified; by a provider that is still trusted, for what this log-in is.
pub(super) async fn asserted(
    state: &Identity,
    login: &Login,
    now: Timestamp,
) -> Result<(Stored, Attempt, Asserted), Fault> {
    let keys = &state.people.keys;
    let attempt: Attempt = unseal(keys, "attempt", login.id, &login.attempt_sealed)?;
    let answer = unseal(keys, "answer", login.id, &login.answer_sealed)?;
    let mut tx = state.outside.db.read().await?;
    let found = upstreams::find(&mut tx, &login.upstream).await?;
    drop(tx);
    let here = |s: &Stored| s.is_enabled() && s.upstream.issuer == attempt.issuer;
    let stored = found.filter(here).ok_or(Fault::NotOffered)?;
    right_kind(&stored.upstream, login.purpose)?;
    let asserted = redeem(state, &stored, &attempt, answer, now).await?;
    Ok((stored, attempt, asserted))
}

/// Accounts of organisations prove claims and log nobody in; accounts of persons the other way.
pub(super) fn right_kind(upstream: &Upstream, purpose: Purpose) -> Result<(), Fault> {
    let proves = matches!(purpose, Purpose::Claim(..));
    if proves == upstream.organisation.is_some() { Ok(()) } else { Err(Fault::WrongKind) }
}

/// Level by table and cap, attributes by the rules, the rest is dropped.
fn judge(state: &Identity, upstream: &Upstream, asserted: &Asserted, at: Timestamp) -> Proof {
    let keys = &state.people.keys;
    let level = upstream.level_of(asserted.acr.as_deref());
    let taken = upstream.take(&asserted.claims, level);
    let named = holder(&taken);
    Proof {
        subject_hash: keys.upstream_hash(&upstream.issuer, &upstream.pseudonym(&asserted.subject)),
        holder_hash: named.map(|[given, family, born]| keys.holder_hash(&[&given, &family, &born])),
        level,
        taken,
        at,
    }
}

/// An address that the provider says it confirmed. It logs nobody in: it only keeps a person from
/// getting a second account by mistake.
fn confirmed_address(claims: &Claims) -> Option<EmailAddress> {
    let confirmed = claims.get("email_verified").is_some_and(|v| v == true || v == "true");
    let address = claims.get("email").and_then(|v| v.as_str()).filter(|_| confirmed)?;
    EmailAddress::parse(address).ok()
}

/// Whose the proof is here.
async fn settle(
    state: &Identity,
    back: &Return<'_>,
    stored: &Stored,
    proof: Proof,
    address: Option<[u8; 32]>,
    now: Timestamp,
) -> Result<Outcome, Fault> {
    let upstream = &stored.upstream;
    let logged_in = back.session.map(|s| s.account);
    let mut tx = state.outside.db.begin().await?;
    held(&mut tx, &upstream.id).await?;
    let link = links::by_subject(&mut tx, &upstream.id, &proof.subject_hash).await?;
    match rule(logged_in, link.as_ref().map(|l| known(l, &proof))) {
        Ruling::LogIn(account) => {
            disable::admit(state, &mut tx, account, &upstream.method(), now).await?;
            drop(tx);
            let request_id = format!("upstream-{}", back.login);
            let said = Said { provider: &upstream.id, taken: &proof.taken, at: now };
            hand_over(state, &request_id, account, said).await?;
            match back.request {
                Some(request) => log_in(state, back, request, upstream, &proof, account).await,
                None => Ok(Outcome::Linked),
            }
        }
        Ruling::Ask(account) if back.request.is_none() => {
            // The person pressed "link" before going there.
            drop(tx);
            link::by_owner(state, back, upstream, &proof, account, now).await
        }
        Ruling::Ask(account) => {
            let highest = link::highest(&mut tx, account).await?;
            if !back.session.is_some_and(|s| linking::may_link(s, highest, now)) {
                drop(tx);
                refused(state, &upstream.id, Some(account), "UPSTREAM_NOT_FRESH", now).await?;
                return Ok(Outcome::NotFresh);
            }
            let sealed = seal(&state.people.keys, "proof", back.login, &(account, &proof))?;
            upstream_logins::proved(&mut tx, back.login, &sealed).await?;
            tx.commit().await?;
            Ok(Outcome::Ask { upstream: upstream.name.clone() })
        }
        Ruling::Open => {
            let taken = match address {
                Some(hash) => accounts::address_is_taken(&mut tx, &hash).await?,
                None => false,
            };
            if taken {
                drop(tx);
                refused(state, &upstream.id, None, "UPSTREAM_ADDRESS_TAKEN", now).await?;
                return Ok(Outcome::AddressTaken);
            }
            match back.request {
                Some(request) => open(state, tx, back, request, upstream, &proof).await,
                // Nobody is logged in who could link anything.
                None => Ok(Outcome::NotFresh),
            }
        }
        Ruling::Refused(why) => {
            drop(tx);
            let reason = match why {
                Refusal::OfAnotherAccount => "UPSTREAM_OF_ANOTHER_ACCOUNT",
                Refusal::Recycled => "UPSTREAM_RECYCLED",
            };
            let account = logged_in.or(link.map(|l| l.account_id));
            refused(state, &upstream.id, account, reason, now).await?;
            Ok(Outcome::Refused(why))
        }
    }
}

/// The first log-in of a person whom nobody knows here.
async fn open(
    state: &Identity,
    mut tx: Tx,
    back: &Return<'_>,
    request: &AuthRequest,
    upstream: &Upstream,
    proof: &Proof,
) -> Result<Outcome, Fault> {
    let now = state.now();
    let new = Opened {
        upstream: &upstream.id,
        locale: back.locale,
        level: proof.level,
        taken: &proof.taken,
    };
    let account = account::open(state, &mut tx, &new, now).await?;
    if !add_link(state, &mut tx, upstream, proof, account, now).await? {
        // The same person in a second window, in this very moment: its log-in stands.
        return Ok(Outcome::Unknown);
    }
    let who = Who { request, upstream, proof, account };
    let logged_in = session(state, &mut tx, back, &who, now).await?;
    tx.commit().await?;
    state.outbox.committed();
    state.feed.committed();
    Ok(Outcome::In { logged_in, level: proof.level })
}

/// Logs in by a link that stands.
pub(super) async fn log_in(
    state: &Identity,
    back: &Return<'_>,
    request: &AuthRequest,
    upstream: &Upstream,
    proof: &Proof,
    account: AccountId,
) -> Result<Outcome, Fault> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    held(&mut tx, &upstream.id).await?;
    // Read again: it may have been unlinked since.
    let link = links::by_subject(&mut tx, &upstream.id, &proof.subject_hash).await?;
    let stands = |l: &Link| l.account_id == account && known(l, proof).holder != Holder::Other;
    let Some(link) = link.filter(stands) else { return Ok(Outcome::Unknown) };
    links::used(&mut tx, link.id, proof.level, proof.holder_hash.as_ref(), now).await?;
    let who = Who { request, upstream, proof, account };
    let logged_in = session(state, &mut tx, back, &who, now).await?;
    tx.commit().await?;
    state.feed.committed();
    Ok(Outcome::In { logged_in, level: proof.level })
}

/// Who logs in, for what, by which proof.
struct Who<'a> {
    request: &'a AuthRequest,
    upstream: &'a Upstream,
    proof: &'a Proof,
    account: AccountId,
}

/// A session of this level. It counts from the log-in at the provider on, not from now.
async fn session(
    state: &Identity,
    tx: &mut Tx,
    back: &Return<'_>,
    who: &Who<'_>,
    now: Timestamp,
) -> Result<LoggedIn, Failure> {
    let Who { request, upstream, proof, account } = *who;
    let method = upstream.method();
    let login = LogIn {
        account,
        method: &method,
        level: proof.level,
        request,
        again: back.again,
        presented: back.presented,
    };
    let logged_in = sessions::log_in(state, tx, &login, now).await?;
    let limits = request.limits.clone();
    let proof = ageing::Proof { limits, ..ageing::Proof::new(proof.level, &method, proof.at) };
    sessions::prove(tx, logged_in.session, request, &proof).await?;
    Ok(logged_in)
}

/// The provider is still trusted, and stays so until the transaction ends.
pub(super) async fn held(tx: &mut Tx, upstream: &str) -> Result<(), Fault> {
    let found = upstreams::hold(tx, upstream).await?;
    if found.is_some_and(|s| s.is_enabled()) { Ok(()) } else { Err(Fault::NotOffered) }
}

/// Links the account; `false` when the account elsewhere is somebody's already.
pub(super) async fn add_link(
    state: &Identity,
    tx: &mut Tx,
    upstream: &Upstream,
    proof: &Proof,
    account: AccountId,
    now: Timestamp,
) -> Result<bool, Failure> {
    let new = NewLink {
        id: LinkId::new(&*state.outside.clock, &*state.outside.entropy)?,
        upstream: &upstream.id,
        subject_hash: &proof.subject_hash,
        holder_hash: proof.holder_hash.as_ref(),
        account,
        level: proof.level,
        at: now,
    };
    if !links::add(tx, &new).await? {
        return Ok(false);
    }
    let kind = "identity.upstream.linked";
    record(tx, kind, account, proof.level, &upstream.id, now).await?;
    Ok(true)
}

fn known(link: &Link, proof: &Proof) -> Known {
    let holder = linking::compare(link.holder_hash.as_deref(), proof.holder_hash.as_ref());
    Known { account: link.account_id, holder }
}
