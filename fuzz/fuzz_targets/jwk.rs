//! A key set from outside never panics; what is kept of it survives being written and read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use siegel_crypto::{KeySet, thumbprint};

fuzz_target!(|input: (&str, &str)| {
    let (json, token) = input;
    let Ok(keys) = KeySet::from_json(json) else { return };
    for key in keys.keys() {
        let _ = thumbprint(key);
    }
    let again = KeySet::from_json(&keys.to_json()).expect("what we write, we read");
    assert_eq!(again.keys().len(), keys.keys().len());
    // Keys the fuzzer chose may well hold for a token it made: no panic is what counts.
    let _ = keys.verify::<Value>(token, "JWT");
});
