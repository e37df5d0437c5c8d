//! The object store, which other services have as well.

pub use siegel_objects::{ObjectError, Objects, Writer};
