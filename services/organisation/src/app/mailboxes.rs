//! Mailboxes of an organisation: which there are, and who may do what in them.

use siegel_db::audit::{self, Entry};
use siegel_db::events::{self, NewEvent};
use siegel_db::{Attempt, IdempotencyKey, StoreError, Tx, begin_request, finish_request, outbox};
use siegel_kernel::{
    AccountId, EntropyUnavailable, OrganisationId, OrganisationMailboxId, Timestamp, TrustLevel,
};

use super::{App, Founder, TOPIC};
use crate::domain::mailbox::{Kind, Place, Right, Rights};
use crate::domain::mailbox_right::{Facts, Known, Standing, mailbox_right, mailbox_rights};
use crate::domain::units::UnitId;
use crate::domain::{BadField, Role};
use crate::ports::closed_mailboxes::{self, ClosedMailbox};
use crate::store::mailboxes::{self, MailboxRow};
use crate::store::{rights, standings, units};

/// Mailboxes of one organisation, at most.
const MOST: usize = 500;
/// Mailboxes that are told to `postbox` for one account, at most.
const MOST_READABLE: usize = 1_000;

/// Why nothing was done about mailboxes.
#[derive(Debug, thiserror::Error)]
pub enum MailboxFailure {
    #[error(transparent)]
    Malformed(#[from] BadField),
    #[error("there is no such organisation")]
    UnknownOrganisation,
    #[error("the organisation has no such mailbox")]
    UnknownMailbox,
    #[error("the organisation has no such member")]
    UnknownMember,
    #[error("the organisation has no such unit")]
    UnknownUnit,
    #[error("the organisation has no such substitution")]
    UnknownSubstitution,
    #[error("no such service writes to the organisation")]
    UnknownRoute,
    #[error("the member has no right to do this")]
    RightMissing,
    #[error("there is a mailbox for this already")]
    Exists,
    #[error("an organisation has at most {MOST} mailboxes")]
    TooMany,
    #[error("the rights of owners cannot be changed")]
    OwnerRights,
    #[error("the request id was used for another request")]
    RequestIdReused,
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error("a stored answer cannot be read")]
    StoredAnswer,
}

impl MailboxFailure {
    /// The refusal as callers and audit lines know it.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "INVALID_FIELD",
            Self::UnknownOrganisation => "ORGANISATION_UNKNOWN",
            Self::UnknownMailbox => "MAILBOX_UNKNOWN",
            Self::UnknownMember => "MEMBER_UNKNOWN",
            Self::UnknownUnit => "UNIT_UNKNOWN",
            Self::UnknownSubstitution => "SUBSTITUTION_UNKNOWN",
            Self::UnknownRoute => "LETTER_ROUTE_UNKNOWN",
            Self::RightMissing => "RIGHT_MISSING",
            Self::Exists => "MAILBOX_EXISTS",
            Self::TooMany => "TOO_MANY_MAILBOXES",
            Self::OwnerRights => "OWNER_RIGHTS",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::Store(_) | Self::Entropy(_) | Self::StoredAnswer => "failed",
        }
    }
}

/// A change as it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    pub by: &'a Founder,
    pub organisation: OrganisationId,
    pub request_id: &'a str,
    pub digest: [u8; 32],
    /// Of the audit line and of the event.
    pub kind: &'static str,
}

/// A mailbox with what somebody may do in it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub row: MailboxRow,
    pub rights: Rights,
}

/// The mailboxes of an organisation as a member sees them.
#[derive(Clone, Debug)]
pub struct SeenAll {
    pub member: Standing,
    pub mailboxes: Vec<Seen>,
    pub may_manage: bool,
}

/// A mailbox in which somebody may read.
#[derive(Clone, Debug)]
pub struct Readable {
    pub seen: Seen,
    pub organisation_name: String,
    pub path: String,
}

/// Who sets up mailboxes and sees every substitution.
pub(super) fn manages(role: Option<Role>) -> bool {
    matches!(role, Some(Role::Owner | Role::Administrator))
}

