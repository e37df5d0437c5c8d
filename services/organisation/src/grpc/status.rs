use siegel_grpc::{exhausted, fault, invalid, refusal, unavailable};
use tonic::{Code, Status};

use crate::app::{Failure, Refusal};

/// How a failure looks to the caller.
pub fn status(failure: &Failure) -> Status {
    use Failure as F;
    match failure {
        F::Malformed(bad) => invalid(&[(bad.field, bad.problem)]),
        F::TrustTooLow { held, needed } => {
            let facts = [("needed", needed.as_str()), ("held", held.as_str())];
            refusal(Code::PermissionDenied, "TRUST_TOO_LOW", failure, facts)
        }
        F::UnknownOrganisation => refusal(Code::NotFound, "ORGANISATION_UNKNOWN", failure, []),
        F::UnknownPerson => refusal(Code::NotFound, "ACCOUNT_UNKNOWN", failure, []),
        F::RequestIdReused => refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", failure, []),
        F::Refused(refused) => refused_status(*refused),
        F::Sibling(_) => unavailable("SIBLING_UNAVAILABLE", failure),
        F::Store(_) | F::Entropy(_) | F::StoredAnswer | F::Seal(_) | F::Letter(_) => fault(failure),
    }
}

fn refused_status(refused: Refusal) -> Status {
    let reason = refused.reason();
    match refused {
        Refusal::TrustTooLow { needed } => {
            refusal(Code::PermissionDenied, reason, refused, [("needed", needed.as_str())])
        }
        Refusal::TooManyAttempts { retry_in } => exhausted(reason, refused, [], retry_in),
        _ if refused.is_unknown() => refusal(Code::NotFound, reason, refused, []),
        _ if refused.is_forbidden() => refusal(Code::PermissionDenied, reason, refused, []),
        _ => refusal(Code::FailedPrecondition, reason, refused, []),
    }
}
