//! Letters of the suite itself. They go the way of every letter: sealed, signed for, announced.

use bytes::Bytes;
use futures_util::stream;
use siegel_db::audit::{self, Entry};
use siegel_kernel::{OrganisationId, TrustLevel};

use super::submit::{Order, SenderClient, SubmitError, Submitted};
use super::{Postbox, Trouble};
use crate::domain::HandleId;
use crate::domain::attachment::Declaration;
use crate::domain::letter::{Body, DeliveryType, Letter, line};
use crate::store::mailboxes::{self, Owner};
use crate::store::senders::{self, Sender};

/// Client, tenant and sector of the suite's own letters. No client of anybody else has such an id.
const HOUSE: &str = "service:organisation";

/// A letter of the suite to an organisation.
#[derive(Clone, Debug)]
pub struct HouseLetter {
    pub request_id: String,
    pub organisation: OrganisationId,
    /// Who sends it, as people see it.
    pub sender: String,
    pub subject: String,
    pub bodies: Vec<Body>,
    pub attachments: Vec<Declaration>,
}

impl Postbox {
    /// Delivers a letter of the suite; `None` when the organisation has no mailbox.
    #[tracing::instrument(name = "postbox.deliver_house_letter", skip_all)]
    pub async fn deliver_house_letter(
        &self,
        caller: &str,
        letter: HouseLetter,
        content: Vec<Bytes>,
    ) -> Result<Option<Submitted>, SubmitError> {
        if let Some(violation) = line("sender", &letter.sender, true) {
            return Err(SubmitError::Malformed(vec![violation]));
        }
        let Some(handle) = self.house_handle(caller, &letter).await? else { return Ok(None) };
        let who = SenderClient {
            client_id: HOUSE.to_owned(),
            tenant: HOUSE.to_owned(),
            name: caller.to_owned(),
        };
        let HouseLetter { request_id, attachments, .. } = &letter;
        let order = Order {
            request_id: request_id.clone(),
            attachments: attachments.clone(),
            letter: written(handle, letter),
            uploads: Vec::new(),
            recalls: false,
        };
        let content = stream::iter(content.into_iter().map(Ok));
        self.submit(&who, &order, content).await.map(Some)
    }

    /// The handle of an organisation that has a mailbox, for the suite as a sender.
    async fn house_handle(
        &self,
        caller: &str,
        letter: &HouseLetter,
    ) -> Result<Option<HandleId>, SubmitError> {
        let now = self.now().recorded;
        let mut tx = self.db.begin().await?;
        let owner = Owner::Organisation(letter.organisation);
        let Some(mailbox) = mailboxes::of_owner(&mut tx, owner).await? else { return Ok(None) };
        let sender = Sender {
            client_id: HOUSE.to_owned(),
            tenant: HOUSE.to_owned(),
            sector: HOUSE.to_owned(),
            authority: letter.sender.clone(),
            ars: String::new(),
            service_id: String::new(),
        };
        senders::put(&mut tx, &sender, now).await?;
        let mut handle = mailboxes::handle_of(&mut tx, mailbox.id, HOUSE).await?;
        if handle.is_none() {
            let id =
                HandleId::new(self.clock.as_ref(), self.entropy.as_ref()).map_err(Trouble::from)?;
            mailboxes::add_handle(&mut tx, id, mailbox.id, HOUSE, now).await?;
            let entry = Entry {
                kind: "postbox.handle.issued",
                actor: caller,
                subject: &letter.organisation.to_string(),
                level: None,
                outcome: "done",
                request_id: &letter.request_id,
                detail: HOUSE,
                at: now,
            };
            audit::record(&mut tx, &entry).await?;
            handle = mailboxes::handle_of(&mut tx, mailbox.id, HOUSE).await?;
        }
        tx.commit().await?;
        Ok(handle)
    }
}

/// It tells, and asks for nothing; whoever may read the mail at all may read it.
fn written(handle: HandleId, letter: HouseLetter) -> Letter {
    Letter {
        handle,
        sender_reference: String::new(),
        subject: letter.subject,
        bodies: letter.bodies,
        hide_preview: false,
        required_level: TrustLevel::Substantial,
        important: true,
        delivery_type: DeliveryType::Information,
        legal_basis: None,
        case_id: String::new(),
        bulk: false,
        thread: None,
        replaces: None,
        publish_at: None,
        instruction: None,
        service_use: None,
        reminder: None,
        retention_class: String::new(),
        retrieve_until: None,
        actions: Vec::new(),
    }
}
