//! Connection groups: portals of several tenants that share one log-in world, as those of a
//! district and its municipalities.

use serde::{Deserialize, Serialize};
use siegel_kernel::Timestamp;

use super::ageing::{Proof, aged, word};
use super::factors;
use super::interaction::AuthRequest;
use super::upstream;

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

/// The proofs of a session, each with its realm, as they count for a request at `now`: those made
/// for its realm; those that another tenant of a group shares, within the limits and rules of both;
/// no others, and none by a method the client does not take. `last_seen` is the last sign of the
/// person in the session.
pub fn counting(
    request: &AuthRequest,
    proofs: impl IntoIterator<Item = (String, Proof)>,
    last_seen: Timestamp,
    now: Timestamp,
) -> Vec<Proof> {
    let (home, lenders) = (request.realm(), request.borrows_from());
    let (mut own, mut lent): (Vec<Proof>, Vec<Proof>) = (Vec::new(), Vec::new());
    for (realm, proof) in proofs {
        if !request.takes(&proof.method) {
            continue;
        }
        if realm == home {
            own.push(proof);
        } else if lenders.contains(&realm) && borrows(request, &proof.method) {
            lent.extend(within_both(request, &proof, last_seen, now));
        }
    }
    // A lent code without anything beside it that counts here would be a log-in by itself.
    let alive = |p: &&Proof| aged(p, last_seen, now).is_some();
    if !own.iter().chain(&lent).filter(alive).any(is_first_factor) {
        lent.retain(|p| word(&p.method) != factors::TOTP);
    }
    own.extend(lent);
    own
}

/// Whether a log-in by this method at another tenant can count here. What the rules here would have
/// asked of it there is not known, so it counts only where they ask nothing.
fn borrows(request: &AuthRequest, method: &str) -> bool {
    match word(method) {
        factors::PASSKEY => !request.passkeys.asks(),
        factors::TOTP => request.takes(factors::PASSWORD),
        upstream::METHOD => request.offers(method),
        _ => true,
    }
}

fn is_first_factor(proof: &Proof) -> bool {
    [factors::PASSWORD, factors::CARD, factors::PASSKEY].contains(&proof.method.as_str())
}

/// A proof aged by the limits it was made under, and then by those of the request.
fn within_both(
    request: &AuthRequest,
    proof: &Proof,
    last_seen: Timestamp,
    now: Timestamp,
) -> Option<Proof> {
    let held = aged(proof, last_seen, now)?;
    aged(&Proof { limits: request.limits.clone(), ..held }, last_seen, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::passkey_models::PasskeyModels;
    use crate::domain::tenant::LevelLimits;
    use siegel_kernel::TrustLevel::{Basic, High, Low, Substantial};
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
        level_of(made, std::slice::from_ref(proof), read, minutes)
    }

    fn level_of(
        made: &AuthRequest,
        proofs: &[Proof],
        read: &AuthRequest,
        minutes: u64,
    ) -> Option<siegel_kernel::TrustLevel> {
        let now = START.plus(Duration::from_mins(minutes));
        let realms = made.proves_in();
        let held = proofs.iter().flat_map(|p| realms.iter().map(move |r| (r.clone(), p.clone())));
        let counted = counting(read, held, now, now);
        counted.iter().filter_map(|p| aged(p, now, now)).map(|p| p.level).max()
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

    fn taking(methods: &[&str], request: AuthRequest) -> AuthRequest {
        let methods = methods.iter().map(|&m| m.to_owned()).collect();
        AuthRequest { methods, ..request }
    }

    #[test]
    fn no_passkey_is_borrowed_where_makers_have_to_vouch() {
        let (kreis, dorf) = (at("kreis", &["dorf"]), at("dorf", &["kreis"]));
        let passkey = Proof::new(Low, factors::PASSKEY, START);
        assert_eq!(level(&kreis, &passkey, &dorf, 0), Some(Low));
        let strict = AuthRequest { passkeys: PasskeyModels::Vouched, ..dorf };
        assert_eq!(level(&kreis, &passkey, &strict, 0), None);
        assert_eq!(level(&strict, &passkey, &strict, 0), Some(Low), "its own were checked");
        assert_eq!(level(&strict, &passkey, &kreis, 0), Some(Low), "and count elsewhere");
        let code = Proof::new(Low, factors::TOTP, START);
        let both = [passkey, code.clone()];
        assert_eq!(level_of(&kreis, &both, &strict, 0), None, "nor the code that rested on it");
        let card = Proof::new(High, factors::CARD, START);
        assert_eq!(level_of(&kreis, &[card, code], &strict, 0), Some(High));
    }

    #[test]
    fn a_log_in_elsewhere_is_borrowed_only_where_its_provider_is_offered() {
        let (kreis, dorf) = (at("kreis", &["dorf"]), at("dorf", &["kreis"]));
        let offering = |ids: &[&str]| AuthRequest {
            upstreams: ids.iter().map(|&id| id.to_owned()).collect(),
            ..taking(&["fed"], dorf.clone())
        };
        let land = Proof::new(Substantial, "fed:land", START);
        assert_eq!(level(&kreis, &land, &offering(&["bund", "land"]), 0), Some(Substantial));
        assert_eq!(level(&kreis, &land, &offering(&["bund", "landkreis"]), 0), None);
        assert_eq!(level(&kreis, &land, &offering(&[]), 0), None);
        assert_eq!(level(&kreis, &land, &kreis, 0), Some(Substantial), "where it was made");
    }

    #[test]
    fn a_code_is_borrowed_only_with_the_password_it_belongs_to() {
        let (kreis, dorf) = (at("kreis", &["dorf"]), at("dorf", &["kreis"]));
        let both =
            [Proof::new(Basic, factors::PASSWORD, START), Proof::new(Low, factors::TOTP, START)];
        assert_eq!(level_of(&kreis, &both, &dorf, 0), Some(Low));
        let no_password = taking(&["sc", "otp"], dorf.clone());
        assert_eq!(level_of(&kreis, &both, &no_password, 0), None);
        let [_, code] = both;
        assert_eq!(level(&kreis, &code, &dorf, 0), None, "alone it is no log-in");
        assert_eq!(level(&kreis, &code, &kreis, 0), Some(Low), "where it was made it stays");
    }
}