impl App {
    /// Sets a mailbox up.
    pub async fn create_mailbox(
        &self,
        change: Change<'_>,
        kind: Kind,
    ) -> Result<Seen, MailboxFailure> {
        let id = OrganisationMailboxId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let (mut tx, now) = (self.db.begin().await?, self.clock.now());
        let member = self.changing_member(&mut tx, &change).await?;
        if let Some(answer) = begun(&mut tx, &change, now).await? {
            let place = String::from_utf8(answer).ok().and_then(|text| Place::parse(&text));
            let place = place.ok_or(MailboxFailure::StoredAnswer)?;
            return self.seen_in(&mut tx, &change, (&member, place), now).await;
        }
        if !manages(member.role) {
            return self.refuse_change(tx, &change, MailboxFailure::RightMissing).await;
        }
        match &kind {
            Kind::Unit(unit) => known_unit(&mut tx, change.organisation, *unit).await?,
            Kind::Personal(of) => {
                let of = standings::by_id(&mut tx, change.organisation, *of).await?;
                of.filter(|of| of.role.is_some()).ok_or(MailboxFailure::UnknownMember)?;
            }
            Kind::Central | Kind::Function(_) => {}
        }
        if mailboxes::all_of(&mut tx, change.organisation).await?.len() >= MOST {
            return Err(MailboxFailure::TooMany);
        }
        if !mailboxes::add(&mut tx, (id, change.organisation), &kind, now).await? {
            return Err(MailboxFailure::Exists);
        }
        done(&mut tx, &change, (&id.to_string(), &id.to_string()), now).await?;
        let seen = self.seen_in(&mut tx, &change, (&member, Place::Other(id)), now).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(seen)
    }

    /// Gives a mailbox up, with everything that was said about it, and orders that no letter reaches it
    /// any more; again, nothing happens.
    pub async fn close_mailbox(
        &self,
        change: Change<'_>,
        id: OrganisationMailboxId,
    ) -> Result<(), MailboxFailure> {
        let (mut tx, now) = (self.db.begin().await?, self.clock.now());
        let member = self.changing_member(&mut tx, &change).await?;
        if begun(&mut tx, &change, now).await?.is_some() {
            return Ok(());
        }
        if !manages(member.role) {
            return self.refuse_change(tx, &change, MailboxFailure::RightMissing).await;
        }
        if !mailboxes::close(&mut tx, change.organisation, id, now).await? {
            return Err(MailboxFailure::UnknownMailbox);
        }
        rights::end_all(&mut tx, change.organisation, Place::Other(id), now).await?;
        let closed = ClosedMailbox { organisation: change.organisation, mailbox: id };
        outbox::put(&mut tx, closed_mailboxes::JOB, &closed.payload(), now).await?;
        done(&mut tx, &change, (&id.to_string(), ""), now).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }

    /// The mailboxes of an organisation with what the member may do in each.
    pub async fn mailboxes(
        &self,
        account: AccountId,
        organisation: OrganisationId,
    ) -> Result<SeenAll, MailboxFailure> {
        let (mut tx, now) = (self.db.read().await?, self.clock.now());
        let rows = mailboxes::all_of(&mut tx, organisation).await?;
        let rows: Vec<_> = std::iter::once(MailboxRow::central(organisation)).chain(rows).collect();
        let places: Vec<_> = rows.iter().map(|row| (organisation, row.place)).collect();
        let facts = standings::facts(&mut tx, &[(account, organisation)], &places, now).await?;
        let member = facts.members.get(&(account, organisation)).cloned();
        let member = member.ok_or(MailboxFailure::UnknownOrganisation)?;
        let mailboxes = rows.into_iter().map(|row| facts.seen(&member, row, now)).collect();
        Ok(SeenAll { may_manage: manages(member.role), member, mailboxes })
    }

    /// The mailboxes of organisations in which an account may read now.
    pub async fn readable(&self, account: AccountId) -> Result<Vec<Readable>, MailboxFailure> {
        let (mut tx, now) = (self.db.read().await?, self.clock.now());
        let limit = i64::try_from(MOST_READABLE).unwrap_or(i64::MAX);
        let organisations = mailboxes::organisations_of(&mut tx, account, limit).await?;
        let mut found = Vec::new();
        for (organisation, name) in organisations {
            let rows = mailboxes::all_of(&mut tx, organisation).await?;
            let rows: Vec<_> =
                std::iter::once(MailboxRow::central(organisation)).chain(rows).collect();
            let places: Vec<_> = rows.iter().map(|row| (organisation, row.place)).collect();
            let facts = standings::facts(&mut tx, &[(account, organisation)], &places, now).await?;
            let Some(member) = facts.members.get(&(account, organisation)) else { continue };
            for row in rows {
                let Some(path) = facts.path(member, &row, now) else { continue };
                let seen = facts.seen(member, row, now);
                found.push(Readable { seen, organisation_name: name.clone(), path });
            }
            if found.len() >= MOST_READABLE {
                break;
            }
        }
        found.truncate(MOST_READABLE);
        Ok(found)
    }

