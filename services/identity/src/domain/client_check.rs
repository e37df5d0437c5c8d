//! What makes a registration unacceptable.

use super::acting::Mode;
use super::client::{AssertionAudience, AuthMethod, Client, GrantType, SigningAlg};
use super::redirect_uri::{is_https, is_redirect_uri};

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
    #[error(
        "client {0:?}: {1} does not fit: acting_* and legal_person_claims are for clients with acting, roles are those of organisations, and guests act for nobody"
    )]
    Acting(String, &'static str),
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
            Self::Address(_, key) | Self::Acting(_, key) => key,
        }
    }
}

impl Client {
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
        self.acting.check().map_err(|key| BadClient::Acting(id(), key))?;
        if self.guests && self.acting.mode == Mode::Required {
            return Err(BadClient::Acting(id(), "acting"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_client_gets_no_tokens_for_itself() {
        let client =
            Client { grant_types: vec![GrantType::ClientCredentials], ..Client::named("app") };
        assert_eq!(client.check(), Err(BadClient::PublicForItself("app".into())));
    }
}
