//! The public listeners of one service: plain behind an ingress or with its own certificate, and
//! one for clients that come with a certificate.

use std::net::SocketAddr;

use axum::Router;
use tokio::sync::watch;

use super::{listen, until};
use crate::settings::Listen;
use crate::tls::{self, AnyClient, ServerCertificate};

/// Binds, and gives back what serves until `stopped`.
pub async fn serve(
    settings: &Listen,
    router: Router,
    stopped: watch::Receiver<bool>,
) -> anyhow::Result<impl Future<Output = ()>> {
    let own = settings.certificate().map(ServerCertificate::load).transpose()?;
    let door = own.as_ref().map(ServerCertificate::door).transpose()?;
    let http = listen(&settings.http).await?;
    let mtls = match (&settings.mtls, &own) {
        (Some(address), Some(own)) => {
            let door = AnyClient::door(own, settings.mtls_ca_file.as_deref())?;
            Some((listen(address).await?, door))
        }
        _ => None,
    };
    let (for_clients, until_stopped) = (router.clone(), stopped.clone());
    let public = async move {
        if let Some(door) = door {
            return tls::serve(http, door, router, stopped).await;
        }
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let http = tls::without_delay(http);
        let _ = axum::serve(http, service).with_graceful_shutdown(until(stopped)).await;
    };
    let clients = async move {
        if let Some((listener, door)) = mtls {
            tls::serve(listener, door, for_clients, until_stopped).await;
        }
    };
    let renewing = async move {
        match own {
            Some(own) => own.follow().await,
            None => std::future::pending().await,
        }
    };
    Ok(async move {
        tokio::select! {
            _ = async { tokio::join!(public, clients) } => {}
            () = renewing => {}
        }
    })
}
