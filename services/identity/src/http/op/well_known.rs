//! `/.well-known/*`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::app::discovery;
use crate::state::Identity;

/// Shorter than any overlap of two signing keys: `domain::rotation::KEY_SET_KEPT`.
const KEPT: &str = "public, max-age=300";

pub(super) async fn metadata(State(state): State<Identity>) -> Response {
    let body = axum::Json(discovery::metadata(&state));
    ([(CACHE_CONTROL, KEPT)], body).into_response()
}

pub(super) async fn keys(State(state): State<Identity>) -> Response {
    let body = state.keys.served(state.now()).to_json();
    ([(CACHE_CONTROL, KEPT), (CONTENT_TYPE, "application/json")], body).into_response()
}
