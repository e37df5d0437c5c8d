use siegel_db::Tx;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::{App, Failure};
use crate::domain::{Held, display_name, effective};
use crate::store::accounts::{self, Account};
use crate::store::attributes;
use crate::store::consents::{self, Consent};

/// An account as its owner sees it.
#[derive(Clone, Debug)]
pub struct Overview {
    pub account: AccountId,
    pub opened_at: Timestamp,
    pub proven_level: TrustLevel,
    pub display_name: String,
}

impl App {
    /// Which of these accounts were ever proven at a level or above, in their order.
    pub async fn check_levels(
        &self,
        ids: &[AccountId],
        level: TrustLevel,
    ) -> Result<Vec<bool>, Failure> {
        let mut tx = self.db.read().await?;
        let found = accounts::at_least(&mut tx, ids, level).await?;
        Ok(ids.iter().map(|id| found.contains(id)).collect())
    }

    pub async fn overview(&self, account: AccountId) -> Result<Overview, Failure> {
        let mut tx = self.db.read().await?;
        let row = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let held = self.held(&mut tx, &row).await?;
        Ok(Overview {
            account,
            opened_at: row.opened_at,
            proven_level: row.proven_level,
            display_name: display_name(&held),
        })
    }

    /// Every attribute with the value that counts.
    pub async fn attributes(&self, account: AccountId) -> Result<Vec<Held>, Failure> {
        let mut tx = self.db.read().await?;
        let row = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        self.held(&mut tx, &row).await
    }

    async fn held(&self, tx: &mut Tx, account: &Account) -> Result<Vec<Held>, Failure> {
        let stored = attributes::current(tx, account.id).await?;
        Ok(effective(&self.vault.key_of(account)?.open_values(&stored)?, self.clock.now()))
    }

    /// The consents that stand, newest first.
    pub async fn consents(&self, account: AccountId) -> Result<Vec<Consent>, Failure> {
        let mut tx = self.db.read().await?;
        accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        Ok(consents::standing(&mut tx, account).await?)
    }
}

#[cfg(test)]
mod tests {
    use siegel_db::Db;
    use siegel_testkit::on_each_backend;

    use super::*;
    use crate::app::testing::{app, opens};

    on_each_backend! { &crate::MIGRATIONS =>
        a_level_is_reached_by_who_was_proven_at_it_or_above,
    }

    async fn a_level_is_reached_by_who_was_proven_at_it_or_above(db: Db) {
        let app = app(db);
        let mut all = Vec::new();
        for n in 1..=150 {
            all.push(opens(&app, n).await);
        }
        let mut tx = app.db.begin().await.unwrap();
        accounts::raise(&mut tx, all[120], TrustLevel::Substantial).await.unwrap();
        tx.commit().await.unwrap();
        let nobody: AccountId = format!("acc_{:032x}", 999).parse().unwrap();
        let asked = [all[0], nobody, all[120], all[0]];
        let told = async |level| app.check_levels(&asked, level).await.unwrap();
        assert_eq!(told(TrustLevel::Basic).await, [true, false, true, true]);
        assert_eq!(told(TrustLevel::Substantial).await, [false, false, true, false]);
        assert_eq!(told(TrustLevel::High).await, [false; 4]);
        let reached = app.check_levels(&all, TrustLevel::Low).await.unwrap();
        assert_eq!(
            reached.iter().filter(|reached| **reached).count(),
            1,
            "more than one statement"
        );
    }
}
