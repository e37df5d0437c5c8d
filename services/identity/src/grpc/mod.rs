//! gRPC faces: between wire messages and use cases.

pub mod self_service;
