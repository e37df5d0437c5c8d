//! A client assertion from outside never panics and never authenticates.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use siegel_crypto::{KeySet, SigningKey};
use siegel_kernel::Timestamp;
use siegel_oidc::assertion::{self, Accepted};

static KEYS: LazyLock<KeySet> =
    LazyLock::new(|| KeySet::new(SigningKey::generate().map(|k| k.public_jwk().clone())));

fuzz_target!(|text: &str| {
    let now = Timestamp::from_seconds(1_741_256_100);
    let client = assertion::unverified_client(text).unwrap_or_default();
    assert!(assertion::verify(text, &KEYS, &client, Accepted::Exactly("https://a.example"), now).is_err());
});
