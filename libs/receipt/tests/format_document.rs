//! `docs/receipt-format.md`: its example holds, and it names what the code knows.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::Value;
use siegel_crypto::{b64, sha256};
use siegel_log::leaf_hash;
use siegel_receipt::{KeyTrust, Kind, PublishedKeys, ReceiptFile, leaf, verify_published};

const DOCUMENT: &str = include_str!("../../../docs/receipt-format.md");

/// The fenced block below a line of the example.
fn block(above: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once(&format!("\n{above}\n\n```")).unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    rest.split_once("\n```").unwrap().0
}

/// The value in a row of the last table.
fn value(of: &str) -> &'static str {
    let row = DOCUMENT.lines().find(|line| line.starts_with(&format!("| {of}"))).unwrap();
    row.split('`').rev().nth(1).unwrap()
}

#[test]
fn the_example_verifies_and_every_value_in_it_is_right() {
    let file = ReceiptFile::parse(block("The receipt, disclosed to its sender:")).unwrap();
    let keys = PublishedKeys::from_json(block("The key set:")).unwrap();
    let verified = verify_published(&file, &keys, KeyTrust::Given).unwrap();
    assert_eq!((verified.kind, verified.log), (Kind::Provided, "included"));
    assert_eq!(verified.disclosed.len(), 1);
    let letter = b64::encode(sha256(block("The letter:").as_bytes()));
    assert_eq!(verified.body.content_digest, letter);
    assert_eq!(value("SHA-256 of the letter"), letter);
    assert_eq!(value("SHA-256 of `jws`"), b64::encode(sha256(file.jws.as_bytes())));
    let entry = leaf(&b64::decode(&file.leaf_salt).unwrap(), &file.jws);
    assert_eq!(value("entry of the log"), b64::encode(entry));
    assert_eq!(value("leaf hash"), b64::encode(leaf_hash(&entry)));
    let payload = b64::decode(file.jws.split('.').nth(1).unwrap()).unwrap();
    let signed: Value = serde_json::from_slice(&payload).unwrap();
    let shown: Value = serde_json::from_str(block("The payload of `jws`:")).unwrap();
    assert_eq!(signed, shown);
}

#[test]
fn every_kind_stands_in_the_document_with_its_event() {
    for kind in Kind::ALL {
        let row = DOCUMENT.lines().find(|line| line.starts_with(&format!("| `{kind}` |")));
        let event = kind.etsi_event().and_then(|uri| uri.rsplit('/').next());
        let wanted = event.map_or("–".to_owned(), |event| format!("`{event}`"));
        assert_eq!(row.unwrap().split(" | ").nth(1), Some(wanted.as_str()), "{kind}");
    }
}

#[test]
fn every_reason_stands_in_the_document() {
    let source = include_str!("../src/failure.rs");
    let reasons = source.lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\","));
    let reasons: Vec<_> =
        reasons.filter(|r| r.bytes().all(|b| b == b'_' || b.is_ascii_uppercase())).collect();
    assert!(reasons.len() >= 12, "{reasons:?}");
    for reason in reasons {
        assert!(DOCUMENT.contains(&format!("`{reason}`")), "{reason}");
    }
}
