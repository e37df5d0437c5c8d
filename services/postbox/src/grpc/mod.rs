//! Proto to domain and back, and how errors look outside.

mod actions;
pub(crate) mod addressed;
mod admin;
mod admin_wire;
mod batches;
mod boxes;
mod cases;
pub(crate) mod convert;
mod evidence;
mod flags;
mod handle;
mod inline;
mod limits;
mod mailbox;
mod proof;
mod reminder;
mod replies;
mod sender;
mod sent;
mod settings;
mod status;
pub mod upload;
mod watch;
mod webhooks;

pub use admin::AdminServer;
pub use boxes::ChoiceServer;
pub use evidence::EvidenceServer;
pub use handle::HandleServer;
pub use limits::InTrailers;
pub use mailbox::MailboxServer;
pub use reminder::ReminderServer;
pub use sender::SenderServer;
pub use settings::SettingsServer;
pub use upload::UploadServer;
pub use webhooks::WebhookServer;
