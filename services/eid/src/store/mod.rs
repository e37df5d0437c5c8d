//! SQL of this service.

pub mod sessions;
