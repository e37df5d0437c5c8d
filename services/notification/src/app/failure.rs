use siegel_crypto::SealError;
use siegel_db::StoreError;
use siegel_kernel::EntropyUnavailable;

/// Why a use case did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the request id was used for another request")]
    RequestIdReused,
    #[error("there is no such order")]
    UnknownOrder,
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("sealed values cannot be read or written")]
    Seal(#[from] SealError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error("a stored value cannot be read or written")]
    Stored(#[from] serde_json::Error),
    #[error("a mail cannot be written")]
    Text(#[from] askama::Error),
}
