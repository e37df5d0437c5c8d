//! A proof from outside never panics, and bytes nobody signed never hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siegel_kernel::Timestamp;
use siegel_oidc::dpop::{Expected, verify};

fuzz_target!(|proof: &str| {
    let expected =
        Expected { method: "POST", url: "https://a.example/b", access_token: Some("t"), jkt: None };
    let held = verify(proof, &expected, Timestamp::from_seconds(1_741_256_100));
    assert!(held.is_err(), "the fuzzer forged a signature");
});
