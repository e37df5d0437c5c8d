//! Accounts of closed systems, offered to the person whose confirmed address they carry.

use std::time::Duration;

use siegel_db::{Tx, outbox};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::staff::{Reason, imported_by};
use super::vault::AccountKey;
use super::{App, Fact, Failure, Order, record};
use crate::domain::import::Staged;
use crate::domain::offer::{self, OfferLine};
use crate::domain::{BadField, Held, Names, Source, effective};
use crate::ports::notice;
use crate::store::imported::{self, Imported, ImportedId};
use crate::store::{accounts, attributes, staff};

/// Several systems taken over within this time are one mail.
const QUIET: Duration = Duration::from_hours(24);

/// What waits for a person.
#[derive(Clone, Debug)]
pub struct Offer {
    pub id: ImportedId,
    /// How the closed system is called.
    pub system: String,
    pub tenant: String,
    pub imported_at: Timestamp,
    pub valid_until: Timestamp,
    /// Of a session that sees and takes it.
    pub needed: TrustLevel,
    /// What is proven here says that it is somebody else's.
    pub somebody_else: bool,
    /// Empty below `needed`, and of somebody else's.
    pub lines: Vec<OfferLine>,
}

/// Who asks, with what the account holds.
struct Asking {
    key: AccountKey,
    current: Vec<Held>,
    effective: Vec<Held>,
    level: TrustLevel,
}

/// The address that a code confirmed, if there is one.
pub(super) fn confirmed_email(current: &[Held]) -> Option<&str> {
    let confirmed =
        |h: &&Held| h.name == "email" && h.proof.source == Source::Confirmed && !h.not_applicable();
    current.iter().find(confirmed).map(|h| h.value.as_str())
}

