//! Use cases: each is one transaction.

mod change_email;
mod changes;
mod consents;
mod delete;
pub mod documents;
mod export;
mod failure;
mod grants;
mod identification;
mod import;
mod import_sweep;
mod merge;
mod offers;
mod open_account;
mod order;
mod overview;
mod privacy;
mod release;
mod set_attribute;
mod staff;
#[cfg(test)]
mod testing;
mod uploads;
mod vault;

use std::sync::Arc;

use siegel_db::audit::{self, Entry};
use siegel_db::events::{self, Feed, NewEvent};
use siegel_db::outbox::Outbox;
use siegel_db::{Db, StoreError, Tx};
use siegel_kernel::{AccountId, Clock, Entropy, Timestamp, TrustLevel};

pub use changes::{Comparison, Decision, Once};
pub use documents::Safe;
pub use failure::Failure;
pub use grants::{Granting, Shown};
pub use identification::Proven;
pub use import::{Import, ImportError, Importing, Numbered};
pub use offers::Offer;
pub use open_account::Opening;
pub use order::Order;
pub use privacy::{Export, Receipted, Told};
pub use set_attribute::Said;
pub use staff::{Look, Reason};
pub use vault::Vault;

/// Topic of what others may learn about accounts.
pub const TOPIC: &str = "accounts";

/// Kinds of audit events; the access table names them.
pub mod kinds {
    pub const OPENED: &str = "account.account.opened";
    pub const ATTRIBUTE_SET: &str = "account.attribute.set";
    pub const EMAIL_CHANGED: &str = "account.email.changed";
    pub const IDENTIFIED: &str = "account.identification.recorded";
    pub const CONSENT_GIVEN: &str = "account.consent.given";
    pub const CONSENT_WITHDRAWN: &str = "account.consent.withdrawn";
    pub const DELETED: &str = "account.account.deleted";
    pub const EXPORTED: &str = "account.account.exported";
    pub const RELEASED: &str = "account.attributes.released";
    pub const CHANGE_DECIDED: &str = "account.change.decided";
    pub const LOOKED_UP: &str = "account.staff.looked_up";
    pub const DOCUMENT_STORED: &str = "account.document.stored";
    pub const DOCUMENT_DEPOSITED: &str = "account.document.deposited";
    pub const DOCUMENT_RENAMED: &str = "account.document.renamed";
    pub const DOCUMENT_DELETED: &str = "account.document.deleted";
    pub const DOCUMENT_GRANTED: &str = "account.document.granted";
    pub const DOCUMENT_GRANT_REVOKED: &str = "account.document.grant_revoked";
    pub const DOCUMENT_DOWNLOADED: &str = "account.document.downloaded";
    pub const DISCLOSURES_EXPORTED: &str = "account.disclosures.exported";
    pub const IMPORT_BEGUN: &str = "account.import.begun";
    pub const IMPORT_FINISHED: &str = "account.import.finished";
    pub const IMPORT_EXPIRED: &str = "account.import.expired";
    pub const MERGED: &str = "account.account.merged";
    pub const OFFER_ACCEPTED: &str = "account.offer.accepted";
    pub const OFFER_DECLINED: &str = "account.offer.declined";
    pub const DOCUMENT_REDEEMED: &str = "account.document.redeemed";
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
    /// The document safe; `None`: this installation keeps no documents.
    pub safe: Option<Safe>,
    /// The tenant whose staff may look into accounts; `None`: nobody may.
    pub operator_tenant: Option<String>,
    /// The least level at which an account elsewhere is claimed.
    pub claim_floor: TrustLevel,
}

/// What happened, for the audit trail.
struct Fact<'a> {
    account: AccountId,
    level: Option<TrustLevel>,
    outcome: &'a str,
    detail: &'a str,
}

impl App {
    /// Wakes what works on a commit: numbering of events, the outbox.
    fn committed(&self) {
        self.feed.committed();
        self.outbox.committed();
    }

    /// Writes a refusal into the audit trail, in a transaction of its own; gives back the result.
    async fn audited<T>(
        &self,
        order: &Order,
        account: AccountId,
        result: Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Err(failure) = &result
            && let Some(outcome) = failure.refusal()
        {
            let mut tx = self.db.begin().await?;
            let fact = Fact { account, level: order.level, outcome, detail: "" };
            record(&mut tx, order, &fact, self.clock.now()).await?;
            tx.commit().await?;
            self.feed.committed();
        }
        result
    }
}

/// Writes a line of the audit trail. The account appears under its audit pseudonym only.
async fn record(
    tx: &mut Tx,
    order: &Order,
    fact: &Fact<'_>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let subject = siegel_grpc::audit_name(fact.account);
    let entry = Entry {
        kind: order.kind,
        actor: &order.caller,
        subject: &subject,
        level: fact.level,
        outcome: fact.outcome,
        request_id: &order.request_id,
        detail: fact.detail,
        at,
    };
    audit::record(tx, &entry).await
}

/// Tells the others; the payload is JSON and names the account only.
async fn announce(
    tx: &mut Tx,
    kind: &str,
    account: AccountId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let payload = serde_json::json!({ "account_id": account }).to_string().into_bytes();
    events::append(tx, &NewEvent { topic: TOPIC, kind, payload, occurred_at: at }).await
}
