use siegel_db::{Tx, outbox};
use siegel_kernel::Timestamp;

use super::{App, Failure, JOB, Write};
use crate::domain::{Content, EmailAddress, Locale, Notice, Purpose, Recipient, State};
use crate::store::contacts;
use crate::store::orders::{self, By, OrderId, Stored};

impl App {
    /// Orders a code mail.
    pub async fn order_code(
        &self,
        write: &Write,
        email: EmailAddress,
        locale: Locale,
        purpose: Purpose,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if write.begin(&mut tx, now).await?.is_some() {
            return Ok(());
        }
        let detail = purpose.as_str();
        let content = Content::Code { email, locale, purpose };
        self.enqueue(&mut tx, write, None, &content, now).await?;
        write.finish(&mut tx, None, detail, now, b"").await?;
        tx.commit().await?;
        self.woken();
        Ok(())
    }

    /// Orders a notice; without a contact nothing is queued, and the answer says so.
    pub async fn order_notice(
        &self,
        write: &Write,
        recipient: Recipient,
        notice: Notice,
    ) -> Result<State, Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if let Some(answer) = write.begin(&mut tx, now).await? {
            let number = answer.first().copied().map(i64::from);
            return number.and_then(State::from_number).ok_or(Failure::StoredValue);
        }
        let detail = notice.template.as_str();
        let content = Content::Notice(notice);
        let name = recipient.to_string();
        let known = contacts::find(&mut tx, &name).await?.is_some();
        let id = self.enqueue(&mut tx, write, Some(name), &content, now).await?;
        let mut state = State::Queued;
        if !known {
            state = State::NoContact;
            orders::finish(&mut tx, id, state, None, now).await?;
        }
        let answer = [u8::try_from(state.number()).unwrap_or_default()];
        write.finish(&mut tx, Some(recipient), detail, now, &answer).await?;
        tx.commit().await?;
        self.woken();
        Ok(state)
    }

    /// Writes the order and the job that will send it.
    async fn enqueue(
        &self,
        tx: &mut Tx,
        write: &Write,
        recipient: Option<String>,
        content: &Content,
        now: Timestamp,
    ) -> Result<OrderId, Failure> {
        let id = OrderId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let sealed = self.vault.seal_content(id, content)?;
        let order =
            Stored { id, recipient, content: Some(sealed), state: State::Queued, created_at: now };
        orders::add(tx, By { caller: &write.caller, request_id: &write.request_id }, &order)
            .await?;
        outbox::put(tx, JOB, id.to_string().as_bytes(), now).await?;
        Ok(id)
    }

    /// How an order of this caller stands.
    pub async fn state(&self, caller: &str, request_id: &str) -> Result<State, Failure> {
        let mut tx = self.db.read().await?;
        let state = orders::state_of(&mut tx, By { caller, request_id }).await?;
        state.ok_or(Failure::UnknownOrder)
    }

    fn woken(&self) {
        self.feed.committed();
        self.outbox.committed();
    }
}
