use siegel_db::outbox;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_oidc::catalogue;

use super::vault::AccountKey;
use super::{App, Fact, Failure, Order, announce, record};
use crate::domain::{BadField, Proof};
use crate::ports::contact;
use crate::store::accounts::{self, Account};
use crate::store::attributes::{self, AttributeId, Stored};
use crate::store::deleted;

/// An account that identity has minted an id for.
#[derive(Clone, Debug)]
pub struct Opening {
    pub account: AccountId,
    /// Confirmed by a code; empty for a person who came from another provider without one.
    pub email: String,
    /// `de` or `en`.
    pub locale: String,
}

impl Opening {
    fn check(&self) -> Result<(), BadField> {
        let email = catalogue::attribute("email").map(|row| row.check(&self.email));
        if !self.email.is_empty() && !matches!(email, Some(Ok(()))) {
            return Err(BadField::new("email", "is not an e-mail address"));
        }
        if !matches!(self.locale.as_str(), "de" | "en") {
            return Err(BadField::new("locale", "is neither de nor en"));
        }
        Ok(())
    }
}

impl App {
    /// Opens an account with its confirmed address, if it has one, and orders notification to learn
    /// it.
    pub async fn open_account(&self, order: &Order, opening: &Opening) -> Result<(), Failure> {
        opening.check()?;
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if order.begin(&mut tx, now).await?.is_some() {
            return Ok(());
        }
        if deleted::is(&mut tx, &siegel_grpc::audit_name(opening.account)).await? {
            // The order was on its way when the account was deleted.
            order.finish(&mut tx, b"").await?;
            return Ok(tx.commit().await?);
        }
        let (key, data_key) = self.vault.new_key(opening.account)?;
        let account = Account {
            id: opening.account,
            opened_at: now,
            proven_level: TrustLevel::Basic,
            locale: opening.locale.clone(),
            data_key,
        };
        if !accounts::add(&mut tx, &account).await? {
            return Err(Failure::AlreadyOpen);
        }
        announce(&mut tx, "account.opened", account.id, now).await?;
        if !opening.email.is_empty() {
            let confirmed = Proof::confirmed(now);
            let email = self.sealed(&key, account.id, "email", &opening.email, confirmed, now)?;
            attributes::add(&mut tx, &email).await?;
            self.contact_changed(&mut tx, account.id, email.id, now).await?;
        }
        let fact = Fact { account: account.id, level: None, outcome: "done", detail: "" };
        record(&mut tx, order, &fact, now).await?;
        order.finish(&mut tx, b"").await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }

    /// A value with its seal, ready to be stored.
    pub(super) fn sealed(
        &self,
        key: &AccountKey,
        account: AccountId,
        name: &str,
        value: &str,
        proof: Proof,
        at: Timestamp,
    ) -> Result<Stored, Failure> {
        let id = AttributeId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        Ok(Stored {
            id,
            account,
            name: name.to_owned(),
            value: key.seal_value(id, name, value)?,
            proof,
            recorded_at: at,
            superseded_at: None,
        })
    }

    /// The address changed: tells the others that, and notification what it is.
    pub(super) async fn contact_changed(
        &self,
        tx: &mut siegel_db::Tx,
        account: AccountId,
        email: AttributeId,
        at: Timestamp,
    ) -> Result<(), Failure> {
        announce(tx, "contact.changed", account, at).await?;
        // The job names the row, not the address: the outbox is not sealed.
        Ok(outbox::put(tx, contact::JOB, email.to_string().as_bytes(), at).await?)
    }
}
