use siegel_grpc::{fault, refusal};
use tonic::{Code, Status};

use crate::app::Failure;

/// How a failure looks to the caller.
pub fn status(failure: &Failure) -> Status {
    use Failure as F;
    match failure {
        F::RequestIdReused => refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", failure, []),
        F::UnknownOrder => refusal(Code::NotFound, "NOTIFICATION_UNKNOWN", failure, []),
        F::Store(_) | F::Seal(_) | F::Entropy(_) | F::Stored(_) | F::Text(_) => fault(failure),
    }
}
