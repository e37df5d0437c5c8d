use siegel_crypto::SealError;
use siegel_db::StoreError;
use siegel_kernel::{EntropyUnavailable, TrustLevel};
use siegel_objects::ObjectError;

use crate::domain::{BadField, NotDeclarable};

/// Why a use case did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the request is malformed")]
    Malformed(#[from] BadField),
    #[error("there is no such account")]
    UnknownAccount,
    #[error("the account is open already")]
    AlreadyOpen,
    #[error(transparent)]
    NotDeclarable(#[from] NotDeclarable),
    #[error("no consent covers these attributes for this purpose")]
    ConsentRequired,
    #[error("there is no such consent")]
    UnknownConsent,
    #[error("the consent was given before receipts were kept")]
    NoReceipt,
    #[error("nothing waits for a decision under this id")]
    UnknownChange,
    #[error("this client is not one of the operator's")]
    NotOperator,
    #[error("nothing is offered under this id")]
    UnknownOffer,
    #[error("the session's level is below {needed}, at which this is offered")]
    TrustTooLow { needed: TrustLevel },
    #[error("the day of birth is another one: the account elsewhere is somebody else's")]
    SomebodyElse,
    #[error("data of an earlier account waits for the account that ends")]
    OfferWaits,
    #[error("proven days of birth differ: the accounts are of two people")]
    OtherPerson,
    #[error("there is no such document")]
    UnknownDocument,
    #[error("there is no such grant of a document")]
    UnknownDocumentGrant,
    #[error("the document does not fit into what is left of {quota} bytes")]
    QuotaExceeded { quota: i64 },
    #[error("this installation keeps no documents")]
    NoDocuments,
    #[error("the object store failed")]
    Objects(#[from] ObjectError),
    #[error("the stream broke off before all bytes were there")]
    Incomplete,
    #[error("the request id was used for another request")]
    RequestIdReused,
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("sealed values cannot be read or written")]
    Seal(#[from] SealError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error("a stored answer cannot be read")]
    StoredAnswer,
}

impl Failure {
    /// The stable reason; `None` for faults of our own and malformed input.
    pub fn reason(&self) -> Option<&'static str> {
        Some(match self {
            Self::UnknownAccount => "ACCOUNT_UNKNOWN",
            Self::AlreadyOpen => "ACCOUNT_EXISTS",
            Self::NotDeclarable(NotDeclarable::Verified(_)) => "ATTRIBUTE_VERIFIED",
            Self::NotDeclarable(NotDeclarable::ProvenOnly(_)) => "ATTRIBUTE_NOT_DECLARABLE",
            Self::NotDeclarable(NotDeclarable::Applies(_)) => "ATTRIBUTE_APPLIES",
            Self::ConsentRequired => "CONSENT_REQUIRED",
            Self::UnknownConsent => "CONSENT_UNKNOWN",
            Self::NoReceipt => "RECEIPT_UNKNOWN",
            Self::UnknownChange => "CHANGE_UNKNOWN",
            Self::NotOperator => "NOT_OPERATOR",
            Self::UnknownOffer => "OFFER_UNKNOWN",
            Self::TrustTooLow { .. } => "TRUST_TOO_LOW",
            Self::SomebodyElse => "OFFER_OF_SOMEBODY_ELSE",
            Self::OfferWaits => "MERGE_OFFER_WAITS",
            Self::OtherPerson => "MERGE_OTHER_PERSON",
            Self::UnknownDocument => "DOCUMENT_UNKNOWN",
            Self::UnknownDocumentGrant => "DOCUMENT_GRANT_UNKNOWN",
            Self::QuotaExceeded { .. } => "QUOTA_EXCEEDED",
            Self::NoDocuments => "DOCUMENTS_OFF",
            Self::Incomplete => "STREAM_INCOMPLETE",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::Malformed(_)
            | Self::Store(_)
            | Self::Seal(_)
            | Self::Entropy(_)
            | Self::Objects(_)
            | Self::StoredAnswer => return None,
        })
    }

    /// The reason, when it is a decision about the person that the audit trail keeps.
    pub fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::NotDeclarable(_)
            | Self::ConsentRequired
            | Self::UnknownConsent
            | Self::NotOperator
            | Self::TrustTooLow { .. }
            | Self::SomebodyElse
            | Self::OtherPerson
            | Self::OfferWaits
            | Self::QuotaExceeded { .. } => self.reason(),
            _ => None,
        }
    }
}
