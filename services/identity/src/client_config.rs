//! How a client is written down: one format for `[[identity.clients]]`, for `siegel admin apply`
//! and for `siegel up --seed`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use siegel_crypto::{b64, sha256};
use siegel_kernel::TrustLevel;
use url::Url;

use crate::app::client_keys::usable;
use crate::domain::client::{
    AssertionAudience, AuthMethod, BadClient, CertificateName, Client, Environment, GrantType,
    SecurityProfile, SigningAlg,
};

/// One registered client. Only `client_id` must be there, and `redirect_uris` for log-ins. The
/// names of RFC 7591 are understood beside our own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "a registration is a list of switches")]
pub struct ClientConfig {
    pub client_id: String,
    /// Shown to people; the client id when absent.
    #[serde(default, alias = "client_name")]
    pub name: Option<String>,
    /// `default` when absent.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Clients of one sector know a person by the same subject; the host of the
    /// `sector_identifier_uri` or the client id when absent.
    #[serde(default)]
    pub sector: Option<String>,
    /// https address of a JSON list with every redirect URI of the sector.
    #[serde(default)]
    pub sector_identifier_uri: Option<String>,
    /// `production` or `test`.
    #[serde(default)]
    pub environment: Environment,
    #[serde(default)]
    pub logo_uri: Option<String>,
    #[serde(default)]
    pub policy_uri: Option<String>,
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    #[serde(default)]
    pub backchannel_logout_uri: Option<String>,
    /// Where security events about its people are pushed (RFC 8935).
    pub security_events_uri: Option<String>,
    /// `private_key_jwt`, `client_secret_basic`, `client_secret_post`, `tls_client_auth`,
    /// `self_signed_tls_client_auth`, `none`. When absent, what the credentials below are for.
    #[serde(default, alias = "token_endpoint_auth_method")]
    pub auth_method: Option<AuthMethod>,
    /// JWK Set: JSON text, or the object itself.
    #[serde(default, deserialize_with = "json_text")]
    pub jwks: Option<String>,
    /// File with the JWK Set, instead of `jwks`.
    #[serde(default)]
    pub jwks_file: Option<PathBuf>,
    /// Where the client publishes its JWK Set, instead of `jwks`.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// File with the secret, for the two methods by secret.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// The secret itself. Never in the settings of an installation.
    #[serde(default)]
    pub client_secret: Option<SecretString>,
    #[serde(default)]
    pub tls_client_auth_subject_dn: Option<String>,
    #[serde(default)]
    pub tls_client_auth_san_dns: Option<String>,
    #[serde(default)]
    pub tls_client_auth_san_uri: Option<String>,
    /// `issuer` or `token_endpoint`.
    #[serde(default)]
    pub assertion_audience: AssertionAudience,
    #[serde(default = "code_and_refresh")]
    pub grant_types: Vec<GrantType>,
    /// A list, or one text with spaces. What log-ins need when absent.
    #[serde(default, alias = "scope", deserialize_with = "words")]
    pub scopes: Option<Vec<String>>,
    /// `oidc-basic` or `fapi2`.
    #[serde(default, alias = "profile")]
    pub security_profile: SecurityProfile,
    /// No log-in below this level.
    #[serde(default = "basic")]
    pub min_level: TrustLevel,
    /// Credentials people may use (`pwd`, `otp`, `hwk`, `sc`); all when empty.
    #[serde(default)]
    pub allowed_methods: Vec<String>,
    /// What the attributes are used for, shown on the consent page.
    #[serde(default)]
    pub purpose: String,
    /// Purposes of single attributes, by name.
    #[serde(default)]
    pub claim_purposes: BTreeMap<String, String>,
    #[serde(default)]
    pub service_id: Option<String>,
    /// The suite's own portal: people are not asked whether it may show them their account.
    #[serde(default)]
    pub first_party: bool,
    #[serde(default, alias = "require_pushed_authorization_requests")]
    pub require_pushed: bool,
    #[serde(default, alias = "require_signed_request_object")]
    pub require_signed_request: bool,
    #[serde(default = "yes")]
    pub require_pkce: bool,
    #[serde(default, alias = "dpop_bound_access_tokens")]
    pub dpop_bound: bool,
    #[serde(default, alias = "tls_client_certificate_bound_access_tokens")]
    pub certificate_bound: bool,
    /// `ES256` or `RS256`.
    #[serde(default)]
    pub id_token_signed_response_alg: SigningAlg,
    #[serde(default)]
    pub userinfo_signed_response_alg: Option<SigningAlg>,
    /// Audiences it may ask for; those of its scopes when empty.
    #[serde(default)]
    pub resources: Vec<String>,
    /// Audiences it is the resource server of: it may ask about their tokens (RFC 7662).
    #[serde(default)]
    pub introspects: Vec<String>,
    /// People may come without an account, once, with their card.
    #[serde(default)]
    pub guests: bool,
}

