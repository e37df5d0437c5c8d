//! An https server that plays the address of a webhook.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::PrivatePkcs8KeyDer;
use siegel_config::Profile;
use siegel_egress::{Egress, EgressSettings};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Path, content type and body of what arrived.
pub type Arrived = (String, String, String);

pub struct Receiver {
    pub origin: String,
    /// A way out that trusts this server and may call it.
    pub egress: Egress,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub async fn start() -> Self {
        siegel_crypto::install();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root.pem");
        std::fs::write(&root, made.cert.pem()).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pair = format!("localhost:{}", listener.local_addr().unwrap().port());
        let settings = EgressSettings { allow: vec![pair.clone()], extra_root_file: Some(root) };
        let egress = Egress::new(&settings, Profile::Sandbox).unwrap();
        let arrived = Arc::<Mutex<Vec<Arrived>>>::default();
        let router = Router::new().fallback(answer).with_state(arrived.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, router) = (acceptor.clone(), router.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = TowerToHyperService::new(router);
                    let builder = Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { origin: format!("https://{pair}"), egress, arrived, task }
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }
}

async fn answer(State(arrived): State<Arc<Mutex<Vec<Arrived>>>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let kind = request.headers().get("content-type").map(|v| v.to_str().unwrap().to_owned());
    let body = to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    arrived.lock().unwrap().push((path.clone(), kind.unwrap_or_default(), body));
    match path.as_str() {
        "/ok" => StatusCode::ACCEPTED.into_response(),
        "/redirect" => Redirect::temporary("/ok").into_response(),
        "/hang" => std::future::pending().await,
        "/long" => "x".repeat(300 * 1024).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
