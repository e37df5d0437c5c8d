//! SQL, one file per table family.

pub mod admin;
pub mod attachments;
pub mod cases;
pub mod evidence;
pub mod flags;
pub mod heads;
pub mod keys;
pub mod letters;
pub mod log;
pub mod log_audit;
pub mod mailboxes;
pub mod quota_use;
pub mod retention;
pub mod rules;
pub mod senders;
pub mod uploads;