pub(crate) fn code_and_refresh() -> Vec<GrantType> {
    vec![GrantType::AuthorizationCode, GrantType::RefreshToken]
}

const fn basic() -> TrustLevel {
    TrustLevel::Basic
}

const fn yes() -> bool {
    true
}

/// What a client may ask for when its registration says nothing.
pub(crate) fn default_scopes(grants: &[GrantType]) -> Vec<String> {
    let usual = ["openid", "profile", "email", "address", "phone"];
    let there = |scope: &&str| crate::domain::scopes::known(scope).is_some();
    let log_in = grants.contains(&GrantType::AuthorizationCode);
    let found = usual.into_iter().filter(|scope| log_in && there(scope));
    found.map(str::to_owned).collect()
}

/// A client that cannot be registered as it is written.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(transparent)]
    Bad(#[from] BadClient),
    #[error("client {0:?}: cannot read {2}")]
    File(String, &'static str, String, #[source] std::io::Error),
    #[error("client {0:?} is registered twice")]
    Twice(String),
    #[error("client {0:?}: {1} excludes what is given beside it")]
    Exclusive(String, &'static str),
    #[error("client {0:?}: a secret in the settings belongs into secret_file")]
    InlineSecret(String),
}

impl ClientError {
    /// The key to change.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Bad(bad) => bad.key(),
            Self::File(_, key, ..) | Self::Exclusive(_, key) => key,
            Self::Twice(_) => "client_id",
            Self::InlineSecret(_) => "client_secret",
        }
    }
}

