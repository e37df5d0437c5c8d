//! Standing in for somebody: holidays, and handing over before leaving.

use std::time::Duration;

use siegel_kernel::{AccountId, OrganisationId, Timestamp};

use super::App;
use super::mailboxes::{Change, MailboxFailure, begun, done, manages};
use crate::domain::BadField;
use crate::domain::mailbox::{MembershipId, Place};
use crate::domain::mailbox_right::{Reason, StandIn};
use crate::store::substitutions::{self, SubstitutionId, SubstitutionRow};
use crate::store::{mailboxes, standings};

/// A substitution lasts at most so long: whoever is away longer says so again.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// A substitution as it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub reason: Reason,
    pub absent: MembershipId,
    pub substitute: MembershipId,
    /// `None` for all mailboxes.
    pub place: Option<Place>,
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Wanted {
    fn check(&self, now: Timestamp) -> Result<(), BadField> {
        let bad = |field, problem| Err(BadField { field, problem });
        if self.absent == self.substitute {
            return bad("substitute_member_id", "is the absent member");
        }
        if self.until <= self.from || self.until <= now {
            return bad("until", "is not after the beginning, or over");
        }
        if self.until.since(self.from) > LONGEST {
            return bad("until", "is more than 366 days after the beginning");
        }
        Ok(())
    }
}

impl App {
    /// Lets one member stand in for another.
    pub async fn substitute(
        &self,
        change: Change<'_>,
        wanted: Wanted,
    ) -> Result<SubstitutionRow, MailboxFailure> {
        let id = SubstitutionId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let (mut tx, now) = (self.db.begin().await?, self.clock.now());
        let member = self.changing_member(&mut tx, &change).await?;
        let organisation = change.organisation;
        let absent = standings::by_id(&mut tx, organisation, wanted.absent).await?;
        let row = |id| {
            let absent = absent.clone().ok_or(MailboxFailure::UnknownMember)?;
            let Wanted { reason, substitute, place, from, until, .. } = wanted;
            let stand_in = StandIn { reason, absent, substitute, place, from, until };
            Ok::<_, MailboxFailure>(SubstitutionRow { id, stand_in })
        };
        if let Some(answer) = begun(&mut tx, &change, now).await? {
            let id = String::from_utf8(answer).ok().and_then(|text| text.parse().ok());
            return row(id.ok_or(MailboxFailure::StoredAnswer)?);
        }
        wanted.check(now)?;
        if wanted.absent != member.member && !manages(member.role) {
            return self.refuse_change(tx, &change, MailboxFailure::RightMissing).await;
        }
        let new = row(id)?;
        // Whoever has left can still be handed over by those who manage.
        if new.stand_in.absent.role.is_none() && wanted.reason == Reason::Absence {
            return Err(MailboxFailure::UnknownMember);
        }
        let substitute = standings::by_id(&mut tx, organisation, wanted.substitute).await?;
        substitute.filter(|one| one.role.is_some()).ok_or(MailboxFailure::UnknownMember)?;
        if let Some(Place::Other(mailbox)) = wanted.place {
            let found = mailboxes::some(&mut tx, &[mailbox]).await?;
            let known = found.iter().any(|row| row.organisation == organisation);
            known.then_some(()).ok_or(MailboxFailure::UnknownMailbox)?;
        }
        substitutions::add(&mut tx, (id, organisation), &new.stand_in, now).await?;
        let detail = format!("{id} {} for {}", wanted.substitute, wanted.absent);
        done(&mut tx, &change, (&detail, &id.to_string()), now).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(new)
    }

    /// Ends a substitution now; again, nothing happens.
    pub async fn end_substitution(
        &self,
        change: Change<'_>,
        id: SubstitutionId,
    ) -> Result<(), MailboxFailure> {
        let (mut tx, now) = (self.db.begin().await?, self.clock.now());
        let member = self.changing_member(&mut tx, &change).await?;
        if begun(&mut tx, &change, now).await?.is_some() {
            return Ok(());
        }
        let parties = substitutions::parties(&mut tx, change.organisation, id).await?;
        let seen = |(absent, substitute): &(MembershipId, MembershipId)| {
            manages(member.role) || [*absent, *substitute].contains(&member.member)
        };
        // What a member is not part of does not exist for them.
        let (absent, _) = parties.filter(seen).ok_or(MailboxFailure::UnknownSubstitution)?;
        if absent != member.member && !manages(member.role) {
            return self.refuse_change(tx, &change, MailboxFailure::RightMissing).await;
        }
        substitutions::end(&mut tx, id, now).await?;
        done(&mut tx, &change, (&id.to_string(), ""), now).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }

    /// The substitutions that are not over: all for those who manage, one's own for others.
    pub async fn substitutions(
        &self,
        account: AccountId,
        organisation: OrganisationId,
    ) -> Result<Vec<SubstitutionRow>, MailboxFailure> {
        let (mut tx, now) = (self.db.read().await?, self.clock.now());
        let who = (account, organisation);
        let member = standings::of(&mut tx, &[who]).await?.remove(&who);
        let member = member.ok_or(MailboxFailure::UnknownOrganisation)?;
        let mut rows = substitutions::of_organisation(&mut tx, organisation, now).await?;
        if !manages(member.role) {
            let own = member.member;
            rows.retain(|row| [row.stand_in.absent.member, row.stand_in.substitute].contains(&own));
        }
        Ok(rows)
    }
}
