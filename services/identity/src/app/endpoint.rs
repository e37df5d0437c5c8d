//! How a request to an endpoint for clients can fail.

use siegel_crypto::{KeyError, SealError};
use siegel_db::StoreError;
use siegel_kernel::EntropyUnavailable;
use tonic::{Code, Status};

use crate::domain::oauth::{OAuthError, Refused};

#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The client did not prove who it is.
    #[error("the client did not authenticate")]
    Client {
        /// It tried in the `Authorization` header, which the answer must then challenge.
        by_header: bool,
        description: &'static str,
    },
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
    #[error("signing failed")]
    Sign(#[from] KeyError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error("sealed data does not open")]
    Seal(#[from] SealError),
    /// Which service, and its answer.
    #[error("{0} did not do its part")]
    Sibling(&'static str, #[source] Status),
}

impl From<super::read_request::ReadError> for EndpointError {
    fn from(error: super::read_request::ReadError) -> Self {
        match error {
            super::read_request::ReadError::Refused(refused) => refused.into(),
            super::read_request::ReadError::Store(error) => error.into(),
        }
    }
}

impl EndpointError {
    /// What the client is told.
    pub fn told(&self) -> Refused {
        match self {
            Self::Refused(refused) => *refused,
            Self::Client { description, .. } => {
                Refused::new(OAuthError::InvalidClient, description)
            }
            Self::Sibling(_, status) if passes(status) => Refused::new(
                OAuthError::TemporarilyUnavailable,
                "a part of the service is out of reach; try again",
            ),
            _ => Refused::new(OAuthError::ServerError, "something went wrong on our side"),
        }
    }

    /// Whether somebody must act on our side.
    pub const fn is_fault(&self) -> bool {
        !matches!(self, Self::Refused(_) | Self::Client { .. })
    }
}

fn passes(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Aborted
    )
}
