//! Rules about attributes and consents; no I/O.

mod attribute;
mod consent;
mod error;

pub use attribute::{
    Held, NotDeclarable, Proof, Source, check_declaration, display_name, effective,
};
pub use consent::{Asked, Names};
pub use error::BadField;
