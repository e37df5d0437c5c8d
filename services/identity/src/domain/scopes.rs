//! Scopes: what they open and at which service.

use siegel_oidc::audience;

/// What a scope is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens {
    /// An ID token (OpenID Connect Core §3.1.2.1).
    Identity,
    /// Attributes of the catalogue (OpenID Connect Core §5.4).
    Claims(&'static [&'static str]),
    /// The person's postbox handle for the client's sector.
    Handle,
    /// A refresh token that outlives the session's pages (OpenID Connect Core §11).
    Offline,
    /// RPCs of one service.
    Api(&'static str),
}

/// Every scope. Names of attributes are those of the catalogue in `siegel-oidc`.
pub const ALL: [(&str, Opens); 18] = [
    ("openid", Opens::Identity),
    (
        "profile",
        Opens::Claims(&["given_name", "family_name", "title", "birth_name", "date_of_birth"]),
    ),
    ("email", Opens::Claims(&["email"])),
    ("address", Opens::Claims(&["street_and_building", "zip_code", "city", "country"])),
    ("phone", Opens::Claims(&["telephone"])),
    ("postbox", Opens::Handle),
    ("offline_access", Opens::Offline),
    ("account.read", Opens::Api("account")),
    ("account.write", Opens::Api("account")),
    ("account.documents", Opens::Api("account")),
    ("account.support", Opens::Api("account")),
    ("organisation.read", Opens::Api("organisation")),
    ("organisation.write", Opens::Api("organisation")),
    ("organisation.admin", Opens::Api("organisation")),
    ("postbox.read", Opens::Api("postbox")),
    ("postbox.deliver", Opens::Api("postbox")),
    ("postbox.admin", Opens::Api("postbox")),
    ("identity.self", Opens::Api("identity")),
];

pub fn known(scope: &str) -> Option<Opens> {
    ALL.iter().find(|(name, _)| *name == scope).map(|(_, opens)| *opens)
}

/// The attributes that scopes stand for, without repetition.
pub fn claims(scopes: &[String]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for scope in scopes {
        if let Some(Opens::Claims(list)) = known(scope) {
            names.extend(list.iter().filter(|n| !names.contains(*n)).copied().collect::<Vec<_>>());
        }
    }
    names
}

/// The claims that scopes stand for: the attributes, and the standard claims made of them
/// (OpenID Connect Core §5.4). `locale` is given out only when asked for by name.
pub fn outputs(scopes: &[String]) -> Vec<&'static str> {
    let mut names = claims(scopes);
    for scope in scopes {
        names.extend(match scope.as_str() {
            "profile" => ["name", "birthdate"].as_slice(),
            "email" => &["email_verified"],
            "address" => &["address", "address_line"],
            "phone" => &["phone_number", "phone_number_verified"],
            _ => &[],
        });
    }
    names
}

/// The audiences that scopes belong to, without repetition.
pub fn audiences(scopes: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for scope in scopes {
        let service = match known(scope) {
            Some(Opens::Api(service)) => service,
            Some(Opens::Identity) => "identity",
            _ => continue,
        };
        let name = audience(service);
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// The scopes that mean something to one audience: a token carries no others.
pub fn for_audience(scopes: &[String], wanted: &str) -> Vec<String> {
    let meant = |scope: &&String| match known(scope) {
        Some(Opens::Api(service)) => audience(service) == wanted,
        Some(Opens::Offline) | None => false,
        // Userinfo is identity's.
        Some(_) => audience("identity") == wanted,
    };
    scopes.iter().filter(meant).cloned().collect()
}

/// Whether tokens for this audience must be bound to a key: it can deliver or read letters.
pub fn must_be_bound(wanted: &str) -> bool {
    audience("postbox") == wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_token_for_one_service_carries_no_scope_of_another() {
        let granted = list("openid email postbox.read account.read identity.self");
        assert_eq!(for_audience(&granted, "urn:siegel:postbox"), ["postbox.read"]);
        let own = for_audience(&granted, "urn:siegel:identity");
        assert_eq!(own, ["openid", "email", "identity.self"]);
    }

    #[test]
    fn audiences_follow_from_scopes_once_each() {
        let found = audiences(&list("openid profile postbox.read postbox.deliver"));
        assert_eq!(found, ["urn:siegel:identity", "urn:siegel:postbox"]);
    }
}
