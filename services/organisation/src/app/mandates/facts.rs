use siegel_db::events::{self, NewEvent};
use siegel_db::{Attempt, IdempotencyKey, Tx, begin_request, finish_request};
use siegel_kernel::{AccountId, OrganisationId, Timestamp};

use super::super::{App, TOPIC};
use super::write::{Line, note, tell_ended};
use super::{Failure, Write};
use crate::domain::{FactId, FactRole, State, bad, is_line};
use crate::store::facts::{self, Fact};
use crate::store::mandates::{self, Ending, Gone};
use crate::store::memberships::{self, MembershipId};
use crate::store::standing;

const RECORDED: &str = "organisation.fact.recorded";
const ENDED: &str = "organisation.fact.ended";

/// What a register says.
#[derive(Clone, Debug)]
pub struct NewFact {
    pub organisation: OrganisationId,
    pub member: MembershipId,
    pub role: FactRole,
    pub jointly: bool,
    /// Where it stands, at most 200 characters.
    pub source: String,
}

impl App {
    /// Records that a member holds a register role.
    pub async fn record_fact(
        &self,
        caller: &str,
        write: &Write,
        new: NewFact,
    ) -> Result<Fact, Failure> {
        if !is_line(&new.source, 200) {
            return Err(bad("source", "has not 1 to 200 characters on one line").into());
        }
        let now = self.clock.now();
        let key = write.key(caller);
        let mut tx = self.db.begin().await?;
        if let Some(fact) = recorded_before(&mut tx, &key, now).await? {
            return Ok(fact);
        }
        let account = memberships::current(&mut tx, new.member, new.organisation).await?;
        let fact = Fact {
            id: FactId::new(self.clock.as_ref(), self.entropy.as_ref())?,
            organisation: new.organisation,
            account: account.ok_or(Failure::UnknownMember)?,
            role: new.role,
            jointly: new.jointly,
            source: new.source,
            recorded_at: now,
            ended_at: None,
        };
        facts::add(&mut tx, &fact).await?;
        self.fact_done(tx, RECORDED, (caller, &key), fact, now).await
    }

    /// Records that a register role has ended, and ends what was granted by it alone.
    pub async fn end_fact(&self, caller: &str, write: &Write, id: FactId) -> Result<Fact, Failure> {
        let now = self.clock.now();
        let key = write.key(caller);
        let mut tx = self.db.begin().await?;
        if let Some(fact) = recorded_before(&mut tx, &key, now).await? {
            return Ok(fact);
        }
        // What is given by it meanwhile is found below, or finds it ended.
        let fact = facts::find(&mut tx, id).await?.ok_or(Failure::UnknownFact)?;
        standing::lock(&mut tx, fact.organisation).await?;
        if !facts::end(&mut tx, id, now).await? {
            return Err(Failure::UnknownFact);
        }
        let ending = Ending { state: State::Ended, reason: "register_role", at: now };
        let ended = mandates::end_all(&mut tx, Gone::Fact(id), ending).await?;
        tell_ended(&mut tx, &ended).await?;
        let fact = facts::find(&mut tx, id).await?.ok_or(Failure::UnknownFact)?;
        self.fact_done(tx, ENDED, (caller, &key), fact, now).await
    }

    /// The register roles of an organisation, past ones included.
    pub async fn facts(&self, organisation: OrganisationId) -> Result<Vec<Fact>, Failure> {
        let mut tx = self.db.read().await?;
        Ok(facts::of(&mut tx, organisation).await?)
    }

    /// Event, audit line and answer of a write about a fact.
    async fn fact_done(
        &self,
        mut tx: Tx,
        kind: &'static str,
        (caller, key): (&str, &IdempotencyKey<'_>),
        fact: Fact,
        now: Timestamp,
    ) -> Result<Fact, Failure> {
        tell_fact(&mut tx, kind, fact.organisation, fact.account, now).await?;
        let (subject, id) = (fact.organisation.to_string(), fact.id.to_string());
        let holder = super::super::pseudonym(fact.account);
        let line = Line {
            kind,
            caller,
            subject: &subject,
            level: None,
            outcome: "done",
            request_id: key.request_id,
            detail: &format!("fact={id} role={} holder={holder}", fact.role.as_str()),
        };
        note(&mut tx, &line, now).await?;
        finish_request(&mut tx, key, id.as_bytes()).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(fact)
    }
}

/// The fact of an earlier attempt at the same request.
async fn recorded_before(
    tx: &mut Tx,
    key: &IdempotencyKey<'_>,
    now: Timestamp,
) -> Result<Option<Fact>, Failure> {
    match begin_request(tx, key, now).await? {
        Attempt::Fresh => Ok(None),
        Attempt::Conflict => Err(Failure::RequestIdReused),
        Attempt::Repeated(answer) => {
            let id = String::from_utf8(answer).ok().and_then(|text| text.parse().ok());
            let fact = facts::find(tx, id.ok_or(Failure::StoredAnswer)?).await?;
            Ok(Some(fact.ok_or(Failure::StoredAnswer)?))
        }
    }
}

async fn tell_fact(
    tx: &mut Tx,
    kind: &str,
    organisation: OrganisationId,
    account: AccountId,
    at: Timestamp,
) -> Result<(), siegel_db::StoreError> {
    let payload = serde_json::json!({ "organisation_id": organisation, "account_id": account });
    let payload = payload.to_string().into_bytes();
    events::append(tx, &NewEvent { topic: TOPIC, kind, payload, occurred_at: at }).await
}
