//! Why a credential was not changed, as callers read it.

use siegel_grpc::{fault, invalid, refusal};
use tonic::{Code, Status};

use crate::app::credentials::NotChanged;
use crate::domain::factors::Forbidden;

pub fn not_changed(error: &NotChanged) -> Status {
    use NotChanged as N;
    match error {
        N::Forbidden(Forbidden::TooLow(needed)) => {
            let facts = [("needed", needed.as_str())];
            refusal(Code::PermissionDenied, "TRUST_TOO_LOW", error, facts)
        }
        N::Forbidden(Forbidden::LastOne) => {
            refusal(Code::FailedPrecondition, "LAST_CREDENTIAL", error, [])
        }
        N::Unknown => refusal(Code::NotFound, "CREDENTIAL_UNKNOWN", error, []),
        N::NothingBegun => refusal(Code::FailedPrecondition, "NOTHING_BEGUN", error, []),
        N::WrongCode => refusal(Code::FailedPrecondition, "CODE_WRONG", error, []),
        N::WrongPassword => refusal(Code::FailedPrecondition, "PASSWORD_WRONG", error, []),
        N::Blocked => refusal(Code::ResourceExhausted, "CODE_BLOCKED", error, []),
        N::Weak(weak) => invalid(&[("new_password", &weak.to_string())]),
        N::Passkey => refusal(Code::FailedPrecondition, "PASSKEY_REFUSED", error, []),
        N::Certificate => refusal(Code::FailedPrecondition, "CERTIFICATE_REFUSED", error, []),
        N::PasskeyModel => refusal(Code::FailedPrecondition, "PASSKEY_MODEL", error, []),
        N::Failure(failure) if failure.passes() => {
            refusal(Code::Unavailable, "TRY_AGAIN", error, [])
        }
        N::Failure(failure) => fault(failure),
    }
}
