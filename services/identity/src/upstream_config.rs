//! Upstream providers in settings and in the declarative set-up: `[[identity.upstreams]]` and
//! `[[upstreams]]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use siegel_crypto::{KeyError, load_signing_key};
use siegel_kernel::TrustLevel;
use zeroize::Zeroizing;

use crate::domain::client::AssertionAudience;
use crate::domain::upstream::{AttributeRule, BadUpstream, Upstream, UpstreamAuth};
use crate::domain::upstream_organisation::OrganisationRules;

/// One upstream provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamConfig {
    /// Part of the callback's address: `/login/upstream/{id}/callback`.
    pub id: String,
    /// Shown to people.
    pub name: String,
    /// As its discovery document says; https.
    pub issuer: String,
    /// What it knows us by.
    pub client_id: String,
    /// `private_key_jwt`, `client_secret_basic` or `client_secret_post`.
    #[serde(default)]
    pub auth: UpstreamAuth,
    /// PKCS#8 PEM of an ES256 key, for `private_key_jwt`; made at first start in the sandbox. Its
    /// public part is at `/login/upstream/{id}/jwks`.
    pub key_file: Option<PathBuf>,
    /// File with the secret, for the other two.
    pub client_secret_file: Option<PathBuf>,
    /// The secret itself, in a set-up file only.
    pub client_secret: Option<SecretString>,
    /// `issuer`, or `token_endpoint` for providers that ask for it.
    #[serde(default)]
    pub assertion_audience: AssertionAudience,
    /// Besides `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Ask its userinfo endpoint for attributes too.
    #[serde(default)]
    pub userinfo: bool,
    /// Its log-ins never count for more.
    pub level_cap: TrustLevel,
    /// What its `acr` values are worth here; others, and none, are `default_level`.
    #[serde(default)]
    pub acr_table: BTreeMap<String, TrustLevel>,
    #[serde(default = "basic")]
    pub default_level: TrustLevel,
    /// `acr_values` to send when a level is needed, by level.
    #[serde(default)]
    pub acr_request: BTreeMap<TrustLevel, String>,
    /// Claims that are taken over; all others are dropped.
    #[serde(default)]
    pub attributes: Vec<AttributeRule>,
    /// Before its subjects; `{id}:` when absent.
    pub subject_prefix: Option<String>,
    /// Its accounts have a mailbox of their own; none is opened here for who has only such accounts.
    #[serde(default)]
    pub mailbox: bool,
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Tenants whose clients offer it; all when empty and in no connection group.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// Shown beside its name: https, or a small `data:` image in base64.
    pub logo_uri: Option<String>,
    /// Its accounts are organisations': it proves claims of organisations, and logs nobody in.
    pub organisation: Option<OrganisationRules>,
}

const fn basic() -> TrustLevel {
    TrustLevel::Basic
}

const fn yes() -> bool {
    true
}

/// Where a registration comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The service's settings: it follows them at every start.
    Settings,
    /// A set-up file that was applied; stays until it is removed.
    Applied,
}

impl Source {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Applied => "applied",
        }
    }
}

/// A provider with what proves us to it: a key in PEM or a shared secret.
pub struct Registration {
    pub upstream: Upstream,
    pub secret: Zeroizing<Vec<u8>>,
}

