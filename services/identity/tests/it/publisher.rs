//! An https server that plays what clients publish: keys, sector documents.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::PrivatePkcs8KeyDer;
use siegel_config::Profile;
use siegel_egress::{Egress, EgressSettings};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

#[derive(Clone, Default)]
struct Pages {
    bodies: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<Mutex<usize>>,
}

pub struct Publisher {
    pages: Pages,
    pub origin: String,
    /// A way out that trusts this server and may call it.
    pub egress: Egress,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Publisher {
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
        let pages = Pages::default();
        let router = Router::new().fallback(page).with_state(pages.clone());
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (acceptor, router) = (acceptor.clone(), router.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = TowerToHyperService::new(router);
                    let builder =
                        hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { pages, origin: format!("https://{pair}"), egress, task }
    }

    /// Answers `path` by this body from now on.
    pub fn put(&self, path: &str, body: impl Into<String>) -> String {
        self.pages.bodies.lock().unwrap().insert(path.to_owned(), body.into());
        format!("{}{path}", self.origin)
    }

    /// Answers nothing any more.
    pub fn clear(&self) {
        self.pages.bodies.lock().unwrap().clear();
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        *self.pages.asked.lock().unwrap()
    }
}

async fn page(State(pages): State<Pages>, request: Request) -> Response {
    *pages.asked.lock().unwrap() += 1;
    match pages.bodies.lock().unwrap().get(request.uri().path()) {
        Some(body) => body.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
