//! Probes and metrics, plain HTTP, for the cluster only.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use siegel_db::Db;
use tokio::net::TcpListener;

/// `/livez`: the process answers. `/readyz`: its databases do. `/metrics`: Prometheus text.
pub fn router(databases: Vec<Db>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(ready).with_state(databases))
        .route("/metrics", get(metrics))
}

pub async fn serve(
    listener: TcpListener,
    databases: Vec<Db>,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let _ = axum::serve(listener, router(databases)).with_graceful_shutdown(stop).await;
}

async fn ready(State(databases): State<Vec<Db>>) -> (StatusCode, &'static str) {
    for db in databases {
        if let Err(error) = db.ping().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the database does not answer"
            );
            return (StatusCode::SERVICE_UNAVAILABLE, "database");
        }
    }
    (StatusCode::OK, "ok")
}

async fn metrics() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], siegel_telemetry::metrics_text())
}
