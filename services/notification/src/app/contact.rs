use super::{App, Failure, Write};
use crate::domain::{Contact, Recipient};
use crate::store::contacts;

impl App {
    /// Sets, or with `None` removes, where a recipient is reached.
    pub async fn set_contact(
        &self,
        write: &Write,
        recipient: Recipient,
        contact: Option<&Contact>,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if write.begin(&mut tx, now).await?.is_some() {
            return Ok(());
        }
        let name = recipient.to_string();
        let detail = match contact {
            Some(contact) => {
                let stored = self.vault.seal_contact(recipient, contact)?;
                contacts::set(&mut tx, &name, &stored, now).await?;
                "set"
            }
            None => {
                contacts::remove(&mut tx, &name).await?;
                "removed"
            }
        };
        write.finish(&mut tx, Some(recipient), detail, now, b"").await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }
}
