//! What the chart renders is what the program reads.

use std::path::{Path, PathBuf};

use super::start;
use crate::settings::{SERVICES, Settings};

fn golden() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/helm/golden");
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|f| f.to_string_lossy().ends_with(".siegel.toml")).collect()
}

#[test]
fn every_service_understands_every_key_the_chart_renders() {
    let files = golden();
    assert!(files.len() >= 3, "default, land and sandbox are rendered");
    for file in files {
        let settings = Settings::load("", Some(&file)).unwrap();
        for service in SERVICES {
            let checked = start::check(service, &settings).map(|()| settings.database(service));
            let database = checked.and_then(|found| found);
            assert!(database.is_ok(), "{}: {:#}", file.display(), database.unwrap_err());
        }
    }
}

#[test]
fn the_chart_says_where_each_service_is_and_whose_certificate_is_whose() {
    for file in golden() {
        let settings = Settings::load("", Some(&file)).unwrap();
        assert!(settings.internal_tls.is_some(), "{}", file.display());
        for service in SERVICES {
            let address = settings.siblings.get(service).unwrap();
            assert!(address.starts_with("https://"), "{service}: {address}");
        }
    }
}
