//! Errors as callers see them: a code, a stable reason, the facts, what next.

use std::collections::HashMap;
use std::fmt::Display;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// Domain of every reason (`google.rpc.ErrorInfo.domain`).
pub const DOMAIN: &str = "siegel";

/// Refuses a call. `reason` never changes, `message` may; `facts` are what a program needs to go
/// on (`needed` = `high`).
pub fn refusal<const N: usize>(
    code: Code,
    reason: &str,
    message: impl Display,
    facts: [(&str, &str); N],
) -> Status {
    let mut metadata: HashMap<String, String> =
        facts.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    metadata.insert("party".into(), party(code).into());
    let details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
    Status::with_error_details(code, message.to_string(), details)
}

/// Who must act: the caller, the person in front of it, or the operator.
fn party(code: Code) -> &'static str {
    match code {
        Code::Unavailable | Code::ResourceExhausted | Code::Aborted => "retry",
        Code::Internal | Code::Unknown | Code::DataLoss => "operator",
        _ => "caller",
    }
}

/// Something broke on our side: logs the chain of causes once, tells the caller nothing but
/// `INTERNAL`.
pub fn fault(error: &(dyn std::error::Error + 'static)) -> Status {
    let mut chain = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        chain.push_str(": ");
        chain.push_str(&next.to_string());
        cause = next.source();
    }
    tracing::error!(error = %chain, "a call failed");
    let details = ErrorDetails::with_error_info(
        "INTERNAL",
        DOMAIN,
        HashMap::from([("party".into(), "operator".into())]),
    );
    Status::with_error_details(Code::Internal, "internal error", details)
}

/// Something we need is out of reach; trying again in a second is right.
pub fn unavailable(reason: &str, message: impl Display) -> Status {
    let facts = HashMap::from([("party".into(), "retry".into())]);
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, facts);
    details.set_retry_info(Some(Duration::from_secs(1)));
    Status::with_error_details(Code::Unavailable, message.to_string(), details)
}

/// Too much was asked for; the same call is right again after `retry_in`.
pub fn exhausted<const N: usize>(
    reason: &str,
    message: impl Display,
    facts: [(&str, &str); N],
    retry_in: Duration,
) -> Status {
    let mut metadata: HashMap<String, String> =
        facts.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    metadata.insert("party".into(), "retry".into());
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
    details.set_retry_info(Some(retry_in));
    Status::with_error_details(Code::ResourceExhausted, message.to_string(), details)
}

/// Refuses malformed input: the path of each bad field and what is wrong with it.
pub fn invalid(fields: &[(&str, &str)]) -> Status {
    let mut details = ErrorDetails::with_error_info(
        "INVALID_FIELD",
        DOMAIN,
        HashMap::from([("party".to_owned(), "caller".to_owned())]),
    );
    for (field, problem) in fields {
        details.add_bad_request_violation(*field, *problem);
    }
    let first = fields.first().map_or("", |(field, _)| *field);
    let message = format!("the request is malformed: {first}");
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// The stable reason of a status made by this suite.
pub fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

/// One fact of a status made by this suite.
pub fn fact(status: &Status, name: &str) -> Option<String> {
    status.get_details_error_info().and_then(|info| info.metadata.get(name).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_carries_its_reason_and_facts_to_the_caller() {
        let facts = [("needed", "high")];
        let status = refusal(Code::PermissionDenied, "TRUST_TOO_LOW", "too low", facts);
        assert_eq!(reason(&status).as_deref(), Some("TRUST_TOO_LOW"));
        assert_eq!(fact(&status, "needed").as_deref(), Some("high"));
        assert_eq!(fact(&status, "party").as_deref(), Some("caller"));
    }

    #[test]
    fn a_fault_tells_nothing_about_its_cause() {
        let status = fault(&std::io::Error::other("password of the database"));
        assert_eq!(status.message(), "internal error");
        assert_eq!(status.code(), Code::Internal);
    }
}
