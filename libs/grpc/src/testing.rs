//! For tests of one service: its surroundings, siblings that are faked, callers that are given.

use std::sync::Arc;

use axum::Extension;
use siegel_config::Profile;
use siegel_db::Db;
use siegel_egress::{Egress, EgressSettings};
use siegel_kernel::{Clock, Entropy};
use tonic::transport::Channel;

use crate::{Caller, GrpcServices, InProcess, Outside, Peer, Siblings, SiblingsSettings};

/// Faked siblings of the service under test.
#[derive(Clone, Default)]
pub struct Fakes {
    registry: InProcess,
}

impl Fakes {
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers calls of the service `own` to `name` by these services.
    #[must_use]
    pub fn with(self, own: &str, name: &str, services: &GrpcServices) -> Self {
        let caller = Caller::Sibling(own.to_owned());
        self.registry.register(name, services.router(|_| true).layer(Extension(caller)));
        self
    }
}

/// Surroundings of the service `own` at `http://localhost:8080`, sandbox profile; siblings that
/// are not faked are unreachable.
#[expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "for tests only")]
pub fn outside(
    own: &str,
    db: Db,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    fakes: &Fakes,
) -> Outside {
    let origin = "http://localhost:8080".to_owned();
    let settings = SiblingsSettings {
        own: own.to_owned(),
        thumbprint: "test".to_owned(),
        origin: origin.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    };
    let siblings = Siblings::without_tokens(settings, fakes.registry.clone());
    let legal_clock = clock.clone();
    let profile = Profile::Sandbox;
    let egress = Egress::new(&EgressSettings::default(), profile).unwrap();
    Outside {
        clock,
        legal_clock,
        entropy,
        db,
        siblings,
        egress,
        profile,
        origin,
        mtls_origin: None,
    }
}

/// The services themselves, every call of which comes from `caller`: for faces in front of them.
pub fn router(services: &GrpcServices, caller: Caller) -> axum::Router {
    services.router(|_| true).layer(Extension(caller))
}

/// A channel to services on which every call comes from `caller`, in place of the guard.
pub fn serve(services: &GrpcServices, caller: Caller) -> Channel {
    let registry = InProcess::default();
    registry.register("under test", router(services, caller));
    let peer = Peer { service: "test".to_owned(), thumbprint: "test".to_owned() };
    registry.channel(peer, "under test")
}
