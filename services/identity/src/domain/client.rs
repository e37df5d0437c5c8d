//! A registered client and what its registration allows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use siegel_kernel::TrustLevel;

use super::acting::ActingRules;
pub use super::client_check::BadClient;
pub use super::client_types::{
    AssertionAudience, AuthMethod, CertificateName, Environment, GrantType, ManagedBy,
    SecurityProfile, SigningAlg,
};
use super::redirect_uri::same_but_loopback_port;

/// What is known of a client. Secrets are held as SHA-256 only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "a registration is a list of switches")]
pub struct Client {
    pub client_id: String,
    /// Shown to people.
    pub name: String,
    pub tenant: String,
    /// Clients of one sector know a person by the same subject; survives changes of address.
    pub sector: String,
    #[serde(default)]
    pub environment: Environment,
    /// Shown to people before anything is released to the client.
    #[serde(default)]
    pub logo_uri: Option<String>,
    /// What the client does with data, linked on the consent page.
    #[serde(default)]
    pub policy_uri: Option<String>,
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// OpenID Connect Back-Channel Logout 1.0 §2.2.
    #[serde(default)]
    pub backchannel_logout_uri: Option<String>,
    /// Where security event tokens are pushed to (RFC 8935), https.
    #[serde(default)]
    pub security_events_uri: Option<String>,
    /// Lists every redirect URI of the sector (OpenID Connect Core §8.1).
    #[serde(default)]
    pub sector_identifier_uri: Option<String>,
    pub auth_method: AuthMethod,
    /// JWK Set as JSON text: for `private_key_jwt`, signed requests and self-signed certificates.
    #[serde(default)]
    pub jwks: Option<String>,
    /// Where the JWK Set is, instead of `jwks`.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// base64url SHA-256 of the secret, for `client_secret_basic` and `client_secret_post`.
    #[serde(default)]
    pub secret_hash: Option<String>,
    /// Whom the certificate names, for `tls_client_auth`.
    #[serde(default)]
    pub certificate_name: Option<CertificateName>,
    #[serde(default)]
    pub assertion_audience: AssertionAudience,
    pub grant_types: Vec<GrantType>,
    /// Every scope this client may ask for.
    pub scopes: Vec<String>,
    #[serde(default)]
    pub security_profile: SecurityProfile,
    /// No log-in below this level.
    pub min_level: TrustLevel,
    /// Credentials people may use for this client (`pwd`, `otp`, `hwk`, `sc`, …); all when empty.
    #[serde(default)]
    pub allowed_methods: Vec<String>,
    /// What the attributes are used for, shown on the consent page.
    #[serde(default)]
    pub purpose: String,
    /// Purposes of single attributes, by their name in the catalogue.
    #[serde(default)]
    pub claim_purposes: BTreeMap<String, String>,
    /// The online service in the land's catalogue (LeiKa, PVOG), when it has an entry.
    #[serde(default)]
    pub service_id: Option<String>,
    #[serde(default)]
    pub first_party: bool,
    /// Authorization requests must be pushed (RFC 9126 §6).
    #[serde(default)]
    pub require_pushed: bool,
    /// Authorization requests must be signed (RFC 9101 §10.5).
    #[serde(default)]
    pub require_signed_request: bool,
    /// Off only for confidential clients: certified stock clients exist that send no PKCE.
    #[serde(default = "yes")]
    pub require_pkce: bool,
    /// Access tokens are bound to a DPoP key, always (RFC 9449 §5.2).
    #[serde(default)]
    pub dpop_bound: bool,
    /// Access tokens are bound to the certificate of the connection, always (RFC 8705 §3.4).
    #[serde(default)]
    pub certificate_bound: bool,
    #[serde(default)]
    pub id_token_alg: SigningAlg,
    /// The userinfo answer is a JWT, signed so (OpenID Connect Core §5.3.2).
    #[serde(default)]
    pub userinfo_alg: Option<SigningAlg>,
    /// Audiences it may ask access tokens for; those its scopes belong to when empty.
    #[serde(default)]
    pub resources: Vec<String>,
    /// Off until an operator has looked at it: the client can do nothing.
    #[serde(default = "yes")]
    pub approved: bool,
    /// Audiences it is the resource server of: tokens sent to them it may ask about (RFC 7662
    /// §2.2) and, with that grant type, exchange (RFC 8693 §2.1).
    #[serde(default)]
    pub introspects: Vec<String>,
    /// People may come without an account, once, with their card.
    #[serde(default)]
    pub guests: bool,
    /// Whether and how people act for others there.
    #[serde(default, skip_serializing_if = "is_default")]
    pub acting: ActingRules,
    /// Whose token it registered itself with; not shown to the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sponsor: Option<Sponsor>,
}

/// The operator who made an initial access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sponsor {
    pub name: String,
    /// Thumbprint of the key that proved it.
    #[serde(default)]
    pub key: Option<String>,
}

fn is_default(rules: &ActingRules) -> bool {
    *rules == ActingRules::default()
}

const fn yes() -> bool {
    true
}

impl Client {
    /// A public client that may do nothing yet: every registration starts from it.
    pub fn named(client_id: impl Into<String>) -> Self {
        let client_id = client_id.into();
        Self {
            name: client_id.clone(),
            tenant: String::new(),
            sector: client_id.clone(),
            client_id,
            environment: Environment::default(),
            logo_uri: None,
            policy_uri: None,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            security_events_uri: None,
            sector_identifier_uri: None,
            auth_method: AuthMethod::None,
            jwks: None,
            jwks_uri: None,
            secret_hash: None,
            certificate_name: None,
            assertion_audience: AssertionAudience::default(),
            grant_types: Vec::new(),
            scopes: Vec::new(),
            security_profile: SecurityProfile::default(),
            min_level: TrustLevel::Basic,
            allowed_methods: Vec::new(),
            purpose: String::new(),
            claim_purposes: BTreeMap::new(),
            service_id: None,
            first_party: false,
            require_pushed: false,
            require_signed_request: false,
            require_pkce: true,
            dpop_bound: false,
            certificate_bound: false,
            id_token_alg: SigningAlg::default(),
            userinfo_alg: None,
            resources: Vec::new(),
            approved: true,
            introspects: Vec::new(),
            guests: false,
            acting: ActingRules::default(),
            sponsor: None,
        }
    }

    /// Actor of the audit trail.
    pub fn actor(&self) -> String {
        if super::program::is_id(&self.client_id) {
            return format!("program:{}", self.client_id);
        }
        format!("client:{}/{}", self.tenant, self.client_id)
    }

    pub fn may(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    pub const fn is_fapi(&self) -> bool {
        matches!(self.security_profile, SecurityProfile::Fapi2)
    }

    pub const fn is_public(&self) -> bool {
        matches!(self.auth_method, AuthMethod::None)
    }

    pub fn must_push(&self) -> bool {
        self.require_pushed || self.is_fapi()
    }

    /// Whether `uri` is registered, compared as a string (RFC 9700 §2.1). The one exception is the
    /// port of a literal loopback address of a native client (RFC 8252 §7.3).
    pub fn allows_redirect(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| {
            registered == uri || (self.is_public() && same_but_loopback_port(registered, uri))
        })
    }

    pub fn allows_logout_redirect(&self, uri: &str) -> bool {
        self.post_logout_redirect_uris.iter().any(|registered| registered == uri)
    }

    /// Audiences this client may ask tokens for.
    pub fn audiences(&self) -> Vec<String> {
        if self.resources.is_empty() {
            super::scopes::audiences(&self.scopes)
        } else {
            self.resources.clone()
        }
    }
}
