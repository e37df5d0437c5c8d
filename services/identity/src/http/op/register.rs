//! `/register` and `/register/{client_id}`: JSON of clients that register themselves.

use std::error::Error;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::answer;
use crate::app::change_registration::{self, Changed};
use crate::app::refusal;
use crate::app::registration::{self, RegistrationError};
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::registration::BadMetadata;
use crate::registration_config::RegistrationConfig;
use crate::state::Identity;

/// Nothing when clients cannot register themselves.
pub(super) fn router(state: &Identity) -> Router<Identity> {
    let Some(settings) = state.config.registration.clone() else { return Router::new() };
    Router::new()
        .route("/register", post(create))
        .route("/register/{client_id}", get(read).put(update).delete(remove))
        .layer(Extension(settings))
}

async fn create(
    State(state): State<Identity>,
    Extension(settings): Extension<RegistrationConfig>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let done = match json_body(&headers) {
        Ok(()) => registration::register(&state, &settings, bearer(&headers), &body).await,
        Err(error) => Err(error),
    };
    answered(&state, StatusCode::CREATED, done).await
}

async fn read(
    State(state): State<Identity>,
    Path(client_id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let done = change_registration::show(&state, &client_id, bearer(&headers)).await;
    answered(&state, StatusCode::OK, done).await
}

async fn update(
    State(state): State<Identity>,
    Extension(settings): Extension<RegistrationConfig>,
    Path(client_id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let token = bearer(&headers);
    let done = match json_body(&headers) {
        Ok(()) => change_registration::change(&state, &settings, &client_id, token, &body).await,
        Err(error) => Err(error),
    };
    match done {
        // Accepted, and not in force: an operator looks at it first.
        Ok(Changed::Proposed(told)) => answer::json(StatusCode::ACCEPTED, &told),
        Ok(Changed::Done(told)) => answer::json(StatusCode::OK, &told),
        Err(error) => refused(&state, error).await,
    }
}

async fn remove(
    State(state): State<Identity>,
    Path(client_id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match registration::remove(&state, &client_id, bearer(&headers)).await {
        Ok(()) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            answer::unkept(&mut response);
            response
        }
        Err(error) => refused(&state, error).await,
    }
}

async fn answered(
    state: &Identity,
    status: StatusCode,
    done: Result<Value, RegistrationError>,
) -> Response {
    match done {
        Ok(told) => answer::json(status, &told),
        Err(error) => refused(state, error).await,
    }
}

async fn refused(state: &Identity, error: RegistrationError) -> Response {
    let (status, told, member) = match &error {
        RegistrationError::Token => {
            let text = "the token is missing or not valid";
            (StatusCode::UNAUTHORIZED, Refused::new(OAuthError::InvalidToken, text), "")
        }
        RegistrationError::Refused(refused) => (StatusCode::BAD_REQUEST, *refused, ""),
        RegistrationError::Bad(BadMetadata::RedirectUri) => {
            let text = "a redirect URI is not acceptable";
            (StatusCode::BAD_REQUEST, Refused::new(OAuthError::InvalidRedirectUri, text), "")
        }
        RegistrationError::Bad(BadMetadata::Member(name)) => {
            let text = "a member of the registration is not acceptable: ";
            (StatusCode::BAD_REQUEST, Refused::new(OAuthError::InvalidClientMetadata, text), *name)
        }
        RegistrationError::Store(_) | RegistrationError::Entropy(_) => {
            tracing::error!(error = &error as &dyn Error, "a registration failed");
            let text = "something went wrong on our side";
            (StatusCode::INTERNAL_SERVER_ERROR, Refused::new(OAuthError::ServerError, text), "")
        }
    };
    refusal::record(state, "identity.registration.refused", told).await;
    let description = format!("{}{member}", told.description);
    let body = json!({"error": told.error.as_str(), "error_description": description});
    let mut response = answer::json(status, &body);
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The one bearer token of the request (RFC 6750 §2.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (first, None) = (all.next()?, all.next()) else { return None };
    let (scheme, token) = first.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn json_body(headers: &HeaderMap) -> Result<(), RegistrationError> {
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let text = "the body is not application/json";
    Err(RegistrationError::Refused(Refused::new(OAuthError::InvalidClientMetadata, text)))
}
