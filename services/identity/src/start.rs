//! Starting the service.

use axum::Router;
use siegel_grpc::{GrpcServices, Outside, Running};
use siegel_proto::identity::v1::address_service_server::AddressServiceServer;
use siegel_proto::identity::v1::client_access_service_server::ClientAccessServiceServer;
use siegel_proto::identity::v1::deletion_service_server::DeletionServiceServer;
use siegel_proto::identity::v1::key_service_server::KeyServiceServer;
use siegel_proto::identity::v1::self_service_server::SelfServiceServer;
use siegel_proto::identity::v1::sibling_service_server::SiblingServiceServer;
use tokio::task::JoinSet;

use crate::app::acting::follow;
use crate::app::clients::RegisterError;
use crate::app::failure::Failure;
use crate::app::{clients, deletion, deliver_outbox, push, sweep, upstreams};
use crate::config::{ClientError, Config};
use crate::grpc::address_service::Addresses;
use crate::grpc::client_access::ClientAccess;
use crate::grpc::deletion::Deletions;
use crate::grpc::key_service::PublicKeys;
use crate::grpc::self_service::SelfCare;
use crate::grpc::sibling_service::Siblings;
use crate::http::{op, pages};
use crate::keys::{Keys, KeysError};
use crate::operator_config::{self, OperatorsError};
use crate::people::BadPeopleConfig;
use crate::state::Identity;
use crate::upstream_config::{self, UpstreamError};

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Keys(#[from] KeysError),
    #[error("{0}")]
    Clients(#[from] ClientError),
    #[error(
        "origin {0:?} is not https: production serves no http (set origin, or profile = \"sandbox\")"
    )]
    InsecureOrigin(String),
    #[error("{0}")]
    Operators(#[from] OperatorsError),
    #[error("[identity.registration] initial_access_token_file: {0}")]
    InitialToken(#[from] siegel_config::SecretFileError),
    #[error("{0}")]
    Register(#[from] RegisterError),
    #[error("{0}")]
    Upstreams(#[from] UpstreamError),
    #[error("the upstream providers cannot be stored")]
    Federation(#[from] Failure),
    #[error(transparent)]
    People(#[from] BadPeopleConfig),
}

/// Loads keys, registers clients, and gives back what is to be served.
pub async fn start(config: Config, outside: Outside) -> Result<Running, StartError> {
    let production = outside.profile.is_production();
    if production && !outside.origin.starts_with("https://") {
        return Err(StartError::InsecureOrigin(outside.origin));
    }
    operator_config::known(&config.operators)?;
    let keys = Keys::load(&config, !production, &*outside.entropy)?;
    if production {
        config.refuse_inline_secrets()?;
    }
    let registrations = config.registrations()?;
    if let Some(file) =
        config.registration.as_ref().and_then(|r| r.initial_access_token_file.as_ref())
    {
        siegel_config::read_secret(file)?;
    }
    let providers = upstream_config::registrations(&config.upstreams, !production)?;
    let state = Identity::new(config, outside, keys)?;
    clients::register(&state, &registrations).await?;
    upstreams::register(&state, &providers).await?;
    Ok(running(&state))
}

/// Serves a prepared state.
fn running(state: &Identity) -> Running {
    let mut tasks = JoinSet::new();
    tasks.spawn(state.feed.clone().run(state.outside.clock.clone()));
    let worker = state.clone();
    tasks.spawn(state.outbox.clone().run(move |job| deliver_outbox::handle(worker.clone(), job)));
    let pusher = state.clone();
    let push = move |job| deliver_outbox::handle(pusher.clone(), job);
    tasks.spawn(state.outbox.clone().run_pushes(push::AT_ONCE, push));
    tasks.spawn(sweep::run(state.clone()));
    tasks.spawn(deletion::saga::run(state.clone()));
    tasks.spawn(follow::run(state.clone()));
    Running { grpc: grpc_services(state), http: router(state), tasks }
}

/// The gRPC faces.
pub fn grpc_services(state: &Identity) -> GrpcServices {
    GrpcServices::new()
        .add(KeyServiceServer::new(PublicKeys(state.clone())))
        .add(SiblingServiceServer::new(Siblings(state.clone())))
        .add(SelfServiceServer::new(SelfCare(state.clone())))
        .add(ClientAccessServiceServer::new(ClientAccess(state.clone())))
        .add(DeletionServiceServer::new(Deletions(state.clone())))
        .add(AddressServiceServer::new(Addresses(state.clone())))
}

/// The public HTTP face.
pub fn router(state: &Identity) -> Router {
    op::router(state.clone()).merge(pages::router(state.clone()))
}
