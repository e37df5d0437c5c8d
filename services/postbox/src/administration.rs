//! What `siegel admin postbox` works with: the use cases of `PostboxAdminService` on the database,
//! beside a running postbox. Whoever reaches the database operates the platform.

use serde_json::{Value, json};
use siegel_crypto::b64;
use siegel_db::StoreError;
use siegel_grpc::Outside;

use crate::app::Postbox;
use crate::app::admin::{AdminError, Done, Operator, digest};
use crate::config::Config;
use crate::domain::admin::Change;
use crate::start::{StartError, build};
use crate::store::{admin, rules};

/// A change that an operator ordered is not made.
#[derive(Debug, thiserror::Error)]
pub enum AdministrationError {
    #[error("this is no change of the postbox")]
    NotAChange(#[from] serde_json::Error),
    #[error("{0:?} names no proposal")]
    NotAProposal(String),
    #[error("the digest is not one that `show` tells")]
    NotADigest,
    #[error("{}", fields(.0))]
    Refused(#[source] AdminError),
    #[error("the database of the postbox failed")]
    Store(#[from] StoreError),
}

/// The fields of a malformed change, or the refusal.
fn fields(error: &AdminError) -> String {
    match error {
        AdminError::Malformed(found) => {
            let lines = found.iter().map(|v| format!("{} {}", v.field, v.problem));
            lines.collect::<Vec<_>>().join("; ")
        }
        other => other.outcome().to_owned(),
    }
}

/// The decisions of one tenant's operators.
pub struct Administration {
    postbox: Postbox,
    by: Operator,
}

impl Administration {
    /// `operator`: the actor of the audit trail.
    pub async fn open(
        mut config: Config,
        outside: &Outside,
        tenant: &str,
        operator: &str,
    ) -> Result<Self, StartError> {
        config.operator_tenant = Some(tenant.to_owned());
        let by = Operator { name: operator.to_owned(), tenant: tenant.to_owned() };
        Ok(Self { postbox: build(config, outside).await?, by })
    }

    /// Makes or proposes the change that a JSON text says; what became of it.
    pub async fn change(&self, request_id: &str, text: &str) -> Result<Value, AdministrationError> {
        self.make(request_id, &serde_json::from_str(text)?).await
    }

    /// Approves what another operator proposed, if it is what `seen` (base64url) names.
    pub async fn approve(
        &self,
        request_id: &str,
        proposal: &str,
        seen: &str,
    ) -> Result<Value, AdministrationError> {
        let digest = b64::decode(seen).ok_or(AdministrationError::NotADigest)?;
        let proposal = parsed(proposal)?;
        self.make(request_id, &Change::Approve { proposal, digest }).await
    }

    /// Drops a proposal.
    pub async fn reject(
        &self,
        request_id: &str,
        proposal: &str,
    ) -> Result<Value, AdministrationError> {
        self.make(request_id, &Change::Reject { proposal: parsed(proposal)? }).await
    }

    async fn make(&self, request_id: &str, change: &Change) -> Result<Value, AdministrationError> {
        let done = self.postbox.administer(&self.by, request_id, change).await;
        Ok(match done.map_err(AdministrationError::Refused)? {
            Done::Set => json!({"became": "done"}),
            Done::Held(id) => json!({"became": "done", "hold": id.to_string()}),
            Done::Outage(id) => json!({"became": "done", "outage": id.to_string()}),
            Done::Proposed(id) => json!({"became": "proposed", "proposal": id.to_string()}),
        })
    }

    /// Everything that was decided for the tenant, and what waits.
    pub async fn show(&self) -> Result<Value, AdministrationError> {
        let tenant = &self.by.tenant;
        let mut tx = self.postbox.db.read().await?;
        let limits = admin::limits(&mut tx).await?.into_iter().find(|(t, _)| t == tenant);
        let quotas = admin::quotas(&mut tx).await?.into_iter().filter(|(t, _)| t == tenant);
        let classes = admin::classes(&mut tx, tenant).await?;
        let holds = admin::holds_of_tenant(&mut tx, tenant).await?;
        let waiting = admin::proposals(&mut tx, tenant).await?;
        let rules = rules::all(&mut tx).await?;
        let hold = |h: admin::HoldRow| {
            json!({"hold": h.id.to_string(), "letter": h.letter_id.map(|l| l.to_string()),
                "on_case": h.case_tag.is_some(), "reference": h.reference,
                "placed_at": h.placed_at.to_rfc3339(), "placed_by": h.placed_by,
                "released_at": h.released_at.map(siegel_kernel::Timestamp::to_rfc3339)})
        };
        let proposal = |p: admin::ProposalRow| {
            let change: Option<Value> = serde_json::from_str(&p.change).ok();
            json!({"proposal": p.id.to_string(), "by": p.proposed_by,
                "at": p.proposed_at.to_rfc3339(), "digest": b64::encode(digest(&p)),
                "change": change})
        };
        let rule = |r: crate::domain::legal::Rule| {
            json!({"rule": r.id, "valid_from": r.valid_from.to_string(),
                "valid_to": r.valid_to.map(|day| day.to_string()), "days": r.days,
                "confirmed": r.confirmed_by_operator})
        };
        Ok(json!({
            "attachments": limits.map(|(_, limits)| limits),
            "quotas": quotas.map(|(_, quota)| quota).collect::<Vec<_>>(),
            "retention_classes": classes,
            "holds": holds.into_iter().map(hold).collect::<Vec<_>>(),
            "proposals": waiting.into_iter().map(proposal).collect::<Vec<_>>(),
            "rules": rules.into_iter().map(rule).collect::<Vec<_>>(),
        }))
    }
}

fn parsed(id: &str) -> Result<crate::domain::ProposalId, AdministrationError> {
    id.parse().map_err(|_| AdministrationError::NotAProposal(id.to_owned()))
}
