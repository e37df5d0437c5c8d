//! Takes the rest of a body nobody wants. A request that is refused by its headers is answered
//! before its body has arrived; a connection of HTTP/1.1 that is closed there resets under the
//! caller, who then never sees the answer (RFC 9112 §9.6).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{Version, header};

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Frame, SizeHint};
use tokio::runtime::Handle;

/// Most that is taken and thrown away, bytes: the largest body of JSON.
const MOST: usize = 12 * 1024 * 1024;
/// Longest time for it; below the grace of a service that stops.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bodies of requests to `router` that are dropped before their end are taken and thrown away.
pub fn taken(router: Router) -> Router {
    router.layer(axum::middleware::map_request(async |request: Request| {
        // A stream of HTTP/2 ends without its neighbours; who waits for 100-continue sends nothing.
        let waits = request.headers().contains_key(header::EXPECT);
        if waits || request.version() > Version::HTTP_11 || request.body().is_end_stream() {
            return request;
        }
        request.map(|body| Body::new(Wanted(body)))
    }))
}

/// A body that is read to its end, by whoever wants it or by nobody.
struct Wanted(Body);

impl HttpBody for Wanted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.0.is_end_stream() {
            return;
        }
        let mut rest = Limited::new(std::mem::take(&mut self.0), MOST);
        runtime.spawn(tokio::time::timeout(PATIENCE, async move {
            while let Some(Ok(_)) = rest.frame().await {}
        }));
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    async fn read_answer(stream: &mut TcpStream) -> String {
        let (mut answer, mut part) = (Vec::new(), [0; 1024]);
        while !answer.ends_with(b"refused") {
            let read = stream.read(&mut part).await.unwrap();
            assert!(read > 0, "closed after {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&part[..read]);
        }
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn a_caller_refused_by_its_headers_sends_its_body_and_the_next_request() {
        let refuse = post(async || (StatusCode::UNAUTHORIZED, "refused"));
        let router = taken(Router::new().route("/", refuse));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async { axum::serve(listener, router).await });

        let mut stream = TcpStream::connect(address).await.unwrap();
        for _ in 0..2 {
            let head = "POST / HTTP/1.1\r\nhost: siegel\r\ncontent-length: 4194304\r\n\r\n";
            stream.write_all(head.as_bytes()).await.unwrap();
            // The answer is there before the body is: it waits for nothing.
            let answer = read_answer(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
            assert!(!answer.contains("connection: close"), "{answer}");
            stream.write_all(&vec![b'x'; 4_194_304]).await.unwrap();
        }
    }
}
