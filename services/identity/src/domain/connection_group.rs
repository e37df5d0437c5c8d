//! Connection groups: portals of several tenants that share one log-in world, as those of a
//! district and its municipalities.

use serde::{Deserialize, Serialize};

/// One group of tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionGroup {
    /// `kreis-musterland`
    pub id: String,
    #[serde(default)]
    pub tenants: Vec<String>,
    /// Ids of the providers that all log-in pages of the group offer.
    #[serde(default)]
    pub upstreams: Vec<String>,
    /// A log-in at one of the tenants counts at the others as well.
    #[serde(default)]
    pub single_sign_on: bool,
}

impl ConnectionGroup {
    pub fn has(&self, tenant: &str) -> bool {
        self.tenants.iter().any(|t| t == tenant)
    }
}

/// Whether a log-in at one tenant counts at the other: only within a group that says so. Of one
/// tenant's own sectors the tenant decides.
pub fn shares_sign_on(groups: &[ConnectionGroup], tenant_a: &str, tenant_b: &str) -> bool {
    let shared = |g: &ConnectionGroup| g.single_sign_on && g.has(tenant_a) && g.has(tenant_b);
    tenant_a != tenant_b && groups.iter().any(shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(tenants: &[&str], single_sign_on: bool) -> ConnectionGroup {
        let tenants = tenants.iter().map(|&t| t.to_owned()).collect();
        ConnectionGroup { tenants, single_sign_on, ..ConnectionGroup::default() }
    }

    #[test]
    fn sign_on_is_shared_within_a_group_that_says_so_and_nowhere_else() {
        let groups = [group(&["kreis", "dorf"], true), group(&["kreis", "stadt"], false)];
        assert!(
            shares_sign_on(&groups, "kreis", "dorf") && shares_sign_on(&groups, "dorf", "kreis")
        );
        assert!(!shares_sign_on(&groups, "kreis", "stadt"), "the switch is off");
        assert!(!shares_sign_on(&groups, "dorf", "stadt"), "groups do not chain");
        assert!(!shares_sign_on(&groups, "dorf", "dorf"), "of its own sectors the tenant decides");
        assert!(!shares_sign_on(&[], "kreis", "dorf"));
    }
}
