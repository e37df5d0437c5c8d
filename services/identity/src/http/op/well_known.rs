//! `/.well-known/*`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderName;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::app::discovery;
use crate::domain::rotation::KEY_SET_KEPT;
use crate::state::Identity;

fn kept() -> [(HeaderName, String); 1] {
    [(CACHE_CONTROL, format!("public, max-age={KEY_SET_KEPT}"))]
}

pub(super) async fn metadata(State(state): State<Identity>) -> Response {
    let body = axum::Json(discovery::metadata(&state));
    (kept(), body).into_response()
}

pub(super) async fn keys(State(state): State<Identity>) -> Response {
    let body = state.keys.served(state.now()).to_json();
    (kept(), [(CONTENT_TYPE, "application/json")], body).into_response()
}
