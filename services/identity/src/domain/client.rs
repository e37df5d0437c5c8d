//! A registered client and what its registration allows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use siegel_kernel::TrustLevel;
use url::Url;

/// How a client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// A signed assertion (RFC 7523 §2.2).
    PrivateKeyJwt,
    /// HTTP Basic with a secret (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// A secret in the body (RFC 6749 §2.3.1), for stock clients that know nothing else.
    ClientSecretPost,
    /// A certificate of a known authority (RFC 8705 §2.1).
    TlsClientAuth,
    /// A certificate that is one of the client's keys (RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
    /// Not at all: a public client, which must use PKCE.
    None,
}

impl AuthMethod {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
            Self::None => "none",
        }
    }

    /// Whether the client proves itself by a secret that both sides know.
    pub const fn by_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }

    /// Whether the client proves itself by the certificate of its connection.
    pub const fn by_certificate(self) -> bool {
        matches!(self, Self::TlsClientAuth | Self::SelfSignedTlsClientAuth)
    }
}

/// Which `aud` a client's assertions carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssertionAudience {
    /// The issuer as one string (FAPI 2.0 §5.3.2.1).
    #[default]
    Issuer,
    /// The token endpoint as well: stock clients of the older kind (OpenID Connect Core §9).
    TokenEndpoint,
}

/// How tokens for a client are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SigningAlg {
    #[default]
    ES256,
    /// Only with an imported RSA key (OpenID Connect Discovery §3).
    RS256,
}

impl SigningAlg {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::RS256 => "RS256",
        }
    }
}

/// Whom a certificate must name for `tls_client_auth`; exactly one of them (RFC 8705 §2.1.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CertificateName {
    /// RFC 4514 text of the subject.
    #[serde(rename = "tls_client_auth_subject_dn")]
    SubjectDn(String),
    #[serde(rename = "tls_client_auth_san_dns")]
    SanDns(String),
    #[serde(rename = "tls_client_auth_san_uri")]
    SanUri(String),
}

/// What a client is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Real people and real letters.
    #[default]
    Production,
    /// Said on every page: nothing done here counts.
    Test,
}

/// Where a registration comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagedBy {
    /// Follows the configuration at every start.
    Settings,
    /// By `siegel admin`.
    Applied,
    /// The client registered itself (RFC 7591).
    Dynamic,
}

impl ManagedBy {
    pub const ALL: [Self; 3] = [Self::Settings, Self::Applied, Self::Dynamic];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Applied => "applied",
            Self::Dynamic => "dynamic",
        }
    }
}

/// Which set of rules a client is held to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecurityProfile {
    #[default]
    #[serde(rename = "oidc-basic")]
    OidcBasic,
    /// FAPI 2.0 Security Profile: pushed requests, `private_key_jwt`, sender-constrained tokens.
    #[serde(rename = "fapi2")]
    Fapi2,
}

/// Ways to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    AuthorizationCode,
    RefreshToken,
    ClientCredentials,
    /// RFC 8693.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
}

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
}

const fn yes() -> bool {
    true
}

/// A registration that cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadClient {
    #[error("client {0:?}: ids are 1 to 128 characters of A-Z a-z 0-9 - . _ ~")]
    Id(String),
    #[error(
        "client {0:?}: {1:?} is no redirect URI (https, loopback http or an own scheme; no fragment, no user info, no wildcard)"
    )]
    RedirectUri(String, String),
    #[error("client {0:?}: the authentication method needs {1}")]
    Credentials(String, &'static str),
    #[error(
        "client {0:?}: security_profile fapi2 needs private_key_jwt or a certificate, PKCE, ES256, https redirects and assertions for the issuer"
    )]
    Fapi(String),
    #[error("client {0:?}: a client without authentication must use PKCE")]
    NoPkce(String),
    #[error("client {0:?}: the jwks is not a JWK Set with public signature keys")]
    Jwks(String),
    #[error("client {0:?}: scope {1:?} does not exist")]
    Scope(String, String),
    #[error("client {0:?}: a client without authentication cannot use client_credentials")]
    PublicForItself(String),
    #[error("client {0:?}: log-ins need redirect_uris")]
    NoRedirectUri(String),
    #[error("client {0:?}: {1} is no https address without user info and fragment")]
    Address(String, &'static str),
    #[error("client {0:?}: jwks and jwks_uri exclude each other (RFC 7591 §2)")]
    TwoKeySets(String),
    #[error(
        "client {0:?}: guests need the card among allowed_methods, and are not for first_party"
    )]
    Guests(String),
}

