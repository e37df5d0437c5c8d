//! What is outside: the object store, and the sibling services.

pub mod access;
pub mod levels;
pub mod notifier;
pub mod objects;
pub mod pusher;
pub mod safe;
pub mod scanner;
pub mod witness;
