//! Settings: defaults, one TOML file, then the environment; all of it parsed at start or the start
//! fails.

mod load;
mod profile;
mod secret;

pub use load::{ConfigError, load};
pub use profile::Profile;
pub use secret::{SecretFileError, read_secret};
