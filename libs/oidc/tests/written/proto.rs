//! `proto/siegel/account/v1/attribute_name.proto`

use std::fmt::Write as _;

use siegel_oidc::catalogue::CATALOGUE;

const HEAD: &str = "syntax = \"proto3\";

// What attributes are called. Written from `libs/oidc/src/catalogue.rs`, which docs/attributes.md
// shows as well: `cargo test -p siegel-oidc --test written -- --ignored`.
package siegel.account.v1;

import \"google/protobuf/descriptor.proto\";

// For programs that read the descriptors.
extend google.protobuf.EnumValueOptions {
  // Name of the claim, of the attribute in messages, and in settings.
  string claim = 50001;
  // Object identifier in the BundID interface, without `urn:oid:`; absent where it has none.
  string oid = 50002;
}

// Every attribute that an account can hold.
enum AttributeName {
  // A name younger than the reader.
  ATTRIBUTE_NAME_UNSPECIFIED = 0;
";

pub fn file() -> String {
    let mut rows: Vec<_> = CATALOGUE.iter().collect();
    rows.sort_by_key(|row| row.number);
    let mut file = HEAD.to_owned();
    for row in rows {
        let (value, number) = (row.name.to_uppercase(), row.number);
        write!(file, "  ATTRIBUTE_NAME_{value} = {number} [(claim) = \"{}\"", row.name).unwrap();
        if !row.oid.is_empty() {
            write!(file, ", (oid) = \"{}\"", row.oid).unwrap();
        }
        file.push_str("];\n");
    }
    file.push_str("}\n");
    file
}
