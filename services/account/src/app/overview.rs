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
