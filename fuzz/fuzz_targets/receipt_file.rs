//! A receipt from outside never panics, with any key set.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siegel_receipt::{KeyTrust, PublishedKeys, ReceiptFile, verify_published};

fuzz_target!(|input: (&str, &str)| {
    let (file, keys) = input;
    if let (Ok(file), Ok(keys)) = (ReceiptFile::parse(file), PublishedKeys::from_json(keys)) {
        assert!(verify_published(&file, &keys, KeyTrust::Given).is_err());
    }
});
