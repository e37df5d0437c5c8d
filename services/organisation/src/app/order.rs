use siegel_db::audit::{self, Entry};
use siegel_db::events::{self, NewEvent};
use siegel_db::{Attempt, IdempotencyKey, StoreError, Tx, begin_request, finish_request};
use siegel_kernel::{AccountId, OrganisationId, Timestamp, TrustLevel};

use super::person_gone::is_gone;
use super::{App, Failure, Refusal, TOPIC};
use crate::store::standing::{self, Standing};

/// Who writes what under which request id: the same order twice is done once.
#[derive(Clone, Debug)]
pub struct Order {
    /// Kind of the audit event.
    pub kind: &'static str,
    /// Scope of the request id and actor in the audit trail.
    pub caller: String,
    pub request_id: String,
    pub digest: [u8; 32],
    /// The person; `None` for operators and for whoever holds a letter.
    pub person: Option<(AccountId, TrustLevel)>,
}

/// What to do with an order.
pub enum Begun {
    /// Do it in this transaction.
    Fresh(Tx),
    /// Done before, with this answer.
    Again(String),
}

/// What was done, for the audit trail and for the order's repetition.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done<'a> {
    /// An id.
    pub subject: &'a str,
    /// Stable words and ids.
    pub detail: &'a str,
    /// An id; empty when there is nothing to answer.
    pub answer: &'a str,
}

impl Order {
    pub(super) fn key(&self) -> IdempotencyKey<'_> {
        IdempotencyKey { caller: &self.caller, request_id: &self.request_id, digest: self.digest }
    }

    pub fn account(&self) -> Result<AccountId, Failure> {
        self.person.map(|(account, _)| account).ok_or(Failure::UnknownOrganisation)
    }

    pub fn level(&self) -> TrustLevel {
        self.person.map_or(TrustLevel::Basic, |(_, level)| level)
    }
}

impl App {
    pub(super) async fn begin(&self, order: &Order) -> Result<Begun, Failure> {
        let mut tx = self.db.begin().await?;
        match begin_request(&mut tx, &order.key(), self.clock.now()).await? {
            Attempt::Fresh if is_gone(&mut tx, &order.caller).await? => Err(Failure::UnknownPerson),
            Attempt::Fresh => Ok(Begun::Fresh(tx)),
            Attempt::Conflict => Err(Failure::RequestIdReused),
            Attempt::Repeated(answer) => {
                String::from_utf8(answer).map(Begun::Again).map_err(|_| Failure::StoredAnswer)
            }
        }
    }

    /// Writes the audit event and the answer, and commits.
    pub(super) async fn finish(
        &self,
        mut tx: Tx,
        order: &Order,
        done: &Done<'_>,
    ) -> Result<(), Failure> {
        self.note(&mut tx, order, done.subject, ("done", done.detail)).await?;
        finish_request(&mut tx, &order.key(), done.answer.as_bytes()).await?;
        tx.commit().await?;
        self.feed.committed();
        self.desk.outbox.committed();
        Ok(())
    }

    async fn note(
        &self,
        tx: &mut Tx,
        order: &Order,
        subject: &str,
        (outcome, detail): (&str, &str),
    ) -> Result<(), StoreError> {
        let entry = Entry {
            kind: order.kind,
            actor: &order.caller,
            subject,
            level: order.person.map(|(_, level)| level),
            outcome,
            request_id: &order.request_id,
            detail,
            at: self.clock.now(),
        };
        audit::record(tx, &entry).await
    }

    /// Writes a refusal into the audit trail, in a transaction of its own; gives back the result.
    pub async fn audited<T>(
        &self,
        order: &Order,
        result: Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Err(failure) = &result
            && let Some(outcome) = failure.refusal()
        {
            let mut tx = self.db.begin().await?;
            self.note(&mut tx, order, "", (outcome, "")).await?;
            tx.commit().await?;
            self.feed.committed();
        }
        result
    }

    /// The organisation as it stands for a member, with its row locked; for everybody else there
    /// is none.
    pub(super) async fn member(
        &self,
        tx: &mut Tx,
        order: &Order,
        organisation: OrganisationId,
    ) -> Result<Standing, Failure> {
        standing::lock(tx, organisation).await?;
        let found = standing::of(tx, organisation, order.account()?).await?;
        found.ok_or(Failure::UnknownOrganisation)
    }

    /// As [`App::member`] for owners and administrators.
    pub(super) async fn manager(
        &self,
        tx: &mut Tx,
        order: &Order,
        organisation: OrganisationId,
    ) -> Result<Standing, Failure> {
        let found = self.member(tx, order, organisation).await?;
        if found.role.manages() { Ok(found) } else { Err(Refusal::RoleTooLow.into()) }
    }

    /// As [`App::manager`] for what waits until a claim is past its cooling period.
    pub(super) async fn settled_manager(
        &self,
        tx: &mut Tx,
        order: &Order,
        organisation: OrganisationId,
    ) -> Result<Standing, Failure> {
        let found = self.manager(tx, order, organisation).await?;
        if found.cooling { Err(Refusal::ClaimCooling.into()) } else { Ok(found) }
    }
}

/// Tells the others; the payload names the organisation and whatever `more` adds, ids only.
pub(super) async fn tell(
    tx: &mut Tx,
    kind: &str,
    organisation: OrganisationId,
    more: serde_json::Value,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut payload = serde_json::json!({ "organisation_id": organisation });
    if let (Some(all), serde_json::Value::Object(more)) = (payload.as_object_mut(), more) {
        all.extend(more);
    }
    let payload = payload.to_string().into_bytes();
    events::append(tx, &NewEvent { topic: TOPIC, kind, payload, occurred_at: at }).await
}
