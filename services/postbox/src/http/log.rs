//! The log as anybody's tools read it (C2SP `tlog-tiles`).

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use siegel_log::TileId;

use crate::app::Postbox;
use crate::app::log::LogError;

/// A tile never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// A checkpoint is followed by the next one soon.
const SHORT: &str = "public, max-age=1";
const TEXT: &str = "text/plain; charset=utf-8";

pub fn router() -> Router<Postbox> {
    Router::new()
        .route("/log/checkpoint", get(checkpoint))
        .route("/log/key", get(key))
        .route("/log/tile/{*path}", get(tile))
}

async fn checkpoint(State(postbox): State<Postbox>) -> Response {
    match postbox.checkpoint().await {
        Ok(note) => answer(TEXT, SHORT, note),
        Err(error) => failure(&error),
    }
}

/// What checkpoints are verified with; who trusts it got it some other way too.
async fn key(State(postbox): State<Postbox>) -> Response {
    match postbox.log_key() {
        Some(key) => answer(TEXT, "public, max-age=300", format!("{key}\n")),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn tile(State(postbox): State<Postbox>, Path(path): Path<String>) -> Response {
    let Ok(id) = TileId::parse(&format!("tile/{path}")) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match postbox.tile(id).await {
        Ok(Some(bytes)) => answer("application/octet-stream", FOREVER, bytes),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => failure(&error),
    }
}

fn answer(kind: &'static str, keep: &'static str, body: impl IntoResponse) -> Response {
    // Anybody's script may read it.
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, keep),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, body).into_response()
}

fn failure(error: &LogError) -> Response {
    match error {
        LogError::Off | LogError::LeafUnknown | LogError::BeyondEnd => {
            StatusCode::NOT_FOUND.into_response()
        }
        LogError::Trouble(_) | LogError::Broken(_) => {
            let _ = siegel_grpc::fault(error);
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
