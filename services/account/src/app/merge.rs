//! Two accounts of one person become one: what the account that ends holds is sealed anew under the
//! key of the other and changes its account, in one transaction. Its deletion follows from identity.

use siegel_db::Tx;
use siegel_kernel::{AccountId, Timestamp};

use super::consents::receipt_name;
use super::documents::description_name;
use super::grants::seal_name as grant_name;
use super::offers::confirmed_email;
use super::privacy::handed_name;
use super::staff::seal_name as look_name;
use super::vault::AccountKey;
use super::{App, Fact, Failure, Order, record};
use crate::domain::merge::{Comparison, are_two_people, compare};
use crate::domain::{BadField, Names, effective};
use crate::store::documents::{self, DocumentId};
use crate::store::{accounts, attributes, imported, merge};

/// What a merge would do.
#[derive(Clone, Debug)]
pub struct Merging {
    pub comparison: Comparison,
    pub documents: usize,
    pub consents: i64,
    pub hindrances: Vec<&'static str>,
}

/// Both accounts, opened.
struct Both {
    into: AccountId,
    from: AccountId,
    into_key: AccountKey,
    from_key: AccountKey,
    now: Timestamp,
}

impl Both {
    /// Reads what one key sealed and seals it with the other.
    fn again(&self, what: &str, sealed: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(self.into_key.seal_text(what, &self.from_key.open_text(what, sealed)?)?)
    }
}

impl App {
    /// What would move, and what hinders it.
    pub async fn compare_accounts(
        &self,
        into: AccountId,
        from: AccountId,
    ) -> Result<Merging, Failure> {
        let mut tx = self.db.read().await?;
        let rows = [into, from];
        let mut keys = Vec::new();
        for id in rows {
            let row = accounts::find(&mut tx, id).await?.ok_or(Failure::UnknownAccount)?;
            keys.push(self.vault.key_of(&row)?);
        }
        let [into_key, from_key] =
            <[AccountKey; 2]>::try_from(keys).map_err(|_| Failure::StoredAnswer)?;
        let both = Both { into, from, into_key, from_key, now: self.clock.now() };
        self.merging(&mut tx, &both).await
    }

    async fn merging(&self, tx: &mut Tx, both: &Both) -> Result<Merging, Failure> {
        let into = both.into_key.open_values(&attributes::current(tx, both.into).await?)?;
        let from = both.from_key.open_values(&attributes::current(tx, both.from).await?)?;
        let mut hindrances = Vec::new();
        if are_two_people(&into, &from) {
            hindrances.extend(Failure::OtherPerson.reason());
        }
        if let Some(email) = confirmed_email(&from) {
            let index = self.vault.email_index(email);
            if !imported::waiting(tx, &index, both.from, both.now).await?.is_empty() {
                hindrances.push("MERGE_OFFER_WAITS");
            }
        }
        let mine = documents::list(tx, both.from).await?;
        let bytes: i64 = mine.iter().map(|row| row.size_bytes).sum();
        if let Some(safe) = &self.safe {
            let quota = safe.limits.quota_bytes;
            if documents::used(tx, both.into).await? + bytes > quota && bytes > 0 {
                hindrances.extend(Failure::QuotaExceeded { quota }.reason());
            }
        }
        Ok(Merging {
            comparison: compare(&effective(&into, both.now), &effective(&from, both.now)),
            documents: mine.len(),
            consents: merge::standing_consents(tx, both.from).await?,
            hindrances,
        })
    }

    /// Moves it, or nothing.
    pub async fn merge_accounts(
        &self,
        order: &Order,
        into: AccountId,
        from: AccountId,
    ) -> Result<(), Failure> {
        if into == from {
            return Err(BadField::new("from_account_id", "is the account that stays").into());
        }
        let result = self.merged(order, into, from).await;
        self.audited(order, into, result).await
    }

