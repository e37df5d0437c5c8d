//! Which level an authorization request needs: what it asks for, what the client, its tenant and
//! the resources demand, and what can be reached at all.

use std::collections::BTreeMap;

use siegel_kernel::TrustLevel;
use siegel_oidc::acr::Wanted;

use super::client::Client;
use super::oauth::{OAuthError, Refused};
use super::reach;
use super::scopes;
use super::tenant::Tenant;

/// What holds besides the registration of the client.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    pub tenant: &'a Tenant,
    /// Methods this installation offers.
    pub methods: &'a [String],
    /// The best that a provider offered to this client's people can prove; `None` without any.
    pub upstreams: Option<TrustLevel>,
    /// Lowest level for tokens of an audience.
    pub resource_levels: &'a BTreeMap<String, TrustLevel>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    /// Below this nothing is issued.
    pub floor: TrustLevel,
    /// What the pages should reach; never below the floor.
    pub aim: TrustLevel,
    /// Methods that count.
    pub methods: Vec<String>,
}

/// The levels of a request. Several values of `wanted` are an order of preference
/// (OpenID Connect Core §3.1.2.1): the first that can be reached is aimed at, the lowest is the
/// floor. Unknown values are ignored. Client, tenant and resources raise both.
/// # Errors
/// `unmet_authentication_requirements` when none of an essential demand is known, or when no
/// credential reaches the floor: nobody is sent through pages that cannot succeed.
pub fn of(
    client: &Client,
    rules: &Rules<'_>,
    wanted: &str,
    essential: bool,
    granted_scopes: &[String],
    resources: &[String],
) -> Result<Levels, Refused> {
    let unmet = |text| Err(Refused::new(OAuthError::UnmetAuthenticationRequirements, text));
    let listed = Wanted::parse(wanted);
    if essential && listed.is_empty() {
        return unmet("none of the essential acr values is known");
    }
    let of_scopes = scopes::audiences(granted_scopes);
    let audiences = if resources.is_empty() { &of_scopes } else { resources };
    let of_resources = audiences.iter().filter_map(|a| rules.resource_levels.get(a)).copied();
    let minimum =
        of_resources.chain(rules.tenant.min_level).fold(client.min_level, TrustLevel::max);
    let floor = listed.floor().unwrap_or(minimum).max(minimum);
    let methods = reach::usable(rules.methods, &client.allowed_methods);
    match reach::reachable(&methods, rules.upstreams) {
        Some(reachable) if floor <= reachable => {
            let aim = listed.aim(reachable).unwrap_or(floor).max(floor);
            Ok(Levels { floor, aim, methods })
        }
        _ => unmet("no credential that counts for this client reaches the level"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TrustLevel::{Basic, High, Low, Substantial};

    struct Case {
        wanted: &'static str,
        essential: bool,
        methods: &'static str,
        client: TrustLevel,
        tenant: Option<TrustLevel>,
        resource: Option<TrustLevel>,
    }

    const PLAIN: Case = Case {
        wanted: "",
        essential: false,
        methods: "pwd sc",
        client: Basic,
        tenant: None,
        resource: None,
    };

    /// Floor and aim, or `None` when it cannot be met.
    fn levels(case: &Case) -> Option<(TrustLevel, TrustLevel)> {
        let client = Client { min_level: case.client, ..Client::named("amt") };
        let tenant = Tenant { min_level: case.tenant, ..Tenant::default() };
        let audience = "urn:siegel:postbox".to_owned();
        let rules = Rules {
            tenant: &tenant,
            methods: &case.methods.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
            upstreams: Some(Substantial),
            resource_levels: &case.resource.map(|l| (audience.clone(), l)).into_iter().collect(),
        };
        let scopes = ["openid".to_owned(), "postbox.read".to_owned()];
        match of(&client, &rules, case.wanted, case.essential, &scopes, &[]) {
            Ok(levels) => Some((levels.floor, levels.aim)),
            Err(refused) => {
                assert_eq!(refused.error, OAuthError::UnmetAuthenticationRequirements);
                None
            }
        }
    }

    #[test]
    fn the_first_reachable_value_is_aimed_at_and_the_lowest_is_the_floor() {
        for (wanted, methods, expected) in [
            ("", "pwd sc", Some((Basic, Basic))),
            ("high", "pwd sc", Some((High, High))),
            ("high substantial", "pwd sc", Some((Substantial, High))),
            ("substantial high", "pwd sc", Some((Substantial, Substantial))),
            ("high low", "pwd otp", Some((Low, Low))),
            ("level4 STORK-QAA-Level-3", "pwd hwk", Some((Substantial, Substantial))),
            ("gold", "pwd sc", Some((Basic, Basic))),
            ("gold high", "pwd sc", Some((High, High))),
            ("high", "pwd otp", None),
            ("high substantial", "pwd", None),
            ("high substantial", "fed", Some((Substantial, Substantial))),
            ("high", "fed", None),
            ("basic", "", None),
        ] {
            let case = Case { wanted, methods, ..PLAIN };
            assert_eq!(levels(&case), expected, "{wanted:?} with {methods:?}");
        }
    }

    #[test]
    fn an_essential_demand_is_met_or_refused() {
        for (wanted, methods, expected) in [
            ("high", "pwd otp", None),
            ("gold", "pwd sc", None),
            ("high low", "pwd otp", Some((Low, Low))),
            ("high", "pwd sc", Some((High, High))),
        ] {
            let case = Case { wanted, methods, essential: true, ..PLAIN };
            assert_eq!(levels(&case), expected, "{wanted:?} with {methods:?}");
        }
    }

    #[test]
    fn client_tenant_and_resource_raise_what_is_asked_for() {
        for (case, expected) in [
            (Case { client: Substantial, ..PLAIN }, Substantial),
            (Case { tenant: Some(Low), ..PLAIN }, Low),
            (Case { resource: Some(High), ..PLAIN }, High),
            (Case { tenant: Some(High), wanted: "basic", ..PLAIN }, High),
            (Case { client: Substantial, wanted: "gold", ..PLAIN }, Substantial),
        ] {
            assert_eq!(levels(&case), Some((expected, expected)), "{:?}", case.wanted);
        }
        assert_eq!(levels(&Case { resource: Some(High), methods: "pwd", ..PLAIN }), None);
    }
}
