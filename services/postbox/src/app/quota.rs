//! Quotas of senders and what tenants may send. Replicas take quotas in pieces from the database
//! and count inside a piece in memory: no row is written for each letter. A piece is lost with its
//! replica, so that a quota is never exceeded and fallen short of by a piece per crash at most.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use siegel_db::StoreError;
use siegel_kernel::Timestamp;
use siegel_kernel::berlin::LegalDay;

use super::Postbox;
use super::lanes::Turner;
use super::submit::{Order, SenderClient, SubmitError};
use crate::config::LimitsConfig;
use crate::domain::admin::{AttachmentLimits, Quota, RetentionClass, WEIGHT};
use crate::domain::attachment::Limits;
use crate::store::admin;
use crate::store::quota_use::{self, Budget};

/// How old decisions of operators may be that another replica took.
const FRESH: Duration = Duration::from_secs(5);
/// A replica takes this part of a quota at a time.
const PIECES: i64 = 100;
const HOUR: i64 = 3_600;

/// What operators decided about sending.
#[derive(Debug, Default)]
pub struct Policy {
    limits: HashMap<String, AttachmentLimits>,
    quotas: HashMap<(String, String), Quota>,
    classes: HashMap<(String, String), RetentionClass>,
}

impl Policy {
    /// The attachments that a tenant's senders may send.
    pub fn attachments(&self, tenant: &str, configured: Limits) -> Limits {
        match self.limits.get(tenant) {
            Some(limits) => limits.over(configured),
            None => configured,
        }
    }

    /// The quota of a sender: its own, or its tenant's, or the installation's.
    fn quota(&self, who: &SenderClient, configured: &LimitsConfig) -> Quota {
        let of = |client: &str| self.quotas.get(&(who.tenant.clone(), client.to_owned()));
        of(&who.client_id).or_else(|| of("")).cloned().unwrap_or_else(|| Quota {
            client_id: String::new(),
            letters_per_hour: configured.letters_per_hour,
            bytes_per_day: configured.bytes_per_day,
            weight: WEIGHT,
        })
    }

    /// The retention class of a letter; the tenant's default for one that names none.
    /// # Errors
    /// A class that the tenant does not have.
    pub fn class(&self, tenant: &str, named: &str) -> Result<Option<&RetentionClass>, SubmitError> {
        if named.is_empty() {
            return Ok(self
                .classes
                .iter()
                .find(|((t, _), c)| t == tenant && c.is_default)
                .map(|e| e.1));
        }
        let class = self.classes.get(&(tenant.to_owned(), named.to_owned()));
        class.map(Some).ok_or(SubmitError::RetentionClassUnknown)
    }
}

/// What this replica knows and holds.
#[derive(Clone, Debug, Default)]
pub struct Quotas {
    policy: Arc<Mutex<Option<Known>>>,
    pieces: Arc<Mutex<HashMap<Key, Held>>>,
}

/// A policy and when it was read.
type Known = (Timestamp, Arc<Policy>);
/// Tenant, client, `letters` or `bytes`.
type Key = (String, String, &'static str);

/// A piece of a budget in memory.
#[derive(Clone, Copy, Debug)]
struct Held {
    left: i64,
    /// What was left in the database when the piece was taken.
    beyond: i64,
    resets_at: Timestamp,
}

/// What a sender is told with every answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Letters that this replica knows to be left; `None` without a quota.
    pub remaining: Option<i64>,
    /// When the quota is full again.
    pub resets_at: Timestamp,
}

/// A letter that counts against the quota, unless it is dropped without [`Admission::keep`].
#[must_use]
#[derive(Debug)]
pub struct Admission {
    quotas: Quotas,
    taken: Vec<(Key, i64, Timestamp)>,
    weight: u32,
    policy: Arc<Policy>,
}

impl Admission {
    /// The letter was accepted.
    pub fn keep(mut self) {
        self.taken.clear();
    }

    /// What operators decided when the letter came.
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.clone()
    }

    pub fn turner<'a>(&self, who: &'a SenderClient, bulk: bool) -> Turner<'a> {
        Turner { bulk, sender: &who.client_id, weight: self.weight }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut pieces = self.quotas.pieces();
        for (key, amount, resets_at) in self.taken.drain(..) {
            if let Some(held) = pieces.get_mut(&key)
                && held.resets_at == resets_at
            {
                held.left = held.left.saturating_add(amount);
            }
        }
    }
}