/// A provider in the settings that cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    #[error(transparent)]
    Bad(#[from] BadUpstream),
    #[error("upstream {0:?}: {1}")]
    Secret(String, &'static str),
    #[error("upstream {0:?}: cannot read {1}")]
    File(String, String, #[source] std::io::Error),
    #[error("upstream {0:?}: key_file cannot be used")]
    Key(String, #[source] KeyError),
    #[error("upstream {0:?} is registered twice")]
    Twice(String),
}

impl UpstreamConfig {
    /// Checks everything but the files.
    pub fn check(&self, source: Source) -> Result<Upstream, UpstreamError> {
        let wrong = |what| Err(UpstreamError::Secret(self.id.clone(), what));
        let secrets = usize::from(self.client_secret_file.is_some())
            + usize::from(self.client_secret.is_some());
        match self.auth {
            UpstreamAuth::PrivateKeyJwt if self.key_file.is_none() || secrets > 0 => {
                return wrong("auth = \"private_key_jwt\" needs key_file and no secret");
            }
            UpstreamAuth::PrivateKeyJwt => {}
            _ if secrets != 1 || self.key_file.is_some() => {
                return wrong("this auth needs client_secret_file and no key_file");
            }
            _ if source == Source::Settings && self.client_secret.is_some() => {
                return wrong("settings name secrets by file: use client_secret_file");
            }
            _ => {}
        }
        let upstream = Upstream {
            id: self.id.clone(),
            name: self.name.clone(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            auth: self.auth,
            assertion_audience: self.assertion_audience,
            scopes: self.scopes.clone(),
            userinfo: self.userinfo,
            level_cap: self.level_cap,
            acr_table: self.acr_table.clone(),
            default_level: self.default_level,
            acr_request: self.acr_request.clone(),
            attributes: self.attributes.clone(),
            subject_prefix: self.subject_prefix.clone().unwrap_or_else(|| format!("{}:", self.id)),
            mailbox: self.mailbox,
            enabled: self.enabled,
            tenants: self.tenants.clone(),
            logo_uri: self.logo_uri.clone(),
            organisation: self.organisation.clone(),
        };
        upstream.check()?;
        Ok(upstream)
    }

    /// The registration with its secret read; makes a missing key file when `may_create`.
    pub fn registration(
        &self,
        source: Source,
        may_create: bool,
    ) -> Result<Registration, UpstreamError> {
        let upstream = self.check(source)?;
        let id = || self.id.clone();
        let secret = match (&self.key_file, &self.client_secret_file, &self.client_secret) {
            (Some(file), ..) => {
                let key = load_signing_key(file, may_create);
                let key = key.map_err(|e| UpstreamError::Key(id(), e))?;
                key.to_pem().as_bytes().to_vec()
            }
            (_, Some(file), _) => {
                let read = siegel_config::read_secret(file);
                let read = read.map_err(|e| UpstreamError::File(id(), e.path, e.source))?;
                read.expose_secret().as_bytes().to_vec()
            }
            (.., secret) => {
                let secret = secret.as_ref().map(|s| s.expose_secret().as_bytes().to_vec());
                secret.unwrap_or_default()
            }
        };
        Ok(Registration { upstream, secret: Zeroizing::new(secret) })
    }
}

/// All registrations of the settings, with their files read.
pub fn registrations(
    all: &[UpstreamConfig],
    may_create: bool,
) -> Result<Vec<Registration>, UpstreamError> {
    let mut read: Vec<Registration> = Vec::new();
    for config in all {
        if read.iter().any(|r| r.upstream.id == config.id) {
            return Err(UpstreamError::Twice(config.id.clone()));
        }
        read.push(config.registration(Source::Settings, may_create)?);
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(more: &str) -> UpstreamConfig {
        let common = r#"
            id = "land-b"
            name = "Servicekonto Beispielland"
            issuer = "https://b.example"
            client_id = "land-a"
            level_cap = "substantial"
            acr_request = { substantial = "substantial" }
        "#;
        toml::from_str(&format!("{common}\n{more}")).unwrap()
    }

    #[test]
    fn a_secret_stands_in_settings_by_file_only_and_in_a_set_up_file_as_it_is() {
        let inline = config("auth = \"client_secret_basic\"\nclient_secret = \"s3cret\"");
        assert!(inline.check(Source::Settings).is_err());
        let read = inline.registration(Source::Applied, false).unwrap();
        assert_eq!(&read.secret[..], b"s3cret");
        assert!(!format!("{inline:?}").contains("s3cret"));
    }

    #[test]
    fn each_way_to_prove_ourselves_needs_its_own_secret_and_no_other() {
        for wrong in [
            "",
            "client_secret_file = \"a\"",
            "key_file = \"a\"\nclient_secret_file = \"b\"",
            "auth = \"client_secret_post\"",
            "auth = \"client_secret_post\"\nkey_file = \"a\"",
            "auth = \"client_secret_post\"\nclient_secret_file = \"a\"\nclient_secret = \"b\"",
        ] {
            let checked = config(wrong).check(Source::Applied);
            assert!(matches!(checked, Err(UpstreamError::Secret(..))), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_made_only_where_that_is_allowed_and_subjects_get_the_id_before_them() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key.pem");
        let config = config(&format!("key_file = {file:?}"));
        assert!(config.registration(Source::Settings, false).is_err());
        let made = config.registration(Source::Settings, true).unwrap();
        let again = config.registration(Source::Settings, false).unwrap();
        assert_eq!(made.secret, again.secret);
        assert_eq!(made.upstream.pseudonym("x"), "land-b:x");
    }

    #[test]
    fn a_provider_of_organisations_says_nothing_that_is_for_persons() {
        let rules = "client_secret = \"s\"\nauth = \"client_secret_post\"\n";
        let with = |more: &str, rules: &str| {
            let text = format!("{more}\n[organisation]\nidentification_cap = \"high\"\n{rules}");
            config(&text).check(Source::Applied).map(|u| u.organisation.is_some())
        };
        assert!(matches!(with(rules, ""), Ok(true)));
        for (key, more) in [
            ("attributes", "attributes = [{ claim = \"a\", attribute = \"given_name\" }]"),
            ("acr_table", "acr_table = { a = \"low\" }"),
            ("tenants", "tenants = [\"musterstadt\"]"),
            ("mailbox", "mailbox = true"),
        ] {
            let error = with(&format!("{rules}{more}"), "").unwrap_err().to_string();
            assert!(
                error.contains(&format!("\"land-b\": {key} is for accounts of persons")),
                "{error}"
            );
        }
        let error = with(rules, "levels = {}").unwrap_err().to_string();
        assert!(error.contains("organisation: levels is empty"), "{error}");
    }

    #[test]
    fn a_level_that_does_not_exist_does_not_parse() {
        let text = "id = \"a\"\nname = \"a\"\nissuer = \"https://a\"\nclient_id = \"a\"\n";
        assert!(toml::from_str::<UpstreamConfig>(&format!("{text}level_cap = \"5\"")).is_err());
        assert!(toml::from_str::<UpstreamConfig>(text).is_err(), "there is no cap by default");
    }
}
