//! Proto to domain and back, and how errors look outside.

mod actions;
mod admin;
mod admin_wire;
mod batches;
mod cases;
pub(crate) mod convert;
mod evidence;
mod flags;
mod handle;
mod inline;
mod limits;
mod mailbox;
mod open_matters;
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
pub use evidence::EvidenceServer;
pub use handle::HandleServer;
pub use limits::InTrailers;
pub use mailbox::MailboxServer;
pub use open_matters::OpenMattersServer;
pub use reminder::ReminderServer;
pub use sender::SenderServer;
pub use settings::SettingsServer;
pub use upload::UploadServer;
pub use webhooks::WebhookServer;