impl ClientConfig {
    /// The registration. Files named relatively are looked for in `base`.
    pub fn registration(&self, base: &Path) -> Result<Client, ClientError> {
        let id = || self.client_id.clone();
        let sector_host = self.sector_identifier_uri.as_deref().and_then(host_of);
        let client = Client {
            name: self.name.clone().unwrap_or_else(id),
            tenant: self.tenant.clone().unwrap_or_else(|| "default".to_owned()),
            sector: self.sector.clone().or(sector_host).unwrap_or_else(id),
            sector_identifier_uri: self.sector_identifier_uri.clone(),
            environment: self.environment,
            logo_uri: self.logo_uri.clone(),
            policy_uri: self.policy_uri.clone(),
            redirect_uris: self.redirect_uris.clone(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.clone(),
            backchannel_logout_uri: self.backchannel_logout_uri.clone(),
            security_events_uri: self.security_events_uri.clone(),
            auth_method: self.method(),
            jwks: self.key_set(base)?,
            jwks_uri: self.jwks_uri.clone(),
            secret_hash: self.secret_hash(base)?,
            certificate_name: self.certificate_name()?,
            assertion_audience: self.assertion_audience,
            grant_types: self.grant_types.clone(),
            scopes: self.scopes.clone().unwrap_or_else(|| default_scopes(&self.grant_types)),
            security_profile: self.security_profile,
            min_level: self.min_level,
            allowed_methods: self.allowed_methods.clone(),
            purpose: self.purpose.clone(),
            claim_purposes: self.claim_purposes.clone(),
            service_id: self.service_id.clone(),
            first_party: self.first_party,
            require_pushed: self.require_pushed,
            require_signed_request: self.require_signed_request,
            require_pkce: self.require_pkce,
            dpop_bound: self.dpop_bound,
            certificate_bound: self.certificate_bound,
            id_token_alg: self.id_token_signed_response_alg,
            userinfo_alg: self.userinfo_signed_response_alg,
            resources: self.resources.clone(),
            introspects: self.introspects.clone(),
            guests: self.guests,
            ..Client::named(self.client_id.clone())
        };
        client.check()?;
        Ok(client)
    }

    fn method(&self) -> AuthMethod {
        let by_certificate = self.tls_client_auth_subject_dn.is_some()
            || self.tls_client_auth_san_dns.is_some()
            || self.tls_client_auth_san_uri.is_some();
        match self.auth_method {
            Some(method) => method,
            None if self.client_secret.is_some() || self.secret_file.is_some() => {
                AuthMethod::ClientSecretBasic
            }
            None if by_certificate => AuthMethod::TlsClientAuth,
            None => AuthMethod::PrivateKeyJwt,
        }
    }

    fn key_set(&self, base: &Path) -> Result<Option<String>, ClientError> {
        let id = || self.client_id.clone();
        let text = match (&self.jwks, &self.jwks_file) {
            (Some(_), Some(_)) => return Err(ClientError::Exclusive(id(), "jwks_file")),
            (Some(text), None) => text.clone(),
            (None, Some(file)) => {
                let read = std::fs::read_to_string(base.join(file));
                let named = file.display().to_string();
                read.map_err(|e| ClientError::File(id(), "jwks_file", named, e))?
            }
            (None, None) => return Ok(None),
        };
        if usable(&text).is_none() {
            return Err(BadClient::Jwks(id()).into());
        }
        Ok(Some(text))
    }

    fn secret_hash(&self, base: &Path) -> Result<Option<String>, ClientError> {
        let id = || self.client_id.clone();
        let secret = match (&self.client_secret, &self.secret_file) {
            (Some(_), Some(_)) => return Err(ClientError::Exclusive(id(), "secret_file")),
            (Some(secret), None) => secret.clone(),
            (None, Some(file)) => {
                let named = file.display().to_string();
                siegel_config::read_secret(&base.join(file))
                    .map_err(|e| ClientError::File(id(), "secret_file", named, e.source))?
            }
            (None, None) => return Ok(None),
        };
        if secret.expose_secret().is_empty() {
            return Err(BadClient::Credentials(id(), "a secret that is not empty").into());
        }
        Ok(Some(hash_of(&secret)))
    }

    fn certificate_name(&self) -> Result<Option<CertificateName>, ClientError> {
        let names = [
            self.tls_client_auth_subject_dn.clone().map(CertificateName::SubjectDn),
            self.tls_client_auth_san_dns.clone().map(CertificateName::SanDns),
            self.tls_client_auth_san_uri.clone().map(CertificateName::SanUri),
        ];
        let mut given = names.into_iter().flatten();
        let first = given.next();
        if given.next().is_some() {
            let key = "tls_client_auth_subject_dn";
            return Err(ClientError::Exclusive(self.client_id.clone(), key));
        }
        Ok(first)
    }
}

/// How a client's secret is kept.
pub(crate) fn hash_of(secret: &SecretString) -> String {
    b64::encode(sha256(secret.expose_secret().as_bytes()))
}

/// The sector that an address stands for (OpenID Connect Core §8.1).
pub(crate) fn host_of(uri: &str) -> Option<String> {
    Url::parse(uri).ok()?.host_str().map(str::to_owned)
}

/// JSON text, or the object itself.
fn json_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Text;
    impl<'de> Visitor<'de> for Text {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JWK Set: an object, or its JSON text")
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let value = serde_json::Value::deserialize(MapAccessDeserializer::new(map))?;
            Ok(Some(value.to_string()))
        }
    }
    deserializer.deserialize_any(Text)
}

