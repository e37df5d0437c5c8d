use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use siegel_config::Profile;
use siegel_db::Db;
use siegel_egress::Egress;
use siegel_kernel::{Clock, Entropy};
use tokio::task::JoinSet;
use tonic::server::NamedService;
use tower::Service;

use crate::Siblings;

/// What a service is given when it starts.
#[derive(Clone)]
pub struct Outside {
    /// Protocol time: tokens, sessions, recorded times.
    pub clock: Arc<dyn Clock>,
    /// Legal days, sweepers, reminders, retention; the sandbox can move it.
    pub legal_clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// Open and migrated.
    pub db: Db,
    pub siblings: Siblings,
    /// The way to addresses that others named; identity and notification call them, the postbox
    /// only asks whether one may be named.
    pub egress: Egress,
    pub profile: Profile,
    /// Issuer and public URL, without a slash at the end.
    pub origin: String,
    /// The same for clients that come with a certificate (RFC 8705 §5), where there is a listener.
    pub mtls_origin: Option<String>,
}

/// What a service gives back when it has started.
pub struct Running {
    pub grpc: GrpcServices,
    /// Public HTTP face; empty for most services.
    pub http: Router,
    /// Background loops; they stop when this is dropped.
    pub tasks: JoinSet<()>,
}

/// The gRPC services of one service of the suite, not yet behind the guard.
#[derive(Clone, Default)]
pub struct GrpcServices {
    services: Vec<(&'static str, Router)>,
}

impl GrpcServices {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a generated server.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "no sum: as axum and tonic call it")]
    pub fn add<S>(mut self, service: S) -> Self
    where
        S: Service<http::Request<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        let path = format!("/{}/{{*method}}", S::NAME);
        self.services.push((S::NAME, Router::new().route_service(&path, service)));
        self
    }

    /// Full names of the services.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.services.iter().map(|(name, _)| *name)
    }

    /// One router of the services that `keep` names.
    pub(crate) fn router(&self, keep: impl Fn(&str) -> bool) -> Router {
        let kept = self.services.iter().filter(|(name, _)| keep(name));
        kept.fold(Router::new(), |all, (_, one)| all.merge(one.clone()))
    }
}
