//! Accounts of others: which providers are trusted, how far, and what of their word is taken.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use siegel_kernel::TrustLevel;
use siegel_oidc::catalogue;
use url::Url;

use super::client::AssertionAudience;
use super::connection_group::ConnectionGroup;
use super::upstream_organisation::{BadRules, OrganisationRules};

/// The session's method of a log-in at a provider is this, a colon and the provider's id.
pub const METHOD: &str = "fed";

/// Claims of a provider (OpenID Connect Core §5.1), as verified.
pub type Claims = Map<String, Value>;

/// How we prove ourselves to a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamAuth {
    /// A signed assertion (RFC 7523 §2.2).
    #[default]
    PrivateKeyJwt,
    /// HTTP Basic (RFC 6749 §2.3.1).
    ClientSecretBasic,
    ClientSecretPost,
}

/// One claim that is taken over as an attribute. Claims that no rule names are dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeRule {
    /// Name of the claim; a dot leads into an object, `address.postal_code`.
    pub claim: String,
    /// Name in the catalogue.
    pub attribute: String,
    /// The value never counts for more than this.
    #[serde(default = "high")]
    pub max_level: TrustLevel,
}

/// An OpenID Provider whose log-ins are accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// Part of its callback's address.
    pub id: String,
    /// Shown to people: „Servicekonto Beispielland“.
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    #[serde(default)]
    pub auth: UpstreamAuth,
    #[serde(default)]
    pub assertion_audience: AssertionAudience,
    /// Asked for besides `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Attributes are fetched at its userinfo endpoint as well.
    #[serde(default)]
    pub userinfo: bool,
    /// Whatever it says, its log-ins never count for more than this.
    pub level_cap: TrustLevel,
    /// What its `acr` values are worth here, before the cap.
    #[serde(default)]
    pub acr_table: BTreeMap<String, TrustLevel>,
    /// What a log-in is worth whose `acr` is missing or not in the table.
    #[serde(default = "basic")]
    pub default_level: TrustLevel,
    /// `acr_values` to be sent when a level is needed.
    #[serde(default)]
    pub acr_request: BTreeMap<TrustLevel, String>,
    #[serde(default)]
    pub attributes: Vec<AttributeRule>,
    /// Before its subjects, so that two providers' never meet.
    #[serde(default)]
    pub subject_prefix: String,
    /// Its accounts have a mailbox of their own that takes letters: none is opened here for a person
    /// who has nothing but such accounts.
    #[serde(default)]
    pub mailbox: bool,
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whose clients' log-in pages offer it; all when empty and in no connection group.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// Shown beside its name: https, or a small `data:` image.
    #[serde(default)]
    pub logo_uri: Option<String>,
    /// Its accounts are organisations': it proves claims, and logs nobody in.
    #[serde(default)]
    pub organisation: Option<OrganisationRules>,
}

const fn high() -> TrustLevel {
    TrustLevel::High
}

const fn basic() -> TrustLevel {
    TrustLevel::Basic
}

const fn yes() -> bool {
    true
}

/// A provider that cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUpstream {
    #[error("upstream {0:?}: ids are 1 to 64 characters of a-z 0-9 - _")]
    Id(String),
    #[error("upstream {0:?}: issuer is no https URL without query and fragment")]
    Issuer(String),
    #[error("upstream {0:?}: {1} is missing or too long")]
    Text(String, &'static str),
    #[error("upstream {0:?}: the scope {1:?} is not one word")]
    Scope(String, String),
    #[error("upstream {0:?}: the acr value {1:?} is not one word")]
    Acr(String, String),
    #[error("upstream {0:?}: logo_uri is neither an https address nor a data: image in base64")]
    Logo(String),
    #[error("upstream {0:?}: default_level is above level_cap")]
    Default(String),
    #[error(
        "upstream {0:?}: no attribute {1:?} can be taken over (the address is always the account's own)"
    )]
    Attribute(String, String),
    #[error("upstream {0:?}: the attribute {1:?} has two rules")]
    Twice(String, String),
    #[error("upstream {0:?}: organisation: {1}")]
    Organisation(String, BadRules),
    #[error("upstream {0:?}: {1} is for accounts of persons; those of organisations log nobody in")]
    ForPersons(String, &'static str),
}

/// An attribute as it is taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub name: String,
    pub value: String,
    pub level: TrustLevel,
}

impl Upstream {
    /// Checks the registration.
    pub fn check(&self) -> Result<(), BadUpstream> {
        let id = || self.id.clone();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
        if !(1..=64).contains(&self.id.len()) || !self.id.bytes().all(plain) {
            return Err(BadUpstream::Id(id()));
        }
        if !is_issuer(&self.issuer) {
            return Err(BadUpstream::Issuer(id()));
        }
        let fits = |text: &str, longest| !text.trim().is_empty() && text.len() <= longest;
        if !fits(&self.name, 100) {
            return Err(BadUpstream::Text(id(), "name"));
        }
        if !fits(&self.client_id, 255) {
            return Err(BadUpstream::Text(id(), "client_id"));
        }
        if self.subject_prefix.len() > 64 {
            return Err(BadUpstream::Text(id(), "subject_prefix"));
        }
        if let Some(scope) = self.scopes.iter().find(|s| !is_word(s)) {
            return Err(BadUpstream::Scope(id(), scope.clone()));
        }
        if let Some(acr) = self.acr_table.keys().find(|a| !is_word(a)) {
            return Err(BadUpstream::Acr(id(), acr.clone()));
        }
        let mut asked = self.acr_request.values();
        if let Some(acr) = asked.find(|a| a.is_empty() || !a.split(' ').all(is_word)) {
            return Err(BadUpstream::Acr(id(), acr.clone()));
        }
        if self.logo_uri.as_deref().is_some_and(|uri| !is_logo(uri)) {
            return Err(BadUpstream::Logo(id()));
        }
        if self.default_level > self.level_cap {
            return Err(BadUpstream::Default(id()));
        }
        for (i, rule) in self.attributes.iter().enumerate() {
            let known = catalogue::attribute(&rule.attribute).is_some();
            if !known || rule.attribute == "email" || rule.claim.is_empty() {
                return Err(BadUpstream::Attribute(id(), rule.attribute.clone()));
            }
            if self.attributes.iter().skip(i + 1).any(|r| r.attribute == rule.attribute) {
                return Err(BadUpstream::Twice(id(), rule.attribute.clone()));
            }
        }
        self.check_organisation()
    }

