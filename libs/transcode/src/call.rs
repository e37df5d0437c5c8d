//! One HTTP request: the gRPC call it stands for, and the answer turned back.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};
use prost_reflect::Value;
use siegel_grpc::AskedAs;
use tonic::{Code, Status};
use tower::ServiceExt as _;

use crate::bytes_out::{self, Wanted};
use crate::frames::Frames;
use crate::problem::Problem;
use crate::routes::{Route, Shape};
use crate::{answer, events, input, query};

/// Headers of a request that mean the same to the call.
const PASSED: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::ACCEPT_LANGUAGE,
    HeaderName::from_static("dpop"),
    HeaderName::from_static("grpc-timeout"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

pub(crate) async fn answer(route: Arc<Route>, grpc: Router, request: Request) -> Response {
    match forward(&route, grpc, request).await {
        Ok(response) => response,
        Err(refused) => {
            let mut response = Problem::of(&refused.status).into_response();
            answer::metadata(&refused.metadata, &mut response);
            response
        }
    }
}

/// A refusal, and the metadata that came with it.
struct Refused {
    status: Status,
    metadata: HeaderMap,
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        Self { status, metadata: HeaderMap::new() }
    }
}

async fn forward(route: &Route, grpc: Router, request: Request) -> Result<Response, Refused> {
    let (head, body) = request.into_parts();
    let mut wanted = Wanted::default();
    let body = if route.is_get() {
        let mut message = query::message(route.input(), &head.uri)?;
        match route.shape {
            Shape::Bytes => wanted = bytes_out::wanted(&head.headers, &mut message),
            Shape::Events => resume(&head.headers, &mut message),
            Shape::Unary => {}
        }
        Body::from(input::encoded(&message)?)
    } else {
        input::check_headers(&head.headers)?;
        input::body(route, body)
    };
    let call = grpc_call(route, &head, body)?;
    let response = match grpc.oneshot(call).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (head, body) = response.into_parts();
    if let Some(status) = Status::from_header_map(&head.headers)
        && status.code() != Code::Ok
    {
        let status = bytes_out::out_of_range(&wanted, status);
        return Err(Refused { status, metadata: head.headers });
    }
    let frames = Frames::new(body, route.output());
    let mut response = match route.shape {
        Shape::Unary => unary(frames, &head.headers).await?,
        Shape::Events => events::response(frames),
        Shape::Bytes => bytes_out::response(frames, &wanted)
            .await
            .map_err(|status| Refused { status, metadata: head.headers.clone() })?,
    };
    answer::metadata(&head.headers, &mut response);
    Ok(response)
}

/// The gRPC call. It keeps what is known of the connection (address, certificate).
fn grpc_call(route: &Route, head: &Parts, body: Body) -> Result<Request, Status> {
    let mut call = Request::new(body);
    *call.method_mut() = Method::POST;
    *call.version_mut() = Version::HTTP_2;
    let uri = route.grpc_path().parse();
    *call.uri_mut() = uri.map_err(|_| Status::internal("an RPC's name is no path"))?;
    *call.extensions_mut() = head.extensions.clone();
    let path = head.uri.path().to_owned();
    call.extensions_mut().insert(AskedAs { method: head.method.clone(), path });
    let headers = call.headers_mut();
    for name in &PASSED {
        for value in head.headers.get_all(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    Ok(call)
}

/// `Last-Event-ID`, of an event source that lost its connection, is the newer cursor.
fn resume(headers: &HeaderMap, message: &mut prost_reflect::DynamicMessage) {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    if let Some(last) = last.filter(|last| !last.is_empty()) {
        // A stream without cursors has nothing to resume.
        let _ = message.try_set_field_by_name("cursor", Value::String(last.to_owned()));
    }
}

async fn unary(mut frames: Frames, head: &HeaderMap) -> Result<Response, Refused> {
    let first = frames.next().await;
    let last = match &first {
        Ok(Some(_)) => frames.next().await.map(|_| ()),
        _ => Ok(()),
    };
    let mut metadata = head.clone();
    metadata.extend(frames.trailers.clone());
    let refused = |status| Refused { status, metadata: metadata.clone() };
    let message = first.and_then(|message| last.map(|()| message)).map_err(refused)?;
    let message = message.ok_or_else(|| refused(Status::unknown("the answer was empty")))?;
    let text = answer::json(&message).map_err(|error| refused(siegel_grpc::fault(&error)))?;
    let mut response = Response::new(Body::from(text));
    answer::head(&mut response, "application/json");
    answer::metadata(&frames.trailers, &mut response);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http::StatusCode;
    use http_body_util::{BodyExt as _, StreamBody};
    use hyper::body::Frame;

    use super::*;
    use crate::frames::framed;
    use crate::routes::routes;

    /// A call that a service answers with this message and these trailers.
    async fn answered(message: Option<&[u8]>, trailers: &[(&'static str, &str)]) -> Response {
        let mut end = HeaderMap::new();
        for (name, value) in trailers {
            end.insert(*name, value.parse().unwrap());
        }
        let message = message.map(|message| Frame::data(framed(message).unwrap()));
        let end = (!end.is_empty()).then(|| Frame::trailers(end));
        let frames: Vec<_> = message.into_iter().chain(end).map(Ok::<_, Status>).collect();
        let body = Body::new(StreamBody::new(stream::iter(frames)));
        let response = Arc::new(std::sync::Mutex::new(Some(Response::new(body))));
        let service =
            Router::new().fallback(async move || response.lock().unwrap().take().unwrap());
        let path = "/v1/postbox/EvidenceService/GetCheckpoint";
        let route = routes().into_iter().find(|route| route.path == path).unwrap();
        let request = Request::post(path).body(Body::empty()).unwrap();
        answer(Arc::new(route), service, request).await
    }

    /// `GetCheckpointResponse { checkpoint: "c" }`
    const MESSAGE: &[u8] = &[0x0a, 1, b'c'];

    #[tokio::test]
    async fn what_a_service_says_in_trailers_stands_in_headers() {
        let trailers = [("grpc-status", "0"), ("x-left", "5"), ("x-secret-bin", "AA")];
        let response = answered(Some(MESSAGE), &trailers).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["x-left"], "5");
        for own in ["grpc-status", "x-secret-bin"] {
            assert!(!response.headers().contains_key(own), "{own} is gRPC's own");
        }
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(&body[..], br#"{"checkpoint":"c"}"#);
    }

    #[tokio::test]
    async fn an_error_behind_the_message_is_the_answer() {
        let trailers = [("grpc-status", "14"), ("x-left", "5")];
        let response = answered(Some(MESSAGE), &trailers).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["x-left"], "5");
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_no_answer() {
        for message in [None, Some(MESSAGE)] {
            let response = answered(message, &[]).await;
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        }
        let nothing = answered(None, &[("grpc-status", "0")]).await;
        assert_eq!(nothing.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
