use siegel_crypto::SealError;
use siegel_db::StoreError;
use siegel_kernel::{EntropyUnavailable, TrustLevel};

use crate::domain::BadField;

/// Why nothing was done or shown.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Malformed(#[from] BadField),
    #[error("this needs level {needed}, the session has {held}")]
    TrustTooLow { held: TrustLevel, needed: TrustLevel },
    #[error("there is no such organisation")]
    UnknownOrganisation,
    #[error("what is granted is more than the caller may grant")]
    RoleTooLow,
    #[error("a claim of the organisation is in its cooling period")]
    ClaimCooling,
    #[error("the person's account was deleted")]
    UnknownPerson,
    #[error("there is no such mandate")]
    UnknownMandate,
    #[error("no mandate waits for this code")]
    UnknownCode,
    #[error("the mandate has ended")]
    MandateEnded,
    #[error("the mandate was not accepted yet")]
    MandatePending,
    #[error("the mandate above does not allow this to be passed on")]
    NotPassedOn,
    #[error("there is no such member")]
    UnknownMember,
    #[error("no such fact is in force")]
    UnknownFact,
    #[error("the request id was used for another request")]
    RequestIdReused,
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error("the names of a mandate do not open")]
    Names(#[from] SealError),
    #[error("a stored answer cannot be read")]
    StoredAnswer,
}

impl Failure {
    /// The refusal as the audit trail knows it; `None` where nobody was refused.
    pub const fn outcome(&self) -> Option<&'static str> {
        match self {
            Self::TrustTooLow { .. } => Some("TRUST_TOO_LOW"),
            Self::UnknownOrganisation => Some("ORGANISATION_UNKNOWN"),
            Self::RoleTooLow => Some("ROLE_TOO_LOW"),
            Self::ClaimCooling => Some("CLAIM_COOLING"),
            Self::UnknownMandate => Some("MANDATE_UNKNOWN"),
            Self::UnknownCode => Some("MANDATE_CODE_UNKNOWN"),
            Self::NotPassedOn => Some("MANDATE_NOT_PASSED_ON"),
            _ => None,
        }
    }
}
