//! The verifier decides about bytes that it is given: it reads no file, asks no network and knows
//! no clock, so that it runs wherever a receipt turns up.

use std::path::Path;

/// What reaches outside.
const OUTSIDE: [&str; 12] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::io::",
    "SystemTime",
    "Instant",
    "println!",
    "tokio",
    "reqwest",
    "sqlx",
];

#[test]
fn neither_the_verifier_nor_the_log_it_checks_reaches_outside() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for library in [here.join("src"), here.join("../log/src")] {
        let mut looked_at = 0;
        for entry in std::fs::read_dir(library).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            looked_at += 1;
            for word in OUTSIDE {
                assert!(!text.contains(word), "{} uses {word}", path.display());
            }
        }
        assert!(looked_at > 3, "nothing was looked at");
    }
}

#[test]
fn its_libraries_are_those_of_bytes_and_texts() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for library in [here.join("Cargo.toml"), here.join("../log/Cargo.toml")] {
        let text = std::fs::read_to_string(&library).unwrap();
        let own = text.split("[dependencies]").nth(1).unwrap();
        let own = own.split("\n[").next().unwrap();
        let names = own.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
        for name in names.filter(|name| !name.is_empty()) {
            let known = ["siegel-kernel", "siegel-crypto", "siegel-log", "serde", "serde_json"];
            let known = known.contains(&name) || ["thiserror", "sha2"].contains(&name);
            assert!(known, "{} takes {name}", library.display());
        }
    }
}