    /// The caller as a member of the organisation, which is held; to all others it does not exist.
    pub(super) async fn changing_member(
        &self,
        tx: &mut Tx,
        change: &Change<'_>,
    ) -> Result<Standing, MailboxFailure> {
        // First held, then asked: whoever takes a role away holds the organisation as well.
        mailboxes::hold(tx, change.organisation).await?;
        let who = (change.by.account, change.organisation);
        let found = standings::of(tx, &[who]).await?.remove(&who);
        found.ok_or(MailboxFailure::UnknownOrganisation)
    }

    /// Puts a refusal on record.
    pub(super) async fn refuse_change<T>(
        &self,
        tx: Tx,
        change: &Change<'_>,
        refused: MailboxFailure,
    ) -> Result<T, MailboxFailure> {
        // What was begun for the change goes with it; the line stands in a transaction of its own.
        drop(tx);
        let mut tx = self.db.begin().await?;
        let line = (refused.reason(), "");
        record(&mut tx, change, line, self.clock.now()).await?;
        tx.commit().await?;
        self.feed.committed();
        Err(refused)
    }

    async fn seen_in(
        &self,
        tx: &mut Tx,
        change: &Change<'_>,
        (member, place): (&Standing, Place),
        now: Timestamp,
    ) -> Result<Seen, MailboxFailure> {
        let Place::Other(id) = place else { return Err(MailboxFailure::StoredAnswer) };
        let row = mailboxes::some(tx, &[id]).await?.into_iter().next();
        let row = row.ok_or(MailboxFailure::UnknownMailbox)?;
        let asked = [(change.organisation, place)];
        let who = (change.by.account, change.organisation);
        Ok(standings::facts(tx, &[who], &asked, now).await?.seen(member, row, now))
    }
}

impl Facts {
    fn known(&self, row: &MailboxRow) -> Option<&Known> {
        self.mailboxes.get(&(row.organisation, row.place))
    }

    fn seen(&self, member: &Standing, row: MailboxRow, at: Timestamp) -> Seen {
        let known = self.known(&row);
        let rights = known.map(|known| mailbox_rights(member, known, &self.stand_ins, at));
        Seen { rights: rights.unwrap_or_default(), row }
    }

    fn path(&self, member: &Standing, row: &MailboxRow, at: Timestamp) -> Option<String> {
        let known = self.known(row)?;
        let path = mailbox_right(member, known, &self.stand_ins, Right::Read, at)?;
        Some(path.to_string())
    }
}

pub(super) async fn known_unit(
    tx: &mut Tx,
    organisation: OrganisationId,
    unit: UnitId,
) -> Result<(), MailboxFailure> {
    if units::exists(tx, organisation, unit).await? {
        Ok(())
    } else {
        Err(MailboxFailure::UnknownUnit)
    }
}

/// Begins a change; the answer given before, if it is asked for again.
pub(super) async fn begun(
    tx: &mut Tx,
    change: &Change<'_>,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, MailboxFailure> {
    let key = key(change);
    match begin_request(tx, &key, now).await? {
        Attempt::Fresh => Ok(None),
        Attempt::Repeated(answer) => Ok(Some(answer)),
        Attempt::Conflict => Err(MailboxFailure::RequestIdReused),
    }
}

/// Puts a change on record, tells who follows, and keeps the answer.
pub(super) async fn done(
    tx: &mut Tx,
    change: &Change<'_>,
    (detail, answer): (&str, &str),
    now: Timestamp,
) -> Result<(), MailboxFailure> {
    let payload = serde_json::json!({ "organisation_id": change.organisation, "about": detail });
    let event = NewEvent {
        topic: TOPIC,
        kind: change.kind,
        payload: payload.to_string().into_bytes(),
        occurred_at: now,
    };
    events::append(tx, &event).await?;
    record(tx, change, ("done", detail), now).await?;
    finish_request(tx, &key(change), answer.as_bytes()).await?;
    Ok(())
}

async fn record(
    tx: &mut Tx,
    change: &Change<'_>,
    (outcome, detail): (&str, &str),
    at: Timestamp,
) -> Result<(), StoreError> {
    let entry = Entry {
        kind: change.kind,
        actor: &change.by.caller,
        subject: &change.organisation.to_string(),
        level: Some::<TrustLevel>(change.by.level),
        outcome,
        request_id: change.request_id,
        detail,
        at,
    };
    audit::record(tx, &entry).await
}

fn key<'a>(change: &Change<'a>) -> IdempotencyKey<'a> {
    let (caller, request_id) = (&change.by.caller, change.request_id);
    IdempotencyKey { caller, request_id, digest: change.digest }
}
