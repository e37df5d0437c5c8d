//! Receipts: what the postbox signs about a letter, and how anybody verifies it offline. No I/O.
//!
//! The format is described in `docs/receipt-format.md`; the portal's script is a second implementation.

mod claims;
mod explain;
mod failure;
mod file;
mod keys;
mod kind;
mod log;
mod mailbox;
mod strict;
mod verify;

pub use claims::{
    Actor, Body, Claims, Instruction, LegalEffect, Notification, OnBehalfOf, Outage, Reply, Sender,
    ServiceUse, TYP, commitment, leaf,
};
pub use explain::{Explanation, Sentence};
pub use failure::Failure;
pub use file::{Disclosure, FORMAT, ReceiptFile};
pub use keys::{KeyTrust, PublishedKeys};
pub use kind::{Kind, UnknownKind};
pub use log::{LogEntry, LogPlace};
pub use mailbox::{MailboxLink, head_leaf};
pub use siegel_log::{BadPolicy, Policy};
pub(crate) use verify::utc;
pub use verify::{Verified, verify, verify_published};
