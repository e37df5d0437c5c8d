//! How claims end, and what happens to what they granted.

use std::time::Duration;

use serde_json::json;
use siegel_db::Tx;
use siegel_db::audit::{self, Entry as AuditEntry};
use siegel_kernel::{OrganisationId, Timestamp, TrustLevel};

use super::claims::{ACCOUNT_NAME, CODE, Fact};
use super::order::tell;
use super::{App, Failure, Refusal, kinds, leaving, mandates};
use crate::domain::claim::{State, Step};
use crate::domain::fields::{Field, Source};
use crate::domain::{Role, codes};
use crate::store::claims::{self, Claim};
use crate::store::fields::{self, NewValue, RecordedId};
use crate::store::memberships::{self, Membership, MembershipId};
use crate::store::{attempts, invitations, members, standing, system_users};

/// Stands for the hash of a code where there is none; no code has it.
const NOTHING: [u8; 32] = [0; 32];
/// How long after the letter its code counts.
const CODE_COUNTS: Duration = Duration::from_hours(365 * 24);

impl App {
    /// Moves a claim to an end and lets the next one in line take its place.
    pub(super) async fn end_claim(
        &self,
        tx: &mut Tx,
        claim: &Claim,
        step: Step,
    ) -> Result<(), Failure> {
        let to = claim.state.after(step).ok_or(Refusal::ClaimState)?;
        let now = self.clock.now();
        if !claims::step(tx, claim.id, (claim.state, to), now).await? {
            return Err(Refusal::ClaimState.into());
        }
        match &claim.register_key {
            Some(key) if !claim.recovery && claim.state != State::Waiting => {
                self.promote(tx, key, now).await
            }
            _ => Ok(()),
        }
    }

    /// Ends a claim for whoever holds its letter, with everything that it granted.
    pub async fn revoke_claim(&self, account_name: &str, code: &str) -> Result<(), Failure> {
        let vault = self.vault()?;
        let typed = codes::typed(account_name, ACCOUNT_NAME);
        let key = vault.mac("revocation attempts", typed.as_deref().unwrap_or(account_name));
        self.not_too_often(&key).await?;
        let mut tx = self.db.begin().await?;
        let found = match &typed {
            Some(name) => claims::by_letter(&mut tx, name).await?,
            None => None,
        };
        let code = codes::typed(code, CODE).unwrap_or_default();
        // Compared also where there is nothing to compare with: both take the same time.
        let given = vault.mac("revocation", &code);
        let held: &[u8] = found.as_ref().map_or(&NOTHING, |(_, mac)| mac.as_slice());
        let right = siegel_crypto::same_bytes(&given, held);
        let Some((claim, _)) = found.filter(|_| right) else {
            drop(tx);
            self.tried_in_vain(&key).await?;
            return Err(Refusal::CodeUnknown.into());
        };
        if let Some(organisation) = claim.organisation {
            standing::lock(&mut tx, organisation).await?;
        }
        self.end_claim(&mut tx, &claim, Step::Revoke).await?;
        if let Some(organisation) = claim.organisation {
            self.undo(&mut tx, organisation, &claim).await?;
        }
        let subject = claim.organisation.map_or_else(String::new, |id| id.to_string());
        self.revoked(&mut tx, &subject, "done", &claim.id.to_string()).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }

    async fn revoked(
        &self,
        tx: &mut Tx,
        subject: &str,
        outcome: &str,
        detail: &str,
    ) -> Result<(), Failure> {
        let entry = AuditEntry {
            kind: kinds::CLAIM_REVOKED,
            actor: "anyone",
            subject,
            level: None,
            outcome,
            request_id: "",
            detail,
            at: self.clock.now(),
        };
        Ok(audit::record(tx, &entry).await?)
    }

    /// Takes back what goes back to a claim: memberships, mandates, invitations, programs, and that
    /// the organisation was identified by it.
    async fn undo(
        &self,
        tx: &mut Tx,
        organisation: OrganisationId,
        claim: &Claim,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        for member in members::of_claim(tx, claim.id).await? {
            leaving::end(tx, &member, now).await?;
        }
        mandates::claim_revoked(tx, claim.id, now).await?;
        invitations::revoke_of(tx, None, Some(claim.id), now).await?;
        for id in system_users::revoke_all(tx, organisation, Some(claim.id), now).await? {
            let more = json!({ "system_user_id": id });
            tell(tx, "organisation.system_user.ended", organisation, more, now).await?;
        }
        if !claim.recovery {
            standing::identified(tx, organisation, TrustLevel::Basic, None).await?;
            for held in fields::of_claim(tx, claim.id).await? {
                let word = NewValue {
                    id: RecordedId::new(self.clock.as_ref(), self.entropy.as_ref())?,
                    organisation,
                    field: held.field,
                    value: held.value.as_ref(),
                    source: Source::SelfDeclared,
                    level: TrustLevel::Basic,
                    claim: None,
                    provider: None,
                    at: now,
                };
                fields::record(tx, &word).await?;
            }
        }
        let more = json!({ "claim_id": claim.id });
        Ok(tell(tx, "organisation.claim.revoked", organisation, more, now).await?)
    }

