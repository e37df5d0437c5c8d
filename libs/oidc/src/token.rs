use serde::{Deserialize, Serialize};
use siegel_kernel::TrustLevel;

/// Audience of a service of the suite, also the `resource` to ask for (RFC 8707 §2).
pub fn audience(service: &str) -> String {
    format!("urn:siegel:{service}")
}

/// Who a token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// A person who logged in at a client.
    Person,
    /// A client for itself (`client_credentials`).
    Client,
    /// A program of an organisation, for that organisation (`client_credentials`).
    Program,
    /// A service of the suite.
    Service,
}

/// What the holder of a token must prove (RFC 7800 `cnf`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// SHA-256 thumbprint of the DPoP key (RFC 9449 §6.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jkt: Option<String>,
    /// SHA-256 of the client certificate (RFC 8705 §3.1).
    #[serde(rename = "x5t#S256", default, skip_serializing_if = "Option::is_none")]
    pub x5t_s256: Option<String>,
}

/// Claims of an access token: a JWT of type `at+jwt` (RFC 9068 §2.2) with exactly one audience.
/// Times are seconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    pub iss: String,
    /// Pairwise for persons, the client id for clients, programs and services.
    pub sub: String,
    pub aud: String,
    pub exp: i64,
    pub iat: i64,
    pub jti: String,
    pub client_id: String,
    /// Space-separated.
    #[serde(default)]
    pub scope: String,
    pub kind: TokenKind,
    /// Grant id: revocation, and the way to the account for services that may ask.
    pub gid: String,
    /// Session id as this client's sector knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Level of the session when the token was made, 1 to 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_level: Option<u8>,
    /// The same in the words of the request, for resource servers that speak of `acr` (RFC 9068
    /// §2.2.1, RFC 9470 §6.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// Tenant of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// Who acts for the subject, when the token was exchanged for another (RFC 8693 §4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    /// For whom the subject acts, who stays the person or the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting_for: Option<ActingFor>,
}

/// Somebody whom the subject of a token represents. Every name in it is made for the client's
/// sector: two services cannot tell by them that they serve the same one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActingFor {
    /// Pairwise; of a person the subject that this sector knows the person by.
    pub sub: String,
    /// `organisation` or `person`.
    pub kind: String,
    /// The mandate acted by; absent for members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<String>,
    /// How often it had been changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate_version: Option<i64>,
    /// Differs when the way to the right to act does.
    pub path_digest: String,
    /// Level at which the represented was identified, 1 to 4; absent when unknown. What the person
    /// who acts proved stands in `trust_level` of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identification_level: Option<u8>,
}

/// A party that acts for the subject; inside it the one that acted before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Self>>,
}

impl AccessToken {
    pub const TYP: &'static str = "at+jwt";
    /// How long an access token lives, seconds.
    pub const LIFETIME: i64 = 300;

    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|s| s == scope)
    }

    pub fn level(&self) -> Option<TrustLevel> {
        self.trust_level.and_then(|n| TrustLevel::try_from(i64::from(n)).ok())
    }
}
