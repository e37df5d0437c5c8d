//! Answers that last: a stream ends when the token it was asked for with is revoked; one that
//! follows something without end also when the token expires.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http::HeaderMap;
use hyper::body::Frame;
use siegel_oidc::AccessToken;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tonic::{Code, Status};

use super::{Inner, rpc_of};
use crate::refusal;

/// How often a stream looks at its token.
const EVERY: Duration = Duration::from_secs(1);

struct Lasting {
    body: Body,
    guard: Arc<Inner>,
    token: AccessToken,
    /// `Watch…`: without end of its own. Anything else may finish with the token it began with.
    endless: bool,
    look: Interval,
    over: bool,
}

/// The answer to a call from outside, for as long as its token allows.
pub(super) fn while_it_holds(
    guard: &Arc<Inner>,
    path: &str,
    token: AccessToken,
    response: Response,
) -> Response {
    let method = rpc_of(path).split_once('/').map_or("", |(_, method)| method);
    let endless = method.starts_with("Watch");
    let mut look = interval_at(Instant::now() + EVERY, EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let guard = guard.clone();
    response.map(|body| Body::new(Lasting { body, guard, token, endless, look, over: false }))
}

impl Lasting {
    /// Why the stream cannot go on.
    fn end(&self) -> Option<Status> {
        let now = self.guard.settings.clock.now().as_seconds();
        if self.endless && self.token.exp <= now {
            let text = "the token has expired: go on with a new one";
            return Some(refusal(Code::Unauthenticated, "TOKEN_EXPIRED", text, []));
        }
        self.guard
            .revocations
            .are_known_of(&self.token)
            .then(|| refusal(Code::Unauthenticated, "TOKEN_REVOKED", "the token was revoked", []))
    }
}

impl HttpBody for Lasting {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        while this.look.poll_tick(context).is_ready() {
            let Some(status) = this.end() else { continue };
            this.over = true;
            // Dropping it tells the service that nobody listens any more.
            this.body = Body::empty();
            let mut trailers = HeaderMap::new();
            let written = status.add_header(&mut trailers);
            let frame = written.map(|()| Frame::trailers(trailers));
            return Poll::Ready(Some(frame.map_err(axum::Error::new)));
        }
        Pin::new(&mut this.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.body.is_end_stream()
    }
}
