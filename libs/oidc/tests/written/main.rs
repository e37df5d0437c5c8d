//! What is written from the catalogue of attributes: the page that people read, the names that
//! programs read.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod page;
mod proto;

use std::fs;
use std::path::PathBuf;

const PAGE: &str = "docs/attributes.md";
const NAMES: &str = "proto/siegel/account/v1/attribute_name.proto";

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)
}

#[test]
fn the_page_of_attributes_says_what_the_catalogue_says() {
    let written = fs::read_to_string(path(PAGE)).unwrap();
    assert_eq!(written, page::page(), "write it anew: -- --ignored");
}

#[test]
fn the_names_in_protobuf_are_those_of_the_catalogue_with_their_oids() {
    let written = fs::read_to_string(path(NAMES)).unwrap();
    assert_eq!(written, proto::file(), "write it anew: -- --ignored");
}

#[test]
#[ignore = "writes the files"]
fn write() {
    fs::write(path(PAGE), page::page()).unwrap();
    fs::write(path(NAMES), proto::file()).unwrap();
}
