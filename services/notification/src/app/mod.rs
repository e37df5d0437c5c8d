//! Use cases: each is one transaction; mails leave afterwards, from the outbox.

mod delete;
mod deliver;
mod failure;
mod order;
mod order_mail;
mod push;
mod set_contact;
mod vault;
mod work;

use std::sync::Arc;

use siegel_db::audit::{self, Entry};
use siegel_db::events::Feed;
use siegel_db::outbox::Outbox;
use siegel_db::{Db, StoreError, Tx};
use siegel_egress::Egress;
use siegel_grpc::Siblings;
use siegel_kernel::{Clock, Entropy, Timestamp};

pub use failure::Failure;
pub use order::Order;
pub use push::{Push, Pushed};
pub use set_contact::NewContact;
pub use vault::Vault;
pub use work::work;

use crate::domain::Recipient;

/// Kinds of audit events; the access table names them.
pub mod kinds {
    pub const CODE_ORDERED: &str = "notification.code.ordered";
    pub const CONTACT_SET: &str = "notification.contact.set";
    pub const EVENT_PUSHED: &str = "notification.event.pushed";
    pub const NOTICE_ORDERED: &str = "notification.notice.ordered";
}

/// What the use cases work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub db: Db,
    pub feed: Feed,
    pub outbox: Outbox,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub vault: Vault,
    pub siblings: Siblings,
    /// The way to addresses that others named.
    pub egress: Egress,
    /// Where links lead, without a slash at the end.
    pub origin: Arc<str>,
}

impl App {
    /// Wakes what works on a commit: the audit chain, the outbox.
    fn committed(&self) {
        self.feed.committed();
        self.outbox.committed();
    }
}

/// Writes a line of the audit trail. An account appears under its audit pseudonym only, an
/// address not at all.
async fn record(
    tx: &mut Tx,
    order: &Order,
    subject: Option<Recipient>,
    detail: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let subject = match subject {
        Some(Recipient::Account(id)) => siegel_grpc::audit_name(id),
        Some(Recipient::Organisation(id)) => id.to_string(),
        None => String::new(),
    };
    let entry = Entry {
        kind: order.kind,
        actor: &order.caller,
        subject: &subject,
        level: None,
        outcome: "done",
        request_id: &order.request_id,
        detail,
        at,
    };
    audit::record(tx, &entry).await
}
