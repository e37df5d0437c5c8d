//! The portal as an OpenID Connect client: pushed requests (RFC 9126), code and PKCE, ID tokens in
//! full, DPoP-bound tokens (RFC 9449), one access token per audience (RFC 8707).

mod channels;
mod error;
mod http;
mod metadata;
mod provider;
mod tokens;

pub use channels::Channels;
pub use error::{OidcError, plain_code};
pub use http::Http;
pub use provider::{Provider, ProviderSettings};
pub use tokens::{Attempt, Granted};

use siegel_kernel::TrustLevel;

/// What the portal asks for, once for all its pages.
pub const SCOPES: [&str; 9] = [
    "profile",
    "email",
    "account.read",
    "account.write",
    "organisation.read",
    "organisation.write",
    "postbox.read",
    "identity.self",
    "offline_access",
];

/// The services that the portal calls with the person's token.
pub const SERVICES: [&str; 4] = ["account", "organisation", "postbox", "identity"];

/// `acr_values` for a log-in at `least` or above: identity aims at the first and names the highest
/// that the person reached.
pub fn acr_values(least: TrustLevel) -> impl Iterator<Item = TrustLevel> {
    TrustLevel::ALL.into_iter().filter(move |level| *level >= least)
}
