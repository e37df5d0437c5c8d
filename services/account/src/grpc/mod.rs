//! Between the wire and the use cases.

mod account;
mod read;
mod registry;
mod status;
mod write;

pub use account::Accounts;
pub use registry::Registry;
