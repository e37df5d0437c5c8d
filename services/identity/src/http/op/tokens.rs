//! `/token`, `/par`, `/revoke`, `/introspect`: forms of clients.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::answer;
use crate::app::endpoint::EndpointError;
use crate::app::introspect::{self as introspection, Introspection, SIGNED};
use crate::app::{par as pushing, refusal, revoke as revocation, token as tokens};
use crate::domain::oauth::Refused;
use crate::domain::params::Params;
use crate::state::Identity;
use siegel_telemetry::metric;

pub(super) async fn token(
    State(state): State<Identity>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let result = match form(&headers, &body) {
        Ok(params) => tokens::answer(&state, &headers, params).await,
        Err(refused) => Err(refused.into()),
    };
    let response = match result {
        Ok(body) => answer::json(StatusCode::OK, &body),
        Err(error) => {
            metric::TOKENS_ISSUED.count(["", "refused"]);
            refusal::record_error(&state, "identity.token.refused", &error).await;
            answer::error(&error)
        }
    };
    answer::with_nonce(&state, response)
}

pub(super) async fn par(
    State(state): State<Identity>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let result = match form(&headers, &body) {
        Ok(params) => pushing::push(&state, &headers, params).await,
        Err(refused) => Err(refused.into()),
    };
    let response = match result {
        Ok(body) => answer::json(StatusCode::CREATED, &body),
        Err(error) => {
            refusal::record_error(&state, "identity.authorization.refused", &error).await;
            answer::error(&error)
        }
    };
    answer::with_nonce(&state, response)
}

pub(super) async fn revoke(
    State(state): State<Identity>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let result: Result<(), EndpointError> = match form(&headers, &body) {
        Ok(params) => revocation::by_client(&state, &headers, params).await,
        Err(refused) => Err(refused.into()),
    };
    match result {
        Ok(()) => {
            let mut response = StatusCode::OK.into_response();
            answer::unkept(&mut response);
            response
        }
        Err(error) => {
            refusal::record_error(&state, "identity.revocation.refused", &error).await;
            answer::error(&error)
        }
    }
}

pub(super) async fn introspect(
    State(state): State<Identity>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let signed = headers.get_all(ACCEPT).iter().any(|accept| {
        let types = accept.to_str().unwrap_or_default().split(',');
        types.map(|t| t.split(';').next().unwrap_or_default().trim()).any(|t| t == SIGNED)
    });
    let result = match form(&headers, &body) {
        Ok(params) => introspection::answer(&state, &headers, params, signed).await,
        Err(refused) => Err(refused.into()),
    };
    match result {
        Ok(Introspection::Plain(facts)) => answer::json(StatusCode::OK, &facts),
        Ok(Introspection::Signed(jwt)) => answer::jwt(SIGNED, jwt),
        Err(error) => {
            refusal::record_error(&state, "identity.introspection.refused", &error).await;
            answer::error(&error)
        }
    }
}

/// Tokens and codes never travel in addresses (RFC 6749 §3.2).
pub(super) async fn only_post() -> Response {
    let body = json!({"error": "invalid_request", "error_description": "use POST with a form"});
    let mut response = answer::json(StatusCode::METHOD_NOT_ALLOWED, &body);
    response.headers_mut().insert(ALLOW, http::HeaderValue::from_static("POST"));
    response
}

fn form(headers: &HeaderMap, body: &str) -> Result<Params, Refused> {
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refused::invalid_request("the body is not a form"));
    }
    Params::parse(body)
}
