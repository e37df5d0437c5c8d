//! What a client says about itself when it registers (RFC 7591 §2, OpenID Connect Dynamic Client
//! Registration 1.0 §2), and what it gets.

use serde::Deserialize;
use url::Url;

use super::acting::{ActingRules, Demand, Kind, Mode, Role};
use super::client::{AuthMethod, BadClient, CertificateName, Client, GrantType, SigningAlg};
use super::scopes::{Opens, known};

/// The members we know; others are ignored (RFC 7591 §2).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "names and types are the standard's")]
pub struct Metadata {
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub backchannel_logout_uri: Option<String>,
    pub token_endpoint_auth_method: Option<AuthMethod>,
    pub grant_types: Option<Vec<GrantType>>,
    pub response_types: Option<Vec<String>>,
    pub application_type: Option<String>,
    pub subject_type: Option<String>,
    pub client_name: Option<String>,
    pub logo_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub scope: Option<String>,
    pub jwks: Option<serde_json::Value>,
    pub jwks_uri: Option<String>,
    pub sector_identifier_uri: Option<String>,
    pub id_token_signed_response_alg: Option<SigningAlg>,
    pub userinfo_signed_response_alg: Option<SigningAlg>,
    pub tls_client_auth_subject_dn: Option<String>,
    pub tls_client_auth_san_dns: Option<String>,
    pub tls_client_auth_san_uri: Option<String>,
    pub require_signed_request_object: bool,
    pub require_pushed_authorization_requests: bool,
    pub tls_client_certificate_bound_access_tokens: bool,
    pub dpop_bound_access_tokens: bool,
    // Our own members. Which online service a client is, that mandates may be limited to, operators
    // say.
    pub acting: Mode,
    pub acting_kinds: Vec<Kind>,
    pub acting_roles: Vec<Role>,
    pub acting_actions: Vec<Demand>,
    pub legal_person_claims: Vec<String>,
}

/// Why a registration is refused: the member that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadMetadata {
    RedirectUri,
    Member(&'static str),
}

impl From<BadClient> for BadMetadata {
    fn from(bad: BadClient) -> Self {
        match bad {
            BadClient::RedirectUri(..) | BadClient::NoRedirectUri(_) => Self::RedirectUri,
            other => Self::Member(other.key()),
        }
    }
}

/// What the provider decides about clients that register themselves.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    pub client_id: &'a str,
    pub tenant: &'a str,
    /// base64url SHA-256 of the secret it gets or has, for the methods by secret.
    pub secret_hash: Option<&'a str>,
    pub default_alg: SigningAlg,
    pub algs: &'a [SigningAlg],
    pub approved: bool,
}

impl Metadata {
    /// `client_secret_basic` when absent (RFC 7591 §2).
    pub fn method(&self) -> AuthMethod {
        self.token_endpoint_auth_method.unwrap_or(AuthMethod::ClientSecretBasic)
    }

