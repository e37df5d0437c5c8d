use siegel_kernel::{Timestamp, TrustLevel};

use super::super::App;
use super::write::tell;
use super::{Acting, Failure, Seen, Write};
use crate::domain::{MandateId, State, Terms};
use crate::store::mandates::{self, Record, Review};

const KIND: &str = "organisation.mandate.reviewed";
/// Below this nobody grants, and nobody lengthens what was granted.
const NEEDED: TrustLevel = TrustLevel::Substantial;

impl App {
    /// Gives a mandate another end or day of review, by who gave it.
    pub async fn review(
        &self,
        who: &Acting,
        write: &Write,
        id: MandateId,
        (valid_until, review_at): (Option<Timestamp>, Option<Timestamp>),
    ) -> Result<Seen, Failure> {
        match self.try_review(who, write, id, (valid_until, review_at)).await {
            Err(failure) => self.refuse(KIND, who, write, failure).await,
            done => done,
        }
    }

    async fn try_review(
        &self,
        who: &Acting,
        write: &Write,
        id: MandateId,
        (valid_until, review_at): (Option<Timestamp>, Option<Timestamp>),
    ) -> Result<Seen, Failure> {
        let now = self.clock.now();
        let key = write.key(&who.caller);
        let mut tx = self.db.begin().await?;
        if let Some(seen) = self.begun(&mut tx, &key, now).await? {
            return Ok(seen);
        }
        let (record, sides) = self.of_caller(&mut tx, who.account, id).await?;
        if !sides.giver {
            return Err(Failure::UnknownMandate);
        }
        match record.state {
            State::Active => {}
            State::Pending => return Err(Failure::MandatePending),
            _ => return Err(Failure::MandateEnded),
        }
        who.must_have(NEEDED.max(record.grant.level))?;
        let terms = Terms { valid_until, review_at, ..terms(&record) };
        terms.check_end(now)?;
        let ends_at = terms.ends_at()?;
        if let Some(parent) = record.grant.parent {
            let above = mandates::find(&mut tx, parent).await?.ok_or(Failure::NotPassedOn)?;
            if above.state != State::Active || ends_at > above.grant.ends_at {
                return Err(Failure::NotPassedOn);
            }
        } else if let Some(organisation) = record.grant.from.organisation() {
            let standings = super::write::standings_in(&mut tx, who.account, organisation).await?;
            terms.can_be_granted_by(&standings).ok_or(Failure::RoleTooLow)?;
        }
        let new = Review { valid_until, look_again_at: review_at, ends_at };
        if !mandates::review(&mut tx, id, new).await? {
            return Err(Failure::MandateEnded);
        }
        let version = record.grant.version + 1;
        tell(&mut tx, KIND, (id, version), (record.principal, record.to), now).await?;
        self.done(tx, &key, KIND, (who, id), now).await
    }
}

fn terms(record: &Record) -> Terms {
    let grant = &record.grant;
    Terms {
        to_kind: grant.to_kind,
        package: grant.package,
        read_only: grant.read_only,
        scope: grant.scope.clone(),
        level: grant.level,
        redelegation: grant.redelegation,
        valid_from: grant.valid_from,
        valid_until: record.valid_until,
        review_at: record.review_at,
    }
}
