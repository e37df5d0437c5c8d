//! Keys that sign tokens and never leave their PKCS#11 token (HSM, smart card, `SoftHSM`).

mod module;
mod signer;

pub use signer::{Pkcs11Error, Pkcs11Signer, Place};
