//! Proto to domain and back, and how errors look outside.

mod admin;
mod admin_wire;
mod cases;
mod convert;
mod evidence;
mod flags;
mod handle;
mod limits;
mod mailbox;
mod sender;
mod status;

pub use admin::AdminServer;
pub use evidence::EvidenceServer;
pub use handle::HandleServer;
pub use limits::InTrailers;
pub use mailbox::MailboxServer;
pub use sender::SenderServer;
