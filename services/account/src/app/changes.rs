//! What became of a person's data, and the decision about a card that says something else.

use serde::{Deserialize, Serialize};
use siegel_db::Tx;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_oidc::catalogue;

use super::identification::Proven;
use super::vault::AccountKey;
use super::{App, Fact, Failure, Order, record};
use crate::domain::change::before;
use crate::domain::{Held, Names, Proof};
use crate::store::attributes::AttributeId;
use crate::store::changes::{self, ChangeId, Waiting};
use crate::store::{accounts, attributes};

/// One attribute of what waits, as it is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    name: String,
    value: String,
    #[serde(default)]
    not_applicable: bool,
    proof: Proof,
}

/// Old and new, side by side.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub id: ChangeId,
    pub proposed_at: Timestamp,
    pub level: Option<TrustLevel>,
    pub lines: Vec<ComparisonLine>,
}

/// One attribute of a comparison.
#[derive(Clone, Debug)]
pub struct ComparisonLine {
    pub name: String,
    pub before: Option<Held>,
    pub after: Option<Held>,
}

impl ComparisonLine {
    pub fn differs(&self) -> bool {
        let value = |held: &Option<Held>| held.as_ref().map(|h| h.value.clone());
        value(&self.before) != value(&self.after)
    }
}

/// A value with its place in the history.
#[derive(Clone, Debug)]
pub struct Once {
    pub id: AttributeId,
    pub held: Held,
    pub superseded_at: Option<Timestamp>,
}

/// What the person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The new values count.
    Update,
    /// The old ones do; the new ones are forgotten.
    Keep,
}

impl Decision {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Update => "updated",
            Self::Keep => "kept",
        }
    }
}

impl App {
    /// Lets a card reading wait for its person; what waited before is replaced by it.
    pub(super) async fn propose(
        &self,
        tx: &mut Tx,
        key: &AccountKey,
        account: AccountId,
        proven: &[Proven],
        now: Timestamp,
    ) -> Result<ChangeId, Failure> {
        let kept: Vec<Kept> = proven
            .iter()
            .map(|one| Kept {
                name: one.attribute.name.to_owned(),
                value: one.value.clone(),
                not_applicable: one.not_applicable,
                // Of the reading, not of the decision.
                proof: Proof {
                    verified_at: one.proof.verified_at.or(Some(now)),
                    ..one.proof.clone()
                },
            })
            .collect();
        let plain = serde_json::to_vec(&kept).map_err(|_| Failure::StoredAnswer)?;
        let id = ChangeId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let payload = key.seal_text(&seal_name(id), &plain)?;
        changes::end(tx, account, "replaced", now).await?;
        let level = proven.iter().filter_map(|one| one.proof.level).max();
        let new = Waiting { id, payload, level, proposed_at: now };
        changes::add(tx, account, &new).await?;
        Ok(id)
    }

    /// What waits for this person, side by side with what is on file.
    pub async fn pending_change(&self, account: AccountId) -> Result<Option<Comparison>, Failure> {
        let mut tx = self.db.read().await?;
        let row = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let Some(waiting) = changes::waiting(&mut tx, account).await? else { return Ok(None) };
        let key = self.vault.key_of(&row)?;
        let current = key.open_values(&attributes::current(&mut tx, account).await?)?;
        let lines = read(&key, &waiting)?.into_iter().map(|new| {
            let old = before(&current, &new.stated()).cloned();
            let name = new.attribute.name.to_owned();
            let after = Held {
                name: name.clone(),
                value: new.value,
                proof: new.proof,
                recorded_at: waiting.proposed_at,
            };
            let says = !after.value.is_empty() || new.not_applicable;
            ComparisonLine { name, before: old, after: says.then_some(after) }
        });
        let lines = lines.collect();
        let (id, level, proposed_at) = (waiting.id, waiting.level, waiting.proposed_at);
        Ok(Some(Comparison { id, proposed_at, level, lines }))
    }

    /// Takes the new values over, or forgets them.
    pub async fn decide_change(
        &self,
        order: &Order,
        account: AccountId,
        id: ChangeId,
        decision: Decision,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if order.begin(&mut tx, now).await?.is_some() {
            return Ok(());
        }
        let row = accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let waiting = changes::waiting(&mut tx, account).await?.filter(|w| w.id == id);
        let waiting = waiting.ok_or(Failure::UnknownChange)?;
        let key = self.vault.key_of(&row)?;
        let proven = read(&key, &waiting)?;
        if decision == Decision::Update {
            self.store(&mut tx, &key, account, &proven, now).await?;
        }
        changes::end(&mut tx, account, decision.as_str(), now).await?;
        let names: Names = proven.iter().map(|one| one.attribute.name).collect();
        let detail = format!("decision={} attributes={}", decision.as_str(), names.to_text());
        let fact = Fact { account, level: order.level, outcome: "done", detail: &detail };
        record(&mut tx, order, &fact, now).await?;
        order.finish(&mut tx, b"").await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }

    /// Up to `limit` values that the account holds or held, newest first.
    pub async fn attribute_history(
        &self,
        account: AccountId,
        before: (Timestamp, AttributeId),
        limit: i64,
    ) -> Result<Vec<Once>, Failure> {
        let mut tx = self.db.read().await?;
        let row = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&row)?;
        let stored = attributes::history(&mut tx, account, before, limit).await?;
        let once = |one: &attributes::Stored| {
            let (id, superseded_at) = (one.id, one.superseded_at);
            key.open_value(one).map(|held| Once { id, held, superseded_at })
        };
        Ok(stored.iter().map(once).collect::<Result<_, _>>()?)
    }
}

fn seal_name(id: ChangeId) -> String {
    format!("change/{id}")
}

/// Attributes that left the catalogue meanwhile are left out.
pub(super) fn read(key: &AccountKey, waiting: &Waiting) -> Result<Vec<Proven>, Failure> {
    let plain = key.open_text(&seal_name(waiting.id), &waiting.payload)?;
    let kept: Vec<Kept> = serde_json::from_slice(&plain).map_err(|_| Failure::StoredAnswer)?;
    let proven = kept.into_iter().filter_map(|one| {
        let attribute = catalogue::attribute(&one.name)?;
        let Kept { value, not_applicable, proof, .. } = one;
        Some(Proven { attribute, value, not_applicable, proof })
    });
    Ok(proven.collect())
}
