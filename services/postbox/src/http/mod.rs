//! The public part of evidence: the key set, and the log as static files.

mod log;
pub mod uploads;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::Postbox;

/// `/log/keys.json`, `/log/checkpoint`, `/log/key`, `/log/tile/…`
pub fn router(postbox: Postbox) -> Router {
    Router::new().route("/log/keys.json", get(keys)).merge(log::router()).with_state(postbox)
}

async fn keys(State(postbox): State<Postbox>) -> Response {
    match postbox.key_set().await {
        Ok(jwks) => {
            // Anybody's script may read it; the registered type is that of RFC 7517 §8.5.
            let headers = [
                (header::CONTENT_TYPE, "application/jwk-set+json"),
                (header::CACHE_CONTROL, "public, max-age=300"),
                (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            ];
            (headers, jwks).into_response()
        }
        Err(error) => {
            let _ = siegel_grpc::fault(&error);
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
