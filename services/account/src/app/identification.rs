use siegel_kernel::{AccountId, TrustLevel};
use siegel_oidc::catalogue::Attribute;

use super::{App, Fact, Failure, Order, record};
use crate::domain::{BadField, Names, Proof, Source};
use crate::store::{accounts, attributes};

/// One attribute that an identification proved.
#[derive(Clone, Debug)]
pub struct Proven {
    pub attribute: &'static Attribute,
    /// Empty: the source says that there is none (no doctoral degree on the new card).
    pub value: String,
    pub proof: Proof,
}

impl Proven {
    /// Checks the `i`-th attribute of a request.
    fn check(&self, i: usize) -> Result<(), BadField> {
        let bad = |field: &str, problem: &str| {
            Err(BadField::new(format!("attributes[{i}].{field}"), problem))
        };
        if !self.proof.is_verified() {
            return bad("source", "is not an identification");
        }
        // The address is always the account's own, never one that another provider knows.
        if self.attribute.name == "email"
            && (self.proof.source != Source::Confirmed || self.value.is_empty())
        {
            return bad("source", "an address counts only when a code sent to it confirmed it");
        }
        if self.value.is_empty() {
            return Ok(());
        }
        match self.attribute.check(&self.value) {
            Ok(()) => Ok(()),
            Err(e) => bad("value", &e.to_string()),
        }
    }
}

impl App {
    /// Stores what an identification proved. A value replaces the one before it from the same
    /// source, which stays as history; the proven level only rises.
    pub async fn record_identification(
        &self,
        order: &Order,
        account: AccountId,
        proven: &[Proven],
    ) -> Result<(), Failure> {
        for (i, one) in proven.iter().enumerate() {
            one.check(i)?;
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if order.begin(&mut tx, now).await?.is_some() {
            return Ok(());
        }
        let row = accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&row)?;
        for one in proven {
            let name = one.attribute.name;
            attributes::supersede(&mut tx, account, name, one.proof.source, now).await?;
            if one.value.is_empty() {
                continue;
            }
            let proof = Proof { verified_at: one.proof.verified_at.or(Some(now)), ..one.proof };
            let new = self.sealed(&key, account, name, &one.value, proof, now)?;
            attributes::add(&mut tx, &new).await?;
            if name == "email" {
                self.contact_changed(&mut tx, account, new.id, now).await?;
            }
        }
        let level: Option<TrustLevel> = proven.iter().filter_map(|one| one.proof.level).max();
        if let Some(level) = level {
            accounts::raise(&mut tx, account, level).await?;
        }
        let names: Names = proven.iter().map(|one| one.attribute.name).collect();
        let detail = names.to_text();
        let fact = Fact { account, level, outcome: "done", detail: &detail };
        record(&mut tx, order, &fact, now).await?;
        order.finish(&mut tx, b"").await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }
}
