use siegel_grpc::{fault, invalid, refusal};
use tonic::{Code, Status};

use crate::app::mandates::Failure;

/// How a failure looks to the caller.
pub fn status(failure: &Failure) -> Status {
    use Failure as F;
    match failure {
        F::Malformed(bad) => invalid(&[(bad.field, bad.problem)]),
        F::TrustTooLow { held, needed } => {
            let facts = [("needed", needed.as_str()), ("held", held.as_str())];
            refusal(Code::PermissionDenied, "TRUST_TOO_LOW", failure, facts)
        }
        F::RoleTooLow => refusal(Code::PermissionDenied, "ROLE_TOO_LOW", failure, []),
        F::ClaimCooling => refusal(Code::FailedPrecondition, "CLAIM_COOLING", failure, []),
        F::UnknownPerson => refusal(Code::NotFound, "ACCOUNT_UNKNOWN", failure, []),
        F::UnknownOrganisation => refusal(Code::NotFound, "ORGANISATION_UNKNOWN", failure, []),
        F::UnknownMandate => refusal(Code::NotFound, "MANDATE_UNKNOWN", failure, []),
        F::UnknownCode => refusal(Code::NotFound, "MANDATE_CODE_UNKNOWN", failure, []),
        F::UnknownMember => refusal(Code::NotFound, "MEMBER_UNKNOWN", failure, []),
        F::UnknownFact => refusal(Code::NotFound, "FACT_UNKNOWN", failure, []),
        F::MandateEnded => refusal(Code::FailedPrecondition, "MANDATE_ENDED", failure, []),
        F::MandatePending => refusal(Code::FailedPrecondition, "MANDATE_PENDING", failure, []),
        F::NotPassedOn => refusal(Code::FailedPrecondition, "MANDATE_NOT_PASSED_ON", failure, []),
        F::RequestIdReused => refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", failure, []),
        F::Store(_) | F::Entropy(_) | F::Names(_) | F::StoredAnswer => fault(failure),
    }
}
