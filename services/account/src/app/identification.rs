use siegel_db::Tx;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_oidc::catalogue::Attribute;

use super::vault::AccountKey;
use super::{App, Fact, Failure, Order, record};
use crate::domain::change::{self, Stated};
use crate::domain::{BadField, Held, Names, Proof, Source};
use crate::store::changes::{self, ChangeId};
use crate::store::{accounts, attributes};

/// One attribute that an identification proved.
#[derive(Clone, Debug)]
pub struct Proven {
    pub attribute: &'static Attribute,
    /// Empty: the source says that there is none (no doctoral degree on the new card).
    pub value: String,
    /// The source says that this person has none, ever: the mark is stored.
    pub not_applicable: bool,
    pub proof: Proof,
}

impl Proven {
    pub(super) fn stated(&self) -> Stated<'_> {
        Stated { name: self.attribute.name, value: &self.value, proof: &self.proof }
    }

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
        if self.not_applicable && !(self.value.is_empty() && self.attribute.may_not_apply) {
            return bad("not_applicable", "is said of an attribute that everybody has");
        }
        if self.proof.detail.chars().count() > 128
            || self.proof.detail.chars().any(char::is_control)
        {
            return bad("source_detail", "has more than 128 characters or is not on one line");
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
    /// source, which stays as history; the proven level only rises. A card that says something
    /// else than the last one changes nothing: its person decides, and `Some` names what waits.
    pub async fn record_identification(
        &self,
        order: &Order,
        account: AccountId,
        proven: &[Proven],
    ) -> Result<Option<ChangeId>, Failure> {
        for (i, one) in proven.iter().enumerate() {
            one.check(i)?;
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if let Some(answer) = order.begin(&mut tx, now).await? {
            return read_answer(answer);
        }
        let row = accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&row)?;
        let current = key.open_values(&attributes::current(&mut tx, account).await?)?;
        let stated: Vec<Stated<'_>> = proven.iter().map(Proven::stated).collect();
        let level: Option<TrustLevel> = proven.iter().filter_map(|one| one.proof.level).max();
        let waiting = if change::waits(&current, &stated) {
            Some(self.propose(&mut tx, &key, account, proven, now).await?)
        } else {
            // What waited was about an earlier card; this one is the one on file.
            if proven.iter().any(|one| one.proof.source == Source::Eid) {
                changes::end(&mut tx, account, "replaced", now).await?;
            }
            let proven = lasting(&current, proven);
            self.store(&mut tx, &key, account, &proven, now).await?;
            None
        };
        if let Some(level) = level {
            accounts::raise(&mut tx, account, level).await?;
        }
        let names: Names = proven.iter().map(|one| one.attribute.name).collect();
        let detail = names.to_text();
        let outcome = if waiting.is_some() { "waits" } else { "done" };
        let fact = Fact { account, level, outcome, detail: &detail };
        record(&mut tx, order, &fact, now).await?;
        let answer = waiting.map(|id| id.to_string()).unwrap_or_default();
        order.finish(&mut tx, answer.as_bytes()).await?;
        tx.commit().await?;
        self.committed();
        Ok(waiting)
    }

    /// Writes values in place of those before them from the same source. An empty one only ends
    /// what was there.
    pub(super) async fn store(
        &self,
        tx: &mut Tx,
        key: &AccountKey,
        account: AccountId,
        proven: &[Proven],
        now: Timestamp,
    ) -> Result<(), Failure> {
        for one in proven {
            let name = one.attribute.name;
            attributes::supersede(tx, account, name, &one.proof, now).await?;
            if one.value.is_empty() && !one.not_applicable {
                continue;
            }
            let verified_at = one.proof.verified_at.or(Some(now));
            let proof = Proof { verified_at, ..one.proof.clone() };
            let new = self.sealed(key, account, name, &one.value, proof, now)?;
            attributes::add(tx, &new).await?;
            if name == "email" {
                self.contact_changed(tx, account, new.id, now).await?;
            }
        }
        Ok(())
    }
}

/// What was proven, each until its source's last word ends.
fn lasting(current: &[Held], proven: &[Proven]) -> Vec<Proven> {
    let lasting = |one: &Proven| {
        let valid_until = change::until(current, &one.stated());
        Proven { proof: Proof { valid_until, ..one.proof.clone() }, ..one.clone() }
    };
    proven.iter().map(lasting).collect()
}

fn read_answer(answer: Vec<u8>) -> Result<Option<ChangeId>, Failure> {
    let text = String::from_utf8(answer).map_err(|_| Failure::StoredAnswer)?;
    let id = (!text.is_empty()).then(|| text.parse());
    id.transpose().map_err(|_| Failure::StoredAnswer)
}
