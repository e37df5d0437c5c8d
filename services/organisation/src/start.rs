//! How the service starts.

use std::time::Duration;

use siegel_crypto::{KeyError, RootSecret};
use siegel_db::events::Feed;
use siegel_db::outbox::{Job, Outbox};
use siegel_grpc::{Deletion, GrpcServices, Outside, Running, follow_deletions};
use siegel_proto::organisation::v1::access_event_service_server::AccessEventServiceServer;
use siegel_proto::organisation::v1::access_service_server::AccessServiceServer;
use siegel_proto::organisation::v1::claim_proof_service_server::ClaimProofServiceServer;
use siegel_proto::organisation::v1::claim_revocation_service_server::ClaimRevocationServiceServer;
use siegel_proto::organisation::v1::claim_service_server::ClaimServiceServer;
use siegel_proto::organisation::v1::mailbox_directory_service_server::MailboxDirectoryServiceServer;
use siegel_proto::organisation::v1::mailbox_rights_service_server::MailboxRightsServiceServer;
use siegel_proto::organisation::v1::mandate_service_server::MandateServiceServer;
use siegel_proto::organisation::v1::member_service_server::MemberServiceServer;
use siegel_proto::organisation::v1::organisation_admin_service_server::OrganisationAdminServiceServer;
use siegel_proto::organisation::v1::organisation_service_server::OrganisationServiceServer;
use siegel_proto::organisation::v1::own_party_service_server::OwnPartyServiceServer;
use siegel_proto::organisation::v1::record_service_server::RecordServiceServer;
use siegel_proto::organisation::v1::register_fact_service_server::RegisterFactServiceServer;
use siegel_proto::organisation::v1::representation_service_server::RepresentationServiceServer;
use siegel_proto::organisation::v1::system_user_service_server::SystemUserServiceServer;
use siegel_proto::organisation::v1::tie_service_server::TieServiceServer;
use tokio::task::JoinSet;

use crate::app::{self, App, Desk, Vault};
use crate::config::Config;
use crate::ports::certificates::{Authorities, BadAuthorities};
use crate::ports::closed_mailboxes;
use crate::{grpc, ports};

/// How often is looked for what has come due.
const SWEEP: Duration = Duration::from_millis(500);
const DAY: Duration = Duration::from_hours(24);

/// The service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("[organisation] key_encryption_key_file cannot be used")]
    Key(#[from] KeyError),
    #[error(transparent)]
    Authorities(#[from] BadAuthorities),
}

/// The use cases on this database.
pub(crate) fn build(config: &Config, outside: &Outside) -> Result<App, StartError> {
    let may_create = !outside.profile.is_production();
    let root = config
        .key_encryption_key_file
        .as_deref()
        .map(|file| RootSecret::load(file, may_create, outside.entropy.as_ref()))
        .transpose()?;
    let authorities = config.certificate_authorities_file.as_deref();
    let days = |told: Option<u16>, else_: u32| DAY * told.map_or(else_, u32::from);
    let names = app::mandates::Names::new(root.as_ref(), outside.entropy.clone());
    let desk = Desk {
        legal_clock: outside.legal_clock.clone(),
        outbox: Outbox::new(outside.db.clone(), outside.clock.clone()),
        siblings: outside.siblings.clone(),
        origin: outside.origin.as_str().into(),
        vault: root.map(|root| Vault::new(&root, outside.entropy.clone())),
        authorities: authorities.map(Authorities::load).transpose()?,
        cooling_period: days(config.cooling_days, 7),
        invitation_lifetime: days(config.invitation_days, 14),
        letter_sender: config.letter_sender.as_deref().unwrap_or("Servicekonto").into(),
    };
    Ok(App {
        db: outside.db.clone(),
        feed: Feed::new(outside.db.clone()),
        clock: outside.clock.clone(),
        entropy: outside.entropy.clone(),
        names,
        desk,
    })
}

/// The gRPC services over the use cases.
pub(crate) fn services(app: &App) -> GrpcServices {
    GrpcServices::new()
        .add(OrganisationServiceServer::new(grpc::Organisations(app.clone())))
        .add(OwnPartyServiceServer::new(grpc::OwnParties(app.clone())))
        .add(AccessServiceServer::new(grpc::Access(app.clone())))
        .add(AccessEventServiceServer::new(grpc::AccessEvents(app.clone())))
        .add(MailboxDirectoryServiceServer::new(grpc::Directory(app.clone())))
        .add(MailboxRightsServiceServer::new(grpc::Mailboxes(app.clone())))
        .add(MandateServiceServer::new(grpc::Mandates(app.clone())))
        .add(RegisterFactServiceServer::new(grpc::Facts(app.clone())))
        .add(RepresentationServiceServer::new(grpc::Representation(app.clone())))
        .add(TieServiceServer::new(grpc::Ties(app.clone())))
        .add(RecordServiceServer::new(grpc::Records(app.clone())))
        .add(MemberServiceServer::new(grpc::Members(app.clone())))
        .add(SystemUserServiceServer::new(grpc::SystemUsers(app.clone())))
        .add(ClaimServiceServer::new(grpc::Claims(app.clone())))
        .add(ClaimProofServiceServer::new(grpc::Proofs(app.clone())))
        .add(ClaimRevocationServiceServer::new(grpc::Revocations(app.clone())))
        .add(OrganisationAdminServiceServer::new(grpc::Admin(app.clone())))
}

/// Starts the service on a migrated database.
pub async fn start(config: Config, outside: Outside) -> Result<Running, StartError> {
    let app = build(&config, &outside)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(app.feed.clone().run(outside.clock.clone()));
    let notification = outside.siblings.channel("notification");
    let (worker, postbox) = (app.clone(), outside.siblings.channel("postbox"));
    let deliver = move |job: Job| {
        let (app, notification, postbox) = (worker.clone(), notification.clone(), postbox.clone());
        async move {
            match job.kind.as_str() {
                ports::house_letters::JOB => ports::house_letters::deliver(app, postbox, job).await,
                closed_mailboxes::JOB => closed_mailboxes::deliver(postbox, job).await,
                _ => ports::mail::deliver(app, notification, job).await,
            }
        }
    };
    tasks.spawn(app.desk.outbox.clone().run(deliver));
    tasks.spawn(sweep(app.clone()));
    tasks.spawn(app::mandates::run_out(app.clone()));
    let deleter = app.clone();
    let delete = move |deletion: Deletion| {
        let app = deleter.clone();
        async move { app.person_gone(deletion.account).await }
    };
    tasks.spawn(follow_deletions(outside.siblings.clone(), String::new(), delete));
    Ok(Running { grpc: services(&app), http: axum::Router::new(), tasks })
}

/// Every replica looks; each step is guarded in its statement.
async fn sweep(app: App) {
    let mut ticks = tokio::time::interval(SWEEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(failure) = app.sweep().await {
            let error = &failure as &dyn std::error::Error;
            tracing::error!(error, "looking for what has come due failed");
        }
    }
}
