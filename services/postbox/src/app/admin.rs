//! What operators decide. One transaction each, with its audit line; what has legal consequences
//! waits for a second operator.

use serde::{Deserialize, Serialize};
use siegel_crypto::{same_bytes, sha256};
use siegel_db::audit::{self, Entry};
use siegel_db::{Attempt, IdempotencyKey, StoreError, Tx, begin_request, finish_request};
use siegel_kernel::Timestamp;

use super::{Now, Postbox, Trouble, vault};
use crate::domain::admin::{Change, HoldOn, NewRule};
use crate::domain::letter::Violation;
use crate::domain::{HoldId, MailboxId, OutageId, ProposalId};
use crate::store::admin::{self, HoldRow, OutageRow, ProposalRow};
use crate::store::{mailboxes, retention, rules, senders};

/// Who decides.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Scope of request ids and actor of the audit trail; whoever proposed does not approve.
    pub name: String,
    pub tenant: String,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Done {
    Set,
    Held(HoldId),
    Proposed(ProposalId),
    Outage(OutageId),
}

/// A change that is not made. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    #[error("the request is malformed")]
    Malformed(Vec<Violation>),
    #[error("the operator of the platform decides this")]
    NotPlatformOperator,
    #[error("whoever proposed a change does not approve it")]
    SameOperator,
    #[error("the request id was used for another change")]
    RequestIdReused,
    #[error("there is no such sender")]
    SenderUnknown,
    #[error("there is no such letter")]
    LetterUnknown,
    #[error("there is no such recipient")]
    RecipientUnknown,
    #[error("there is no such hold in force")]
    HoldUnknown,
    #[error("there is no such rule")]
    RuleUnknown,
    #[error("no such proposal waits")]
    ProposalUnknown,
    #[error("the proposal is not the one that was looked at")]
    ProposalChanged,
    #[error("the change could not be stored")]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl AdminError {
    /// The refusal as audit lines and callers know it.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "INVALID_FIELD",
            Self::NotPlatformOperator => "NOT_PLATFORM_OPERATOR",
            Self::SameOperator => "SAME_OPERATOR",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::SenderUnknown => "SENDER_UNKNOWN",
            Self::LetterUnknown => "LETTER_UNKNOWN",
            Self::RecipientUnknown => "RECIPIENT_UNKNOWN",
            Self::HoldUnknown => "HOLD_UNKNOWN",
            Self::RuleUnknown => "RULE_UNKNOWN",
            Self::ProposalUnknown => "PROPOSAL_UNKNOWN",
            Self::ProposalChanged => "PROPOSAL_CHANGED",
            Self::Trouble(_) => "failed",
        }
    }

    /// An attempt to decide what is not one's own to decide.
    const fn is_on_record(&self) -> bool {
        matches!(self, Self::NotPlatformOperator | Self::SameOperator)
    }
}

/// Names the content of a proposal.
pub fn digest(proposal: &ProposalRow) -> [u8; 32] {
    sha256(proposal.change.as_bytes())
}

impl Postbox {
    /// Makes or proposes a change; again, with the same answer.
    #[tracing::instrument(name = "postbox.administer", skip_all)]
    pub async fn administer(
        &self,
        by: &Operator,
        request_id: &str,
        change: &Change,
    ) -> Result<Done, AdminError> {
        let done = self.try_administer(by, request_id, change).await;
        if let Err(refused) = &done
            && refused.is_on_record()
        {
            let mut tx = self.db.begin().await?;
            self.record(&mut tx, by, change, (request_id, refused.outcome(), "")).await?;
            tx.commit().await?;
        }
        done
    }

