//! Errors over HTTP: problem details (RFC 9457) with what `google.rpc.ErrorInfo` says in gRPC.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::names::json_path;
use crate::{answer, challenge};

/// One refusal, as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    /// Name of the gRPC code, `PERMISSION_DENIED`.
    code: &'static str,
    /// Stable; empty when the error did not come from the suite's own code.
    pub(crate) reason: String,
    domain: String,
    pub(crate) metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<Violation>,
    #[serde(skip)]
    wait_seconds: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Violation {
    field: String,
    description: String,
}

impl Problem {
    pub(crate) fn of(status: &Status) -> Self {
        let info = status.get_details_error_info();
        let (reason, domain, metadata) =
            info.map(|info| (info.reason, info.domain, info.metadata)).unwrap_or_default();
        let http = http_status(status.code(), &reason, status.details().is_empty());
        let bad = status.get_details_bad_request();
        let violations = bad.into_iter().flat_map(|bad| bad.field_violations).map(|violation| {
            let field = json_path(&violation.field);
            Violation { field, description: violation.description }
        });
        let delay = status.get_details_retry_info().and_then(|info| info.retry_delay);
        Self {
            r#type: "about:blank",
            title: http.canonical_reason().unwrap_or("Client Closed Request"),
            status: http.as_u16(),
            detail: status.message().to_owned(),
            code: code_name(status.code()),
            reason,
            domain,
            metadata: metadata.into_iter().collect(),
            violations: violations.collect(),
            // Whole seconds, never less than was asked for.
            wait_seconds: delay.map(|d| d.as_secs() + u64::from(d.subsec_nanos() > 0)),
        }
    }

    /// The body.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn no_such_route() -> Response {
        let status =
            siegel_grpc::refusal(Code::NotFound, "NO_SUCH_RPC", "there is no such call", []);
        Self::of(&status).into_response()
    }

    pub(crate) fn wrong_verb(allowed: &Method) -> Response {
        let text = "this call is made with another method";
        let status = siegel_grpc::refusal(Code::Unimplemented, "METHOD_NOT_ALLOWED", text, []);
        let mut response = Self::of(&status).into_response();
        if let Ok(allowed) = HeaderValue::from_str(allowed.as_str()) {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.json()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        answer::head(&mut response, "application/problem+json");
        if let Some(seconds) = self.wait_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = challenge::of(&self) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The HTTP status of a code, as `google/rpc/code.proto` maps them; a few reasons have a status of
/// their own in HTTP.
fn http_status(code: Code, reason: &str, bare: bool) -> StatusCode {
    match (code, reason) {
        (_, "METHOD_NOT_ALLOWED") => StatusCode::METHOD_NOT_ALLOWED,
        (_, "UNSUPPORTED_MEDIA_TYPE") => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        (_, "BODY_TOO_LARGE") => StatusCode::PAYLOAD_TOO_LARGE,
        (_, "OFFSET_BEYOND_END") => StatusCode::RANGE_NOT_SATISFIABLE,
        (_, "BODY_TOO_SLOW") => StatusCode::REQUEST_TIMEOUT,
        // Only tonic's own limit of a message's size says so without details.
        (Code::OutOfRange, _) if bare => StatusCode::PAYLOAD_TOO_LARGE,
        (Code::Ok, _) => StatusCode::OK,
        (Code::Cancelled, _) => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        (Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange, _) => {
            StatusCode::BAD_REQUEST
        }
        (Code::DeadlineExceeded, _) => StatusCode::GATEWAY_TIMEOUT,
        (Code::NotFound, _) => StatusCode::NOT_FOUND,
        (Code::AlreadyExists | Code::Aborted, _) => StatusCode::CONFLICT,
        (Code::PermissionDenied, _) => StatusCode::FORBIDDEN,
        (Code::Unauthenticated, _) => StatusCode::UNAUTHORIZED,
        (Code::ResourceExhausted, _) => StatusCode::TOO_MANY_REQUESTS,
        (Code::Unimplemented, _) => StatusCode::NOT_IMPLEMENTED,
        (Code::Unavailable, _) => StatusCode::SERVICE_UNAVAILABLE,
        (Code::Unknown | Code::Internal | Code::DataLoss, _) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_same_reason_and_facts_as_in_grpc() {
        let facts = [("needed", "high")];
        let status =
            siegel_grpc::refusal(Code::PermissionDenied, "TRUST_TOO_LOW", "too low", facts);
        let json: serde_json::Value = serde_json::from_str(&Problem::of(&status).json()).unwrap();
        assert_eq!(json["status"], 403);
        assert_eq!(json["code"], "PERMISSION_DENIED");
        assert_eq!(json["reason"], "TRUST_TOO_LOW");
        assert_eq!(json["metadata"]["needed"], "high");
        assert_eq!(json["detail"], "too low");
    }

    #[test]
    fn violations_name_the_fields_as_json_does() {
        let status = siegel_grpc::invalid(&[("letter.delivery_type", "is missing")]);
        let json: serde_json::Value = serde_json::from_str(&Problem::of(&status).json()).unwrap();
        assert_eq!(json["violations"][0]["field"], "letter.deliveryType");
    }

    #[test]
    fn what_may_be_repeated_says_when() {
        let status = siegel_grpc::unavailable("SCANNER_DOWN", "later");
        let response = Problem::of(&status).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }
}
