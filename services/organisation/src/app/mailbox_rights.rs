//! Saying who may do what in a mailbox.

use siegel_db::Tx;
use siegel_kernel::{AccountId, OrganisationId, Timestamp};
use uuid::Uuid;

use super::App;
use super::mailboxes::{Change, MailboxFailure, begun, done, known_unit, manages};
use crate::domain::Role;
use crate::domain::mailbox::{Kind, Place, Right, Rights};
use crate::domain::mailbox_right::{Grant, Holder, Standing, mailbox_right};
use crate::store::rights::{self, GrantRow};
use crate::store::standings;

/// A grant as members see it.
#[derive(Clone, Copy, Debug)]
pub struct SeenGrant {
    pub holder: Holder,
    pub rights: Rights,
    /// `None` for what a role may do by default.
    pub since: Option<Timestamp>,
}

impl App {
    /// Says what a holder may do in a mailbox, or (`None`) that nothing is said any more.
    pub async fn set_rights(
        &self,
        change: Change<'_>,
        (place, holder): (Place, Holder),
        said: Option<Rights>,
    ) -> Result<SeenGrant, MailboxFailure> {
        let id = self.entropy.array::<16>()?;
        let (mut tx, now) = (self.db.begin().await?, self.clock.now());
        let member = self.changing_member(&mut tx, &change).await?;
        let set = SeenGrant { holder, rights: said.unwrap_or_default(), since: Some(now) };
        if begun(&mut tx, &change, now).await?.is_some() {
            let rows = rights::of(&mut tx, &[(change.organisation, place)]).await?;
            let row = rows.into_iter().find(|row| row.grant.holder == holder);
            return Ok(SeenGrant { since: row.map(|row| row.since), ..set });
        }
        let kind = match self.may_set(&mut tx, &change, (&member, place), now).await {
            Ok(kind) => kind,
            Err(refused @ MailboxFailure::RightMissing) => {
                return self.refuse_change(tx, &change, refused).await;
            }
            Err(other) => return Err(other),
        };
        match holder {
            Holder::Role(Role::Owner) if !matches!(kind, Kind::Personal(_)) => {
                return Err(MailboxFailure::OwnerRights);
            }
            Holder::Role(_) => {}
            Holder::Unit(unit) => known_unit(&mut tx, change.organisation, unit).await?,
            Holder::Member(of) => {
                let of = standings::by_id(&mut tx, change.organisation, of).await?;
                of.filter(|of| of.role.is_some()).ok_or(MailboxFailure::UnknownMember)?;
            }
        }
        rights::end(&mut tx, change.organisation, (place, holder), now).await?;
        if let Some(rights) = said {
            let grant = Grant { place, holder, rights };
            let id = Uuid::from_bytes(id);
            rights::add(&mut tx, (id, change.organisation), &grant, now).await?;
        }
        let detail = detail(place, holder, said);
        done(&mut tx, &change, (&detail, ""), now).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(set)
    }

    /// The mailbox's kind, if the member may say who may do what in it.
    async fn may_set(
        &self,
        tx: &mut Tx,
        change: &Change<'_>,
        (member, place): (&Standing, Place),
        now: Timestamp,
    ) -> Result<Kind, MailboxFailure> {
        let who = (change.by.account, change.organisation);
        let facts = standings::facts(tx, &[who], &[(change.organisation, place)], now).await?;
        let mailbox = facts.mailboxes.get(&(change.organisation, place));
        let mailbox = mailbox.ok_or(MailboxFailure::UnknownMailbox)?;
        let manage = Right::ManageMembers;
        // Nobody opens the personal mailbox of another for themself: its owner does.
        let may = match &mailbox.kind {
            Kind::Personal(of) => *of == member.member,
            _ => {
                manages(member.role)
                    || mailbox_right(member, mailbox, &facts.stand_ins, manage, now).is_some()
            }
        };
        if may { Ok(mailbox.kind.clone()) } else { Err(MailboxFailure::RightMissing) }
    }

    /// What was said about a mailbox, the defaults of the other roles, and whether the member may
    /// change it.
    pub async fn rights(
        &self,
        account: AccountId,
        organisation: OrganisationId,
        place: Place,
    ) -> Result<(Vec<SeenGrant>, bool), MailboxFailure> {
        let (mut tx, now) = (self.db.read().await?, self.clock.now());
        let who = (account, organisation);
        let facts = standings::facts(&mut tx, &[who], &[(organisation, place)], now).await?;
        let member = facts.members.get(&who).ok_or(MailboxFailure::UnknownOrganisation)?;
        let mailbox = facts.mailboxes.get(&(organisation, place));
        let mailbox = mailbox.ok_or(MailboxFailure::UnknownMailbox)?;
        let rows = rights::of(&mut tx, &[(organisation, place)]).await?;
        let said = |role| rows.iter().any(|row| row.grant.holder == Holder::Role(role));
        let defaults = Role::ALL.into_iter().filter(|role| !said(*role)).map(|role| SeenGrant {
            holder: Holder::Role(role),
            rights: Rights::by_default(role, &mailbox.kind),
            since: None,
        });
        let grants = defaults.chain(rows.iter().map(seen)).collect();
        let may = if let Kind::Personal(of) = mailbox.kind {
            of == member.member
        } else {
            let manage = Right::ManageMembers;
            manages(member.role)
                || mailbox_right(member, mailbox, &facts.stand_ins, manage, now).is_some()
        };
        Ok((grants, may))
    }
}

fn seen(row: &GrantRow) -> SeenGrant {
    SeenGrant { holder: row.grant.holder, rights: row.grant.rights, since: Some(row.since) }
}

/// For the audit trail: ids and numbers, nobody's name.
fn detail(place: Place, holder: Holder, said: Option<Rights>) -> String {
    let holder = match holder {
        Holder::Member(member) => member.to_string(),
        Holder::Role(role) => format!("role={}", role.as_str()),
        Holder::Unit(unit) => unit.to_string(),
    };
    let place = match place {
        Place::Central => "central".to_owned(),
        Place::Other(id) => id.to_string(),
    };
    let rights = said.map_or_else(
        || "default".to_owned(),
        |rights| {
            let list: Vec<String> = rights.list().map(|right| right.number().to_string()).collect();
            list.join(",")
        },
    );
    format!("{place} {holder} rights={rights}")
}
