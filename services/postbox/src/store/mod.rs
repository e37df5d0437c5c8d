//! SQL, one file per table family.

pub mod accesses;
pub mod admin;
pub mod attachments;
pub mod cases;
pub mod events;
pub mod evidence;
pub mod export;
pub mod flags;
pub mod handles;
pub mod heads;
pub mod keys;
pub mod letters;
pub mod log;
pub mod log_audit;
pub mod mailboxes;
pub mod opt_outs;
pub mod quota_use;
pub mod reminders;
pub mod resumable;
pub mod retention;
pub mod rules;
pub mod senders;
pub mod uploads;
pub mod webhooks;
pub mod witnesses;
pub mod words;
