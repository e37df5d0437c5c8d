//! Why a client cannot be registered as it is written.

use crate::domain::client::BadClient;

/// A client that cannot be registered as it is written.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(transparent)]
    Bad(#[from] BadClient),
    #[error("client {0:?}: cannot read {2}")]
    File(String, &'static str, String, #[source] std::io::Error),
    #[error("client {0:?} is registered twice")]
    Twice(String),
    #[error("client {0:?}: {1} excludes what is given beside it")]
    Exclusive(String, &'static str),
    #[error("client {0:?}: a secret in the settings belongs into secret_file")]
    InlineSecret(String),
}

impl ClientError {
    /// The key to change.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Bad(bad) => bad.key(),
            Self::File(_, key, ..) | Self::Exclusive(_, key) => key,
            Self::Twice(_) => "client_id",
            Self::InlineSecret(_) => "client_secret",
        }
    }
}
