//! A listener with a certificate made for the test, and clients of every kind.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use siegel_grpc::{ClientAddress, ClientCertificate, Network, TrustedProxies, with_client_address};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{AnyClient, CertificateFiles, Door, ServerCertificate, serve};

/// A certificate for `localhost` in files.
fn files(dir: &Path) -> (CertificateFiles, String) {
    let made = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = CertificateFiles { chain: dir.join("tls.crt"), key: dir.join("tls.key") };
    write(&files.chain, &made.cert.pem());
    write(&files.key, &made.signing_key.serialize_pem());
    (files, made.cert.pem())
}

fn write(path: &PathBuf, text: &str) {
    std::fs::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// What was known about the connection of a request.
async fn tell(request: Request) -> String {
    let version = format!("{:?}", request.version());
    match request.extensions().get::<ClientCertificate>() {
        Some(certificate) => {
            format!("{version} {} {}", certificate.thumbprint, certificate.trusted)
        }
        None => version,
    }
}

/// Where a request came from, as far as it can be told.
async fn tell_address(request: Request) -> String {
    let address = request.extensions().get::<ClientAddress>();
    address.map(|known| known.0.to_string()).unwrap_or_default()
}

#[tokio::test]
async fn a_caller_behind_a_named_proxy_is_known_by_its_own_address() {
    for (networks, expected) in [(vec!["127.0.0.0/8"], "203.0.113.9"), (vec![], "")] {
        let dir = tempfile::tempdir().unwrap();
        let (files, ca) = files(dir.path());
        let own = ServerCertificate::load(files).unwrap();
        let networks: Vec<Network> = networks.iter().map(|n: &&str| n.parse().unwrap()).collect();
        let router = Router::new().route("/", get(tell_address));
        let router = with_client_address(router, TrustedProxies::new(&networks));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        let (_stop, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, own.door().unwrap(), router, stopped));
        let client = client(&ca).build().unwrap();
        let answer = client.get(&url).header("x-forwarded-for", "203.0.113.9").send().await;
        assert_eq!(answer.unwrap().text().await.unwrap(), expected);
    }
}

async fn listening(door: Door) -> (String, watch::Sender<bool>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(serve(listener, door, Router::new().route("/", get(tell)), stopped));
    (url, stop)
}

fn client(ca: &str) -> reqwest::ClientBuilder {
    siegel_crypto::install();
    let root = reqwest::Certificate::from_pem(ca.as_bytes()).unwrap();
    reqwest::Client::builder().tls_certs_only([root]).no_proxy()
}

async fn ask(client: reqwest::ClientBuilder, url: &str) -> String {
    client.build().unwrap().get(url).send().await.unwrap().text().await.unwrap()
}

fn identity(made: &CertifiedKey<rcgen::KeyPair>) -> reqwest::Identity {
    let pem = format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem());
    reqwest::Identity::from_pem(pem.as_bytes()).unwrap()
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_on_one_port() {
    let dir = tempfile::tempdir().unwrap();
    let (files, ca) = files(dir.path());
    let own = ServerCertificate::load(files).unwrap();
    let (url, _stop) = listening(own.door().unwrap()).await;
    assert_eq!(ask(client(&ca), &url).await, "HTTP/2.0");
    assert_eq!(ask(client(&ca).http1_only(), &url).await, "HTTP/1.1");
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_and_a_broken_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let (own_files, old) = files(dir.path());
    let own = ServerCertificate::load(own_files.clone()).unwrap();
    let (url, _stop) = listening(own.door().unwrap()).await;
    assert!(!own.reload().unwrap(), "nothing changed");
    let (_, new) = files(dir.path());
    later(&own_files.chain, 60);
    assert!(own.reload().unwrap());
    assert_eq!(ask(client(&new), &url).await, "HTTP/2.0");
    assert!(client(&old).build().unwrap().get(&url).send().await.is_err());
    write(&own_files.chain, "no certificate");
    later(&own_files.chain, 120);
    assert!(own.reload().is_err());
    assert_eq!(ask(client(&new), &url).await, "HTTP/2.0", "the last good one stays");
}

/// Moves the file's time, as a later renewal would.
fn later(path: &Path, seconds: u64) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000 + seconds))
        .unwrap();
}

#[tokio::test]
async fn a_certificate_is_asked_for_taken_and_never_demanded() {
    let dir = tempfile::tempdir().unwrap();
    let (files, ca) = files(dir.path());
    let own = ServerCertificate::load(files).unwrap();
    let (url, _stop) = listening(AnyClient::door(&own, None).unwrap()).await;
    assert_eq!(ask(client(&ca), &url).await, "HTTP/2.0", "without one");
    let made = generate_simple_self_signed(vec!["bank.example".to_owned()]).unwrap();
    let thumbprint = siegel_crypto::b64::encode(siegel_crypto::sha256(made.cert.der()));
    let told = ask(client(&ca).identity(identity(&made)), &url).await;
    assert_eq!(told, format!("HTTP/2.0 {thumbprint} false"), "a self-signed one is nobody's word");
}

#[tokio::test]
async fn only_a_certificate_of_a_known_authority_is_trusted() {
    let dir = tempfile::tempdir().unwrap();
    let (files, ca) = files(dir.path());
    let authority = |name: &str| {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap()
    };
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let roots = dir.path().join("clients.pem");
    write(&roots, &ours.pem());
    let own = ServerCertificate::load(files).unwrap();
    let (url, _stop) = listening(AnyClient::door(&own, Some(&roots)).unwrap()).await;
    for (issuer, trusted) in [(&ours, "true"), (&theirs, "false")] {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["bank.example".to_owned()]).unwrap();
        let cert = params.signed_by(&key, issuer).unwrap();
        let made = CertifiedKey { cert, signing_key: key };
        let told = ask(client(&ca).identity(identity(&made)), &url).await;
        assert!(told.ends_with(trusted), "{told}");
    }
}