    async fn merged(&self, order: &Order, into: AccountId, from: AccountId) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if order.begin(&mut tx, now).await?.is_some() {
            return Ok(());
        }
        let both = self.both(&mut tx, into, from, now).await?;
        let merging = self.merging(&mut tx, &both).await?;
        if merging.hindrances.contains(&"MERGE_OTHER_PERSON") {
            return Err(Failure::OtherPerson);
        }
        if merging.hindrances.contains(&"MERGE_OFFER_WAITS") {
            return Err(Failure::OfferWaits);
        }
        if let (false, Some(safe)) = (merging.hindrances.is_empty(), &self.safe) {
            return Err(Failure::QuotaExceeded { quota: safe.limits.quota_bytes });
        }
        self.end_imports(&mut tx, from, now).await?;
        for held in &merging.comparison.comes {
            let (name, proof, at) = (&held.name, held.proof.clone(), held.recorded_at);
            let new = self.sealed(&both.into_key, into, name, &held.value, proof, at)?;
            attributes::add(&mut tx, &new).await?;
        }
        for document in documents::list(&mut tx, from).await? {
            self.move_document(&mut tx, &both, &document).await?;
        }
        move_records(&mut tx, &both).await?;
        merge::close(&mut tx, from).await?;
        let names: Names = merging.comparison.comes.iter().map(|h| h.name.as_str()).collect();
        let detail = format!("documents={} attributes={}", merging.documents, names.to_text());
        for account in [into, from] {
            let fact = Fact { account, level: None, outcome: "done", detail: &detail };
            record(&mut tx, order, &fact, now).await?;
        }
        order.finish(&mut tx, b"").await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }

    /// Both behind their locks, always in the same order: of two merges at once one waits.
    async fn both(
        &self,
        tx: &mut Tx,
        into: AccountId,
        from: AccountId,
        now: Timestamp,
    ) -> Result<Both, Failure> {
        let (first, second) = if into < from { (into, from) } else { (from, into) };
        let a = accounts::lock(tx, first).await?.ok_or(Failure::UnknownAccount)?;
        let b = accounts::lock(tx, second).await?.ok_or(Failure::UnknownAccount)?;
        let (a, b) = (self.vault.key_of(&a)?, self.vault.key_of(&b)?);
        let (into_key, from_key) = if first == into { (a, b) } else { (b, a) };
        Ok(Both { into, from, into_key, from_key, now })
    }

    /// The sealed bytes stay where they are; only who holds their key changes.
    async fn move_document(
        &self,
        tx: &mut Tx,
        both: &Both,
        row: &documents::Row,
    ) -> Result<(), Failure> {
        let id: DocumentId = row.id;
        let key = both.from_key.document_key(&id.to_string(), &row.wrapped_key)?;
        let wrapped = both.into_key.wrap_document_key(&id.to_string(), &key)?;
        let description = both.again(&description_name(id), &row.description)?;
        merge::move_document(tx, id, both.into, (&wrapped, &description)).await?;
        for (grant, terms) in merge::grants_of(tx, id).await? {
            let terms = both.again(&grant_name(grant), &terms)?;
            merge::move_grant(tx, grant, both.into, &terms).await?;
        }
        Ok(())
    }
}

/// What the person may read of the past: consents, who got what, which staff looked.
async fn move_records(tx: &mut Tx, both: &Both) -> Result<(), Failure> {
    for (id, receipt) in merge::consents(tx, both.from).await? {
        let receipt = receipt.map(|sealed| both.again(&receipt_name(id), &sealed)).transpose()?;
        merge::move_consent(tx, id, both.into, receipt.as_deref(), both.now).await?;
    }
    for (id, document, name) in merge::handed_documents(tx, both.from).await? {
        let name = both.again(&handed_name(DocumentId::from_uuid(document)), &name)?;
        merge::rename_handed(tx, id, &name).await?;
    }
    merge::move_disclosures(tx, both.from, both.into).await?;
    for (id, at, reason) in merge::looks(tx, both.from).await? {
        let reason = both.again(&look_name(at), &reason)?;
        merge::move_look(tx, id, both.into, &reason).await?;
    }
    Ok(())
}
