//! Between the wire and the use cases.

mod read;
mod service;
mod status;

pub use service::Notifications;
