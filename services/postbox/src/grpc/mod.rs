//! Proto to domain and back, and how errors look outside.

mod cases;
pub(crate) mod convert;
mod evidence;
mod flags;
mod handle;
mod mailbox;
mod proof;
mod reminder;
mod sender;
mod settings;
mod status;
pub mod upload;
mod watch;
mod webhooks;

pub use evidence::EvidenceServer;
pub use handle::HandleServer;
pub use mailbox::MailboxServer;
pub use reminder::ReminderServer;
pub use sender::SenderServer;
pub use settings::SettingsServer;
pub use upload::UploadServer;
pub use webhooks::WebhookServer;
