//! The three conversations with identity: begin a log-in, finish it, get a token for a service.

use openidconnect::core::{
    CoreAuthenticationFlow, CoreErrorResponseType, CoreIdTokenClaims, CoreTokenResponse,
};
use openidconnect::{
    AuthenticationContextClass, AuthorizationCode, CsrfToken, LanguageTag, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RefreshToken, RequestTokenError,
    Scope, StandardErrorResponse, TokenResponse as _,
};
use serde::Deserialize;
use siegel_crypto::{SigningKey, thumbprint};
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_oidc::acr;

use super::error::plain_code;
use super::http::HttpError;
use super::provider::WithProof;
use super::{OidcError, Provider, SCOPES, SERVICES, acr_values};

/// The service whose token comes with the code.
const FIRST_SERVICE: &str = "account";
/// Tokens without `expires_in` are used once.
const NO_LIFETIME: std::time::Duration = std::time::Duration::ZERO;

/// A log-in that has begun: what must be known when its answer comes.
pub struct Attempt {
    pub state: String,
    pub nonce: String,
    pub verifier: String,
    pub dpop_key: SigningKey,
}

/// What a log-in or a refresh brought.
pub struct Granted {
    pub service: &'static str,
    pub access_token: String,
    pub expires_at: Timestamp,
    pub refresh_token: Option<String>,
    /// From the ID token; refreshes may come without one.
    pub person: Option<Person>,
}

pub struct Person {
    /// Pairwise subject.
    pub subject: String,
    pub level: TrustLevel,
}

type TokenError = RequestTokenError<HttpError, StandardErrorResponse<CoreErrorResponseType>>;

#[derive(Deserialize)]
struct Pushed {
    request_uri: String,
}

impl Provider {
    /// Pushes an authorization request (RFC 9126 §2.1) for a log-in at `least` or above; answers
    /// where to send the browser.
    pub async fn begin(
        &self,
        least: TrustLevel,
        locale: &str,
    ) -> Result<(url::Url, Attempt), OidcError> {
        let attempt = Attempt {
            state: self.random()?,
            nonce: self.random()?,
            verifier: self.random()?,
            dpop_key: SigningKey::generate()?,
        };
        let known = self.known().await?;
        let verifier = PkceCodeVerifier::new(attempt.verifier.clone());
        let jkt = thumbprint(attempt.dpop_key.public_jwk())
            .map_err(|_| OidcError::Unintelligible("our own key has no thumbprint"))?;
        let (state, nonce) = (attempt.state.clone(), attempt.nonce.clone());
        let mut request = known
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_ui_locale(LanguageTag::new(locale.to_owned()))
            .add_extra_param("dpop_jkt", jkt);
        for scope in SCOPES {
            request = request.add_scope(Scope::new(scope.to_owned()));
        }
        for level in acr_values(least) {
            let value = AuthenticationContextClass::new(level.as_str().to_owned());
            request = request.add_auth_context_value(value);
        }
        for service in SERVICES {
            request = request.add_extra_param("resource", siegel_oidc::audience(service));
        }
        let (url, ..) = request.url();
        let form: Vec<_> = url.query_pairs().collect();
        let form: Vec<_> = form.iter().map(|(k, v)| (k.as_ref(), v.as_ref())).collect();
        let endpoint = &known.more.pushed_authorization_request_endpoint;
        let answer = self.post(endpoint, &form).await?;
        let pushed: Pushed = serde_json::from_slice(answer.body())
            .map_err(|_| OidcError::Unintelligible("no request_uri"))?;
        let mut target = known.authorization_endpoint.clone();
        target
            .query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("request_uri", &pushed.request_uri);
        Ok((target, attempt))
    }

