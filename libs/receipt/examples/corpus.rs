//! Prints the corpus of `tests/corpus` with the verdicts of this library, for other verifiers:
//! `{"cases": [{"name", "receipt", "keys", "thumbprint"?, "verdict"}]}`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a tool of the tests")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![expect(dead_code, reason = "the tests use the rest")]

#[path = "../tests/corpus/mod.rs"]
mod corpus;

use serde_json::json;

fn main() {
    let cases: Vec<_> = corpus::cases()
        .iter()
        .map(|case| {
            let verdict = match case.verdict() {
                Ok(verified) => {
                    let mut said = json!(verified);
                    said["explanation"] = json!(verified.explain());
                    said
                }
                Err(failure) => json!({ "valid": false, "code": failure.code() }),
            };
            json!({ "name": case.name, "receipt": case.receipt, "keys": case.keys,
                "thumbprint": case.thumbprint, "verdict": verdict })
        })
        .collect();
    println!("{}", json!({ "cases": cases }));
}
