//! Prints the worked example of `docs/receipt-format.md` § 11, signed with keys that nobody keeps:
//! `cargo run -p siegel-receipt --example format_example`. A test verifies what stands there.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a tool of the tests")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![expect(dead_code, reason = "the tests use the rest")]

#[path = "../tests/corpus/mod.rs"]
mod corpus;

use serde_json::{Value, json};
use siegel_crypto::{b64, sha256};
use siegel_log::leaf_hash;
use siegel_receipt::{Kind, commitment, leaf};

/// A letter in its canonical form: names sorted, no blanks (RFC 8785).
const LETTER: &str = r#"{"attachments":[],"bodies":[{"easy_text":"","language":"de","plain_text":"Guten Tag"}],"case_id":"","delivery_type":"decision","format":"siegel-letter/1","hide_preview":false,"importance":"normal","legal_basis":"ozg-9","letter_id":"ltr_0f1e2d3c4b5a69788796a5b4c3d2e1f0","publish_at":"","required_level":3,"sender":{"ars":"010510044044","authority":"Bauamt Musterstadt","client_id":"musterstadt-bauamt","service_id":"99012070","tenant":"musterstadt"},"sender_reference":"","subject":"Ihre Baugenehmigung","thread":""}"#;

fn main() {
    let office = corpus::Office::new();
    let salt = sha256(b"a salt of the example");
    let handle = "hdl_00112233445566778899aabbccddeeff";
    let mut claims = corpus::claims(Kind::Provided);
    claims["jti"] = "rcp_5f4e3d2c1b0a49788695a4b3c2d1e0ff".into();
    claims["sub"] = "ltr_0f1e2d3c4b5a69788796a5b4c3d2e1f0".into();
    let body = corpus::body(&mut claims);
    body["content_digest"] = b64::encode(sha256(LETTER.as_bytes())).into();
    body["attachment_digests"] = json!([]);
    body["sender"] = json!({ "tenant": "musterstadt", "client_id": "musterstadt-bauamt",
        "authority": "Bauamt Musterstadt", "ars": "010510044044", "service_id": "99012070" });
    body["commitments"] = json!({ "recipient": commitment(&salt, handle) });
    body["legal_effect"] = json!({ "rule": "ozg-9/2", "legal_basis": "ozg-9",
        "law": "OZG § 9 Abs. 1", "effect": "announced", "day0_event": "provision",
        "day0": "2025-03-06", "days": 4, "shift": "none", "day": "2025-03-10",
        "confirmed_by_operator": false });
    let mut file = office.receipt(&claims);
    file["disclosed"] = json!({ "recipient": { "salt": b64::encode(salt), "value": handle } });
    let file = office.enter(file, 2, 5);
    let jws = file["jws"].as_str().unwrap();
    let own = leaf(&[7; 32], jws);
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    println!("The letter:\n\n```text\n{LETTER}\n```\n");
    println!("The receipt, disclosed to its sender:\n\n```json\n{}\n```\n", pretty(&file));
    println!("The key set:\n\n```json\n{}\n```\n", pretty(&office.keys()));
    println!("The payload of `jws`:\n\n```json\n{}\n```\n", pretty(&claims));
    println!("| Value | |\n|---|---|");
    let row = |name: &str, value: &str| println!("| {name} | `{value}` |");
    row("SHA-256 of the letter, `content_digest`", &b64::encode(sha256(LETTER.as_bytes())));
    row("SHA-256 of `jws`: `previous` of the next entry", &b64::encode(sha256(jws.as_bytes())));
    row("entry of the log, SHA-256(leaf_salt ‖ jws)", &b64::encode(own));
    row("leaf hash, SHA-256(0x00 ‖ entry)", &b64::encode(leaf_hash(&own)));
}
