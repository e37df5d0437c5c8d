//! Counts and times the requests of an HTTP face.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use siegel_telemetry::metric;

/// The face of `service`, counted.
pub fn counted(face: Router, service: &str) -> Router {
    face.layer(middleware::from_fn_with_state(service.to_owned(), count))
}

async fn count(State(face): State<String>, request: Request, next: Next) -> Response {
    let started = tokio::time::Instant::now();
    let response = next.run(request).await;
    let class = match response.status().as_u16() {
        ..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    };
    metric::HTTP_REQUESTS.count([&face, class]);
    metric::HTTP_DURATION.record(started.elapsed(), [&face]);
    response
}
