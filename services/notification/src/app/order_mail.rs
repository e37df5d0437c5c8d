use siegel_db::{Tx, outbox};
use siegel_kernel::Timestamp;

use super::{App, Failure, Order, record};
use crate::domain::{Mail, Recipient, State};
use crate::store::orders::{self, NewOrder, OrderId};
use crate::store::{contacts, deleted};

/// Kind of the outbox job; its payload is the id of the order.
pub const JOB: &str = "mail";

impl App {
    /// Orders a mail to an address that no account owns yet.
    pub async fn order_code(&self, order: &Order, mail: &Mail) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if !order.is_fresh(&mut tx, now).await? {
            return Ok(());
        }
        self.queue(&mut tx, order, mail, "", now).await?;
        record(&mut tx, order, None, "", now).await?;
        order.finish(&mut tx).await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }

    /// Orders a notice; a repeated order answers how the first one stands.
    pub async fn order_notice(
        &self,
        order: &Order,
        recipient: Recipient,
        mail: &Mail,
    ) -> Result<State, Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if !order.is_fresh(&mut tx, now).await? {
            let state = orders::state(&mut tx, &order.caller, &order.request_id).await?;
            return state.ok_or(Failure::UnknownOrder);
        }
        let contact = contacts::find(&mut tx, recipient).await?;
        let name = deleted::name(recipient);
        let reachable = match contact {
            // Whoever ordered it did not know yet.
            _ if deleted::is(&mut tx, &name).await? => false,
            Some(contact) => contact.address.is_some(),
            // An account opens with an address: the order that brings it here is on its way.
            None => matches!(recipient, Recipient::Account(_)),
        };
        let state = if reachable {
            self.queue(&mut tx, order, mail, &name, now).await?;
            State::Queued
        } else {
            let id = OrderId::new(self.clock.as_ref(), self.entropy.as_ref())?;
            let (caller, request_id) = (&order.caller, &order.request_id);
            let state = State::NoContact;
            let (mail, recipient_name) = (None, name.as_str());
            let row = NewOrder { id, caller, request_id, state, mail, recipient_name, at: now };
            orders::add(&mut tx, &row).await?;
            state
        };
        record(&mut tx, order, Some(recipient), state.as_str(), now).await?;
        order.finish(&mut tx).await?;
        tx.commit().await?;
        self.committed();
        Ok(state)
    }

    /// How an order stands; callers see their own only.
    pub async fn state(&self, caller: &str, request_id: &str) -> Result<State, Failure> {
        let mut tx = self.db.read().await?;
        orders::state(&mut tx, caller, request_id).await?.ok_or(Failure::UnknownOrder)
    }

    async fn queue(
        &self,
        tx: &mut Tx,
        order: &Order,
        mail: &Mail,
        recipient_name: &str,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let id = OrderId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let sealed = self.vault.seal_mail(id, mail)?;
        let row = NewOrder {
            id,
            caller: &order.caller,
            request_id: &order.request_id,
            state: State::Queued,
            mail: Some(sealed),
            recipient_name,
            at: now,
        };
        orders::add(tx, &row).await?;
        // The job names the order: the outbox is not sealed.
        Ok(outbox::put(tx, JOB, id.to_string().as_bytes(), now).await?)
    }
}
