//! `siegel up`: the whole suite in one process, on embedded defaults, for anyone who wants to try
//! it. The services still talk gRPC through the same clients, guards and checks.

mod data_dir;
mod defaults;
mod front;
mod listeners;
mod own_settings;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use axum::Router;
use siegel_grpc::{InProcess, Siblings};
use siegel_identity::seed::Document;
use siegel_kernel::{Clock, SystemClock};

use crate::cli::UpArgs;
use crate::faults_clock::FaultsClock;
use crate::sandbox::{Sandbox, SandboxClock, SandboxMailSink};
use crate::serve::signalled;
use crate::settings::{SERVICES, Settings};
use crate::suite::{Clocks, Host, House, in_process_thumbprint};
use data_dir::DataDir;
use defaults::{Defaults, Place};
use front::Front;

/// How long running requests may take after a signal to stop.
const GRACE: Duration = Duration::from_secs(5);

pub async fn run(args: UpArgs, started: Instant) -> anyhow::Result<()> {
    let data = DataDir::open(&args.data)?;
    let front = Front::open(&args).await?;
    let mail = SandboxMailSink::start().await.context("the mail sink cannot start")?;
    let place = front.place(&args)?;
    let defaults = Defaults::new(&data, &place, args.database_url.as_deref(), mail.port())?;
    let file = args.config.clone().or_else(|| data.own_settings());
    let settings = own_settings::load(defaults.settings(), file.as_deref())?;
    refuse_production(&settings)?;
    let seeds = seeds(&defaults, &args.seed)?;
    let telemetry = siegel_telemetry::init("suite", &settings.telemetry)?;

    let protocol: Arc<dyn Clock> = match &args.faults_clock {
        Some(file) => Arc::new(FaultsClock::new(file)),
        None => Arc::new(SystemClock),
    };
    let legal = Arc::new(SandboxClock::load(protocol.clone(), &data.file("clock.json"))?);
    let clocks = Clocks { protocol, legal: legal.clone() };
    let registry = InProcess::default();
    let house = start_all(&settings, clocks, registry.clone()).await?;
    let public = siegel_grpc::public_router(&house.grpc).await;
    let public = siegel_postbox::with_uploads(public);
    let public = siegel_transcode::with_http_faces(public, &settings.listen.origins()?);
    let sandbox = Sandbox::new(&settings.origin, mail, legal, defaults.personas());
    let router = public.merge(house.http.clone()).merge(sandbox.router());
    let router = crate::serve::with_probes(router, house.databases.clone());
    let router = siegel_grpc::with_client_address(router, settings.listen.proxies());
    let router = crate::serve::with_rest_of_body_taken(with_fallback(router));
    let serving = front.serve(&router);

    seed(&settings, &house, registry, &seeds).await?;
    defaults.write_credentials(&data)?;
    announce(&settings.origin, &data, &args, started);
    tokio::select! {
        () = signalled() => {}
        () = serving.ended() => bail!("the listener ended"),
    }
    println!("stopping");
    serving.stop(GRACE).await;
    house.close().await;
    telemetry.shutdown().await;
    Ok(())
}

/// Everything `up` brings is a test double or generated: production takes none of it.
fn refuse_production(settings: &Settings) -> anyhow::Result<()> {
    if settings.profile.is_production() {
        bail!(
            "profile = \"production\": `siegel up` runs a simulated eID card, a mail sink and \
             generated keys; use `siegel serve`, or change the line profile = \"production\" to \
             profile = \"sandbox\""
        );
    }
    Ok(())
}

/// Settings of the sandbox in this directory, whether or not it runs.
pub fn settings_of(data: &Path, database_url: Option<&str>) -> anyhow::Result<Settings> {
    let data = DataDir::beside(data)?;
    let origin = Defaults::last_origin(&data);
    let origin = origin.unwrap_or_else(|| "http://localhost:8080".to_owned());
    let place = Place { origin, ..Place::default() };
    // Nothing that works beside the suite sends mail.
    let defaults = Defaults::new(&data, &place, database_url, 25)?;
    let settings = own_settings::load(defaults.settings(), data.own_settings().as_deref())?;
    refuse_production(&settings)?;
    Ok(settings)
}

/// The demo's people at first start, and what the command line names.
fn seeds(defaults: &Defaults, files: &[PathBuf]) -> anyhow::Result<Vec<Document>> {
    let mut documents = vec![Document::from(defaults.seed())];
    for file in files {
        documents.push(Document::read(file)?);
    }
    Ok(documents)
}

async fn seed(
    settings: &Settings,
    house: &House,
    registry: InProcess,
    documents: &[Document],
) -> anyhow::Result<()> {
    let db = house.database("identity").context("identity does not run")?;
    let state = crate::admin::identity(settings, db.clone(), registry)?;
    crate::admin::at_start(&state, documents).await
}

async fn start_all(
    settings: &Settings,
    clocks: Clocks,
    registry: InProcess,
) -> anyhow::Result<House> {
    let host = Host { settings, clocks, registry, migrate: true };
    let mut house = House::default();
    for service in SERVICES {
        let registry = host.registry.clone();
        let way = |own| Ok(Siblings::in_process(own, registry));
        host.start(service, way, in_process_thumbprint()?, &mut house).await?;
    }
    Ok(house)
}

fn with_fallback(router: Router) -> Router {
    router.fallback(|| async { (axum::http::StatusCode::NOT_FOUND, "not found") })
}

fn announce(origin: &str, data: &DataDir, args: &UpArgs, started: Instant) {
    let database = if args.database_url.is_some() { "PostgreSQL" } else { "SQLite" };
    println!(
        "Siegel sandbox ready after {} ms — simulated eID card, mail sink, generated keys: not for production

  Portal       {origin}/
  Mail sink    {origin}/sandbox/mail
  Sandbox      {origin}/sandbox
  OpenID       {origin}/.well-known/openid-configuration
  gRPC         {origin} (reflection on)
  JSON         {origin}/openapi.json
  Data         {} ({database})
  Demo         siegel demo --url {origin} --credentials {}
",
        started.elapsed().as_millis(),
        data.path().display(),
        data.file("demo.toml").display(),
    );
}
