//! The words of a registration: what a client may be set to.

use serde::{Deserialize, Serialize};

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

impl Environment {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Test => "test",
        }
    }
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
