//! A policy about witnesses from outside never panics, and no note without signatures meets one
//! that asks for any.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siegel_log::Policy;

const POLICY: &str = "log PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n";

fuzz_target!(|text: &str| {
    for text in [text.to_owned(), format!("{POLICY}{text}"), format!("{POLICY}{text}\nquorum none")] {
        if let Ok(policy) = Policy::parse(&text) {
            let asks = !text.contains("none");
            assert!(!(asks && policy.is_met_by(&[])));
        }
    }
});
