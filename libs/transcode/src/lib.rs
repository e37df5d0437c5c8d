//! The public RPCs of the suite for callers without gRPC: JSON over HTTP, and gRPC-Web.
//!
//! Every request is turned into the gRPC call it stands for and goes through the same guard, limits
//! and handlers; the answer is turned back. Routes, mapping and the `OpenAPI` document are read off
//! the descriptors and the access table: an RPC that is added there is reachable.

mod answer;
mod bytes_out;
mod call;
mod challenge;
mod events;
mod frames;
mod input;
mod names;
mod openapi;
mod problem;
mod query;
mod routes;
mod web;

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::{MethodFilter, any, get, on};
use http::header;

pub use openapi::document;
pub use routes::{Route, Shape, routes};
pub use web::{Origins, cross_origin};

use problem::Problem;

/// Puts the HTTP faces beside a router of guarded gRPC services: gRPC-Web at the same paths, JSON
/// under `/v1`, and `/openapi.json`. `origins` may call all of them from browsers.
pub fn with_http_faces(grpc: Router, origins: &Origins) -> Router {
    let grpc = web::grpc_web(grpc);
    cross_origin(json(&grpc).merge(grpc), origins).merge(description())
}

/// One route per RPC.
fn json(grpc: &Router) -> Router {
    let mut router = Router::new().route("/v1/{*rest}", any(async || Problem::no_such_route()));
    for route in routes() {
        let verb = if route.is_get() { MethodFilter::GET } else { MethodFilter::POST };
        let (path, allowed) = (route.path.clone(), route.verb());
        let (route, grpc) = (Arc::new(route), grpc.clone());
        let handler = on(verb, move |request| call::answer(route.clone(), grpc.clone(), request));
        router = router.route(&path, handler.fallback(async move || Problem::wrong_verb(&allowed)));
    }
    router
}

/// The same document from every service; anybody's script may read it.
fn description() -> Router {
    let text = document();
    let answer = async move || {
        let mut response = Response::new(axum::body::Body::from(text.clone()));
        for (name, value) in [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "public, max-age=300"),
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        ] {
            response.headers_mut().insert(name, http::HeaderValue::from_static(value));
        }
        response
    };
    Router::new().route("/openapi.json", get(answer))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::{Path, Request};
    use axum::routing::put;
    use http::StatusCode;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn routes_of_others_under_v1_stay_reachable() {
        let others =
            Router::new().route("/v1/uploads/{id}", put(async |Path(id): Path<String>| id));
        let all = with_http_faces(Router::new(), &Origins::default()).merge(others);
        let status = async |request: Request| all.clone().oneshot(request).await.unwrap().status();
        let upload = Request::put("/v1/uploads/7").body(Body::empty()).unwrap();
        assert_eq!(status(upload).await, StatusCode::OK);
        let unknown = Request::put("/v1/nothing").body(Body::empty()).unwrap();
        assert_eq!(status(unknown).await, StatusCode::NOT_FOUND);
    }
}
