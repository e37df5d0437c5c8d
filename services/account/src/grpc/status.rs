use siegel_grpc::{fault, invalid, refusal, unavailable};
use tonic::{Code, Status};

use crate::app::Failure;

/// How a failure looks to the caller.
pub fn status(failure: &Failure) -> Status {
    use Failure as F;
    let reason = failure.reason().unwrap_or_default();
    let code = match failure {
        F::Malformed(bad) => return invalid(&[(&bad.field, &bad.problem)]),
        F::UnknownAccount
        | F::UnknownConsent
        | F::NoReceipt
        | F::UnknownChange
        | F::UnknownOffer
        | F::UnknownDocument
        | F::UnknownDocumentGrant => Code::NotFound,
        F::NotOperator => Code::PermissionDenied,
        F::QuotaExceeded { quota } => {
            let quota = quota.to_string();
            return refusal(Code::ResourceExhausted, reason, failure, [("quota_bytes", &quota)]);
        }
        F::TrustTooLow { needed } => {
            let needed = needed.as_str();
            return refusal(Code::PermissionDenied, reason, failure, [("needed", needed)]);
        }
        F::Incomplete => Code::InvalidArgument,
        F::AlreadyOpen | F::RequestIdReused => Code::AlreadyExists,
        F::NotDeclarable(_)
        | F::ConsentRequired
        | F::NoDocuments
        | F::SomebodyElse
        | F::OtherPerson
        | F::OfferWaits => Code::FailedPrecondition,
        F::Objects(_) => {
            tracing::error!(error = failure as &dyn std::error::Error, "the object store failed");
            return unavailable("OBJECT_STORE", failure);
        }
        F::Store(_) | F::Seal(_) | F::Entropy(_) | F::StoredAnswer => return fault(failure),
    };
    refusal(code, reason, failure, [])
}
