//! Between the wire and the use cases.

mod notification;
mod read;

pub use notification::Notifications;
