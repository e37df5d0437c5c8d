//! Fields of the record, and the end of an organisation.

use serde_json::json;
use siegel_kernel::{AccountId, OrganisationId, TrustLevel};

use super::order::{Begun, Done, tell};
use super::{App, Failure, Order, Refusal, leaving, mandates};
use crate::domain::claim::State;
use crate::domain::fields::{Field, Held, Source, Value};
use crate::domain::{Role, bad};
use crate::store::fields::{self, NewValue, RecordedId};
use crate::store::standing::{self, Standing};
use crate::store::{claims, invitations, members, system_users};

/// What a member sees of the record.
#[derive(Clone, Debug)]
pub struct Record {
    pub fields: Vec<Held>,
    pub standing: Standing,
}

impl App {
    pub async fn record(&self, account: AccountId, id: OrganisationId) -> Result<Record, Failure> {
        let mut tx = self.db.read().await?;
        let standing = standing::of(&mut tx, id, account).await?;
        let standing = standing.ok_or(Failure::UnknownOrganisation)?;
        Ok(Record { fields: fields::current(&mut tx, id).await?, standing })
    }

    pub async fn field_history(
        &self,
        account: AccountId,
        id: OrganisationId,
        field: Field,
    ) -> Result<Vec<Held>, Failure> {
        let mut tx = self.db.read().await?;
        let standing = standing::of(&mut tx, id, account).await?;
        standing.ok_or(Failure::UnknownOrganisation)?;
        Ok(fields::history(&mut tx, id, field).await?)
    }

    /// Declares a field, or takes back what was declared.
    pub async fn set_field(
        &self,
        order: &Order,
        id: OrganisationId,
        field: Field,
        value: Option<Value>,
    ) -> Result<(), Failure> {
        let value = value.map(|value| value.check(field)).transpose()?;
        if !field.is_declared() {
            return Err(
                bad("name", "is said by an account elsewhere, and declared by nobody").into()
            );
        }
        if value.is_none() && matches!(field, Field::Name | Field::LegalForm) {
            return Err(bad("value", "is missing; an organisation has a name and a form").into());
        }
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        self.manager(&mut tx, order, id).await?;
        let held = fields::one(&mut tx, id, field).await?;
        if held.as_ref().is_some_and(|held| !held.is_editable()) {
            return Err(Refusal::FieldVerified.into());
        }
        // Who was proven to be somebody does not become somebody else by a word of its own.
        let claim = claims::of_organisation(&mut tx, id).await?;
        let proven = claim.is_some_and(|one| matches!(one.state, State::Cooling | State::Active));
        if proven && field.identifies() {
            return Err(Refusal::FieldVerified.into());
        }
        let now = self.clock.now();
        let new = NewValue {
            id: RecordedId::new(self.clock.as_ref(), self.entropy.as_ref())?,
            organisation: id,
            field,
            value: value.as_ref(),
            source: Source::SelfDeclared,
            level: TrustLevel::Basic,
            claim: None,
            provider: None,
            at: now,
        };
        fields::record(&mut tx, &new).await?;
        let more = json!({ "field": field.as_str() });
        tell(&mut tx, "organisation.record.changed", id, more, now).await?;
        let subject = id.to_string();
        let done = Done { subject: &subject, detail: field.as_str(), answer: "" };
        self.finish(tx, order, &done).await
    }

    /// Ends the organisation with everything that hangs on it.
    pub async fn dissolve(&self, order: &Order, id: OrganisationId) -> Result<(), Failure> {
        let Begun::Fresh(mut tx) = self.begin(order).await? else { return Ok(()) };
        let own = self.member(&mut tx, order, id).await?;
        if own.role != Role::Owner {
            return Err(Refusal::RoleTooLow.into());
        }
        let now = self.clock.now();
        standing::dissolve(&mut tx, id, now).await?;
        let holder = claims::of_organisation(&mut tx, id).await?;
        claims::end_of_organisation(&mut tx, id, now).await?;
        let holder = holder.filter(|claim| claim.state != State::Waiting);
        if let Some(key) = holder.and_then(|claim| claim.register_key) {
            self.promote(&mut tx, &key, now).await?;
        }
        invitations::revoke_all(&mut tx, id, now).await?;
        system_users::revoke_all(&mut tx, id, None, now).await?;
        for member in members::all(&mut tx, id).await? {
            leaving::end(&mut tx, &member, now).await?;
        }
        mandates::organisation_dissolved(&mut tx, id, now).await?;
        tell(&mut tx, "organisation.dissolved", id, json!({}), now).await?;
        let subject = id.to_string();
        self.finish(tx, order, &Done { subject: &subject, ..Done::default() }).await
    }
}
