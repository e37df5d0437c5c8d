//! Services in one process: gRPC over pipes in memory, each connection knowing who opened it.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use axum::{Extension, Router};
use http::Uri;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::DuplexStream;
use tonic::transport::{Channel, Endpoint};

use crate::Peer;

/// Bytes in flight per direction and connection.
const PIPE: usize = 256 * 1024;

/// The services of one process by name.
#[derive(Clone, Default)]
pub struct InProcess {
    routers: Arc<RwLock<HashMap<String, Router>>>,
}

impl InProcess {
    /// Makes a service reachable. Calls before that are refused as unreachable.
    pub fn register(&self, service: &str, router: Router) {
        let mut routers = self.routers.write().unwrap_or_else(PoisonError::into_inner);
        routers.insert(service.to_owned(), router);
    }

    /// A channel to a service on which `peer` is known to be calling. Connects when first used.
    pub(crate) fn channel(&self, peer: Peer, to: &str) -> Channel {
        let (registry, to) = (self.clone(), to.to_owned());
        let connector = tower::service_fn(move |_: Uri| {
            let stream = registry.connect(&peer, &to);
            async move { stream.map(TokioIo::new) }
        });
        Endpoint::from_static("http://in.process").connect_with_connector_lazy(connector)
    }

    fn connect(&self, peer: &Peer, to: &str) -> io::Result<DuplexStream> {
        let routers = self.routers.read().unwrap_or_else(PoisonError::into_inner);
        let router = routers.get(to).cloned().ok_or(io::ErrorKind::ConnectionRefused)?;
        let router = router.layer(Extension(peer.clone()));
        let (near, far) = tokio::io::duplex(PIPE);
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new()).http2_only();
            let service = TowerToHyperService::new(router);
            // Ends when the client drops its channel; how is of no interest.
            let _ = server.serve_connection(TokioIo::new(far), service).await;
        });
        Ok(near)
    }
}
