use siegel_grpc::{fault, invalid, refusal};
use tonic::{Code, Status};

use crate::app::Failure;

/// How a failure looks to the caller.
pub fn status(failure: &Failure) -> Status {
    use Failure as F;
    let reason = failure.reason().unwrap_or_default();
    let code = match failure {
        F::Malformed(bad) => return invalid(&[(&bad.field, &bad.problem)]),
        F::UnknownAccount | F::UnknownConsent => Code::NotFound,
        F::AlreadyOpen | F::RequestIdReused => Code::AlreadyExists,
        F::NotDeclarable(_) | F::ConsentRequired => Code::FailedPrecondition,
        F::Store(_) | F::Seal(_) | F::Entropy(_) | F::StoredAnswer => return fault(failure),
    };
    refusal(code, reason, failure, [])
}
