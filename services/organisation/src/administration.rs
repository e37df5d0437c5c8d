//! What `siegel admin organisation` works with: the use cases of `OrganisationAdminService` on the
//! database, beside a running service. Whoever reaches the database operates the platform.

use serde::Deserialize;
use serde_json::{Value, json};
use siegel_grpc::Outside;
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_receipt_pdf::Language;

use crate::app::{App, Failure, Order, kinds};
use crate::config::Config;
use crate::domain::BadField;
use crate::domain::claim::ClaimId;
use crate::domain::fields::{Address, Field, Held, Source, Value as FieldValue};
use crate::start::{StartError, build};
use crate::store::claims::Claim;

/// What an operator ordered is not done.
#[derive(Debug, thiserror::Error)]
pub enum AdministrationError {
    #[error("the file does not say what was found")]
    NotFindings(#[from] serde_json::Error),
    #[error("{0:?} names no claim")]
    NotAClaim(String),
    #[error("{0:?} is no field of a record")]
    NotAField(String),
    #[error("{0}")]
    Malformed(BadField),
    #[error("{0}")]
    Refused(Failure),
}

impl From<Failure> for AdministrationError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Malformed(bad) => Self::Malformed(bad),
            other => Self::Refused(other),
        }
    }
}

/// What an operator found in a register or in documents.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Findings {
    level: TrustLevel,
    #[serde(default)]
    from_register: bool,
    /// Field, as the audit trail names it, and value.
    fields: std::collections::BTreeMap<String, FieldValue>,
}

/// The decisions of one operator.
pub struct Administration {
    app: App,
    operator: String,
}

impl Administration {
    /// `operator`: the actor of the audit trail.
    pub fn open(config: &Config, outside: &Outside, operator: &str) -> Result<Self, StartError> {
        Ok(Self { app: build(config, outside)?, operator: operator.to_owned() })
    }

    fn order(&self, kind: &'static str, request_id: &str, digest: &[u8]) -> Order {
        Order {
            kind,
            caller: self.operator.clone(),
            request_id: request_id.to_owned(),
            digest: siegel_crypto::sha256_fields(&[kind.as_bytes(), digest]),
            person: None,
        }
    }

    /// What waits, oldest first.
    pub async fn list(&self) -> Result<Value, AdministrationError> {
        let waiting = self.app.claims_to_do(None).await?;
        Ok(json!({ "claims": waiting.iter().map(shown).collect::<Vec<_>>() }))
    }

    /// One claim with all that is known.
    pub async fn show(&self, claim: &str) -> Result<Value, AdministrationError> {
        let looked = self.app.look_at_claim(parsed(claim)?).await?;
        let field = |h: &Held| {
            json!({ "field": h.field.as_str(), "value": h.value, "level": h.level.as_str(),
                "source": h.source.number() })
        };
        Ok(json!({
            "claim": shown(&looked.own.claim),
            "claimant": looked.claimant,
            "register": looked.register,
            "rivals": looked.own.rivals,
            "managers": looked.managers,
            "fields": looked.fields.iter().map(field).collect::<Vec<_>>(),
        }))
    }

    /// Takes a claim for proven by the findings that a JSON text tells.
    pub async fn approve(
        &self,
        request_id: &str,
        claim: &str,
        findings: &str,
    ) -> Result<Value, AdministrationError> {
        let order = self.order(kinds::CLAIM_APPROVED, request_id, findings.as_bytes());
        let found: Findings = serde_json::from_str(findings)?;
        let source = if found.from_register { Source::Register } else { Source::Operator };
        let mut fields = Vec::new();
        for (name, value) in found.fields {
            let field = Field::ALL.into_iter().find(|field| field.as_str() == name);
            fields.push((field.ok_or(AdministrationError::NotAField(name))?, value, source));
        }
        let claim = parsed(claim)?;
        let done = self.app.approve_claim(&order, claim, fields, found.level).await;
        self.app.audited(&order, done).await?;
        Ok(json!({ "became": "cooling" }))
    }

    pub async fn reject(
        &self,
        request_id: &str,
        claim: &str,
    ) -> Result<Value, AdministrationError> {
        let order = self.order(kinds::CLAIM_REJECTED, request_id, claim.as_bytes());
        let done = self.app.reject_claim(&order, parsed(claim)?).await;
        self.app.audited(&order, done).await?;
        Ok(json!({ "became": "rejected" }))
    }

    /// The letter as PDF. `address`: JSON, where the proof brought none.
    pub async fn print(
        &self,
        request_id: &str,
        claim: &str,
        address: Option<&str>,
        english: bool,
    ) -> Result<Vec<u8>, AdministrationError> {
        let said = address.unwrap_or_default().as_bytes();
        let order = self.order(kinds::LETTER_PRINTED, request_id, said);
        let address: Option<Address> = address.map(serde_json::from_str).transpose()?;
        let language = if english { Language::English } else { Language::German };
        let done = self.app.print_letter(&order, parsed(claim)?, address, language).await;
        Ok(self.app.audited(&order, done).await?)
    }

    pub async fn sent(&self, request_id: &str, claim: &str) -> Result<Value, AdministrationError> {
        let order = self.order(kinds::LETTER_SENT, request_id, claim.as_bytes());
        let done = self.app.letter_sent(&order, parsed(claim)?).await;
        self.app.audited(&order, done).await?;
        self.show(claim).await
    }
}

fn parsed(claim: &str) -> Result<ClaimId, AdministrationError> {
    claim.parse().map_err(|_| AdministrationError::NotAClaim(claim.to_owned()))
}

fn shown(claim: &Claim) -> Value {
    let at = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
    json!({
        "claim": claim.id.to_string(),
        "organisation": claim.organisation.map(|id| id.to_string()),
        "recovery": claim.recovery,
        "state": claim.state.as_str(),
        "claimed_at": claim.claimed_at.to_rfc3339(),
        "letter_sent_at": at(claim.letter_sent_at),
        "cooling_until": at(claim.cooling_until),
    })
}
