//! `siegel up`: the whole suite in one process, on embedded defaults, for anyone who wants to try
//! it. The services still talk gRPC through the same clients, guards and checks.

mod data_dir;
mod defaults;
mod first_start;
mod front;
mod listeners;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use axum::Router;
use siegel_grpc::{InProcess, Siblings};
use siegel_kernel::SystemClock;

use crate::cli::UpArgs;
use crate::sandbox::{Sandbox, SandboxClock, SandboxMailSink};
use crate::serve::signalled;
use crate::settings::{SERVICES, Settings};
use crate::suite::{Clocks, Host, House, in_process_thumbprint};
use data_dir::DataDir;
use defaults::Defaults;
use front::Front;

/// How long running requests may take after a signal to stop.
const GRACE: Duration = Duration::from_secs(5);

pub async fn run(args: UpArgs, started: Instant) -> anyhow::Result<()> {
    let data = DataDir::open(&args.data)?;
    let front = Front::open(&args).await?;
    let (origin, net) = (front.origin.clone(), front.way(&args)?);
    let mail = SandboxMailSink::start().await.context("the mail sink cannot start")?;
    let defaults = Defaults::new(&data, &front, args.database_url.as_deref(), mail.port(), &net)?;
    let file = args.config.clone().or_else(|| data.own_settings());
    let settings = Settings::load(&defaults.to_toml()?, file.as_deref())?;
    refuse_production(&settings)?;
    let telemetry = siegel_telemetry::init("suite", &settings.telemetry)?;

    let legal = Arc::new(SandboxClock::load(&data.file("clock.json"))?);
    let clocks = Clocks { protocol: Arc::new(SystemClock), legal: legal.clone() };
    let house = start_all(&settings, clocks).await?;
    let public = siegel_grpc::public_router(&house.grpc).await;
    let sandbox = Sandbox::new(&settings.origin, mail, legal, defaults.personas());
    let router = public.merge(house.http.clone()).merge(sandbox.router());
    let router = crate::serve::with_probes(router, house.databases.clone());
    let serving = front.serve(&with_fallback(router));

    if first_start::needed(&data) {
        first_start::register(&net, &origin, &data, &defaults, &sandbox).await?;
    }
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

async fn start_all(settings: &Settings, clocks: Clocks) -> anyhow::Result<House> {
    let host = Host { settings, clocks, registry: InProcess::default(), migrate: true };
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
  Data         {} ({database})
  Demo         siegel demo --url {origin} --credentials {}
",
        started.elapsed().as_millis(),
        data.path().display(),
        data.file("demo.toml").display(),
    );
}