    /// Lets claims count whose cooling period is over; expires invitations; forgets codes and
    /// attempts that count no more.
    pub async fn sweep(&self) -> Result<(), Failure> {
        let now = self.desk.legal_clock.now();
        let mut tx = self.db.read().await?;
        let cooled = claims::cooled(&mut tx, now).await?;
        drop(tx);
        for claim in cooled {
            self.activate(&claim).await?;
        }
        let mut tx = self.db.begin().await?;
        invitations::expire(&mut tx, now).await?;
        claims::forget_codes(&mut tx, now.minus(CODE_COUNTS)).await?;
        attempts::forget(&mut tx, self.clock.now().minus(super::invitations::WINDOW)).await?;
        Ok(tx.commit().await?)
    }

    async fn activate(&self, claim: &Claim) -> Result<(), Failure> {
        let Some(organisation) = claim.organisation else { return Ok(()) };
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        standing::lock(&mut tx, organisation).await?;
        let late = claim.recovery && claims::managers(&mut tx, organisation).await? > 0;
        if late {
            return self.too_late(tx, organisation, claim).await;
        }
        // Another replica may have been quicker, or the letter's code was typed meanwhile.
        let Some(to) = claim.state.after(Step::Activate) else { return Ok(()) };
        if !claims::step(&mut tx, claim.id, (claim.state, to), now).await? {
            return Ok(());
        }
        if claim.recovery {
            self.make_owner(&mut tx, organisation, claim, now).await?;
        } else {
            self.record_facts(&mut tx, organisation, claim, now).await?;
        }
        let more = json!({ "claim_id": claim.id });
        tell(&mut tx, "organisation.claim.activated", organisation, more, now).await?;
        self.cooled(tx, (organisation, claim), "done").await
    }

    /// Somebody manages the organisation by now: there is nothing to recover.
    async fn too_late(
        &self,
        mut tx: Tx,
        organisation: OrganisationId,
        claim: &Claim,
    ) -> Result<(), Failure> {
        match self.end_claim(&mut tx, claim, Step::Withdraw).await {
            Ok(()) => {}
            // Another replica was quicker.
            Err(Failure::Refused(Refusal::ClaimState)) => return Ok(()),
            Err(failure) => return Err(failure),
        }
        self.cooled(tx, (organisation, claim), "ALREADY_MANAGED").await
    }

    /// Puts on record what became of a claim whose cooling period is over.
    async fn cooled(
        &self,
        mut tx: Tx,
        (organisation, claim): (OrganisationId, &Claim),
        outcome: &str,
    ) -> Result<(), Failure> {
        let (subject, detail) = (organisation.to_string(), claim.id.to_string());
        let entry = AuditEntry {
            kind: kinds::CLAIM_ACTIVATED,
            actor: "service:organisation",
            subject: &subject,
            level: claim.level,
            outcome,
            request_id: "",
            detail: &detail,
            at: self.desk.legal_clock.now(),
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }

    async fn record_facts(
        &self,
        tx: &mut Tx,
        organisation: OrganisationId,
        claim: &Claim,
        at: Timestamp,
    ) -> Result<(), Failure> {
        let level = claim.level.unwrap_or(TrustLevel::Basic);
        let facts = claim.facts.as_deref().unwrap_or("[]");
        let facts: Vec<Fact> = serde_json::from_str(facts).map_err(|_| Failure::StoredAnswer)?;
        for fact in facts {
            let (field, source) = (i64::from(fact.field), i64::from(fact.source));
            let new = NewValue {
                id: RecordedId::new(self.clock.as_ref(), self.entropy.as_ref())?,
                organisation,
                field: Field::from_number(field).ok_or(Failure::StoredAnswer)?,
                value: Some(&fact.value),
                source: Source::from_number(source).ok_or(Failure::StoredAnswer)?,
                level,
                claim: Some(claim.id),
                provider: fact.provider.as_deref(),
                at,
            };
            fields::record(tx, &new).await?;
        }
        let by = Some(claim.authentication_level);
        Ok(standing::identified(tx, organisation, level, by).await?)
    }

    /// The one who recovered an organisation becomes its owner.
    async fn make_owner(
        &self,
        tx: &mut Tx,
        organisation: OrganisationId,
        claim: &Claim,
        at: Timestamp,
    ) -> Result<(), Failure> {
        let all = members::all(tx, organisation).await?;
        if let Some(member) = all.into_iter().find(|m| m.account == claim.account) {
            members::set_role(tx, member.id, Role::Owner).await?;
            members::describe(tx, member.id, member.name_sealed.as_deref(), Some(claim.id)).await?;
            let more = json!({ "account_id": member.account, "membership_id": member.id,
                "role": Role::Owner.as_str() });
            return Ok(tell(tx, "organisation.member.changed", organisation, more, at).await?);
        }
        let id = MembershipId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let (account, role) = (claim.account, Role::Owner);
        let new = Membership { id, organisation, account, role, began_at: at };
        memberships::add(tx, &new).await?;
        let name = match &claim.claimant_sealed {
            Some(sealed) => {
                let vault = self.vault()?;
                let name = vault.open(&super::claims::claimant_context(claim.id), sealed)?;
                Some(vault.seal(&format!("member/{id}"), &name)?)
            }
            None => None,
        };
        members::describe(tx, id, name.as_deref(), Some(claim.id)).await?;
        Ok(leaving::added(tx, &new, at).await?)
    }
}
