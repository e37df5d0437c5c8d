//! Comparing redirect URIs: what is allowed is what was registered, byte for byte, but for the
//! port of a literal loopback address of a public client.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siegel_identity::domain::client::{AuthMethod, Client};

fuzz_target!(|input: (&str, &str, bool)| {
    let (registered, sent, public) = input;
    let auth_method = if public { AuthMethod::None } else { AuthMethod::ClientSecretBasic };
    let client = Client {
        redirect_uris: vec![registered.to_owned(), "http://127.0.0.1/cb".to_owned()],
        auth_method,
        ..Client::named("app")
    };
    // Whatever can be registered never panics on the way.
    let _ = client.check();
    if !client.allows_redirect(sent) || sent == registered || sent == "http://127.0.0.1/cb" {
        return;
    }
    assert!(public, "a confidential client has no exception");
    let loopback = ["http://127.0.0.1", "http://[::1]"];
    assert!(loopback.iter().any(|host| sent.starts_with(host)), "{sent}");
    assert!(!sent.contains('@'), "{sent}");
});
