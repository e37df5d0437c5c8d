use std::collections::HashMap;

use siegel_kernel::{AccountId, OrganisationId, Timestamp};

use super::{App, Failure};
use crate::domain::mailbox::{MembershipId, Place};
use crate::domain::mailbox_right::{Known, Path, StandIn, Standing, mailbox_right};
use crate::domain::{Action, Denied};
use crate::store::mailboxes::{self, MailboxRow};
use crate::store::memberships::Member;
use crate::store::{rights, standings, substitutions};
use siegel_db::{StoreError, Tx};

/// May this account do this in that mailbox?
#[derive(Clone, Copy, Debug)]
pub struct Question {
    pub account: AccountId,
    pub organisation: OrganisationId,
    pub place: Place,
    pub action: Action,
}

/// What allows it.
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    pub path: Path,
    pub member: MembershipId,
}

/// The path that allows it, or why not.
pub type Answer = Result<Allowed, Denied>;

/// All that decisions about some mailboxes need.
pub(super) struct Facts {
    pub members: HashMap<Member, Standing>,
    pub mailboxes: HashMap<(OrganisationId, Place), Known>,
    pub stand_ins: Vec<StandIn>,
}

impl Facts {
    /// Reads them in a number of statements that grows with hundreds of questions, not with each.
    pub async fn read(
        tx: &mut Tx,
        members: &[Member],
        mailboxes: &[(OrganisationId, Place)],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let members = standings::of(tx, members).await?;
        let current: Vec<MembershipId> = members.values().map(|one| one.member).collect();
        let stand_ins = substitutions::by(tx, &current, now).await?;
        let ids: Vec<_> = mailboxes
            .iter()
            .filter_map(|(_, place)| match place {
                Place::Central => None,
                Place::Other(id) => Some(*id),
            })
            .collect();
        let central = mailboxes.iter().filter(|(_, place)| *place == Place::Central);
        let central = central.map(|(organisation, _)| MailboxRow::central(*organisation));
        let rows: Vec<MailboxRow> =
            mailboxes::some(tx, &ids).await?.into_iter().chain(central).collect();
        let mut known: HashMap<_, Known> = rows
            .into_iter()
            .map(|row| {
                let facts = Known { place: row.place, kind: row.kind, grants: Vec::new() };
                ((row.organisation, row.place), facts)
            })
            .collect();
        for row in rights::of(tx, mailboxes).await? {
            if let Some(mailbox) = known.get_mut(&(row.organisation, row.grant.place)) {
                mailbox.grants.push(row.grant);
            }
        }
        Ok(Self { members, mailboxes: known, stand_ins })
    }
}

impl App {
    /// One answer per question, in the same order, all from one instant.
    pub async fn check_access(&self, questions: &[Question]) -> Result<Vec<Answer>, Failure> {
        let mut members: Vec<Member> =
            questions.iter().map(|q| (q.account, q.organisation)).collect();
        members.sort_unstable();
        members.dedup();
        let mut asked: Vec<_> = questions.iter().map(|q| (q.organisation, q.place)).collect();
        asked.sort_unstable();
        asked.dedup();
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let facts = Facts::read(&mut tx, &members, &asked, now).await?;
        Ok(questions.iter().map(|question| facts.decide(question, now)).collect())
    }
}

impl Facts {
    fn decide(&self, question: &Question, at: Timestamp) -> Answer {
        let member = self.members.get(&(question.account, question.organisation));
        let member = member.ok_or(Denied::NotAMember)?;
        // A mailbox of another organisation, or none, is one in which nobody has a right.
        let mailbox = self.mailboxes.get(&(question.organisation, question.place));
        let path = mailbox.and_then(|mailbox| {
            mailbox_right(member, mailbox, &self.stand_ins, question.action.right(), at)
        });
        let path = path.ok_or(Denied::RoleTooLow)?;
        Ok(Allowed { path, member: member.member })
    }
}
