//! How a client is written down: one format for `[[identity.clients]]`, for `siegel admin apply`
//! and for `siegel up --seed`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use siegel_crypto::{b64, sha256};
use siegel_kernel::TrustLevel;
use url::Url;

use crate::app::client_keys::usable;
pub use crate::client_config_error::ClientError;
use crate::client_config_readers::{json_text, words};
use crate::domain::acting::{ActingRules, Demand, Kind, Mode, Role};
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
    /// Whether people act for others there: `none`, `optional` or `required`.
    #[serde(default)]
    pub acting: Mode,
    /// For whom: `organisation`, `person`; both when empty.
    #[serde(default)]
    pub acting_kinds: Vec<Kind>,
    /// Members in one of these roles only (`owner`, `administrator`, `case_worker`,
    /// `mail_receiver`, `read_only`); any way, mandates too, when empty.
    #[serde(default)]
    pub acting_roles: Vec<Role>,
    /// What else they must be allowed (`read_mail`, `receive_mail`, `reply_mail`, `delete_mail`,
    /// `manage_members`).
    #[serde(default)]
    pub acting_actions: Vec<Demand>,
    /// What is released of an organisation beside its name (`legal_form`, `register_kind`,
    /// `register_court`, `register_number`).
    #[serde(default)]
    pub legal_person_claims: Vec<String>,
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
            acting: ActingRules {
                mode: self.acting,
                kinds: self.acting_kinds.clone(),
                roles: self.acting_roles.clone(),
                demands: self.acting_actions.clone(),
                claims: self.legal_person_claims.clone(),
            },
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

#[cfg(test)]
#[path = "client_config_tests.rs"]
mod tests;
