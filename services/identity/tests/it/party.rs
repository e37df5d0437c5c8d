//! A relying party that is called: https on loopback, remembers what it was told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use http::{HeaderMap, StatusCode, Uri};
use siegel_config::Profile;
use siegel_egress::{Egress, EgressSettings};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

/// Path, content type and body of a call.
pub type Call = (String, String, String);

#[derive(Clone)]
pub struct Party {
    pub calls: Arc<Mutex<Vec<Call>>>,
    /// What it answers.
    pub status: Arc<Mutex<StatusCode>>,
    port: u16,
    certificate: String,
}

struct Tls(TcpListener, TlsAcceptor);

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.0.accept().await else { continue };
            if let Ok(stream) = self.1.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Party {
    pub async fn new() -> Self {
        siegel_crypto::install();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = made.signing_key.serialize_der().try_into().unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let party = Self {
            calls: Arc::default(),
            status: Arc::new(Mutex::new(StatusCode::OK)),
            port: listener.local_addr().unwrap().port(),
            certificate: made.cert.pem(),
        };
        let router = Router::new().fallback(hear).with_state(party.clone());
        let tls = Tls(listener, TlsAcceptor::from(Arc::new(config)));
        tokio::spawn(async move { axum::serve(tls, router).await });
        party
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    pub fn answers(&self, status: StatusCode) {
        *self.status.lock().unwrap() = status;
    }

    /// What it was told at this path since the last look.
    pub fn told(&self, path: &str) -> Vec<Call> {
        let mut calls = self.calls.lock().unwrap();
        let (wanted, rest) = calls.drain(..).partition(|call| call.0 == path);
        *calls = rest;
        wanted
    }

    /// A way out that reaches these parties and nothing else inside.
    pub fn egress(parties: &[&Self]) -> Egress {
        let dir = tempfile::tempdir().unwrap();
        let roots = dir.path().join("roots.pem");
        let pem: String = parties.iter().map(|p| p.certificate.as_str()).collect();
        std::fs::write(&roots, pem).unwrap();
        let allow = parties.iter().map(|p| format!("localhost:{}", p.port)).collect();
        let settings = EgressSettings { allow, extra_root_file: Some(roots) };
        Egress::new(&settings, Profile::Sandbox).unwrap()
    }
}

async fn hear(
    State(party): State<Party>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    if uri.path() == "/never" {
        std::future::pending::<()>().await;
    }
    let kind = headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let call = (uri.path().to_owned(), kind.to_owned(), body);
    party.calls.lock().unwrap().push(call);
    *party.status.lock().unwrap()
}
