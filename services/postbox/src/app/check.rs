//! Whether letters to these recipients would reach anybody.

use std::collections::{BTreeSet, HashMap};

use siegel_kernel::{AccountId, TrustLevel};

use super::Postbox;
use super::submit::{SenderClient, SubmitError};
use crate::domain::{HandleId, MailboxId};
use crate::ports::levels;
use crate::store::{mailboxes, opt_outs, senders};

/// Handles of one question.
pub const MOST: usize = 1_000;

/// What a recipient excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptOut {
    Nothing,
    All,
    Sender,
}

/// What is known about a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient {
    pub opt_out: OptOut,
    /// Whether they were ever identified at the level asked for; `None`: not asked, or not known.
    pub reached: Option<bool>,
}

/// `None`: nobody, whyever.
pub type Checked = Option<Recipient>;

impl Postbox {
    /// Looks up handles for a sender, in their order. `None` among them: text that is no handle.
    #[tracing::instrument(name = "postbox.check_recipients", skip_all)]
    pub async fn check_recipients(
        &self,
        who: &SenderClient,
        handles: &[Option<HandleId>],
        level: Option<TrustLevel>,
    ) -> Result<Vec<Checked>, SubmitError> {
        if handles.is_empty() || handles.len() > MOST {
            return Err(SubmitError::field("handles", "must be 1 to 1,000"));
        }
        let mut tx = self.db.read().await?;
        let sender = senders::find(&mut tx, &who.client_id, &who.tenant).await?;
        let sender = sender.ok_or(SubmitError::SenderUnknown)?;
        let asked: Vec<HandleId> = handles.iter().flatten().copied().collect();
        let found = mailboxes::reached(&mut tx, &asked, &sender.sector).await?;
        let mailboxes: Vec<MailboxId> = found.values().map(|(mailbox, _)| *mailbox).collect();
        let excluded = opt_outs::excluded(&mut tx, &mailboxes, &sender.client_id).await?;
        drop(tx);
        let reached = match level {
            Some(level) => self.reached(found.values().filter_map(|(_, of)| *of), level).await,
            None => HashMap::new(),
        };
        let told = |(mailbox, of): (MailboxId, Option<AccountId>)| Recipient {
            opt_out: match excluded.get(&mailbox) {
                None => OptOut::Nothing,
                Some(true) => OptOut::Sender,
                Some(false) => OptOut::All,
            },
            reached: of.and_then(|account| reached.get(&account).copied()),
        };
        let one = |handle: &Option<HandleId>| handle.and_then(|handle| found.get(&handle)).copied();
        Ok(handles.iter().map(|handle| one(handle).map(told)).collect())
    }

    /// What `account` knows; nothing while it is out of reach: a check before writing is no reason
    /// not to write.
    async fn reached(
        &self,
        accounts: impl Iterator<Item = AccountId>,
        level: TrustLevel,
    ) -> HashMap<AccountId, bool> {
        let accounts: BTreeSet<AccountId> = accounts.collect();
        if accounts.is_empty() {
            return HashMap::new();
        }
        match levels::check(&self.siblings, &accounts, level).await {
            Ok(reached) => accounts.into_iter().zip(reached).collect(),
            Err(status) => {
                tracing::warn!(code = ?status.code(), "levels of recipients are not known now");
                HashMap::new()
            }
        }
    }
}
