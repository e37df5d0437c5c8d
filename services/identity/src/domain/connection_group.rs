//! Connection groups: portals of several tenants that share one log-in world, as those of a
//! district and its municipalities.

use serde::{Deserialize, Serialize};
use siegel_kernel::Timestamp;

use super::ageing::{Proof, aged};
use super::interaction::AuthRequest;

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

/// The tenants whose log-ins count at this one, and the other way round: the others of its groups
/// that say so. Groups do not chain, and of one tenant's own sectors the tenant decides.
pub fn shares_with(groups: &[ConnectionGroup], tenant: &str) -> Vec<String> {
    let sharing = groups.iter().filter(|g| g.single_sign_on && g.has(tenant));
    let mut others: Vec<String> =
        sharing.flat_map(|g| &g.tenants).filter(|t| *t != tenant).cloned().collect();
    others.sort_unstable();
    others.dedup();
    others
}

/// A proof as it counts for a request at `now`: one made for its realm; one that another tenant of
/// a group shares, within the limits of both; no other, and none by a method the client does not
/// take. `last_seen` is the last sign of the person in the session.
pub fn counting(
    request: &AuthRequest,
    realm: &str,
    proof: Proof,
    last_seen: Timestamp,
    now: Timestamp,
) -> Option<Proof> {
    if !request.takes(&proof.method) {
        return None;
    }
    if request.realm() == realm {
        return Some(proof);
    }
    if !request.borrows_from().iter().any(|other| other == realm) {
        return None;
    }
    let held = aged(&proof, last_seen, now)?;
    aged(&Proof { limits: request.limits.clone(), ..held }, last_seen, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tenant::LevelLimits;
    use siegel_kernel::TrustLevel::{Basic, High, Substantial};
    use std::time::Duration;

    const START: Timestamp = Timestamp::from_seconds(1_741_256_100);

    fn group(tenants: &[&str], single_sign_on: bool) -> ConnectionGroup {
        let tenants = tenants.iter().map(|&t| t.to_owned()).collect();
        ConnectionGroup { tenants, single_sign_on, ..ConnectionGroup::default() }
    }

    #[test]
    fn sign_on_is_shared_within_a_group_that_says_so_and_nowhere_else() {
        let groups = [
            group(&["kreis", "dorf"], true),
            group(&["kreis", "stadt"], false),
            group(&["amt", "kreis", "dorf"], true),
        ];
        assert_eq!(shares_with(&groups, "kreis"), ["amt", "dorf"], "not where the switch is off");
        assert_eq!(shares_with(&groups, "dorf"), ["amt", "kreis"]);
        assert!(shares_with(&groups, "stadt").is_empty() && shares_with(&[], "kreis").is_empty());
        let chain = [group(&["dorf", "kreis"], true), group(&["kreis", "stadt"], true)];
        assert_eq!(shares_with(&chain, "dorf"), ["kreis"], "groups do not chain");
    }

    fn at(tenant: &str, shared_with: &[&str]) -> AuthRequest {
        AuthRequest {
            tenant: tenant.to_owned(),
            sector: format!("{tenant}-bauamt"),
            shared_with: shared_with.iter().map(|&t| t.to_owned()).collect(),
            ..AuthRequest::default()
        }
    }

    /// The level of a log-in for one request at another, minutes later.
    fn level(
        made: &AuthRequest,
        proof: &Proof,
        read: &AuthRequest,
        minutes: u64,
    ) -> Option<siegel_kernel::TrustLevel> {
        let now = START.plus(Duration::from_mins(minutes));
        let counted = made
            .proves_in()
            .into_iter()
            .filter_map(|r| counting(read, &r, proof.clone(), now, now));
        counted.filter_map(|p| aged(&p, now, now)).map(|p| p.level).max()
    }

    #[test]
    fn a_shared_log_in_counts_at_the_other_tenants_and_ages_there() {
        let (kreis, dorf) = (at("kreis", &["dorf"]), at("dorf", &["kreis"]));
        let card = Proof::new(High, "sc", START);
        assert_eq!(level(&kreis, &card, &dorf, 0), Some(High));
        assert_eq!(level(&kreis, &card, &dorf, 30), Some(Substantial));
        assert_eq!(level(&kreis, &card, &at("stadt", &[]), 0), None);
        assert_eq!(level(&at("kreis", &[]), &card, &dorf, 0), None, "made where nothing is shared");
        let other = AuthRequest { sector: "kreis-finanzen".to_owned(), ..kreis.clone() };
        assert_eq!(level(&kreis, &card, &other, 0), None, "of its own sectors the tenant decides");
        let no_card = AuthRequest { methods: vec!["pwd".to_owned()], ..dorf };
        assert_eq!(level(&kreis, &card, &no_card, 0), None, "a method this client does not take");
    }

    #[test]
    fn of_two_tenants_limits_the_shorter_count() {
        let short = |level, absolute_minutes| {
            vec![LevelLimits { level, absolute_minutes, idle_minutes: absolute_minutes }]
        };
        let kreis = at("kreis", &["dorf"]);
        let dorf = AuthRequest { limits: short(Basic, 15), ..at("dorf", &["kreis"]) };
        let proof = Proof::new(Basic, "pwd", START);
        assert_eq!(level(&kreis, &proof, &dorf, 14), Some(Basic));
        assert_eq!(level(&kreis, &proof, &dorf, 15), None, "those of where it is used");
        let own = Proof { limits: short(Basic, 10), ..proof };
        assert_eq!(level(&kreis, &own, &dorf, 10), None, "those of where it was made");
    }
}
