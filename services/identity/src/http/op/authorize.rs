//! `/authorize`: nothing is changed and no cookie is read but for `prompt=none`; the pages begin
//! at the address this leads to.

use std::error::Error;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use siegel_web::{Problem, View};

use crate::app::authorize::{self, AuthorizeError, Received};
use crate::domain::answer::with_query;
use crate::domain::oauth::Refused;
use crate::domain::params::Params;
use crate::http::{LOCALES, answer};
use crate::state::Identity;

pub(super) async fn get(
    State(state): State<Identity>,
    view: View,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    match Params::parse(&query.unwrap_or_default()) {
        Ok(params) => receive(&state, &view, &headers, &params).await,
        Err(refused) => unacceptable(&view, refused),
    }
}

pub(super) async fn post(
    State(state): State<Identity>,
    view: View,
    headers: HeaderMap,
    body: String,
) -> Response {
    match Params::parse(&body) {
        // A POST from the client's page brings no session cookie (`SameSite=Lax`); the GET does.
        // What a signed request asks is inside.
        Ok(params)
            if (params.get("prompt") == Some("none") || params.get("request").is_some())
                && body.len() < 8_000 =>
        {
            Redirect::to(&with_query("/authorize", &body)).into_response()
        }
        Ok(params) => receive(&state, &view, &headers, &params).await,
        Err(refused) => unacceptable(&view, refused),
    }
}

async fn receive(state: &Identity, view: &View, headers: &HeaderMap, params: &Params) -> Response {
    match authorize::receive(state, params, headers).await {
        Ok(Received::Pages(id)) => Redirect::to(&format!("/login/{id}")).into_response(),
        Ok(Received::Answer(target)) => answer::show(view, target),
        Err(AuthorizeError::Unacceptable(refused)) => unacceptable(view, refused),
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "an authorization request failed");
            view.problem(Problem::Internal)
        }
    }
}

/// An error page and never a redirect: it is not certain who asks (RFC 6749 §4.1.2.1).
fn unacceptable(view: &View, refused: Refused) -> Response {
    tracing::info!(reason = refused.description, "an authorization request was not acceptable");
    let t = view.texts(&LOCALES);
    let text =
        format!("{} {}: {}.", t.get("op-bad-request"), t.get("op-detail"), refused.description);
    view.error_page(StatusCode::BAD_REQUEST, &t.get("op-bad-request-title"), &text, None)
}
