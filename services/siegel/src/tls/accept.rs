use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::Extensions;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::{ServerConfig, ServerConnection};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// How long a caller may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a caller may take for the headers of a request.
const HEADERS: Duration = Duration::from_secs(30);
/// Pause after a connection could not be taken (no file descriptors left).
const BREATH: Duration = Duration::from_millis(100);

/// What the requests of a connection carry besides what they say; `None` refuses the connection.
type Admit = dyn Fn(&ServerConnection) -> Option<Extensions> + Send + Sync;

/// How connections of one listener are taken.
#[derive(Clone)]
pub struct Door {
    acceptor: TlsAcceptor,
    admit: Arc<Admit>,
    http2_only: bool,
}

impl Door {
    /// Takes everybody who completes the handshake, HTTP/1.1 and HTTP/2.
    pub fn new(config: ServerConfig) -> Self {
        Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            admit: Arc::new(|_| Some(Extensions::new())),
            http2_only: false,
        }
    }

    /// Asks `admit` about each connection.
    #[must_use]
    pub fn admitting(
        mut self,
        admit: impl Fn(&ServerConnection) -> Option<Extensions> + Send + Sync + 'static,
    ) -> Self {
        self.admit = Arc::new(admit);
        self
    }

    /// Speaks HTTP/2 only.
    #[must_use]
    pub fn http2_only(mut self) -> Self {
        self.http2_only = true;
        self
    }
}

/// Serves `router` behind `door` until `stopped`, then ends when the last running call has.
pub async fn serve(
    listener: TcpListener,
    door: Door,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let until = stopped.clone();
    let stop = async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = stop.as_mut() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok(accepted) => {
                    let serving = connection(accepted, door.clone(), router.clone(), until.clone());
                    connections.spawn(serving);
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a connection cannot be taken"
                    );
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(
    (stream, peer): (TcpStream, SocketAddr),
    door: Door,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    // Answers are small and complete: waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let handshake = tokio::time::timeout(HANDSHAKE, door.acceptor.accept(stream)).await;
    let Ok(Ok(stream)) = handshake else {
        tracing::debug!("a handshake did not come to an end");
        return;
    };
    let Some(mut known) = (door.admit)(stream.get_ref().1) else { return };
    known.insert(ConnectInfo(peer));
    let service = router.map_request(move |mut request: Request<_>| {
        request.extensions_mut().extend(known.clone());
        request.map(Body::new)
    });
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    server.http2().timer(TokioTimer::new());
    if door.http2_only {
        server = server.http2_only();
    }
    let serving = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(serving);
    // How a connection ends is of no interest: the caller comes again.
    tokio::select! {
        _ = serving.as_mut() => return,
        _ = stopped.wait_for(|stop| *stop) => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
}
