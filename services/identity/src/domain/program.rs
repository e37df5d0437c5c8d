//! Programs of organisations as clients. Their organisation registered them, at `organisation`, by
//! a public key: there is no secret, and nothing that identity keeps.

use serde::{Deserialize, Serialize};
use siegel_kernel::OrganisationId;

use super::acting::{Chosen, Demand};
use super::client::{AuthMethod, Client, GrantType, SecurityProfile};

/// What programs can be granted, and what their organisation must allow them for it.
pub const SCOPES: [(&str, Demand); 1] = [("postbox.read", Demand::ReadMail)];

/// A program that proved who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// `sys_…`
    pub id: String,
    pub organisation: OrganisationId,
}

/// What a program was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramGrant {
    pub program: Program,
    pub scopes: Vec<String>,
    /// By which right, as `organisation` answered.
    pub chosen: Chosen,
}

impl ProgramGrant {
    /// The ids a change of which asks for the right anew.
    pub fn basis(&self) -> [String; 2] {
        [self.program.id.clone(), self.program.organisation.to_string()]
    }

    /// What the organisation must go on allowing.
    pub fn demands(&self) -> impl Iterator<Item = Demand> + '_ {
        self.scopes.iter().filter_map(|scope| demand(scope))
    }
}

/// What the organisation must allow for a scope; `None` for scopes that no program gets.
pub fn demand(scope: &str) -> Option<Demand> {
    SCOPES.iter().find(|(name, _)| *name == scope).map(|(_, demand)| *demand)
}

/// Whether a client id is that of a program: `sys_` and 32 hex digits.
pub fn is_id(client_id: &str) -> bool {
    let digits = client_id.strip_prefix("sys_").map(str::as_bytes);
    let lower = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b);
    digits.is_some_and(|digits| digits.len() == 32 && digits.iter().all(lower))
}

/// The registration that a program has: it gets tokens for itself, bound to a key or certificate,
/// and is held to FAPI 2.0 in how it proves itself.
pub fn client(id: &str, jwks: String) -> Client {
    Client {
        auth_method: AuthMethod::PrivateKeyJwt,
        jwks: Some(jwks),
        grant_types: vec![GrantType::ClientCredentials],
        scopes: SCOPES.iter().map(|(name, _)| (*name).to_owned()).collect(),
        security_profile: SecurityProfile::Fapi2,
        ..Client::named(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_the_form_of_its_id() {
        let hex = "0123456789abcdef0123456789abcdef";
        assert!(is_id(&format!("sys_{hex}")));
        for other in ["sys_", "portal", hex, &format!("sys_{hex}0"), &format!("mem_{hex}")] {
            assert!(!is_id(other), "{other}");
        }
        assert!(!is_id(&format!("sys_{}", hex.to_uppercase())), "one id has one form");
    }

    #[test]
    fn a_program_has_scopes_of_services_only_and_a_registration_that_holds() {
        let client = client("sys_0123456789abcdef0123456789abcdef", "{}".into());
        let service = |name: &str| {
            matches!(super::super::scopes::known(name), Some(super::super::scopes::Opens::Api(_)))
        };
        assert!(client.scopes.iter().all(|name| service(name)));
        assert!(client.is_fapi() && !client.may(GrantType::AuthorizationCode));
        assert_eq!(demand("openid"), None);
    }
}