    async fn try_administer(
        &self,
        by: &Operator,
        request_id: &str,
        change: &Change,
    ) -> Result<Done, AdminError> {
        if change.is_for_all_tenants() && self.operator_tenant.as_ref() != Some(&by.tenant) {
            return Err(AdminError::NotPlatformOperator);
        }
        let now = self.now();
        let mut found = change.violations(now.legal);
        if request_id.is_empty() || request_id.chars().count() > 128 {
            found.push(Violation::new("request_id", "must have 1 to 128 characters"));
        }
        if !found.is_empty() {
            return Err(AdminError::Malformed(found));
        }
        let text = serde_json::to_string(change).map_err(Trouble::from)?;
        let digest = sha256(text.as_bytes());
        let key = IdempotencyKey { caller: &by.name, request_id, digest };
        let mut tx = self.db.begin().await?;
        match begin_request(&mut tx, &key, now.recorded).await? {
            Attempt::Fresh => {}
            Attempt::Repeated(answer) => {
                return Ok(serde_json::from_slice(&answer).map_err(Trouble::from)?);
            }
            Attempt::Conflict => return Err(AdminError::RequestIdReused),
        }
        let done = match change.proposed_as() {
            Some(_) => self.propose(&mut tx, by, change, (text, now)).await?,
            None => self.carry_out(&mut tx, by, change, now).await?,
        };
        let detail = match &done {
            Done::Set => String::new(),
            Done::Held(id) => id.to_string(),
            Done::Proposed(id) => id.to_string(),
            Done::Outage(id) => id.to_string(),
        };
        self.record(&mut tx, by, change, (request_id, "done", &detail)).await?;
        let answer = serde_json::to_vec(&done).map_err(Trouble::from)?;
        finish_request(&mut tx, &key, &answer).await?;
        tx.commit().await?;
        self.quotas.forget_policy();
        Ok(done)
    }

    async fn record(
        &self,
        tx: &mut Tx,
        by: &Operator,
        change: &Change,
        (request_id, outcome, detail): (&str, &str, &str),
    ) -> Result<(), StoreError> {
        let entry = Entry {
            kind: change.audit_kind(),
            actor: &by.name,
            subject: &by.tenant,
            level: None,
            outcome,
            request_id,
            detail,
            at: self.now().recorded,
        };
        audit::record(tx, &entry).await
    }

    /// Keeps a change for a second operator, if it could be made now.
    async fn propose(
        &self,
        tx: &mut Tx,
        by: &Operator,
        change: &Change,
        (text, now): (String, Now),
    ) -> Result<Done, AdminError> {
        match change {
            Change::ReleaseHold { hold } => {
                let holds = admin::holds_of_tenant(tx, &by.tenant).await?;
                let lies = holds.iter().any(|h| h.id == *hold && h.released_at.is_none());
                if !lies {
                    return Err(AdminError::HoldUnknown);
                }
            }
            Change::ConfirmRule { rule } => {
                rules::by_id(tx, rule).await?.ok_or(AdminError::RuleUnknown)?;
            }
            Change::AddRule(rule) => {
                next_rule_id(tx, rule).await?;
            }
            _ => {}
        }
        let id = ProposalId::new(self.clock.as_ref(), self.entropy.as_ref());
        let row = ProposalRow {
            id: id.map_err(Trouble::from)?,
            tenant: by.tenant.clone(),
            change: text,
            proposed_by: by.name.clone(),
            proposed_at: now.recorded,
        };
        admin::propose(tx, &row).await?;
        Ok(Done::Proposed(row.id))
    }

    async fn carry_out(
        &self,
        tx: &mut Tx,
        by: &Operator,
        change: &Change,
        now: Now,
    ) -> Result<Done, AdminError> {
        match change {
            Change::SetAttachments(limits) => admin::set_limits(tx, &by.tenant, limits).await?,
            Change::SetQuota(quota) => {
                let for_all = quota.client_id.is_empty();
                let sender = senders::find(tx, &quota.client_id, &by.tenant).await?;
                if !for_all && sender.is_none() {
                    return Err(AdminError::SenderUnknown);
                }
                admin::set_quota(tx, &by.tenant, quota).await?;
            }
            Change::SetRetention(class) => admin::set_class(tx, &by.tenant, class).await?,
            Change::PlaceHold { on, reference } => {
                return self.place_hold(tx, by, (on, reference), now.recorded).await;
            }
            Change::ReleaseHold { hold } => {
                let lay_in = admin::release_hold(tx, &by.tenant, *hold, now.recorded).await?;
                let mailbox = lay_in.ok_or(AdminError::HoldUnknown)?;
                retention::look_now(tx, mailbox, now.legal).await?;
            }
            Change::AddRule(rule) => {
                let id = next_rule_id(tx, rule).await?;
                rules::add(tx, &id, rule).await?;
            }
            Change::ConfirmRule { rule } => {
                if !rules::confirm(tx, rule).await? {
                    return Err(AdminError::RuleUnknown);
                }
            }
            Change::DeclareOutage { period, reason } => {
                let id = OutageId::new(self.clock.as_ref(), self.entropy.as_ref());
                let row = OutageRow {
                    id: id.map_err(Trouble::from)?,
                    from: Timestamp::from_micros(period.from_us),
                    to: Timestamp::from_micros(period.to_us),
                    reason: reason.clone(),
                    declared_at: now.recorded,
                    declared_by: by.name.clone(),
                };
                admin::declare_outage(tx, &row).await?;
                return Ok(Done::Outage(row.id));
            }
            Change::Approve { proposal, digest } => {
                return self.approve(tx, by, (*proposal, digest), now).await;
            }
            Change::Reject { proposal } => {
                let dropped = admin::decide(tx, &by.tenant, *proposal, now.recorded).await?;
                dropped.ok_or(AdminError::ProposalUnknown)?;
            }
        }
        Ok(Done::Set)
    }

