//! A token from outside never panics, under any type, and bytes nobody signed never hold.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use siegel_crypto::{KeySet, SigningKey, unverified};

static KEYS: LazyLock<KeySet> =
    LazyLock::new(|| KeySet::new(SigningKey::generate().map(|k| k.public_jwk().clone())));

fuzz_target!(|input: (&str, &str)| {
    let (token, typ) = input;
    let _ = unverified(token);
    assert!(KEYS.verify::<Value>(token, typ).is_err(), "the fuzzer forged a signature");
});
