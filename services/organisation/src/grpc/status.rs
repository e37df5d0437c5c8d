use siegel_grpc::{fault, invalid, refusal};
use tonic::{Code, Status};

use crate::app::Failure;

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
        F::Store(_) | F::Entropy(_) | F::StoredAnswer => fault(failure),
    }
}
