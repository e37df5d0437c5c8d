//! Whether letters to these recipients would reach anybody.

use super::Postbox;
use super::submit::{SenderClient, SubmitError};
use crate::domain::{HandleId, MailboxId};
use crate::store::mailboxes;
use crate::store::{opt_outs, senders};

/// Handles of one question.
pub const MOST: usize = 1_000;

/// What a recipient excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptOut {
    Nothing,
    All,
    Sender,
}

/// What is known about a recipient; `None`: nobody, whyever.
pub type Checked = Option<OptOut>;

impl Postbox {
    /// Looks up handles for a sender, in their order. `None` among them: text that is no handle.
    #[tracing::instrument(name = "postbox.check_recipients", skip_all)]
    pub async fn check_recipients(
        &self,
        who: &SenderClient,
        handles: &[Option<HandleId>],
    ) -> Result<Vec<Checked>, SubmitError> {
        if handles.is_empty() || handles.len() > MOST {
            return Err(SubmitError::field("handles", "must be 1 to 1,000"));
        }
        let mut tx = self.db.read().await?;
        let sender = senders::find(&mut tx, &who.client_id, &who.tenant).await?;
        let sender = sender.ok_or(SubmitError::SenderUnknown)?;
        let asked: Vec<HandleId> = handles.iter().flatten().copied().collect();
        let found = mailboxes::reached(&mut tx, &asked, &sender.sector).await?;
        let mailboxes: Vec<MailboxId> = found.values().copied().collect();
        let excluded = opt_outs::excluded(&mut tx, &mailboxes, &sender.client_id).await?;
        let mut checked = Vec::with_capacity(handles.len());
        for handle in handles {
            let mailbox = handle.and_then(|handle| found.get(&handle).copied());
            checked.push(mailbox.map(|mailbox| match excluded.get(&mailbox) {
                None => OptOut::Nothing,
                Some(true) => OptOut::Sender,
                Some(false) => OptOut::All,
            }));
        }
        Ok(checked)
    }
}