    /// Carries out what another operator proposed. A refusal leaves the proposal waiting.
    async fn approve(
        &self,
        tx: &mut Tx,
        by: &Operator,
        (proposal, seen): (ProposalId, &[u8]),
        now: Now,
    ) -> Result<Done, AdminError> {
        let row = admin::decide(tx, &by.tenant, proposal, now.recorded).await?;
        let row = row.ok_or(AdminError::ProposalUnknown)?;
        if row.proposed_by == by.name {
            return Err(AdminError::SameOperator);
        }
        if !same_bytes(&digest(&row), seen) {
            return Err(AdminError::ProposalChanged);
        }
        let change: Change = serde_json::from_str(&row.change).map_err(Trouble::from)?;
        if change.is_for_all_tenants() && self.operator_tenant.as_ref() != Some(&by.tenant) {
            return Err(AdminError::NotPlatformOperator);
        }
        // A day that was to come when it was proposed may be here.
        let found = change.violations(now.legal);
        if !found.is_empty() {
            return Err(AdminError::Malformed(found));
        }
        Box::pin(self.carry_out(tx, by, &change, now)).await
    }

    async fn place_hold(
        &self,
        tx: &mut Tx,
        by: &Operator,
        (on, reference): (&HoldOn, &str),
        now: Timestamp,
    ) -> Result<Done, AdminError> {
        let (mailbox_id, letter_id, case_tag) = match on {
            HoldOn::Letter(letter) => {
                let found = admin::mailbox_of_letter(tx, &by.tenant, *letter).await?;
                (found.ok_or(AdminError::LetterUnknown)?, Some(*letter), None)
            }
            HoldOn::Mailbox(handle) => {
                let found = admin::mailbox_of_handle(tx, &by.tenant, *handle).await?;
                (found.ok_or(AdminError::RecipientUnknown)?, None, None)
            }
            HoldOn::Case(handle, case) => {
                let found = admin::mailbox_of_handle(tx, &by.tenant, *handle).await?;
                let mailbox = found.ok_or(AdminError::RecipientUnknown)?;
                (mailbox, None, Some(self.case_tag_in(tx, mailbox, case).await?))
            }
        };
        mailboxes::hold(tx, mailbox_id).await?;
        let id = HoldId::new(self.clock.as_ref(), self.entropy.as_ref()).map_err(Trouble::from)?;
        let row = HoldRow {
            id,
            tenant: by.tenant.clone(),
            mailbox_id,
            letter_id,
            case_tag,
            reference: reference.to_owned(),
            placed_at: now,
            placed_by: by.name.clone(),
            released_at: None,
        };
        admin::place_hold(tx, &row).await?;
        Ok(Done::Held(id))
    }

    /// What finds the letters of a case.
    async fn case_tag_in(
        &self,
        tx: &mut Tx,
        mailbox: MailboxId,
        case: &str,
    ) -> Result<Vec<u8>, Trouble> {
        let row = mailboxes::by_id(tx, mailbox).await?;
        let row = row.ok_or(Trouble::Contradiction("a handle's mailbox is gone"))?;
        Ok(vault::case_tag(&self.vault.mailbox_key(row.id, &row.wrapped_key)?, case))
    }
}

/// `ozg-9/3` after `ozg-9/2`.
async fn next_rule_id(tx: &mut Tx, rule: &NewRule) -> Result<String, AdminError> {
    let rows = rules::of_basis(tx, &rule.legal_basis).await?;
    if rows.iter().any(|row| row.valid_from.to_string() == rule.valid_from) {
        let problem = "is the first day of a row that is there";
        return Err(AdminError::Malformed(vec![Violation::new("rule.valid_from", problem)]));
    }
    let number = |id: &str| id.rsplit('/').next().and_then(|n| n.parse::<u32>().ok());
    let last = rows.iter().filter_map(|row| number(&row.id)).max().unwrap_or(0);
    Ok(format!("{}/{}", rule.legal_basis, last.saturating_add(1)))
}
