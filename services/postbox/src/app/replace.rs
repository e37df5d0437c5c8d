//! Letters that refer to earlier ones: continuing a thread, taking an earlier letter's place.

use siegel_db::Tx;
use siegel_db::audit::{self, Entry};
use siegel_receipt::{Actor, Kind};

use super::evidence::Fact;
use super::handles::audit_subject;
use super::submit::{Order, SenderClient, SubmitError};
use super::{Now, Postbox, Trouble};
use crate::domain::letter::Letter;
use crate::domain::state::{End, Refusal};
use crate::domain::{LetterId, MailboxId};
use crate::store::letters::{self, LetterRow};
use crate::store::mailboxes;
use crate::store::sent;

/// What is said about a letter id that names no letter of this sender to this recipient: whether
/// it names another's is not told.
const NOT_YOURS: &str = "is no letter of yours to this recipient";

impl Postbox {
    /// The letters named in a new one are this sender's, to this recipient.
    pub(super) async fn check_related(
        &self,
        tx: &mut Tx,
        who: &SenderClient,
        mailbox: MailboxId,
        letter: &Letter,
    ) -> Result<(), SubmitError> {
        let named = [("letter.thread", letter.thread), ("letter.replaces", letter.replaces)];
        for (field, id) in named {
            let Some(id) = id else { continue };
            let sent = sent::find(tx, &who.client_id, id).await?;
            let ours = match sent.filter(|s| s.mailbox_id == mailbox) {
                Some(_) => letters::get(tx, mailbox, id).await?,
                None => None,
            };
            if ours.is_none_or(|l| l.tenant != who.tenant) {
                return Err(SubmitError::field(field, NOT_YOURS));
            }
        }
        Ok(())
    }

    /// Holds the letter whose place is taken, before the mailbox is held: as opening does.
    pub(super) async fn take_replaced(
        &self,
        tx: &mut Tx,
        who: &SenderClient,
        mailbox: MailboxId,
        (order, now): (&Order, Now),
    ) -> Result<Option<LetterRow>, SubmitError> {
        let Some(id) = order.letter.replaces else {
            if order.recalls {
                return Err(SubmitError::field("letter.replaces", "must name a letter"));
            }
            return Ok(None);
        };
        self.check_related(tx, who, mailbox, &order.letter).await?;
        let old = letters::lock(tx, mailbox, id).await?;
        let mut old = old.ok_or(Trouble::Contradiction("a sent letter is gone"))?;
        if old.replaced_by.is_some() {
            return Err(SubmitError::ReplacedBefore);
        }
        self.settle(tx, &mut old, now).await?;
        if order.recalls {
            old.delivery()?.recall().map_err(|refusal| match refusal {
                Refusal::AlreadyOpened => SubmitError::ReplacedOpened,
                _ => SubmitError::ReplacedEnded,
            })?;
        }
        Ok(Some(old))
    }

    /// Signs that the new letter takes the old one's place, and recalls the old one if ordered.
    pub(super) async fn replace(
        &self,
        tx: &mut Tx,
        who: &SenderClient,
        mut old: LetterRow,
        (new, order, now): (&LetterRow, &Order, Now),
    ) -> Result<(), Trouble> {
        old.replaced_by = Some(new.id);
        let mut fact = Fact::by_service(Kind::Superseded, now.legal);
        fact.actor = sender_actor(&old);
        fact.replaced_by = Some(new.id);
        self.attest(tx, &mut old, fact, now).await?;
        if order.recalls {
            self.take_back(tx, &mut old, now).await?;
        }
        letters::save(tx, &old).await?;
        let kind = "postbox.letter.superseded";
        self.audit_sender(tx, who, &old, (kind, &order.request_id, "done"), now).await
    }

    /// Ends a letter that may be recalled. The caller saves it.
    pub(super) async fn take_back(
        &self,
        tx: &mut Tx,
        letter: &mut LetterRow,
        now: Now,
    ) -> Result<(), Trouble> {
        let recalled = letter.delivery()?.recall();
        letter.set_delivery(recalled.map_err(|_| Trouble::Contradiction("recalled too late"))?);
        self.no_longer_unread(tx, letter).await?;
        (letter.announced_on, letter.legal_effect) = (None, None);
        let mut fact = Fact::by_service(Kind::Recalled, now.legal);
        fact.actor = sender_actor(letter);
        self.attest(tx, letter, fact, now).await?;
        Ok(())
    }

    /// One line per act of a sender on a letter it sent.
    pub(super) async fn audit_sender(
        &self,
        tx: &mut Tx,
        who: &SenderClient,
        letter: &LetterRow,
        (kind, request_id, outcome): (&str, &str, &str),
        now: Now,
    ) -> Result<(), Trouble> {
        let mailbox = mailboxes::by_id(tx, letter.mailbox_id).await?;
        let subject = match mailbox {
            Some(mailbox) => audit_subject(mailbox.owner()),
            // It never came to one.
            None if letter.state == End::Rejected.as_str() => String::new(),
            None => return Err(Trouble::Contradiction("a letter's mailbox is gone")),
        };
        let entry = Entry {
            kind,
            actor: &who.name,
            subject: &subject,
            level: None,
            outcome,
            request_id,
            detail: &letter.id.to_string(),
            at: now.recorded,
        };
        Ok(audit::record(tx, &entry).await?)
    }
}

fn sender_actor(letter: &LetterRow) -> Actor {
    Actor {
        role: "sender".into(),
        pseudonym: None,
        trust_level: None,
        authenticated_at: None,
        client_id: Some(letter.client_id.clone()),
    }
}

/// A letter of this sender by its id; whose else it is is not told.
pub(super) async fn sent_row(
    tx: &mut Tx,
    who: &SenderClient,
    letter: LetterId,
) -> Result<Option<LetterRow>, Trouble> {
    let Some(sent) = sent::find(tx, &who.client_id, letter).await? else { return Ok(None) };
    let row = letters::lock(tx, sent.mailbox_id, letter).await?;
    Ok(row.filter(|l| l.tenant == who.tenant))
}