impl App {
    /// What may be taken over. Without a confirmed address nothing is said.
    pub async fn offers(
        &self,
        account: AccountId,
        level: TrustLevel,
    ) -> Result<Vec<Offer>, Failure> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let row = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let asking = self.asking(&mut tx, &row, level, now).await?;
        let waiting = self.waiting(&mut tx, account, &asking, now).await?;
        waiting.iter().map(|one| self.offer(one, &asking, now).map(|(offer, _)| offer)).collect()
    }

    async fn asking(
        &self,
        tx: &mut Tx,
        row: &accounts::Account,
        level: TrustLevel,
        now: Timestamp,
    ) -> Result<Asking, Failure> {
        let key = self.vault.key_of(row)?;
        let current = key.open_values(&attributes::current(tx, row.id).await?)?;
        let effective = effective(&current, now);
        Ok(Asking { key, current, effective, level })
    }

    async fn waiting(
        &self,
        tx: &mut Tx,
        account: AccountId,
        asking: &Asking,
        now: Timestamp,
    ) -> Result<Vec<Imported>, Failure> {
        let Some(email) = confirmed_email(&asking.current) else { return Ok(Vec::new()) };
        Ok(imported::waiting(tx, &self.vault.email_index(email), account, now).await?)
    }

    /// What is shown of it, and what it holds.
    fn offer(
        &self,
        one: &Imported,
        asking: &Asking,
        now: Timestamp,
    ) -> Result<(Offer, Staged), Failure> {
        let plain =
            self.vault.system_key(&one.system, &one.data_key)?.open(one.id, &one.payload)?;
        let staged: Staged = serde_json::from_slice(&plain).map_err(|_| Failure::StoredAnswer)?;
        let needed = offer::needed(one.level, self.claim_floor);
        let somebody_else = offer::is_somebody_else(&staged, &asking.current);
        let lines = if asking.level < needed || somebody_else {
            Vec::new()
        } else {
            let have = (&asking.current[..], &asking.effective[..]);
            offer::lines(&staged, &one.name, have, asking.level, now)
        };
        let offer = Offer {
            id: one.id,
            system: one.name.clone(),
            tenant: one.tenant.clone(),
            imported_at: one.at,
            valid_until: one.valid_until,
            needed,
            somebody_else,
            lines,
        };
        Ok((offer, staged))
    }

    /// Takes over the named attributes, or none of them. Whatever was not named is forgotten.
    pub async fn accept_offer(
        &self,
        order: &Order,
        account: AccountId,
        id: ImportedId,
        wanted: &[String],
    ) -> Result<(), Failure> {
        let result = self.take_over(order, account, id, wanted).await;
        self.audited(order, account, result).await
    }

    async fn take_over(
        &self,
        order: &Order,
        account: AccountId,
        id: ImportedId,
        wanted: &[String],
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if order.begin(&mut tx, now).await?.is_some() {
            return Ok(());
        }
        let level = order.level.unwrap_or(TrustLevel::Basic);
        let row = accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let asking = self.asking(&mut tx, &row, level, now).await?;
        let found = self.waiting(&mut tx, account, &asking, now).await?;
        let one = found.into_iter().find(|one| one.id == id).ok_or(Failure::UnknownOffer)?;
        let (offer, _) = self.offer(&one, &asking, now)?;
        if level < offer.needed {
            return Err(Failure::TrustTooLow { needed: offer.needed });
        }
        if offer.somebody_else {
            return Err(Failure::SomebodyElse);
        }
        let lines = chosen(&offer, wanted)?;
        if !imported::end(&mut tx, id, "claimed", now).await? {
            return Err(Failure::UnknownOffer);
        }
        for Held { name, value, proof, .. } in &lines {
            attributes::supersede(&mut tx, account, name, proof, now).await?;
            let new = self.sealed(&asking.key, account, name, value, proof.clone(), now)?;
            attributes::add(&mut tx, &new).await?;
        }
        self.tell(&mut tx, account, &one, &asking.key, now).await?;
        let names: Names = lines.iter().map(|held| held.name.as_str()).collect();
        let detail = format!("system={} attributes={}", one.system, names.to_text());
        let fact = Fact { account, level: order.level, outcome: "done", detail: &detail };
        record(&mut tx, order, &fact, now).await?;
        order.finish(&mut tx, b"").await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }

    /// Who had imported it is a look of staff at the person's data; a mail says that it came.
    async fn tell(
        &self,
        tx: &mut Tx,
        account: AccountId,
        one: &Imported,
        key: &AccountKey,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let reason =
            Reason { reason: format!("Import: {}", one.name), reference: one.operator.clone() };
        let line = imported_by(key, &one.tenant, &reason, one.at)?;
        staff::add(tx, account, &line).await?;
        if imported::may_notice(tx, account, now.minus(QUIET), now).await? {
            let job = notice::Job { account, request_id: format!("import/{}", one.id) };
            let payload = serde_json::to_vec(&job).map_err(|_| Failure::StoredAnswer)?;
            outbox::put(tx, notice::JOB, &payload, now).await?;
        }
        Ok(())
    }

    /// "Not mine": at the level of the offer it is destroyed, below it is shown here no more.
    pub async fn decline_offer(
        &self,
        order: &Order,
        account: AccountId,
        id: ImportedId,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if order.begin(&mut tx, now).await?.is_some() {
            return Ok(());
        }
        let level = order.level.unwrap_or(TrustLevel::Basic);
        let row = accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let asking = self.asking(&mut tx, &row, level, now).await?;
        let found = self.waiting(&mut tx, account, &asking, now).await?;
        let one = found.into_iter().find(|one| one.id == id).ok_or(Failure::UnknownOffer)?;
        let enough = level >= offer::needed(one.level, self.claim_floor);
        if !enough {
            imported::dismiss(&mut tx, account, id, now).await?;
        } else if !imported::end(&mut tx, id, "declined", now).await? {
            return Err(Failure::UnknownOffer);
        }
        let what = if enough { "destroyed" } else { "dismissed" };
        let detail = format!("system={} {what}", one.system);
        let fact = Fact { account, level: order.level, outcome: "done", detail: &detail };
        record(&mut tx, order, &fact, now).await?;
        order.finish(&mut tx, b"").await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }
}

/// The lines that were named; each of them must be one that comes.
fn chosen(offer: &Offer, wanted: &[String]) -> Result<Vec<Held>, BadField> {
    let found = |(i, name): (usize, &String)| {
        let line = offer.lines.iter().find(|line| line.comes && line.new.name == *name);
        let problem = "is no attribute that would come";
        line.map(|line| line.new.clone())
            .ok_or_else(|| BadField::new(format!("attributes[{i}]"), problem))
    };
    let mut lines: Vec<Held> = wanted.iter().enumerate().map(found).collect::<Result<_, _>>()?;
    lines.sort_by(|a, b| a.name.cmp(&b.name));
    lines.dedup_by(|a, b| a.name == b.name);
    Ok(lines)
}
