//! What the outside meets: one origin, plain on loopback or with a certificate; beside it, with
//! `--mtls-port`, the same for clients that come with a certificate.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use url::{Host, Url};

use super::defaults::Place;
use super::listeners::{Listeners, Serving};
use crate::cli::UpArgs;
use crate::tls::{AnyClient, CertificateFiles, Door, ServerCertificate};

/// Where the portal finds identity without going round by the public name: nothing but the
/// endpoints a client calls itself.
const INSIDE: [&str; 5] = ["/.well-known/", "/par", "/token", "/revoke", "/userinfo"];

/// Bound, not yet serving.
pub struct Front {
    /// Without a slash at the end.
    pub origin: String,
    pub mtls_origin: Option<String>,
    public: Listeners,
    tls: Option<Tls>,
}

struct Tls {
    own: Arc<ServerCertificate>,
    chain: PathBuf,
    door: Door,
    clients: Option<(Listeners, Door)>,
    inside: Listeners,
}

impl Front {
    pub async fn open(args: &UpArgs) -> anyhow::Result<Self> {
        let files = match (&args.tls_cert, &args.tls_key) {
            (Some(chain), Some(key)) => {
                Some(CertificateFiles { chain: chain.clone(), key: key.clone() })
            }
            (None, None) => None,
            _ => bail!("--tls-cert and --tls-key belong together"),
        };
        if files.is_none() {
            let apart = args.bind.iter().all(IpAddr::is_loopback);
            ensure!(apart, "--bind beyond this machine needs --tls-cert and --tls-key");
            ensure!(args.mtls_port.is_none(), "--mtls-port needs --tls-cert and --tls-key");
        }
        let public = Listeners::bind(args.port, &args.bind).await?;
        let issuer = issuer(args.issuer.as_deref(), files.is_some(), public.port())?;
        let origin = issuer.origin().ascii_serialization();
        let Some(files) = files else {
            return Ok(Self { origin, mtls_origin: None, public, tls: None });
        };
        let chain = files.chain.clone();
        let own = ServerCertificate::load(files)?;
        let clients = match args.mtls_port {
            Some(port) => {
                let door = AnyClient::door(&own, args.mtls_ca.as_deref())?;
                Some((Listeners::bind(port, &args.bind).await?, door))
            }
            None => None,
        };
        let mtls_origin = clients.as_ref().map(|(listeners, _)| {
            let mut url = issuer.clone();
            // Only addresses without a host have no port to set.
            let _ = url.set_port(Some(listeners.port()));
            url.origin().ascii_serialization()
        });
        let inside = Listeners::bind(0, &[Ipv4Addr::LOCALHOST.into()]).await?;
        let tls = Some(Tls { door: own.door()?, own, chain, clients, inside });
        Ok(Self { origin, mtls_origin, public, tls })
    }

    /// Where the portal reaches identity without trusting the certificate.
    fn inside(&self) -> Option<String> {
        self.tls.as_ref().map(|tls| format!("http://127.0.0.1:{}", tls.inside.port()))
    }

    /// How it is met, for the sandbox's settings and for programs outside.
    pub fn place(&self, args: &UpArgs) -> anyhow::Result<Place> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
        };
        let roots = match &self.tls {
            None => None,
            Some(tls) => {
                let more = args.ca.as_ref().map(read).transpose()?.unwrap_or_default();
                Some(format!("{}\n{more}", read(&tls.chain)?))
            }
        };
        Ok(Place {
            origin: self.origin.clone(),
            inside: self.inside(),
            mtls_origin: self.mtls_origin.clone(),
            roots,
        })
    }

    pub fn serve(self, router: &Router) -> Serving {
        let mut serving = Serving::new();
        match self.tls {
            None => serving.add(self.public, router, None),
            Some(tls) => {
                serving.add(self.public, router, Some(&tls.door));
                if let Some((listeners, door)) = tls.clients {
                    serving.add(listeners, router, Some(&door));
                }
                serving.add(tls.inside, &router.clone().layer(from_fn(endpoints_only)), None);
                serving.beside(tls.own.follow());
            }
        }
        serving
    }
}

async fn endpoints_only(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let open =
        INSIDE.iter().any(|p| if p.ends_with('/') { path.starts_with(p) } else { path == *p });
    if open { next.run(request).await } else { StatusCode::NOT_FOUND.into_response() }
}

/// The origin as it was given, or this machine's own.
fn issuer(given: Option<&str>, tls: bool, port: u16) -> anyhow::Result<Url> {
    let scheme = if tls { "https" } else { "http" };
    let Some(text) = given else { return Ok(Url::parse(&format!("{scheme}://localhost:{port}"))?) };
    let url = Url::parse(text).context("--issuer is no URL")?;
    ensure!(
        url.scheme() == scheme,
        "--issuer {text} does not fit: with --tls-cert it is https, without it is http"
    );
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    ensure!(bare && url.username().is_empty(), "--issuer {text} is more than an origin");
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    ensure!(
        tls || here,
        "--issuer {text} is not this machine: that needs --tls-cert and --tls-key"
    );
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_fits_the_listener() {
        let made = |given, tls| {
            issuer(given, tls, 8443).map(|url| url.origin().ascii_serialization()).ok()
        };
        assert_eq!(made(None, false).as_deref(), Some("http://localhost:8443"));
        assert_eq!(made(None, true).as_deref(), Some("https://localhost:8443"));
        let given = Some("https://konto.example:9443");
        assert_eq!(made(given, true).as_deref(), Some("https://konto.example:9443"));
        assert_eq!(
            made(Some("https://konto.example/"), true).as_deref(),
            Some("https://konto.example")
        );
        assert_eq!(made(given, false), None, "https without a certificate");
        assert_eq!(made(Some("http://localhost:1"), true), None, "http with one");
        assert_eq!(
            made(Some("http://konto.example"), false),
            None,
            "plain http beyond this machine"
        );
        assert_eq!(made(Some("https://konto.example/idp"), true), None, "a path");
    }
}
