//! gRPC faces: between wire messages and use cases.

pub mod key_service;
mod links;
pub mod self_service;
pub mod sibling_service;
