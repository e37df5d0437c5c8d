use siegel_db::Tx;
use siegel_kernel::{AccountId, OrganisationId, Timestamp};

use super::super::App;
use super::write::speaks_for;
use super::{Failure, Seen};
use crate::domain::{MandateId, Party, bad};
use crate::store::mandates::{self, Record, Side};
use crate::store::uses::{self, Use};
use crate::store::{facts, organisations};

/// Which sides of a mandate somebody speaks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    pub giver: bool,
    pub principal: bool,
    pub holder: bool,
}

impl Sides {
    const fn any(self) -> bool {
        self.giver || self.principal || self.holder
    }

    /// The word for who ends it; `None` when the caller may not.
    pub fn ends_as(self, record: &Record) -> Option<&'static str> {
        // A pending mandate is nobody's yet: its named holder declines it by the code.
        let held = self.holder && record.accepted_at.is_some();
        match (self.giver, self.principal, held) {
            (true, _, _) => Some("giver"),
            (_, true, _) => Some("principal"),
            (_, _, true) => Some("holder"),
            _ => None,
        }
    }
}

/// Some of a list, and where it goes on.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Empty after the last page.
    pub next: String,
}

impl App {
    /// A mandate, and which sides the caller speaks for.
    pub async fn mandate(
        &self,
        account: AccountId,
        id: MandateId,
    ) -> Result<(Seen, Sides), Failure> {
        let mut tx = self.db.read().await?;
        let (record, sides) = self.of_caller(&mut tx, account, id).await?;
        Ok((self.seen(&mut tx, record).await?, sides))
    }

    /// Mandates given or received by the caller or by an organisation they stand for.
    pub async fn mandates(
        &self,
        account: AccountId,
        organisation: Option<OrganisationId>,
        side: Side,
        (after, limit): (&str, usize),
    ) -> Result<Page<Seen>, Failure> {
        let before = place(after)?;
        let mut tx = self.db.read().await?;
        let of = speaks_for(&mut tx, account, organisation).await?;
        let found = mandates::list(&mut tx, side, of, before, most(limit)).await?;
        let next = next(found.len(), limit, || found.last().map(|r| (r.granted_at, r.grant.id)));
        Ok(Page { items: self.seen_all(&mut tx, found).await?, next })
    }

    /// What was done by a mandate, for all of its sides.
    pub async fn uses(
        &self,
        account: AccountId,
        id: MandateId,
        (after, limit): (&str, usize),
    ) -> Result<Page<Use>, Failure> {
        let before = place(after)?;
        let mut tx = self.db.read().await?;
        self.of_caller(&mut tx, account, id).await?;
        let found = uses::list(&mut tx, id, before, most(limit)).await?;
        let next = next(found.len(), limit, || found.last().map(|u| (u.at, u.id)));
        Ok(Page { items: found, next })
    }

    /// A mandate of the caller's; anybody else's does not exist.
    pub(super) async fn of_caller(
        &self,
        tx: &mut Tx,
        account: AccountId,
        id: MandateId,
    ) -> Result<(Record, Sides), Failure> {
        let record = mandates::find(tx, id).await?.ok_or(Failure::UnknownMandate)?;
        let sides = Sides {
            giver: speaks(tx, account, record.grant.from).await?,
            principal: speaks(tx, account, record.principal).await?,
            holder: match record.to {
                Some(party) => speaks(tx, account, party).await?,
                None => false,
            },
        };
        if sides.any() { Ok((record, sides)) } else { Err(Failure::UnknownMandate) }
    }

    /// A mandate with the names of its sides.
    pub(super) async fn seen(&self, tx: &mut Tx, record: Record) -> Result<Seen, Failure> {
        let seen = self.seen_all(tx, vec![record]).await?.pop();
        seen.ok_or(Failure::UnknownMandate)
    }

    async fn seen_all(&self, tx: &mut Tx, records: Vec<Record>) -> Result<Vec<Seen>, Failure> {
        let sides = records.iter().flat_map(|r| [Some(r.grant.from), r.to, Some(r.principal)]);
        let mut ids: Vec<_> = sides.flatten().filter_map(Party::organisation).collect();
        ids.sort_unstable();
        ids.dedup();
        let called = organisations::names(tx, &ids).await?;
        let name = |party: Party| {
            let id = party.organisation()?;
            called.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone())
        };
        let mut all = Vec::with_capacity(records.len());
        for record in records {
            let told = self.names.of(&record)?;
            let names = super::SeenNames {
                from: name(record.grant.from).unwrap_or(told.from),
                to: record.to.and_then(name).unwrap_or(told.to),
                principal: name(record.principal).unwrap_or_default(),
            };
            all.push(Seen { record, names });
        }
        Ok(all)
    }
}

/// Whether somebody speaks for a party.
async fn speaks(tx: &mut Tx, account: AccountId, party: Party) -> Result<bool, Failure> {
    Ok(match party {
        Party::Person(id) => id == account,
        Party::Organisation(id) => {
            let standings = facts::standing_of(tx, account, id).await?;
            standings.iter().any(|standing| standing.stands_for_it())
        }
    })
}

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Where a page begins, `micros.id`; `None` for the first.
fn place<Id: std::str::FromStr>(token: &str) -> Result<Option<(Timestamp, Id)>, Failure> {
    let read = || {
        let (at, id) = token.split_once('.')?;
        Some((Timestamp::from_micros(at.parse().ok()?), id.parse().ok()?))
    };
    match (token, read()) {
        ("", _) => Ok(None),
        (_, None) => Err(bad("page_token", "was not made here").into()),
        (_, found) => Ok(found),
    }
}

fn next<Id: std::fmt::Display>(
    found: usize,
    limit: usize,
    last: impl FnOnce() -> Option<(Timestamp, Id)>,
) -> String {
    if found < limit {
        return String::new();
    }
    last().map(|(at, id)| format!("{}.{id}", at.as_micros())).unwrap_or_default()
}