/// A list of words, or one text with spaces between them.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    struct Words;
    impl<'de> Visitor<'de> for Words {
        type Value = Option<Vec<String>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of scopes, or one text with spaces between them")
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.split_ascii_whitespace().map(str::to_owned).collect()))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Some)
        }
    }
    deserializer.deserialize_any(Words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Client, ClientError> {
        let config: ClientConfig = toml::from_str(text).unwrap();
        config.registration(Path::new("."))
    }

    const KEY: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"1",
        "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;
    const LOGIN: &str = "client_id = \"a\"\nredirect_uris = [\"https://a.example/cb\"]\n";

    #[test]
    fn an_id_an_address_and_a_secret_are_a_client() {
        let client = read(&format!("{LOGIN}client_secret = \"s3cret\"")).unwrap();
        assert_eq!(client.auth_method, AuthMethod::ClientSecretBasic);
        assert_eq!((client.name.as_str(), client.tenant.as_str()), ("a", "default"));
        assert_eq!(client.sector, "a");
        assert!(client.require_pkce && client.scopes.iter().any(|s| s == "openid"));
        assert_eq!(client.secret_hash, Some(b64::encode(sha256(b"s3cret"))));
    }

    #[test]
    fn keys_are_text_or_a_table_and_scopes_text_or_a_list() {
        let text = read(&format!("{LOGIN}scope = \"openid email\"\njwks = '''{KEY}'''")).unwrap();
        let table = toml::to_string(&serde_json::from_str::<serde_json::Value>(KEY).unwrap());
        let table = table.unwrap().replace("[[keys]]", "[[jwks.keys]]");
        let table = read(&format!("{LOGIN}scopes = [\"openid\", \"email\"]\n{table}")).unwrap();
        assert_eq!(text.scopes, table.scopes);
        assert!(usable(table.jwks.as_deref().unwrap()).unwrap().find("1").is_some());
    }

    #[test]
    fn the_names_of_dynamic_registration_are_understood() {
        let client = read(&format!(
            "{LOGIN}client_name = \"A\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\n\
             jwks_uri = \"https://a.example/jwks\"\nprofile = \"fapi2\"\n\
             dpop_bound_access_tokens = true\nid_token_signed_response_alg = \"ES256\""
        ));
        let client = client.unwrap();
        assert!(client.is_fapi() && client.dpop_bound);
        assert_eq!(client.name, "A");
    }

    #[test]
    fn the_sector_is_the_host_of_its_document_unless_it_has_a_name() {
        let uri =
            "sector_identifier_uri = \"https://land.example/uris.json\"\nclient_secret = \"x\"";
        assert_eq!(read(&format!("{LOGIN}{uri}")).unwrap().sector, "land.example");
        let named = read(&format!("{LOGIN}sector = \"land\"\n{uri}")).unwrap();
        assert_eq!(named.sector, "land");
    }

    #[test]
    fn what_cannot_be_registered_names_its_key() {
        let both = format!("jwks = '''{KEY}'''\njwks_uri = \"https://a.example/jwks\"");
        for (more, key) in [
            ("jwks = \"{}\"", "jwks"),
            (&*both, "jwks_uri"),
            ("client_secret = \"\"", "client_secret"),
            ("client_secret = \"x\"\nsecret_file = \"y\"", "secret_file"),
            ("jwks_file = \"no/such/file\"", "jwks_file"),
            ("client_secret = \"x\"\nlogo_uri = \"http://a.example/x.png\"", "logo_uri"),
            ("client_secret = \"x\"\npolicy_uri = \"javascript:alert(1)\"", "policy_uri"),
            ("client_secret = \"x\"\nscopes = [\"everything\"]", "scopes"),
            ("client_secret = \"x\"\nprofile = \"fapi2\"", "security_profile"),
            (
                "tls_client_auth_san_dns = \"a\"\ntls_client_auth_san_uri = \"b\"",
                "tls_client_auth_subject_dn",
            ),
            ("auth_method = \"private_key_jwt\"", "jwks"),
            ("client_secret = \"x\"\nguests = true\nallowed_methods = [\"pwd\"]", "guests"),
            ("client_secret = \"x\"\nguests = true\nfirst_party = true", "guests"),
        ] {
            assert_eq!(read(&format!("{LOGIN}{more}")).unwrap_err().key(), key, "{more}");
        }
        let without = read("client_id = \"a\"\nclient_secret = \"x\"").unwrap_err();
        assert_eq!(without.key(), "redirect_uris");
    }
}
