//! gRPC-Web, and pages of other origins.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method, header};
use tonic_web::GrpcWebLayer;
use tower::{Layer as _, ServiceExt as _};
use tower_http::cors::CorsLayer;

/// Origins whose pages may call the API from browsers.
#[derive(Clone, Debug, Default)]
pub struct Origins(Vec<HeaderValue>);

/// `https://portal.example`, without a path and without a final slash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no origin such as https://portal.example")]
pub struct BadOrigin(String);

impl Origins {
    /// # Errors
    /// For text that no browser sends as `Origin`.
    pub fn new(texts: &[String]) -> Result<Self, BadOrigin> {
        let parse = |text: &String| {
            let uri: Option<http::Uri> = text.parse().ok();
            let whole = uri.is_some_and(|uri| {
                let host = uri.host().is_some_and(|host| !host.is_empty() && !host.contains('*'));
                let scheme = matches!(uri.scheme_str(), Some("https" | "http"));
                host && scheme && uri.path() == "/" && !text.ends_with('/') && uri.query().is_none()
            });
            let value = HeaderValue::from_str(text).ok().filter(|_| whole);
            value.ok_or_else(|| BadOrigin(text.clone()))
        };
        texts.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }
}

/// Answers gRPC-Web at the paths of gRPC.
pub(crate) fn grpc_web(grpc: Router) -> Router {
    grpc.layer(from_fn(translate))
}

async fn translate(request: Request, next: Next) -> Response {
    let kind = request.headers().get(header::CONTENT_TYPE);
    if !kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc-web")) {
        return next.run(request).await;
    }
    let inner = tower::service_fn(move |request: http::Request<tonic::body::Body>| {
        let next = next.clone();
        async move { Ok::<_, std::convert::Infallible>(next.run(request.map(Body::new)).await) }
    });
    match GrpcWebLayer::new().layer(inner).oneshot(request).await {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    }
}

/// Lets pages of `origins` call. Without any, no header says anything: browsers then let none.
pub fn cross_origin(router: Router, origins: &Origins) -> Router {
    if origins.0.is_empty() {
        return router;
    }
    let ours = HeaderName::from_static;
    let layer = CorsLayer::new()
        .allow_origin(origins.0.clone())
        .allow_methods([Method::GET, Method::POST, Method::PUT])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::RANGE,
            ours("content-range"),
            ours("dpop"),
            ours("grpc-timeout"),
            ours("last-event-id"),
            ours("traceparent"),
            ours("x-grpc-web"),
            ours("x-user-agent"),
        ])
        .expose_headers([
            header::CONTENT_DISPOSITION,
            header::CONTENT_RANGE,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            ours("dpop-nonce"),
            ours("grpc-message"),
            ours("grpc-status"),
            ours("grpc-status-details-bin"),
            ours("upload-offset"),
        ])
        .max_age(Duration::from_mins(10));
    router.layer(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        let origin = |text: &str| Origins::new(&[text.to_owned()]).is_ok();
        assert!(origin("https://portal.example") && origin("http://localhost:3000"));
        for bad in ["*", "https://*.example", "portal.example", "https://a.example/", "null", ""] {
            assert!(!origin(bad), "{bad}");
        }
        assert!(!origin("https://a.example/x") && !origin("https://a.example?x"));
    }
}
