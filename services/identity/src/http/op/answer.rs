//! Answers to clients: JSON that nobody keeps.

use std::error::Error;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::json;

use crate::app::dpop;
use crate::app::endpoint::EndpointError;
use crate::domain::oauth::OAuthError;
use crate::state::Identity;

const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// JSON with `Cache-Control: no-store` (RFC 6749 §5.1).
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    unkept(&mut response);
    response
}

/// A signed answer.
pub(super) fn jwt(media_type: &'static str, text: String) -> Response {
    let mut response = ([(CONTENT_TYPE, media_type)], text).into_response();
    unkept(&mut response);
    response
}

pub(super) fn unkept(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// An error as RFC 6749 §5.2 wants it.
pub(super) fn error(error: &EndpointError) -> Response {
    log(error);
    let told = error.told();
    let by_header = matches!(error, EndpointError::Client { by_header: true, .. });
    let status = match told.error {
        OAuthError::InvalidClient if by_header => StatusCode::UNAUTHORIZED,
        OAuthError::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        OAuthError::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    };
    let body = json!({"error": told.error.as_str(), "error_description": told.description});
    let mut response = json(status, &body);
    if by_header {
        let challenge = HeaderValue::from_static("Basic realm=\"siegel\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// Says once what happened; clients' mistakes are no errors of ours.
pub(super) fn log(error: &EndpointError) {
    if error.is_fault() {
        tracing::error!(error = error as &dyn Error, "a request of a client failed");
    } else {
        tracing::info!(reason = error.told().error.as_str(), "refused a request of a client");
    }
}

/// Adds the nonce for the client's next proof (RFC 9449 §8.2).
pub(super) fn with_nonce(state: &Identity, mut response: Response) -> Response {
    let nonce = dpop::fresh_nonce(state, state.now());
    if let Ok(value) = HeaderValue::try_from(nonce) {
        response.headers_mut().insert(DPOP_NONCE, value);
    }
    response
}
