//! SQL, one file per table family.

pub mod attachments;
pub mod batches;
pub mod cases;
pub mod evidence;
pub mod flags;
pub mod heads;
pub mod keys;
pub mod letters;
pub mod log;
pub mod log_audit;
pub mod mailboxes;
pub mod replies;
pub mod rules;
pub mod senders;
pub mod sent;
pub mod uploads;
