//! OpenID Connect and OAuth words and rules without I/O: what identity, resource servers and
//! clients share.

pub mod acr;
pub mod assertion;
pub mod catalogue;
pub mod dpop;
mod form;
pub mod pkce;
pub mod standard;
mod token;

pub use token::{AccessToken, ActingFor, Actor, Confirmation, TokenKind, audience};
