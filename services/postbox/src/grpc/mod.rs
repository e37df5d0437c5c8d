//! Proto to domain and back, and how errors look outside.

mod cases;
pub(crate) mod convert;
mod evidence;
mod flags;
mod handle;
mod mailbox;
mod sender;
mod status;

pub use evidence::EvidenceServer;
pub use handle::HandleServer;
pub use mailbox::MailboxServer;
pub use sender::SenderServer;
