//! The reach table: `reach.toml`, which service may call which, and what each may reach outside.
//! The `NetworkPolicies` of the chart are made from the same file.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    calls: Vec<String>,
    #[serde(default)]
    events_of: Vec<String>,
    #[serde(default)]
    outside: Vec<String>,
    #[serde(default)]
    faces: Vec<String>,
}

/// All rows by service.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    service: BTreeMap<String, Row>,
}

impl Reach {
    /// Whether `from` may call `to`. A service always reaches itself.
    pub fn may_call(&self, from: &str, to: &str) -> bool {
        let Some(row) = self.service.get(from) else { return false };
        from == to || row.calls.iter().chain(&row.events_of).any(|name| name == to)
    }

    /// Names of all services.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.service.keys().map(String::as_str)
    }

    /// What a service may reach outside the suite, by name (`smtp`).
    pub fn outside(&self, service: &str) -> &[String] {
        self.service.get(service).map_or(&[], |row| &row.outside)
    }

    /// Whether a service has this face (`http`, `grpc`) for callers outside.
    pub fn has_face(&self, service: &str, face: &str) -> bool {
        self.service.get(service).is_some_and(|row| row.faces.iter().any(|f| f == face))
    }
}

static TABLE: LazyLock<Reach> =
    LazyLock::new(|| toml::from_str(include_str!("../reach.toml")).unwrap_or_default());

/// The table of this build.
pub fn reach_table() -> &'static Reach {
    &TABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_parses_and_names_only_services() {
        let table: Reach = toml::from_str(include_str!("../reach.toml")).unwrap();
        assert_eq!(table.services().count(), 7);
        for row in table.service.values() {
            for name in row.calls.iter().chain(&row.events_of) {
                assert!(table.service.contains_key(name), "{name} is no service");
            }
        }
    }

    #[test]
    fn organisation_reaches_no_mail_server_and_nobody_unknown_reaches_anything() {
        assert!(!reach_table().outside("organisation").iter().any(|o| o == "smtp"));
        assert!(!reach_table().may_call("stranger", "identity"));
        assert!(!reach_table().may_call("eid", "account"));
    }
}
