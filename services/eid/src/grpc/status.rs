use siegel_grpc::{fault, invalid, refusal, unavailable};
use tonic::{Code, Status};

use crate::app::{FetchError, StartRefusal};

pub fn of_start(error: &StartRefusal) -> Status {
    use StartRefusal as E;
    match error {
        E::NoSource => refusal(Code::FailedPrecondition, "EID_NOT_AVAILABLE", error, []),
        E::Field { field, problem } => invalid(&[(field, problem)]),
        E::RequestIdReused => refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", error, []),
        E::Source(_) => unavailable("EID_SOURCE_UNAVAILABLE", error),
        E::Entropy(_) | E::Store(_) => fault(error),
    }
}

pub fn of_fetch(error: &FetchError) -> Status {
    use FetchError as E;
    match error {
        E::Unknown => refusal(Code::NotFound, "EID_SESSION_UNKNOWN", error, []),
        E::Open => refusal(Code::FailedPrecondition, "EID_SESSION_OPEN", error, []),
        E::Source(_) => unavailable("EID_SOURCE_UNAVAILABLE", error),
        E::Store(_) => fault(error),
    }
}