impl BadClient {
    /// The key of the registration that is wrong.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Id(_) => "client_id",
            Self::RedirectUri(..) | Self::NoRedirectUri(_) => "redirect_uris",
            Self::Credentials(_, needed) => match needed.as_bytes().first() {
                Some(b'j') => "jwks",
                Some(b't') => "tls_client_auth_subject_dn",
                _ => "client_secret",
            },
            Self::Fapi(_) => "security_profile",
            Self::NoPkce(_) => "require_pkce",
            Self::Jwks(_) => "jwks",
            Self::TwoKeySets(_) => "jwks_uri",
            Self::Guests(_) => "guests",
            Self::Scope(..) => "scopes",
            Self::PublicForItself(_) => "grant_types",
            Self::Address(_, key) => key,
        }
    }
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
        }
    }

    /// Checks the registration.
    pub fn check(&self) -> Result<(), BadClient> {
        let id = || self.client_id.clone();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        if !(1..=128).contains(&self.client_id.len()) || !self.client_id.bytes().all(plain) {
            return Err(BadClient::Id(id()));
        }
        let uris = self.redirect_uris.iter().chain(&self.post_logout_redirect_uris);
        if let Some(uri) = uris.into_iter().find(|uri| !is_redirect_uri(uri)) {
            return Err(BadClient::RedirectUri(id(), uri.clone()));
        }
        if let Some(scope) = self.scopes.iter().find(|s| super::scopes::known(s).is_none()) {
            return Err(BadClient::Scope(id(), scope.clone()));
        }
        let addresses = [
            ("logo_uri", &self.logo_uri),
            ("policy_uri", &self.policy_uri),
            ("jwks_uri", &self.jwks_uri),
            ("sector_identifier_uri", &self.sector_identifier_uri),
            ("backchannel_logout_uri", &self.backchannel_logout_uri),
        ];
        for (key, address) in addresses {
            if address.as_ref().is_some_and(|text| !is_https(text)) {
                return Err(BadClient::Address(id(), key));
            }
        }
        if self.jwks.is_some() && self.jwks_uri.is_some() {
            return Err(BadClient::TwoKeySets(id()));
        }
        match self.auth_method {
            AuthMethod::PrivateKeyJwt | AuthMethod::SelfSignedTlsClientAuth
                if self.jwks.is_none() && self.jwks_uri.is_none() =>
            {
                return Err(BadClient::Credentials(id(), "jwks, jwks_file or jwks_uri"));
            }
            AuthMethod::TlsClientAuth if self.certificate_name.is_none() => {
                return Err(BadClient::Credentials(id(), "the name its certificate carries"));
            }
            method if method.by_secret() && self.secret_hash.is_none() => {
                return Err(BadClient::Credentials(id(), "secret_file"));
            }
            AuthMethod::None if !self.require_pkce => return Err(BadClient::NoPkce(id())),
            AuthMethod::None if self.may(GrantType::ClientCredentials) => {
                return Err(BadClient::PublicForItself(id()));
            }
            _ => {}
        }
        let by_key =
            self.auth_method == AuthMethod::PrivateKeyJwt || self.auth_method.by_certificate();
        let exact = self.require_pkce && self.assertion_audience == AssertionAudience::Issuer;
        // FAPI 2.0 §5.3.2.2: no redirect leaves TLS.
        let exact = exact && self.redirect_uris.iter().all(|uri| uri.starts_with("https://"));
        if self.is_fapi() && !(by_key && exact && self.id_token_alg == SigningAlg::ES256) {
            return Err(BadClient::Fapi(id()));
        }
        if self.may(GrantType::AuthorizationCode) && self.redirect_uris.is_empty() {
            return Err(BadClient::NoRedirectUri(id()));
        }
        let by_card = self.allowed_methods.is_empty()
            || self.allowed_methods.iter().any(|m| m == super::factors::CARD);
        if self.guests && (self.first_party || !by_card) {
            return Err(BadClient::Guests(id()));
        }
        Ok(())
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

/// Parameters of an answer: a redirect URI that brings its own would carry them twice.
const ANSWER: [&str; 5] = ["code", "state", "iss", "error", "error_description"];

fn is_redirect_uri(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let clean = !text.contains(['#', '*', '\\', ' '])
        && url.username().is_empty()
        && url.password().is_none()
        && text.bytes().all(|b| b.is_ascii_graphic())
        && !url.query_pairs().any(|(name, _)| ANSWER.contains(&&*name));
    let scheme = match url.scheme() {
        "https" => url.host_str().is_some(),
        // Loopback only; `localhost` for development, without the exception for ports.
        "http" => match url.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        },
        // A scheme of its own is a reversed domain name (RFC 8252 §7.1).
        own => own.contains('.'),
    };
    clean && scheme
}

