use super::{App, Failure, Order, record};
use crate::domain::Recipient;
use crate::store::contacts::{self, Contact};
use crate::store::deleted;

/// Where a recipient is reached from now on.
pub struct NewContact {
    pub recipient: Recipient,
    /// `None`: no longer.
    pub email: Option<String>,
    /// `de` or `en`.
    pub locale: String,
}

impl App {
    /// Sets or removes an address. A removed one leaves a mark: that recipient is not reached,
    /// while the address of an unknown account is on its way.
    pub async fn set_contact(&self, order: &Order, new: &NewContact) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if !order.is_fresh(&mut tx, now).await? {
            return Ok(());
        }
        if deleted::is(&mut tx, &deleted::name(new.recipient)).await? {
            // The order was on its way when the account was deleted.
            order.finish(&mut tx).await?;
            return Ok(tx.commit().await?);
        }
        let seal = |email: &String| self.vault.seal_address(new.recipient, email);
        let address = new.email.as_ref().map(seal).transpose()?;
        let detail = if address.is_some() { "set" } else { "removed" };
        let contact = Contact { address, locale: new.locale.clone() };
        contacts::set(&mut tx, new.recipient, &contact, now).await?;
        record(&mut tx, order, Some(new.recipient), detail, now).await?;
        order.finish(&mut tx).await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }
}
