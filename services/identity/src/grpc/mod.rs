//! gRPC faces: between wire messages and use cases.

pub mod address_service;
mod beginnings;
pub mod client_access;
pub mod deletion;
pub mod key_service;
mod links;
mod not_changed;
pub mod self_service;
pub mod sibling_service;
