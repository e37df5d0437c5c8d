//! Rules about attributes, consents and documents; no I/O.

mod address;
mod attribute;
pub mod change;
mod consent;
pub mod document;
mod error;
pub mod import;
pub mod merge;
pub mod offer;
pub mod receipt;

pub use attribute::{
    Held, NotDeclarable, Proof, Source, check_declaration, display_name, effective,
};
pub use consent::{Asked, Names};
pub use error::BadField;