    /// What is said for organisations holds, and nothing is said that would mean nothing.
    fn check_organisation(&self) -> Result<(), BadUpstream> {
        let Some(rules) = &self.organisation else { return Ok(()) };
        let idle = [
            ("attributes", !self.attributes.is_empty()),
            ("acr_table", !self.acr_table.is_empty()),
            ("tenants", !self.tenants.is_empty()),
            ("mailbox", self.mailbox),
        ];
        if let Some((key, _)) = idle.into_iter().find(|(_, said)| *said) {
            return Err(BadUpstream::ForPersons(self.id.clone(), key));
        }
        rules.check().map_err(|bad| BadUpstream::Organisation(self.id.clone(), bad))
    }

    /// What a log-in with this `acr` is worth here: by the table, never above the cap.
    pub fn level_of(&self, acr: Option<&str>) -> TrustLevel {
        let listed = acr.and_then(|acr| self.acr_table.get(acr)).copied();
        listed.unwrap_or(self.default_level).min(self.level_cap)
    }

    /// The highest level that it can prove.
    pub fn reach(&self) -> TrustLevel {
        let best = self.acr_table.values().copied().max();
        best.unwrap_or(self.default_level).max(self.default_level).min(self.level_cap)
    }

    /// The `acr_values` that ask for a level: those of the lowest listed one that suffices.
    pub fn acr_values(&self, needed: TrustLevel) -> Option<&str> {
        if needed == TrustLevel::Basic {
            return self.acr_request.get(&needed).map(String::as_str);
        }
        self.acr_request.range(needed..).next().map(|(_, values)| values.as_str())
    }

    /// Whether log-in pages of a tenant's clients offer it.
    pub fn is_offered_to(&self, tenant: &str, groups: &[ConnectionGroup]) -> bool {
        if self.organisation.is_some() {
            return false;
        }
        if self.tenants.iter().any(|t| t == tenant) {
            return true;
        }
        let mut of_groups = groups.iter().filter(|g| g.upstreams.contains(&self.id)).peekable();
        if of_groups.peek().is_none() {
            return self.tenants.is_empty();
        }
        of_groups.any(|g| g.has(tenant))
    }

    /// A subject as it is known here.
    pub fn pseudonym(&self, subject: &str) -> String {
        format!("{}{subject}", self.subject_prefix)
    }

    /// The method of a session that logged in there.
    pub fn method(&self) -> String {
        format!("{METHOD}:{}", self.id)
    }

    /// What is taken over of its claims at a log-in of this level. Values that the attribute
    /// cannot have are left out.
    pub fn take(&self, claims: &Claims, level: TrustLevel) -> Vec<Taken> {
        let take = |rule: &AttributeRule| {
            let value = text_of(claims, &rule.claim)?.trim();
            let row = catalogue::attribute(&rule.attribute)?;
            if value.is_empty() || row.check(value).is_err() {
                return None;
            }
            let level = level.min(rule.max_level).min(self.level_cap);
            Some(Taken { name: rule.attribute.clone(), value: value.to_owned(), level })
        };
        self.attributes.iter().filter_map(take).collect()
    }
}

/// Whom attributes name: given names, family name, date of birth; `None` unless all are there.
pub fn holder(taken: &[Taken]) -> Option<[String; 3]> {
    let get = |name: &str| taken.iter().find(|t| t.name == name).map(|t| t.value.as_str());
    Some([
        get("given_name")?.to_lowercase(),
        get("family_name")?.to_lowercase(),
        get("date_of_birth")?.to_owned(),
    ])
}

/// The text of a claim, also inside an object.
fn text_of<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    value_of(claims, name)?.as_str()
}

/// A claim, also inside an object.
pub(super) fn value_of<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    if let Some(found) = claims.get(name) {
        return Some(found);
    }
    let (outer, inner) = name.split_once('.')?;
    claims.get(outer)?.get(inner)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Longest address of a logo, bytes: a small picture fits in.
const LONGEST_LOGO: usize = 32 * 1024;

/// Whether a page may show it as an image: nothing in it runs, and the policy of the page lets it.
pub fn is_logo(uri: &str) -> bool {
    const KINDS: [&str; 4] = ["png", "jpeg", "webp", "svg+xml"];
    if uri.len() > LONGEST_LOGO {
        return false;
    }
    let Some(data) = uri.strip_prefix("data:image/") else {
        return Url::parse(uri).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    };
    let base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
    data.split_once(";base64,")
        .is_some_and(|(kind, bytes)| KINDS.contains(&kind) && bytes.bytes().all(base64))
}

/// OpenID Connect Core §2, `iss`.
fn is_issuer(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        url.scheme() == "https"
            && url.host_str().is_some()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    })
}

#[cfg(test)]
#[path = "upstream_tests.rs"]
mod tests;
