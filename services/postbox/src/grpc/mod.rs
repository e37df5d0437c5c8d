//! Proto to domain and back, and how errors look outside.

mod actions;
mod batches;
mod cases;
mod convert;
mod evidence;
mod flags;
mod handle;
mod inline;
mod mailbox;
mod replies;
mod sender;
mod sent;
mod status;

pub use evidence::EvidenceServer;
pub use handle::HandleServer;
pub use mailbox::MailboxServer;
pub use sender::SenderServer;
