//! What a sender is told with every answer: `siegel-lane`, and where it has a quota
//! `siegel-limit-remaining` (letters) and `siegel-limit-reset` (seconds). They travel as trailers.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{HeaderMap, Request as HttpRequest, Response as HttpResponse};
use http_body_util::BodyExt as _;
use siegel_proto::postbox::v1 as pb;
use tonic::metadata::{AsciiMetadataKey, MetadataMap};
use tonic::server::NamedService;
use tonic::{Response, Status};
use tower::Service;

use crate::app::Postbox;
use crate::app::submit::SenderClient;

const LANE: &str = "siegel-lane";
const REMAINING: &str = "siegel-limit-remaining";
const RESET: &str = "siegel-limit-reset";

/// The lane that a letter asks for.
pub fn lane(letter: Option<&pb::Letter>) -> &'static str {
    let bulk = letter.is_some_and(|l| l.lane == i32::from(pb::Lane::Bulk));
    if bulk { "bulk" } else { "interactive" }
}

/// Puts lane and quota beside an answer, accepted or refused.
pub async fn tell<T>(
    postbox: &Postbox,
    who: &SenderClient,
    lane: &'static str,
    answer: Result<T, Status>,
) -> Result<Response<T>, Status> {
    let mut told = vec![(LANE, lane.to_owned())];
    // A store that is down says so in the answer itself.
    if let Ok(allowance) = postbox.allowance(who).await
        && let Some(remaining) = allowance.remaining
    {
        let reset = allowance.resets_at.since(postbox.now().recorded).as_secs();
        told.extend([(REMAINING, remaining.to_string()), (RESET, reset.to_string())]);
    }
    match answer {
        Ok(message) => {
            let mut response = Response::new(message);
            put(response.metadata_mut(), told);
            Ok(response)
        }
        Err(mut status) => {
            put(status.metadata_mut(), told);
            Err(status)
        }
    }
}

fn put(metadata: &mut MetadataMap, told: Vec<(&'static str, String)>) {
    for (name, value) in told {
        if let Ok(value) = value.parse() {
            metadata.insert(AsciiMetadataKey::from_static(name), value);
        }
    }
}

/// Moves the limits of an answer from its headers, where tonic puts what a handler says, into its
/// trailers: an answer's limits are known only when it is there.
#[derive(Clone, Debug)]
pub struct InTrailers<S>(pub S);

impl<S: NamedService> NamedService for InTrailers<S> {
    const NAME: &'static str = S::NAME;
}

type Answer = Result<HttpResponse<Body>, Infallible>;

impl<S, B> Service<HttpRequest<Body>> for InTrailers<S>
where
    S: Service<HttpRequest<Body>, Response = HttpResponse<B>, Error = Infallible>,
    S::Future: Send + 'static,
    B: axum::body::HttpBody<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move {
            let (mut head, body) = answer.await?.into_parts();
            // A refusal has no body: its headers are its trailers (gRPC: Trailers-Only).
            if head.headers.contains_key("grpc-status") {
                return Ok(HttpResponse::from_parts(head, Body::new(body)));
            }
            let mut told = HeaderMap::new();
            for name in [LANE, REMAINING, RESET] {
                if let Some(value) = head.headers.remove(name) {
                    told.insert(name, value);
                }
            }
            let body = body.map_frame(move |mut frame| {
                if let Some(trailers) = frame.trailers_mut() {
                    trailers.extend(told.clone());
                }
                frame
            });
            Ok(HttpResponse::from_parts(head, Body::new(body)))
        })
    }
}