    /// The registration this becomes. Services of the suite are not opened to clients that
    /// registered themselves, whatever scopes they ask for.
    pub fn client(&self, terms: &Terms<'_>) -> Result<Client, BadMetadata> {
        let grants = self.grants()?;
        self.check_types()?;
        let algs = [self.id_token_signed_response_alg, self.userinfo_signed_response_alg];
        for (alg, name) in algs.into_iter().zip([ID_TOKEN_ALG, USERINFO_ALG]) {
            if alg.is_some_and(|alg| !terms.algs.contains(&alg)) {
                return Err(BadMetadata::Member(name));
            }
        }
        let host = self.sector_identifier_uri.as_deref().and_then(|uri| Url::parse(uri).ok());
        let sector = host.and_then(|url| url.host_str().map(str::to_owned));
        let client_id = terms.client_id.to_owned();
        let client = Client {
            name: self.client_name.clone().unwrap_or_else(|| client_id.clone()),
            tenant: terms.tenant.to_owned(),
            sector: sector.unwrap_or_else(|| client_id.clone()),
            sector_identifier_uri: self.sector_identifier_uri.clone(),
            logo_uri: self.logo_uri.clone(),
            policy_uri: self.policy_uri.clone(),
            redirect_uris: self.redirect_uris.clone(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.clone(),
            backchannel_logout_uri: self.backchannel_logout_uri.clone(),
            auth_method: self.method(),
            jwks: self.jwks.as_ref().map(ToString::to_string),
            jwks_uri: self.jwks_uri.clone(),
            secret_hash: terms.secret_hash.map(str::to_owned),
            certificate_name: self.certificate_name()?,
            scopes: self.scopes(&grants)?,
            grant_types: grants,
            require_pushed: self.require_pushed_authorization_requests,
            require_signed_request: self.require_signed_request_object,
            dpop_bound: self.dpop_bound_access_tokens,
            certificate_bound: self.tls_client_certificate_bound_access_tokens,
            id_token_alg: self.id_token_signed_response_alg.unwrap_or(terms.default_alg),
            userinfo_alg: self.userinfo_signed_response_alg,
            approved: terms.approved,
            acting: ActingRules {
                mode: self.acting,
                kinds: self.acting_kinds.clone(),
                roles: self.acting_roles.clone(),
                demands: self.acting_actions.clone(),
                claims: self.legal_person_claims.clone(),
            },
            ..Client::named(client_id)
        };
        client.check()?;
        self.check_redirects()?;
        Ok(client)
    }

    fn grants(&self) -> Result<Vec<GrantType>, BadMetadata> {
        let grants = self.grant_types.clone();
        let grants = grants.unwrap_or_else(|| vec![GrantType::AuthorizationCode]);
        let fits =
            |g: &GrantType| matches!(g, GrantType::AuthorizationCode | GrantType::RefreshToken);
        if !grants.contains(&GrantType::AuthorizationCode) || !grants.iter().all(fits) {
            return Err(BadMetadata::Member("grant_types"));
        }
        Ok(grants)
    }

    fn check_types(&self) -> Result<(), BadMetadata> {
        let only = |list: &Option<Vec<String>>, value: &str| {
            list.as_ref().is_none_or(|l| l.iter().all(|v| v == value) && !l.is_empty())
        };
        if !only(&self.response_types, "code") {
            return Err(BadMetadata::Member("response_types"));
        }
        if self.subject_type.as_deref().is_some_and(|t| t != "pairwise") {
            return Err(BadMetadata::Member("subject_type"));
        }
        let name = self.client_name.as_deref().unwrap_or("a");
        if name.trim().is_empty() || name.chars().count() > 200 || name.contains(char::is_control) {
            return Err(BadMetadata::Member("client_name"));
        }
        Ok(())
    }

    /// Web clients have https; native ones loopback or a scheme of their own as well.
    fn check_redirects(&self) -> Result<(), BadMetadata> {
        let native = match self.application_type.as_deref() {
            None | Some("web") => false,
            Some("native") => true,
            Some(_) => return Err(BadMetadata::Member("application_type")),
        };
        let https = |uri: &String| uri.starts_with("https://");
        if !native && !self.redirect_uris.iter().all(https) {
            return Err(BadMetadata::RedirectUri);
        }
        Ok(())
    }

    fn scopes(&self, grants: &[GrantType]) -> Result<Vec<String>, BadMetadata> {
        let stays = grants.contains(&GrantType::RefreshToken);
        let open = |scope: &&str| match known(scope) {
            Some(Opens::Identity | Opens::Claims(_) | Opens::Handle) => true,
            Some(Opens::Offline) => stays,
            Some(Opens::Api(_)) | None => false,
        };
        let usual = "openid profile email address phone offline_access";
        let asked = self.scope.as_deref().unwrap_or(usual).split_ascii_whitespace();
        let granted: Vec<String> = asked.filter(open).map(str::to_owned).collect();
        if granted.is_empty() { Err(BadMetadata::Member("scope")) } else { Ok(granted) }
    }

    fn certificate_name(&self) -> Result<Option<CertificateName>, BadMetadata> {
        let names = [
            self.tls_client_auth_subject_dn.clone().map(CertificateName::SubjectDn),
            self.tls_client_auth_san_dns.clone().map(CertificateName::SanDns),
            self.tls_client_auth_san_uri.clone().map(CertificateName::SanUri),
        ];
        let mut given = names.into_iter().flatten();
        let first = given.next();
        match given.next() {
            Some(_) => Err(BadMetadata::Member("tls_client_auth_subject_dn")),
            None => Ok(first),
        }
    }
}

const ID_TOKEN_ALG: &str = "id_token_signed_response_alg";
const USERINFO_ALG: &str = "userinfo_signed_response_alg";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(changes: &Value) -> Result<Client, BadMetadata> {
        let mut all = json!({"redirect_uris": ["https://a.example/cb"]});
        for (name, value) in changes.as_object().unwrap() {
            all[name] = value.clone();
        }
        let metadata: Metadata = serde_json::from_value(all).unwrap();
        metadata.client(&Terms {
            client_id: "dyn",
            tenant: "default",
            secret_hash: Some("hash"),
            default_alg: SigningAlg::ES256,
            algs: &[SigningAlg::ES256],
            approved: true,
        })
    }

    #[test]
    fn addresses_alone_make_a_client_with_a_secret_and_a_code() {
        let client = read(&json!({"colour": "ignored"})).unwrap();
        assert_eq!(client.auth_method, AuthMethod::ClientSecretBasic);
        assert_eq!(client.grant_types, [GrantType::AuthorizationCode]);
        assert!(client.require_pkce && !client.scopes.contains(&"offline_access".to_owned()));
    }

    #[test]
    fn a_client_cannot_register_itself_into_the_services() {
        let client = read(&json!({"scope": "openid postbox.deliver account.read"})).unwrap();
        assert_eq!(client.scopes, ["openid"]);
        assert_eq!(read(&json!({"scope": "account.read"})), Err(BadMetadata::Member("scope")));
        let grants = json!({"grant_types": ["client_credentials"]});
        assert_eq!(read(&grants), Err(BadMetadata::Member("grant_types")));
    }

    #[test]
    fn redirect_uris_follow_the_type_of_the_application() {
        let local = json!(["http://127.0.0.1/cb", "de.example.app:/cb"]);
        let web = json!({"redirect_uris": local});
        assert_eq!(read(&web), Err(BadMetadata::RedirectUri));
        let native = json!({"redirect_uris": local, "application_type": "native"});
        assert!(read(&native).is_ok());
        for bad in ["https://a.example/cb#x", "https://a.example/*", "http://a.example/cb"] {
            let bad = json!({"redirect_uris": [bad], "application_type": "native"});
            assert_eq!(read(&bad), Err(BadMetadata::RedirectUri));
        }
        assert_eq!(read(&json!({"redirect_uris": []})), Err(BadMetadata::RedirectUri));
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        for (member, value) in [
            ("response_types", json!(["code", "id_token"])),
            ("subject_type", json!("public")),
            ("application_type", json!("robot")),
            ("client_name", json!(" ")),
            ("logo_uri", json!("http://a.example/x.svg")),
            ("id_token_signed_response_alg", json!("RS256")),
        ] {
            assert_eq!(read(&json!({member: value})), Err(BadMetadata::Member(member)));
        }
        let both = json!({"jwks": {"keys": []}, "jwks_uri": "https://a.example/jwks"});
        assert_eq!(read(&both), Err(BadMetadata::Member("jwks_uri")));
    }
}