    /// Redeems the code of an answer and checks the ID token in full.
    pub async fn finish(
        &self,
        code: String,
        attempt: &Attempt,
        asked: TrustLevel,
    ) -> Result<Granted, OidcError> {
        let known = self.known().await?;
        let http = WithProof { provider: self, key: &attempt.dpop_key };
        let answer = known
            .client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| OidcError::Unintelligible("no token endpoint"))?
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()))
            .add_extra_param("resource", siegel_oidc::audience(FIRST_SERVICE))
            .request_async(&http)
            .await
            .map_err(refusal)?;
        let nonce = Nonce::new(attempt.nonce.clone());
        let person = self.person(&answer, &nonce).await?;
        let person = person.ok_or(OidcError::IdTokenLacks("there is none"))?;
        if person.level < asked {
            return Err(OidcError::LevelTooLow { asked, got: person.level });
        }
        if answer.refresh_token().is_none() {
            return Err(OidcError::Unintelligible("no refresh token"));
        }
        self.granted(&answer, FIRST_SERVICE, Some(person))
    }

    /// An access token for one service (RFC 8707 §2.2) from the refresh token.
    pub async fn refresh(
        &self,
        refresh_token: &str,
        dpop_key: &SigningKey,
        subject: &str,
        service: &'static str,
    ) -> Result<Granted, OidcError> {
        let known = self.known().await?;
        let http = WithProof { provider: self, key: dpop_key };
        let answer = known
            .client
            .exchange_refresh_token(&RefreshToken::new(refresh_token.to_owned()))
            .map_err(|_| OidcError::Unintelligible("no token endpoint"))?
            .add_extra_param("resource", siegel_oidc::audience(service))
            .request_async(&http)
            .await
            .map_err(|e| match refusal(e) {
                OidcError::Refused(code) if code == "invalid_grant" => OidcError::SessionEnded,
                other => other,
            })?;
        // A refresh carries no nonce of ours (OpenID Connect Core §12.2).
        let any_nonce = |_: Option<&Nonce>| Ok(());
        let person = self.person(&answer, any_nonce).await?;
        if person.as_ref().is_some_and(|p| p.subject != subject) {
            return Err(OidcError::IdTokenLacks("it speaks of somebody else"));
        }
        self.granted(&answer, service, person)
    }

    /// Tells identity that a refresh token is no longer needed (RFC 7009). Its failure is logged
    /// only: the token ends with the session.
    pub async fn revoke(&self, refresh_token: &str) {
        let Ok(known) = self.known().await else { return };
        let Some(endpoint) = known.more.revocation_endpoint.clone() else { return };
        let form = [("token", refresh_token), ("token_type_hint", "refresh_token")];
        if let Err(error) = self.post(&endpoint, &form).await {
            tracing::info!(error = %error.chain(), "a refresh token could not be revoked");
        }
    }

    async fn person<N>(
        &self,
        answer: &CoreTokenResponse,
        nonce: N,
    ) -> Result<Option<Person>, OidcError>
    where
        N: openidconnect::NonceVerifier + Clone,
    {
        let Some(token) = answer.id_token() else { return Ok(None) };
        let claims: &CoreIdTokenClaims = self.verified_claims(token, nonce).await?;
        if !self.belongs(token, claims, answer.access_token()).await? {
            return Err(OidcError::IdTokenLacks("it came with another access token"));
        }
        let level = claims.auth_context_ref().and_then(|acr| acr::level_of(acr.as_str()));
        let level = level.ok_or(OidcError::IdTokenLacks("it names no level"))?;
        Ok(Some(Person { subject: claims.subject().as_str().to_owned(), level }))
    }

    fn granted(
        &self,
        answer: &CoreTokenResponse,
        service: &'static str,
        person: Option<Person>,
    ) -> Result<Granted, OidcError> {
        if !answer.token_type().as_ref().eq_ignore_ascii_case("DPoP") {
            return Err(OidcError::Unintelligible("the access token is bound to no key"));
        }
        let lifetime = answer.expires_in().unwrap_or(NO_LIFETIME);
        Ok(Granted {
            service,
            access_token: answer.access_token().secret().clone(),
            expires_at: self.now().plus(lifetime),
            refresh_token: answer.refresh_token().map(|t| t.secret().clone()),
            person,
        })
    }
}

fn refusal(error: TokenError) -> OidcError {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            OidcError::Refused(plain_code(answer.error().as_ref()))
        }
        RequestTokenError::Request(cause) => OidcError::Unreachable(Box::new(cause)),
        // The cause would repeat the body.
        RequestTokenError::Parse(..) => OidcError::Unintelligible("the token response"),
        RequestTokenError::Other(_) => OidcError::Unintelligible("the token response is empty"),
    }
}
