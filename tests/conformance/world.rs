//! The world outside the suite: one TLS listener on loopback that plays whatever clients point to.
//! It answers what a case put at a path and remembers what was sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::authority::Pair;

/// One request that arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub body: String,
}

#[derive(Clone)]
struct Planned {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: String,
    delay: Duration,
}

/// The listener. Cheap to clone.
#[derive(Clone)]
pub struct World {
    pub port: u16,
    answers: Arc<Mutex<HashMap<String, Planned>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl World {
    pub async fn start(pair: &Pair) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let world = Self {
            port: listener.local_addr()?.port(),
            answers: Arc::default(),
            seen: Arc::default(),
        };
        let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes())?];
        let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes())?;
        let config =
            rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let served = world.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, world) = (acceptor.clone(), served.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request| world.clone().answer(request));
                    let _ = auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(world)
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// `host:port` pairs for `egress.allow`.
    pub fn pairs(&self) -> [String; 2] {
        [format!("localhost:{}", self.port), format!("127.0.0.1:{}", self.port)]
    }

    /// From now on this path answers so.
    pub fn serve(&self, path: &str, status: u16, kind: &str, body: impl Into<String>) {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        self.plan(path, status, headers, body.into(), Duration::ZERO);
    }

    pub fn serve_json(&self, path: &str, body: &serde_json::Value) {
        self.serve(path, 200, "application/json", body.to_string());
    }

    /// From now on this path redirects.
    pub fn redirect(&self, path: &str, to: &str) {
        let headers = vec![("location".to_owned(), to.to_owned())];
        self.plan(path, 302, headers, String::new(), Duration::ZERO);
    }

    /// From now on this path takes its time.
    pub fn serve_slowly(&self, path: &str, delay: Duration) {
        self.plan(path, 200, Vec::new(), String::new(), delay);
    }

    fn plan(
        &self,
        path: &str,
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
        delay: Duration,
    ) {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        if let Ok(mut answers) = self.answers.lock() {
            answers.insert(path.to_owned(), Planned { status, headers, body, delay });
        }
    }

    /// What arrived at this path so far.
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        let seen = self.seen.lock().map(|s| s.clone()).unwrap_or_default();
        seen.into_iter().filter(|s| s.path == path).collect()
    }

    /// Waits until something arrived at this path that `fits`.
    pub async fn arrival(&self, path: &str, fits: impl Fn(&Seen) -> bool) -> anyhow::Result<Seen> {
        let search = async {
            loop {
                if let Some(found) = self.seen(path).into_iter().find(|s| fits(s)) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(15), search).await;
        found.with_context(|| format!("nothing that fits arrived at {path}"))
    }

    async fn answer(self, request: Request<Incoming>) -> anyhow::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let path = parts.uri.path().to_owned();
        let arrived = Seen {
            method: parts.method.to_string(),
            path: path.clone(),
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        if let Ok(mut seen) = self.seen.lock() {
            seen.push(arrived);
        }
        let planned = self.answers.lock().ok().and_then(|a| a.get(&path).cloned());
        let Some(planned) = planned else {
            return Ok(Response::builder().status(404).body(Full::default())?);
        };
        tokio::time::sleep(planned.delay).await;
        let mut response = Response::builder().status(planned.status);
        for (name, value) in planned.headers {
            response = response.header(name, value);
        }
        Ok(response.body(Full::from(planned.body))?)
    }
}
