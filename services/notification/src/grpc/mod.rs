//! Between the wire and the use cases.

mod push;
mod read;
mod service;
mod status;

pub use push::Pushes;
pub use service::Notifications;
