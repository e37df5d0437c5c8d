//! The access table: `access.toml`, one row per RPC.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use siegel_kernel::TrustLevel;

/// Who a row lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallerKind {
    /// Anybody, without a token.
    Public,
    /// A person with an access token.
    Person,
    /// A client with a token of its own.
    Client,
    /// A program of an organisation with an access token.
    Program,
    /// A service of the suite with a service token bound to its certificate.
    Sibling,
    /// A service of the suite known by its certificate alone: how it gets its first token.
    Peer,
}

/// One row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub rpc: String,
    pub callers: Vec<CallerKind>,
    #[serde(default)]
    pub siblings: Vec<String>,
    /// Space-separated; one of them suffices.
    #[serde(default)]
    pub scope: String,
    #[serde(default = "basic")]
    pub level: TrustLevel,
    #[serde(default)]
    pub bound: bool,
    /// Kind of the audit event; absent for RPCs that change nothing.
    pub audit: Option<String>,
}

fn basic() -> TrustLevel {
    TrustLevel::Basic
}

impl Rule {
    pub fn allows(&self, kind: CallerKind) -> bool {
        self.callers.contains(&kind)
    }

    /// Whether a sibling of this name is let in.
    pub fn allows_service(&self, name: &str) -> bool {
        self.siblings.iter().any(|s| s == name)
    }

    /// `siegel.postbox.v1.SenderService`
    pub fn service(&self) -> &str {
        self.rpc.split_once('/').map_or(self.rpc.as_str(), |(service, _)| service)
    }
}

/// All rows by RPC name.
#[derive(Debug)]
pub struct AccessTable {
    rules: HashMap<String, Rule>,
}

impl AccessTable {
    /// The rule for `siegel.postbox.v1.SenderService/Submit`; an RPC without one answers nobody.
    pub fn rule(&self, rpc: &str) -> Option<&Rule> {
        self.rules.get(rpc)
    }

    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values()
    }

    /// Whether anybody outside the suite may call some RPC of this service: only such services are
    /// routed at the public edge.
    pub fn is_public(&self, service: &str) -> bool {
        let outside =
            [CallerKind::Public, CallerKind::Person, CallerKind::Client, CallerKind::Program];
        let own = self.rules.values().filter(|rule| rule.service() == service);
        own.into_iter().any(|rule| outside.iter().any(|kind| rule.allows(*kind)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    row: Vec<Rule>,
}

static TABLE: LazyLock<AccessTable> = LazyLock::new(|| {
    // A table that does not parse lets nobody in; the tests below refuse to build such a release.
    let rows = toml::from_str::<Table>(include_str!("../access.toml")).map(|t| t.row);
    let rows = rows.unwrap_or_default();
    AccessTable { rules: rows.into_iter().map(|rule| (rule.rpc.clone(), rule)).collect() }
});

/// The table of this build.
pub fn access_table() -> &'static AccessTable {
    &TABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Rule> {
        toml::from_str::<Table>(include_str!("../access.toml")).unwrap().row
    }

    /// Whether somebody outside the suite may call it with an access token.
    fn with_a_token(rule: &Rule) -> bool {
        let kinds = [CallerKind::Person, CallerKind::Client, CallerKind::Program];
        kinds.into_iter().any(|kind| rule.allows(kind))
    }

    #[test]
    fn every_rpc_has_an_access_rule() {
        let open: Vec<_> = siegel_proto::rpcs()
            .into_iter()
            .filter(|rpc| access_table().rule(&rpc.full_name()).is_none())
            .collect();
        assert!(open.is_empty(), "nobody ruled on {open:#?}");
    }

    #[test]
    fn every_rule_is_about_an_rpc_and_stands_once() {
        let known: Vec<_> = siegel_proto::rpcs().iter().map(siegel_proto::Rpc::full_name).collect();
        let mut seen = Vec::new();
        for rule in rows() {
            assert!(known.contains(&rule.rpc), "no such RPC: {}", rule.rpc);
            assert!(!seen.contains(&rule.rpc), "two rows for {}", rule.rpc);
            seen.push(rule.rpc);
        }
    }

    #[test]
    fn an_rpc_that_does_not_only_read_names_its_audit_event() {
        let reading = [
            "Get", "List", "Watch", "Preview", "Check", "Compare", "Count", "Resolve", "Search",
            "Describe",
        ];
        for rule in rows() {
            let method = rule.rpc.split_once('/').unwrap().1;
            let reads = reading.iter().any(|verb| method.starts_with(verb));
            assert_eq!(rule.audit.is_none(), reads, "{}", rule.rpc);
            if let Some(kind) = &rule.audit {
                let service = rule.rpc.split('.').nth(1).unwrap();
                assert!(kind.starts_with(&format!("{service}.")), "{kind} belongs to {service}");
            }
        }
    }

    #[test]
    fn callers_from_outside_need_a_scope_and_siblings_a_name() {
        for rule in rows() {
            let outside = with_a_token(&rule);
            let inside = rule.allows(CallerKind::Sibling) || rule.allows(CallerKind::Peer);
            assert_eq!(outside, !rule.scope.is_empty(), "{}", rule.rpc);
            assert_eq!(inside, !rule.siblings.is_empty(), "{}", rule.rpc);
        }
    }

    #[test]
    fn a_program_changes_nothing() {
        for rule in rows().iter().filter(|rule| rule.allows(CallerKind::Program)) {
            assert_eq!(rule.audit, None, "{}", rule.rpc);
            assert!(rule.bound, "{}", rule.rpc);
        }
    }

    #[test]
    fn every_sibling_call_is_within_reach() {
        for rule in rows() {
            let to = rule.rpc.split('.').nth(1).unwrap();
            for from in &rule.siblings {
                assert!(crate::reach_table().may_call(from, to), "{from} may not reach {to}");
            }
        }
    }

    #[test]
    fn nothing_that_delivers_or_reads_letters_takes_a_bearer_token() {
        for rule in rows().iter().filter(|r| r.rpc.starts_with("siegel.postbox.")) {
            let outside = with_a_token(rule);
            assert_eq!(rule.bound, outside, "{}", rule.rpc);
        }
    }
}
