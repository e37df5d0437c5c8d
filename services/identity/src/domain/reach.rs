//! Which level can be reached with which credentials.

use siegel_kernel::TrustLevel;

use super::upstream::METHOD;

/// A way to log in and the highest level it can prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// As it stands in `amr` (RFC 8176 §2).
    pub name: &'static str,
    pub level: TrustLevel,
}

/// Every method. A credential may be worth less than its method (a passkey without attestation, an
/// upstream account with a cap); never more.
pub const METHODS: [Method; 6] = [
    Method { name: "pwd", level: TrustLevel::Basic },
    // With the password: the second factor alone logs nobody in.
    Method { name: "otp", level: TrustLevel::Low },
    Method { name: "hwk", level: TrustLevel::Substantial },
    Method { name: "x509", level: TrustLevel::Substantial },
    // As high as its cap, which each provider has of its own: see `reachable`.
    Method { name: "fed", level: TrustLevel::High },
    Method { name: "sc", level: TrustLevel::High },
];

/// The method of a credential by its kind in the database.
pub fn method_of_kind(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "password" => "pwd",
        "totp" => "otp",
        "passkey" => "hwk",
        "x509" => "x509",
        "eid" => "sc",
        "upstream" => "fed",
        _ => return None,
    })
}

/// Methods that the installation offers and the client takes; an empty list takes all.
pub fn usable(offered: &[String], taken: &[String]) -> Vec<String> {
    let taken = |name: &String| taken.is_empty() || taken.contains(name);
    offered.iter().filter(|name| taken(name)).cloned().collect()
}

/// The highest level that any of `methods` can prove; `None` when none of them can be used.
/// `upstreams`: the best of the providers that are offered, and `None` without any.
pub fn reachable(methods: &[String], upstreams: Option<TrustLevel>) -> Option<TrustLevel> {
    let known = METHODS.iter().filter(|m| methods.iter().any(|name| name == m.name));
    known.filter_map(|m| if m.name == METHOD { upstreams } else { Some(m.level) }).max()
}

/// Those of `methods` that reach `needed`: what a step-up page offers.
pub fn reaching(methods: &[String], needed: TrustLevel) -> Vec<&'static str> {
    METHODS
        .iter()
        .filter(|m| m.level >= needed && methods.iter().any(|name| name == m.name))
        .map(|m| m.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use TrustLevel::{Basic, High, Low, Substantial};

    fn list(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_best_method_that_both_sides_take_decides_what_is_reachable() {
        for (offered, taken, expected) in [
            ("pwd sc", "", Some(High)),
            ("pwd sc", "pwd", Some(Basic)),
            ("pwd otp", "", Some(Low)),
            ("pwd otp hwk", "pwd hwk", Some(Substantial)),
            ("pwd", "sc", None),
            ("pwd", "gold", None),
        ] {
            let found = reachable(&usable(&list(offered), &list(taken)), None);
            assert_eq!(found, expected, "{offered} for a client that takes {taken:?}");
        }
        let fed = list("fed");
        assert_eq!(reachable(&fed, Some(Low)), Some(Low), "no further than the provider");
        assert_eq!(reachable(&fed, None), None, "and nowhere without one");
    }

    #[test]
    fn only_what_reaches_the_level_is_offered() {
        let all = list("pwd otp hwk sc");
        assert_eq!(reaching(&all, Low), ["otp", "hwk", "sc"]);
        assert_eq!(reaching(&all, High), ["sc"]);
        assert!(reaching(&list("pwd otp"), Substantial).is_empty());
    }
}
