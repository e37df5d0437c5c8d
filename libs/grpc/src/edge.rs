//! The public edge: the services that callers outside may use, health and reflection.

use axum::Router;
use tonic_health::server::health_reporter;

use crate::{GrpcServices, Guard, access_table};

/// One router of all public gRPC services, each behind its guard, with reflection (v1 and v1alpha)
/// and health. Services whose every RPC is for siblings are not in it.
pub async fn public_router(services: &[(GrpcServices, Guard)]) -> Router {
    let (health, health_service) = health_reporter();
    let mut router = Router::new();
    for (grpc, guard) in services {
        let open = grpc.router(|name| access_table().is_public(name));
        router = router.merge(guard.protect(open));
        for name in grpc.names().filter(|name| access_table().is_public(name)) {
            health.set_service_status(name, tonic_health::ServingStatus::Serving).await;
        }
    }
    let mut edge = GrpcServices::new().add(health_service);
    let describe = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(siegel_proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    // The descriptors are this build's own: a set that does not decode cannot have compiled.
    if let (Ok(v1), Ok(v1alpha)) = (describe().build_v1(), describe().build_v1alpha()) {
        edge = edge.add(v1).add(v1alpha);
    }
    router.merge(edge.router(|_| true))
}

impl GrpcServices {
    /// All services of one service of the suite behind its guard: what siblings call.
    pub fn guarded(&self, guard: &Guard) -> Router {
        guard.protect(self.router(|_| true))
    }
}
