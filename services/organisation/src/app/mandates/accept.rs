use siegel_db::Tx;
use siegel_kernel::{OrganisationId, Timestamp};

use super::super::App;
use super::write::{speaks_for, tell, tell_ended};
use super::{Acting, Failure, Seen, Write, code};
use crate::domain::{OFFERED_FOR, Party, Standing, State, ToKind};
use crate::store::mandates::{self, Ending, Record};
use crate::store::{facts, standing};

const ACCEPTED: &str = "organisation.mandate.accepted";
const REJECTED: &str = "organisation.mandate.rejected";

/// What somebody does with a code.
#[derive(Clone, Debug)]
pub struct Taking {
    pub code: String,
    /// For which organisation; `None` for oneself.
    pub organisation: Option<OrganisationId>,
}

impl App {
    /// Takes a mandate by its code.
    pub async fn accept(
        &self,
        who: &Acting,
        write: &Write,
        taking: &Taking,
    ) -> Result<Seen, Failure> {
        match self.try_accept(who, write, taking).await {
            Err(failure) => self.refuse(ACCEPTED, who, write, failure).await,
            done => done,
        }
    }

    async fn try_accept(
        &self,
        who: &Acting,
        write: &Write,
        taking: &Taking,
    ) -> Result<Seen, Failure> {
        let now = self.clock.now();
        let key = write.key(&who.caller);
        let mut tx = self.db.begin().await?;
        if let Some(seen) = self.begun(&mut tx, &key, now).await? {
            return Ok(seen);
        }
        let (record, to) = offered(&mut tx, who, taking, now).await?;
        who.must_have(record.grant.level)?;
        let id = record.grant.id;
        if !mandates::accept(&mut tx, id, to, now).await? {
            return Err(Failure::UnknownCode);
        }
        let version = record.grant.version + 1;
        tell(&mut tx, ACCEPTED, (id, version), (record.principal, Some(to)), now).await?;
        self.done(tx, &key, ACCEPTED, (who, id), now).await
    }

    /// Declines a mandate by its code.
    pub async fn reject(
        &self,
        who: &Acting,
        write: &Write,
        taking: &Taking,
    ) -> Result<(), Failure> {
        match self.try_reject(who, write, taking).await {
            Err(failure) => self.refuse(REJECTED, who, write, failure).await,
            done => done,
        }
    }

    async fn try_reject(
        &self,
        who: &Acting,
        write: &Write,
        taking: &Taking,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let key = write.key(&who.caller);
        let mut tx = self.db.begin().await?;
        if self.begun(&mut tx, &key, now).await?.is_some() {
            return Ok(());
        }
        let (record, _) = offered(&mut tx, who, taking, now).await?;
        let ending = Ending { state: State::Rejected, reason: "declined", at: now };
        let ended = mandates::end(&mut tx, record.grant.id, ending).await?;
        tell_ended(&mut tx, &ended).await?;
        self.done(tx, &key, REJECTED, (who, record.grant.id), now).await?;
        Ok(())
    }
}

/// The mandate that waits for a code, and who would take it. Whatever does not fit is the same as
/// a wrong code: nobody learns what it belongs to.
async fn offered(
    tx: &mut Tx,
    who: &Acting,
    taking: &Taking,
    now: Timestamp,
) -> Result<(Record, Party), Failure> {
    let hash = code::hash(&taking.code).ok_or(Failure::UnknownCode)?;
    let record = mandates::by_code(tx, &hash).await?.ok_or(Failure::UnknownCode)?;
    // Nobody dissolves the organisation meanwhile, and no member who takes it leaves the giver.
    let giver = record.grant.from.organisation().filter(|_| record.grant.to_kind == ToKind::Member);
    if let Some(organisation) = taking.organisation.or(giver) {
        standing::lock(tx, organisation).await?;
    }
    let to = match speaks_for(tx, who.account, taking.organisation).await {
        Err(Failure::UnknownOrganisation) => return Err(Failure::UnknownCode),
        to => to?,
    };
    let in_time = now < record.granted_at.plus(OFFERED_FOR) && now < record.grant.ends_at;
    let another = to != record.grant.from && to != record.principal;
    let named = record.to.is_none_or(|named| named == to);
    if in_time && another && named && fits(tx, &record, to).await? && stands(tx, &record).await? {
        return Ok((record, to));
    }
    Err(Failure::UnknownCode)
}

/// Whether such a party can hold it.
async fn fits(tx: &mut Tx, record: &Record, to: Party) -> Result<bool, Failure> {
    Ok(match (record.grant.to_kind, to) {
        (ToKind::Organisation, Party::Organisation(_)) | (ToKind::Person, Party::Person(_)) => true,
        (ToKind::Member, Party::Person(account)) => match record.grant.from {
            Party::Organisation(giver) => {
                let standings = facts::standing_of(tx, account, giver).await?;
                standings.iter().any(|s| matches!(s, Standing::Member(_)))
            }
            Party::Person(_) => false,
        },
        _ => false,
    })
}

/// Whether the mandate it was passed on from still stands.
async fn stands(tx: &mut Tx, record: &Record) -> Result<bool, Failure> {
    let Some(parent) = record.grant.parent else { return Ok(true) };
    Ok(mandates::find(tx, parent).await?.is_some_and(|above| above.state == State::Active))
}
