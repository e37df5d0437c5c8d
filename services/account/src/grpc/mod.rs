//! Between the wire and the use cases.

mod account;
mod export;
mod read;
mod registry;
mod status;
mod write;

pub use account::Accounts;
pub use export::Exports;
pub use registry::Registry;
