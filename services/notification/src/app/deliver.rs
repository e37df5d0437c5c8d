use futures_util::future::join_all;
use siegel_db::StoreError;
use siegel_db::outbox::{Done, Job};

use super::{App, Failure};
use crate::domain::{Contact, Content, State, give_up_at};
use crate::mail::render;
use crate::ports::smtp::{Envelope, Outcome};
use crate::store::contacts;
use crate::store::orders::{self, OrderId, Stored};

/// Sends mails until the task is dropped, over as many connections as there are.
pub async fn work(app: App) {
    loop {
        match drain(&app).await {
            // There was something: perhaps there is more than one connection can carry.
            Ok(true) => {
                let helpers = (1..app.smtp.connections()).map(|_| drain(&app));
                for failed in join_all(helpers).await.into_iter().filter_map(Result::err) {
                    log(&failed);
                }
            }
            Ok(false) => app.outbox.idle().await,
            Err(error) => {
                log(&error);
                app.outbox.idle().await;
            }
        }
    }
}

fn log(error: &StoreError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "the outbox cannot read its jobs");
}

/// Does one due job, and then all that are due if `Ok(true)`.
async fn drain(app: &App) -> Result<bool, StoreError> {
    let mut any = false;
    while app.outbox.step(&|job| attempt(app, job)).await? {
        any = true;
    }
    Ok(any)
}

async fn attempt(app: &App, job: Job) -> Done {
    let Some(id) = String::from_utf8(job.payload).ok().and_then(|text| text.parse().ok()) else {
        tracing::error!(job = job.id, kind = %job.kind, "a job of the outbox cannot be read");
        return Done::Remove;
    };
    match app.deliver(id).await {
        Ok(true) => Done::Remove,
        Ok(false) => Done::Retry,
        Err(failure) => {
            let error = &failure as &dyn std::error::Error;
            tracing::error!(error, order.id = %id, "an order cannot be worked on");
            Done::Retry
        }
    }
}

impl App {
    /// Tries to send one order; whether it is finished.
    #[tracing::instrument(name = "notification.deliver", skip_all, fields(order.id = %id))]
    async fn deliver(&self, id: OrderId) -> Result<bool, Failure> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let Some(order) = orders::find(&mut tx, id).await? else { return Ok(true) };
        let Some(sealed) = order.content.as_deref() else { return Ok(true) };
        let content = self.vault.open_content(id, sealed)?;
        if now >= give_up_at(&content, order.created_at) {
            drop(tx);
            return self.end(id, State::Failed, Some("EXPIRED")).await;
        }
        let contact = self.contact(&mut tx, &order, &content).await?;
        drop(tx);
        let Some(contact) = contact else { return self.end(id, State::NoContact, None).await };
        let mail = render(&content, contact.locale, &self.origin);
        let envelope = Envelope { id, to: contact.email, at: now };
        match self.smtp.send(&envelope, mail).await {
            Outcome::Sent => self.end(id, State::Sent, None).await,
            Outcome::Refused(code) => {
                tracing::info!(smtp.code = code, "a mail was refused for good");
                self.end(id, State::Failed, Some(&format!("SMTP_{code}"))).await
            }
            Outcome::Later(why) => {
                tracing::warn!(reason = why, "a mail was not accepted yet");
                Ok(false)
            }
        }
    }

    /// Whom the mail goes to, as of now.
    async fn contact(
        &self,
        tx: &mut siegel_db::Tx,
        order: &Stored,
        content: &Content,
    ) -> Result<Option<Contact>, Failure> {
        if let Content::Code { email, locale, .. } = content {
            return Ok(Some(Contact { email: email.clone(), locale: *locale }));
        }
        let recipient = order.recipient.as_deref().ok_or(Failure::StoredValue)?;
        let stored = contacts::find(tx, recipient).await?;
        Ok(stored.map(|stored| self.vault.open_contact(recipient, &stored)).transpose()?)
    }

    async fn end(&self, id: OrderId, state: State, failure: Option<&str>) -> Result<bool, Failure> {
        let mut tx = self.db.begin().await?;
        orders::finish(&mut tx, id, state, failure, self.clock.now()).await?;
        tx.commit().await?;
        Ok(true)
    }
}
