//! What every write about mandates does besides: its request id, its events, its audit line.

use siegel_db::audit::{self, Entry};
use siegel_db::events::{self, NewEvent};
use siegel_db::{Attempt, IdempotencyKey, StoreError, Tx, begin_request, finish_request};
use siegel_kernel::{AccountId, OrganisationId, Timestamp, TrustLevel};

use super::super::person_gone::is_gone;
use super::super::{App, TOPIC};
use super::{Failure, Seen};
use crate::domain::{MandateId, Party, Standing};
use crate::store::facts;
use crate::store::mandates::{self, Ended, Record};

/// A person who acts.
#[derive(Clone, Debug)]
pub struct Acting {
    pub account: AccountId,
    /// Level of the session.
    pub level: TrustLevel,
    /// Scope of the request id and actor in the audit trail.
    pub caller: String,
}

/// The request of a write.
#[derive(Clone, Debug)]
pub struct Write {
    pub request_id: String,
    pub digest: [u8; 32],
}

impl Write {
    pub(super) fn key<'a>(&'a self, caller: &'a str) -> IdempotencyKey<'a> {
        IdempotencyKey { caller, request_id: &self.request_id, digest: self.digest }
    }
}

/// A line of the audit trail.
pub(super) struct Line<'a> {
    pub kind: &'static str,
    pub caller: &'a str,
    pub subject: &'a str,
    pub level: Option<TrustLevel>,
    pub outcome: &'a str,
    pub request_id: &'a str,
    pub detail: &'a str,
}

pub(super) async fn note(tx: &mut Tx, line: &Line<'_>, at: Timestamp) -> Result<(), StoreError> {
    let entry = Entry {
        kind: line.kind,
        actor: line.caller,
        subject: line.subject,
        level: line.level,
        outcome: line.outcome,
        request_id: line.request_id,
        detail: line.detail,
        at,
    };
    audit::record(tx, &entry).await
}

impl Acting {
    /// Refuses a session below a level.
    pub(super) fn must_have(&self, needed: TrustLevel) -> Result<(), Failure> {
        if self.level < needed {
            return Err(Failure::TrustTooLow { held: self.level, needed });
        }
        Ok(())
    }
}

/// What somebody is in an organisation for which they want to speak.
pub(super) async fn standings_in(
    tx: &mut Tx,
    account: AccountId,
    organisation: OrganisationId,
) -> Result<Vec<Standing>, Failure> {
    let standings = facts::standing_of(tx, account, organisation).await?;
    if standings.is_empty() {
        // Somebody else's organisation does not exist for the caller.
        return Err(Failure::UnknownOrganisation);
    }
    Ok(standings)
}

/// The party somebody speaks for: themself, or an organisation they stand for.
pub(super) async fn speaks_for(
    tx: &mut Tx,
    account: AccountId,
    organisation: Option<OrganisationId>,
) -> Result<Party, Failure> {
    let Some(id) = organisation else { return Ok(Party::Person(account)) };
    let standings = standings_in(tx, account, id).await?;
    if !standings.iter().any(|standing| standing.stands_for_it()) {
        return Err(Failure::RoleTooLow);
    }
    Ok(Party::Organisation(id))
}

/// Tells others what happened to a mandate.
pub(super) async fn tell(
    tx: &mut Tx,
    kind: &str,
    (id, version): (MandateId, i64),
    (principal, to): (Party, Option<Party>),
    at: Timestamp,
) -> Result<(), StoreError> {
    let payload = serde_json::json!({
        "mandate_id": id,
        "version": version,
        "organisation_id": principal.organisation(),
        "principal_account_id": principal.person(),
        "account_id": to.and_then(Party::person),
    });
    let payload = payload.to_string().into_bytes();
    events::append(tx, &NewEvent { topic: TOPIC, kind, payload, occurred_at: at }).await
}

pub(super) async fn tell_ended(tx: &mut Tx, ended: &[Ended]) -> Result<(), StoreError> {
    use crate::domain::State;
    for one in ended {
        let kind = match one.ending.state {
            State::Revoked => "organisation.mandate.revoked",
            State::Rejected => "organisation.mandate.rejected",
            State::Expired => "organisation.mandate.expired",
            State::Pending | State::Active | State::Ended => "organisation.mandate.ended",
        };
        let about = (one.principal, one.to);
        tell(tx, kind, (one.id, one.version), about, one.ending.at).await?;
    }
    Ok(())
}

impl App {
    /// Claims the request; the mandate of an earlier attempt when it was done before.
    pub(super) async fn begun(
        &self,
        tx: &mut Tx,
        key: &IdempotencyKey<'_>,
        now: Timestamp,
    ) -> Result<Option<Seen>, Failure> {
        match begin_request(tx, key, now).await? {
            Attempt::Fresh if is_gone(tx, key.caller).await? => Err(Failure::UnknownPerson),
            Attempt::Fresh => Ok(None),
            Attempt::Conflict => Err(Failure::RequestIdReused),
            Attempt::Repeated(answer) => {
                let id = String::from_utf8(answer).ok().and_then(|text| text.parse().ok());
                let id = id.ok_or(Failure::StoredAnswer)?;
                let record = mandates::find(tx, id).await?.ok_or(Failure::StoredAnswer)?;
                Ok(Some(self.seen(tx, record).await?))
            }
        }
    }

    /// Finishes a write about a mandate: its answer and its audit line. The mandate as it is now.
    pub(super) async fn done(
        &self,
        mut tx: Tx,
        key: &IdempotencyKey<'_>,
        kind: &'static str,
        (who, id): (&Acting, MandateId),
        now: Timestamp,
    ) -> Result<Seen, Failure> {
        let record = mandates::find(&mut tx, id).await?.ok_or(Failure::UnknownMandate)?;
        let subject = id.to_string();
        let detail = detail(&record);
        let line = Line {
            kind,
            caller: &who.caller,
            subject: &subject,
            level: Some(who.level),
            outcome: "done",
            request_id: key.request_id,
            detail: &detail,
        };
        note(&mut tx, &line, now).await?;
        finish_request(&mut tx, key, subject.as_bytes()).await?;
        let seen = self.seen(&mut tx, record).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(seen)
    }

    /// Writes a refusal into the audit trail and passes it on.
    pub(super) async fn refuse<T>(
        &self,
        kind: &'static str,
        who: &Acting,
        write: &Write,
        failure: Failure,
    ) -> Result<T, Failure> {
        if let Some(outcome) = failure.outcome() {
            let mut tx = self.db.begin().await?;
            let line = Line {
                kind,
                caller: &who.caller,
                subject: "",
                level: Some(who.level),
                outcome,
                request_id: &write.request_id,
                detail: "",
            };
            note(&mut tx, &line, self.clock.now()).await?;
            tx.commit().await?;
            self.feed.committed();
        }
        Err(failure)
    }
}

/// Ids and stable words for the audit trail.
fn detail(record: &Record) -> String {
    let name = |party: Party| match party {
        Party::Organisation(id) => id.to_string(),
        Party::Person(id) => super::super::pseudonym(id),
    };
    let to = record.to.map(name).unwrap_or_default();
    let package = record.grant.package.as_str();
    format!("principal={} to={to} package={package}", name(record.principal))
}