impl Quotas {
    /// Operators decided something here: it holds from the next letter on.
    pub fn forget_policy(&self) {
        *self.policy.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn pieces(&self) -> MutexGuard<'_, HashMap<Key, Held>> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `amount` of what this replica holds; how much it lacks otherwise.
    fn take(&self, key: &Key, amount: i64, resets_at: Timestamp) -> Result<Timestamp, i64> {
        match self.pieces().get_mut(key) {
            Some(held) if held.resets_at >= resets_at && held.left >= amount => {
                held.left -= amount;
                Ok(held.resets_at)
            }
            Some(held) if held.resets_at >= resets_at => Err(amount.saturating_sub(held.left)),
            _ => Err(amount),
        }
    }

    fn put(&self, key: &Key, piece: quota_use::Piece) {
        let mut pieces = self.pieces();
        let before = pieces.get(key).filter(|held| held.resets_at == piece.resets_at);
        let left = before.map_or(0, |held| held.left).saturating_add(piece.got);
        let held = Held { left, beyond: piece.left, resets_at: piece.resets_at };
        pieces.insert(key.clone(), held);
    }
}

impl Postbox {
    /// What operators decided, at most [`FRESH`] ago.
    pub async fn policy(&self) -> Result<Arc<Policy>, StoreError> {
        let now = self.clock.now();
        let known = {
            let cached = self.quotas.policy.lock().unwrap_or_else(PoisonError::into_inner);
            cached.clone()
        };
        if let Some((read_at, policy)) = known
            && read_at <= now
            && now < read_at.plus(FRESH)
        {
            return Ok(policy);
        }
        let mut tx = self.db.read().await?;
        let quotas = admin::quotas(&mut tx).await?;
        let classes = admin::all_classes(&mut tx).await?;
        let policy = Arc::new(Policy {
            limits: admin::limits(&mut tx).await?.into_iter().collect(),
            quotas: quotas.into_iter().map(|(t, q)| ((t, q.client_id.clone()), q)).collect(),
            classes: classes.into_iter().map(|(t, c)| ((t, c.name.clone()), c)).collect(),
        });
        *self.quotas.policy.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((now, policy.clone()));
        Ok(policy)
    }

    /// Lets a letter count against its sender's quota.
    /// # Errors
    /// `QuotaExceeded` when it does not fit.
    pub async fn admit(
        &self,
        who: &SenderClient,
        letters: i64,
        bytes: i64,
    ) -> Result<Admission, SubmitError> {
        let policy = self.policy().await?;
        let quota = policy.quota(who, &self.limits);
        let now = self.clock.now();
        let quotas = self.quotas.clone();
        let mut admission = Admission { quotas, taken: Vec::new(), weight: quota.weight, policy };
        let budgets = [
            ("letters", quota.letters_per_hour, letters, next_hour(now)),
            ("bytes", quota.bytes_per_day, bytes, LegalDay::of(now).end()),
        ];
        for (what, limit, amount, resets_at) in budgets {
            let Some(limit) = limit else { continue };
            let budget =
                Budget { tenant: &who.tenant, client_id: &who.client_id, what, limit, resets_at };
            let key = key(who, what);
            let until = self.spend(&key, budget, amount).await?;
            admission.taken.push((key, amount, until));
        }
        Ok(admission)
    }

    /// Takes from the piece in memory, or a new one; when the budget resets.
    async fn spend(
        &self,
        key: &Key,
        budget: Budget<'_>,
        amount: i64,
    ) -> Result<Timestamp, SubmitError> {
        let lacking = match self.quotas.take(key, amount, budget.resets_at) {
            Ok(until) => return Ok(until),
            Err(lacking) => lacking,
        };
        let wanted = lacking.max(budget.limit / PIECES);
        let piece = quota_use::take(&self.db, budget, wanted).await?;
        self.quotas.put(key, piece);
        self.quotas.take(key, amount, piece.resets_at).map_err(|_| SubmitError::QuotaExceeded {
            what: budget.what,
            limit: budget.limit,
            retry_in: piece.resets_at.since(self.clock.now()),
        })
    }

    /// What a sender may still send, as far as this replica knows.
    pub async fn allowance(&self, who: &SenderClient) -> Result<Allowance, StoreError> {
        let quota = self.policy().await?.quota(who, &self.limits);
        let resets_at = next_hour(self.clock.now());
        let held = self.quotas.pieces().get(&key(who, "letters")).copied();
        let remaining = quota.letters_per_hour.map(|limit| match held {
            Some(held) if held.resets_at >= resets_at => held.left.saturating_add(held.beyond),
            _ => limit,
        });
        Ok(Allowance { remaining, resets_at })
    }
}

/// Bytes that a letter counts. Those of uploads counted when they began.
pub(super) fn weighs(order: &Order) -> i64 {
    let texts: usize = order
        .letter
        .bodies
        .iter()
        .map(|b| b.plain_text.len().saturating_add(b.easy_text.len()))
        .sum();
    let files = order.attachments.iter().map(|a| a.size_bytes);
    let all = files.fold(texts as u64, u64::saturating_add);
    i64::try_from(all).unwrap_or(i64::MAX)
}

fn key(who: &SenderClient, what: &'static str) -> Key {
    (who.tenant.clone(), who.client_id.clone(), what)
}

fn next_hour(now: Timestamp) -> Timestamp {
    let hours = now.as_seconds().div_euclid(HOUR).saturating_add(1);
    Timestamp::from_seconds(hours.saturating_mul(HOUR))
}
