//! What every service needs to read its settings: the profile, and secrets from files.

mod profile;
mod secret;

pub use profile::Profile;
pub use secret::{SecretFileError, read_secret};
