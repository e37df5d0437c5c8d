use siegel_db::Tx;
use siegel_kernel::{AccountId, TrustLevel};

use super::consents::detail;
use super::{App, Fact, Failure, Order, record};
use crate::domain::{Asked, Held, Names, effective};
use crate::store::accounts::{self, Account};
use crate::store::{attributes, consents, disclosures};

/// What a release would give out.
#[derive(Clone, Debug)]
pub struct Preview {
    pub attributes: Vec<Held>,
    /// Whether a standing consent covers all that was asked.
    pub consented: bool,
}

impl App {
    /// What the consent page shows. An empty purpose is covered by a consent for any purpose.
    pub async fn preview_release(
        &self,
        account: AccountId,
        asked: &Asked,
    ) -> Result<Preview, Failure> {
        let mut tx = self.db.read().await?;
        let row = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let attributes = self.releasable(&mut tx, &row, &asked.attributes).await?;
        let consented = is_covered(&mut tx, account, asked, asked.purpose.is_empty()).await?;
        Ok(Preview { attributes, consented })
    }

    /// Gives out attributes under a standing consent; the disclosure log is written with it.
    pub async fn release(
        &self,
        order: &Order,
        account: AccountId,
        asked: &Asked,
        session_level: TrustLevel,
    ) -> Result<Vec<Held>, Failure> {
        let result = self.give_out(order, account, asked, session_level).await;
        self.audited(order, account, result).await
    }

    async fn give_out(
        &self,
        order: &Order,
        account: AccountId,
        asked: &Asked,
        session_level: TrustLevel,
    ) -> Result<Vec<Held>, Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let done = order.begin(&mut tx, now).await?;
        let row = accounts::lock(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&row)?;
        // Also of an answer that is repeated: a grant repeats its own for weeks.
        if !is_covered(&mut tx, account, asked, false).await? {
            return Err(Failure::ConsentRequired);
        }
        if let Some(sealed) = done {
            let answer = key.open_answer(&order.request_id, &sealed)?;
            let told: Vec<Held> =
                serde_json::from_slice(&answer).map_err(|_| Failure::StoredAnswer)?;
            return Ok(told.into_iter().filter(|held| held.may_be_released(now)).collect());
        }
        let released = self.releasable(&mut tx, &row, &asked.attributes).await?;
        let names: Names = released.iter().map(|held| held.name.as_str()).collect();
        if !names.is_empty() {
            let to = Asked { attributes: names.clone(), ..asked.clone() };
            disclosures::add(&mut tx, account, &to, session_level, now).await?;
        }
        let detail = detail(asked, &names);
        let fact = Fact { account, level: Some(session_level), outcome: "done", detail: &detail };
        record(&mut tx, order, &fact, now).await?;
        let answer = serde_json::to_vec(&released).map_err(|_| Failure::StoredAnswer)?;
        order.finish(&mut tx, &key.seal_answer(&order.request_id, &answer)?).await?;
        tx.commit().await?;
        self.committed();
        Ok(released)
    }

    /// Those of the asked attributes that the account has at a known level and that still hold.
    async fn releasable(
        &self,
        tx: &mut Tx,
        account: &Account,
        asked: &Names,
    ) -> Result<Vec<Held>, Failure> {
        let stored = attributes::current(tx, account.id).await?;
        let now = self.clock.now();
        let held = effective(&self.vault.key_of(account)?.open_values(&stored)?, now);
        let wanted = |h: &Held| asked.contains(&h.name) && h.may_be_released(now);
        Ok(held.into_iter().filter(wanted).collect())
    }
}

/// Whether a standing consent covers client, attributes and purpose.
async fn is_covered(
    tx: &mut Tx,
    account: AccountId,
    asked: &Asked,
    any_purpose: bool,
) -> Result<bool, Failure> {
    let standing = consents::standing(tx, account).await?;
    Ok(standing.iter().any(|consent| {
        consent.asked.client_id == asked.client_id
            && (any_purpose || consent.asked.purpose == asked.purpose)
            && consent.asked.attributes.cover(&asked.attributes)
    }))
}
