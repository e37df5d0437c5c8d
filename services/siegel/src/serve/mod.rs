//! `siegel serve SERVICE`: one service on the network. Public HTTP and gRPC behind the ingress,
//! mutual TLS for siblings, probes apart.

mod internal;
mod probe;
mod public;
mod rest_of_body;
mod stream_end;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use siegel_grpc::{InProcess, Siblings};
use siegel_kernel::SystemClock;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::cli::ServeArgs;
use crate::settings::{SERVICES, Settings};
use crate::suite::{Clocks, Host, House};
use crate::tls;
use internal::Certificates;
pub use rest_of_body::taken as with_rest_of_body_taken;

/// How long running calls may take after a signal to stop. With what the chart adds before the
/// signal (5 s) well below the 40 s after which Kubernetes kills.
const GRACE: Duration = Duration::from_secs(7);
/// How long streams go on after it: what waits for events ends then, its reader comes again.
const STREAMS: Duration = Duration::from_secs(2);
/// How long the databases may take to close.
const CLOSING: Duration = Duration::from_secs(2);

pub async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let service = args.service.as_str();
    if !SERVICES.contains(&service) {
        bail!("there is no service {service:?}; services are {}", SERVICES.join(", "));
    }
    let settings = Settings::load("", Some(&args.config.config))?;
    let telemetry = siegel_telemetry::init(service, &settings.telemetry)?;
    let tls = settings.internal_tls.clone().context("the configuration lacks [internal_tls]")?;
    let certificates = Certificates::load(&tls)?;
    certificates.check_name(service, &settings.siblings)?;
    let clock = Arc::new(SystemClock);
    let registry = InProcess::default();
    let host = Host {
        settings: &settings,
        clocks: Clocks { protocol: clock.clone(), legal: clock },
        registry: registry.clone(),
        migrate: false,
    };
    let mut house = House::default();
    let way = |own| {
        let tls = certificates.for_calls();
        Ok(Siblings::network(own, &settings.siblings, &tls, registry.clone())?)
    };
    host.start(service, way, certificates.thumbprint(), &mut house).await?;

    let (stop, stopped) = watch::channel(false);
    let (end_streams, streams_ended) = watch::channel(false);
    let public = siegel_grpc::public_router(&house.grpc).await;
    let public = stream_end::layer(public, &streams_ended);
    let public = if service == "postbox" { siegel_postbox::with_uploads(public) } else { public };
    let public = siegel_transcode::with_http_faces(public, &settings.listen.origins()?);
    let public = public.merge(house.http.clone());
    let public = siegel_grpc::with_client_address(public, settings.listen.proxies());
    let public = rest_of_body::taken(public);
    let public = public::serve(&settings.listen, public, stopped.clone()).await?;
    let siblings = tls::serve(
        listen(&settings.listen.internal).await?,
        certificates.for_server(&settings.siblings)?,
        stream_end::layer(internal::router(&house), &streams_ended),
        stopped.clone(),
    );
    let probes = probe::serve(
        listen(&settings.listen.probe).await?,
        house.databases.clone(),
        until(stopped),
    );
    tracing::info!(service, "ready");
    let all = async { tokio::join!(public, siblings, probes) };
    tokio::pin!(all);
    tokio::select! {
        () = signalled() => {}
        _ = &mut all => bail!("a listener ended"),
    }
    tracing::info!(service, "stopping");
    let _ = stop.send(true);
    let streams = async {
        tokio::time::sleep(STREAMS).await;
        let _ = end_streams.send(true);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = tokio::time::timeout(GRACE, all) => {}
        () = streams => {}
    }
    let _ = tokio::time::timeout(CLOSING, house.close()).await;
    telemetry.shutdown().await;
    Ok(())
}

async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// `/livez` and `/readyz` beside everything else: for the sandbox's one port.
pub fn with_probes(router: axum::Router, databases: Vec<siegel_db::Db>) -> axum::Router {
    router.merge(probe::router(databases))
}

/// Ends on SIGTERM or SIGINT.
pub async fn signalled() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = term.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