/// An address that is called or linked; a fragment would mean nothing there.
fn is_https(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    url.scheme() == "https"
        && url.host_str().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && text.bytes().all(|b| b.is_ascii_graphic())
}

fn same_but_loopback_port(registered: &str, uri: &str) -> bool {
    // What is compared is the text around the port, never a normal form of it.
    let around = |text: &str| -> Option<(String, String)> {
        let (host, rest) = ["http://127.0.0.1", "http://[::1]"]
            .iter()
            .find_map(|host| text.strip_prefix(host).map(|rest| ((*host).to_owned(), rest)))?;
        let path = match rest.strip_prefix(':') {
            Some(port) => {
                let digits = port.bytes().take_while(u8::is_ascii_digit).count();
                let (number, path) = port.split_at_checked(digits)?;
                number.parse::<u16>().ok()?;
                path
            }
            None => rest,
        };
        (path.is_empty() || path.starts_with('/')).then(|| (host, path.to_owned()))
    };
    let registered = around(registered);
    registered.is_some() && registered == around(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(uris: &[&str]) -> Client {
        Client {
            tenant: "musterstadt".into(),
            redirect_uris: uris.iter().map(|&u| u.to_owned()).collect(),
            grant_types: vec![GrantType::AuthorizationCode],
            scopes: vec!["openid".into()],
            ..Client::named("app")
        }
    }

    #[test]
    fn a_redirect_uri_is_compared_as_a_string() {
        let client = client(&["https://portal.example/cb"]);
        assert!(client.allows_redirect("https://portal.example/cb"));
        for other in [
            "https://portal.example/cb/",
            "https://portal.example/CB",
            "https://portal.example/cb?x=1",
            "https://portal.example/a/../cb",
            "https://portal.example:443/cb",
            "https://PORTAL.example/cb",
            "https://portal.example/cb#f",
            "https://portal.example@evil.example/cb",
            "https://portal.example@a@evil.example/cb",
        ] {
            assert!(!client.allows_redirect(other), "{other}");
        }
    }

    #[test]
    fn only_the_port_of_a_literal_loopback_address_may_differ() {
        let native = client(&["http://127.0.0.1/cb", "http://localhost/cb"]);
        assert!(native.allows_redirect("http://127.0.0.1:51004/cb"));
        for other in [
            "http://localhost:51004/cb",
            "http://127.0.0.1:51004/other",
            "http://127.0.0.1:51004@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:99999/cb",
            "https://127.0.0.1:51004/cb",
        ] {
            assert!(!native.allows_redirect(other), "{other}");
        }
        let confidential = Client { auth_method: AuthMethod::PrivateKeyJwt, ..native };
        assert!(!confidential.allows_redirect("http://127.0.0.1:51004/cb"));
    }

    #[test]
    fn a_redirect_uri_with_a_fragment_wildcard_or_user_cannot_be_registered() {
        for bad in [
            "https://portal.example/cb#x",
            "https://portal.example*",
            "https://user@portal.example/cb",
            "http://portal.example/cb",
            "https://portal.example/cb?iss=https://evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/cb",
        ] {
            let refused = client(&[bad]).check().unwrap_err();
            assert!(matches!(refused, BadClient::RedirectUri(..)), "{bad}");
        }
        assert_eq!(client(&["de.musterstadt.app:/cb", "http://[::1]/cb"]).check(), Ok(()));
    }

    #[test]
    fn a_public_client_gets_no_tokens_for_itself() {
        let client = Client { grant_types: vec![GrantType::ClientCredentials], ..client(&[]) };
        assert_eq!(client.check(), Err(BadClient::PublicForItself("app".into())));
    }
}
