//! Ends streams when the service stops: who waits for events is told to come again, instead of
//! holding the process until it is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, BodyStream, StreamBody};
use tokio::sync::watch;

/// Once `ended` says so, an answer of `router` that has nothing to say at the moment ends with
/// `UNAVAILABLE`; one that has is sent to its end.
pub fn layer(router: Router, ended: &watch::Receiver<bool>) -> Router {
    router.layer(from_fn_with_state(ended.clone(), answer))
}

async fn answer(
    State(ended): State<watch::Receiver<bool>>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    let grpc = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    if !grpc || response.body().is_end_stream() {
        return response;
    }
    response.map(|body| ending(body, ended))
}

fn ending(body: Body, ended: watch::Receiver<bool>) -> Body {
    let cut = Arc::new(AtomicBool::new(false));
    let (at, cut_short) = (cut.clone(), cut);
    let frames = stream::unfold((BodyStream::new(body), ended), move |(mut frames, mut ended)| {
        let at = at.clone();
        async move {
            let frame = tokio::select! {
                biased;
                frame = frames.next() => frame,
                _ = ended.wait_for(|end| *end) => {
                    at.store(true, Ordering::Relaxed);
                    None
                }
            };
            Some((frame?, (frames, ended)))
        }
    });
    let trailers = async move { cut_short.load(Ordering::Relaxed).then(|| Ok(come_again())) };
    Body::new(StreamBody::new(frames).with_trailers(trailers))
}

/// Status 14, `UNAVAILABLE`.
fn come_again() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("14"));
    trailers.insert("grpc-message", HeaderValue::from_static("the service stops; come again"));
    trailers
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tower::ServiceExt as _;

    fn grpc(body: Body) -> Response {
        let mut response = Response::new(body);
        let kind = HeaderValue::from_static("application/grpc");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }

    async fn ask(router: Router) -> Body {
        let request = Request::get("/").body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap().into_body()
    }

    #[tokio::test]
    async fn a_stream_that_waits_ends_with_unavailable_when_the_service_stops() {
        let (end, ended) = watch::channel(false);
        let waits =
            || async { grpc(Body::from_stream(stream::pending::<Result<&str, axum::Error>>())) };
        let body = ask(layer(Router::new().route("/", get(waits)), &ended)).await;
        end.send(true).unwrap();
        let whole = body.collect().await.unwrap();
        assert_eq!(whole.trailers().unwrap()["grpc-status"], "14");
    }

    #[tokio::test]
    async fn an_answer_that_is_there_is_sent_whole_although_the_service_stops() {
        let (_end, ended) = watch::channel(true);
        let says = || async {
            let trailers =
                HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
            let body = Body::from("answer").with_trailers(async { Some(Ok(trailers)) });
            grpc(Body::new(body))
        };
        let body = ask(layer(Router::new().route("/", get(says)), &ended)).await;
        let whole = body.collect().await.unwrap();
        assert_eq!(whole.trailers().unwrap()["grpc-status"], "0");
        assert_eq!(whole.to_bytes(), "answer");
    }
}
