//! What can keep a use case of the pages from finishing, through no fault of the person.

use siegel_crypto::SealError;
use siegel_db::StoreError;
use siegel_kernel::EntropyUnavailable;
use tonic::{Code, Status};

use super::passwords::HashError;
use crate::domain::totp::BadGenerator;
use crate::passkeys::CeremonyError;

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
    #[error("sealed data does not open")]
    Seal(#[from] SealError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error(transparent)]
    Password(#[from] HashError),
    #[error(transparent)]
    Generator(#[from] BadGenerator),
    /// An operator closed the account; the credential was right.
    #[error("the account is disabled")]
    AccountDisabled,
    #[error("a passkey could not be asked for or read")]
    Passkey(#[from] CeremonyError),
    /// Which service, and its answer.
    #[error("{0} did not do its part")]
    Sibling(&'static str, #[source] Status),
}

impl Failure {
    /// Whether trying again in a moment is worth it.
    pub fn passes(&self) -> bool {
        match self {
            Self::Password(HashError::Busy) => true,
            Self::Sibling(_, status) => matches!(
                status.code(),
                Code::Unavailable
                    | Code::DeadlineExceeded
                    | Code::ResourceExhausted
                    | Code::Aborted
            ),
            _ => false,
        }
    }
}
