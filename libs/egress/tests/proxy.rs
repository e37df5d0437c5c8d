//! A proxy that the environment names would resolve names itself, behind the guard's back.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::Command;

use siegel_config::Profile;
use siegel_egress::{Egress, EgressSettings};

const NAME: &str = "a_proxy_in_the_environment_is_not_asked";
/// Says to the second process that it is the one that calls.
const CALLS: &str = "SIEGEL_TEST_CALLS";

/// The environment belongs to the process: it is tested in one of its own.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a word from the process that started this one")]
async fn a_proxy_in_the_environment_is_not_asked() {
    if let Ok(allowed) = std::env::var(CALLS) {
        return calls(&allowed).await;
    }
    let proxy = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    // Nobody listens there any more: what is called directly is refused.
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", NAME, "--nocapture"]).env(CALLS, nobody.to_string());
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY"] {
        process.env(name, &address);
    }
    let ended = process.env_remove("NO_PROXY").env_remove("no_proxy").status().unwrap();
    assert!(ended.success(), "the calls");
    proxy.set_nonblocking(true).unwrap();
    assert_eq!(proxy.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "the proxy was asked");
}

/// Calls what is guarded and what is allowed; both fail, for there is nobody.
async fn calls(allowed: &str) {
    let settings = EgressSettings { allow: vec![allowed.into()], extra_root_file: None };
    let egress = Egress::new(&settings, Profile::Sandbox).unwrap();
    for url in ["https://siegel.invalid/".to_owned(), format!("https://{allowed}/")] {
        egress.get(&url).await.unwrap_err();
    }
}
