//! Staff who look at a person's data, and the person who sees that they did.

use serde::{Deserialize, Serialize};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::vault::AccountKey;
use super::{App, Fact, Failure, Order, record};
use crate::domain::{BadField, Held, effective};
use crate::store::staff::{self, Access};
use crate::store::{accounts, attributes};

/// Longest reason and reference, in characters.
const TEXT: usize = 255;

/// Why staff looked; sealed, as it may name the person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reason {
    pub reason: String,
    /// File or ticket number; may be empty.
    pub reference: String,
}

impl Reason {
    fn check(&self) -> Result<(), BadField> {
        let plain =
            |text: &str| text.chars().count() <= TEXT && !text.chars().any(char::is_control);
        if self.reason.trim().is_empty() || !plain(&self.reason) {
            return Err(BadField::new("reason", "has not 1 to 255 characters on one line"));
        }
        if !plain(&self.reference) {
            return Err(BadField::new("reference", "has not up to 255 characters on one line"));
        }
        Ok(())
    }
}

/// One look, as the person reads it.
#[derive(Clone, Debug)]
pub struct Look {
    pub id: i64,
    pub at: Timestamp,
    pub staff: String,
    pub what: String,
    pub reason: Reason,
}

/// An account as staff sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LookedUp {
    pub opened_at: Timestamp,
    pub proven_level: TrustLevel,
    pub attributes: Vec<Held>,
}

impl App {
    /// Reads an account for staff of `tenant`; the line that its person sees is written first.
    pub async fn look_up(
        &self,
        order: &Order,
        (tenant, client): (&str, &str),
        account: AccountId,
        reason: &Reason,
    ) -> Result<LookedUp, Failure> {
        reason.check()?;
        let result = self.looked_up(order, (tenant, client), account, reason).await;
        self.audited(order, account, result).await
    }

    async fn looked_up(
        &self,
        order: &Order,
        (tenant, client): (&str, &str),
        account: AccountId,
        reason: &Reason,
    ) -> Result<LookedUp, Failure> {
        // One person has one account with every tenant: staff of one of them has no say here.
        if self.operator_tenant.as_deref() != Some(tenant) {
            return Err(Failure::NotOperator);
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let done = order.begin(&mut tx, now).await?;
        let row = accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&row)?;
        if let Some(sealed) = done {
            // What was read then: a repetition must not be a way to look again unseen.
            let answer = key.open_answer(&order.request_id, &sealed)?;
            return serde_json::from_slice(&answer).map_err(|_| Failure::StoredAnswer);
        }
        let stored = attributes::current(&mut tx, account).await?;
        let attributes = effective(&key.open_values(&stored)?, now);
        let plain = serde_json::to_vec(reason).map_err(|_| Failure::StoredAnswer)?;
        let line = Access {
            id: 0,
            staff: format!("{tenant}/{client}"),
            what: "account".to_owned(),
            reason: key.seal_text(&seal_name(now), &plain)?,
            at: now,
        };
        staff::add(&mut tx, account, &line).await?;
        let fact = Fact { account, level: None, outcome: "done", detail: "account" };
        record(&mut tx, order, &fact, now).await?;
        let (opened_at, proven_level) = (row.opened_at, row.proven_level);
        let looked = LookedUp { opened_at, proven_level, attributes };
        let answer = serde_json::to_vec(&looked).map_err(|_| Failure::StoredAnswer)?;
        order.finish(&mut tx, &key.seal_answer(&order.request_id, &answer)?).await?;
        tx.commit().await?;
        self.committed();
        Ok(looked)
    }

    /// Up to `limit` looks older than `before`, newest first.
    pub async fn staff_accesses(
        &self,
        account: AccountId,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Look>, Failure> {
        let mut tx = self.db.read().await?;
        let row = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&row)?;
        let lines = staff::before(&mut tx, account, before, limit).await?;
        lines.into_iter().map(|line| look(&key, line)).collect()
    }
}

/// A line as its person reads it.
pub(super) fn look(key: &AccountKey, line: Access) -> Result<Look, Failure> {
    let plain = key.open_text(&seal_name(line.at), &line.reason)?;
    let reason = serde_json::from_slice(&plain).map_err(|_| Failure::StoredAnswer)?;
    Ok(Look { id: line.id, at: line.at, staff: line.staff, what: line.what, reason })
}

/// The line about operators who imported what a person took over.
pub(super) fn imported_by(
    key: &AccountKey,
    tenant: &str,
    reason: &Reason,
    at: Timestamp,
) -> Result<Access, Failure> {
    let plain = serde_json::to_vec(reason).map_err(|_| Failure::StoredAnswer)?;
    Ok(Access {
        id: 0,
        staff: tenant.to_owned(),
        what: "import".to_owned(),
        reason: key.seal_text(&seal_name(at), &plain)?,
        at,
    })
}

pub(super) fn seal_name(at: Timestamp) -> String {
    format!("staff access/{}", at.as_micros())
}
