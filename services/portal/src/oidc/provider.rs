//! Identity as seen from a client: found when first needed, asked with a client assertion.

use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use openidconnect::core::{CoreClient, CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm};
use openidconnect::{
    AsyncHttpClient, ClaimsVerificationError, ClientId, HttpRequest, HttpResponse, IssuerUrl,
    NonceVerifier, RedirectUrl,
};
use siegel_crypto::{SigningKey, random_token};
use siegel_kernel::{Clock, Entropy, Timestamp};
use siegel_oidc::{assertion, dpop};
use tokio::sync::Mutex;

use super::error::plain_code;
use super::http::HttpError;
use super::metadata::{Known, Metadata};
use super::{Http, OidcError};
use crate::StartError;

/// How long metadata and keys are used without asking again.
const FRESH: Duration = Duration::from_mins(10);
/// A key we do not know is looked up again at most this often.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How far ahead of ours identity's clock may be.
const SKEW: Duration = Duration::from_mins(1);
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
const PROOF: HeaderName = HeaderName::from_static("dpop");

pub struct ProviderSettings {
    pub client_id: String,
    pub client_key: SigningKey,
    /// The origin of the suite.
    pub issuer: String,
    /// Where identity is reached, when not by its public name.
    pub inside: Option<String>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

pub struct Provider {
    pub(super) settings: ProviderSettings,
    http: Http,
    known: Mutex<Option<Arc<Known>>>,
    /// The token endpoint's latest DPoP nonce (RFC 9449 §8).
    nonce: StdMutex<Option<HeaderValue>>,
}

impl Provider {
    pub fn new(settings: ProviderSettings) -> Result<Self, StartError> {
        let http = Http::new(&settings.issuer, settings.inside.as_deref())?;
        Ok(Self { settings, http, known: Mutex::default(), nonce: StdMutex::default() })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    pub(super) fn random(&self) -> Result<String, OidcError> {
        Ok(random_token(&*self.settings.entropy)?)
    }

    pub fn redirect_uri(&self) -> String {
        format!("{}/account/callback", self.settings.issuer)
    }

    /// Metadata and keys not older than ten minutes; older ones while identity does not answer.
    pub(super) async fn known(&self) -> Result<Arc<Known>, OidcError> {
        self.known_for(FRESH).await
    }

    async fn known_for(&self, fresh: Duration) -> Result<Arc<Known>, OidcError> {
        // Held while asking: a hundred browsers at start need the metadata once.
        let mut held = self.known.lock().await;
        let old = held.clone();
        if let Some(known) = old.as_ref().filter(|k| self.now().since(k.fetched_at) < fresh) {
            return Ok(known.clone());
        }
        match (self.discover().await, old) {
            (Ok(new), _) => {
                let new = Arc::new(new);
                *held = Some(new.clone());
                Ok(new)
            }
            (Err(error), Some(old)) => {
                tracing::warn!(error = %error.chain(), "identity's metadata could not be renewed");
                Ok(old)
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn discover(&self) -> Result<Known, OidcError> {
        let settings = &self.settings;
        let malformed = |_| OidcError::Unintelligible("the issuer is not a URL");
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(malformed)?;
        let metadata = Metadata::discover_async(issuer, &self.http)
            .await
            .map_err(|e| OidcError::Unreachable(Box::new(e)))?;
        let client_id = ClientId::new(settings.client_id.clone());
        let redirect = RedirectUrl::new(self.redirect_uri()).map_err(malformed)?;
        Ok(Known {
            authorization_endpoint: metadata.authorization_endpoint().url().clone(),
            more: metadata.additional_metadata().clone(),
            client: CoreClient::from_provider_metadata(metadata, client_id, None)
                .set_redirect_uri(redirect),
            fetched_at: self.now(),
        })
    }

    /// The claims of an ID token that holds (OpenID Connect Core §3.1.3.7): signature ES256 by a
    /// published key, issuer, audience, expiry, nonce, times that are not in the future.
    pub(super) async fn verified_claims<'t, N>(
        &self,
        token: &'t CoreIdToken,
        nonce: N,
    ) -> Result<&'t CoreIdTokenClaims, OidcError>
    where
        N: NonceVerifier + Clone,
    {
        let known = self.known().await?;
        match self.claims(&known, token, nonce.clone()) {
            // Identity may have changed its keys since we looked.
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let known = self.known_for(LOOK_AGAIN).await?;
                Ok(self.claims(&known, token, nonce)?)
            }
            other => Ok(other?),
        }
    }

    fn claims<'t, N: NonceVerifier>(
        &self,
        known: &Known,
        token: &'t CoreIdToken,
        nonce: N,
    ) -> Result<&'t CoreIdTokenClaims, ClaimsVerificationError> {
        let now = self.now();
        let latest = chrono_of(now.plus(SKEW));
        let verifier = known
            .client
            .id_token_verifier()
            .set_allowed_algs([CoreJwsSigningAlgorithm::EcdsaP256Sha256])
            .set_time_fn(move || chrono_of(now))
            .set_issue_time_verifier_fn(move |at| past(at, latest))
            .set_auth_time_verifier_fn(move |at| past(at.ok_or("no auth_time")?, latest));
        token.claims(&verifier, nonce)
    }

    /// Whether `access_token` is the one the ID token came with (`at_hash`, Core §3.1.3.6).
    pub(super) async fn belongs(
        &self,
        token: &CoreIdToken,
        claims: &CoreIdTokenClaims,
        access_token: &openidconnect::AccessToken,
    ) -> Result<bool, OidcError> {
        let Some(expected) = claims.access_token_hash() else { return Ok(true) };
        let known = self.known().await?;
        let verifier = known.client.id_token_verifier();
        let lacks = |_| OidcError::IdTokenLacks("its key is gone");
        let (alg, key) = (token.signing_alg(), token.signing_key(&verifier).map_err(lacks)?);
        let alg = alg.map_err(|_| OidcError::IdTokenLacks("it is not signed"))?;
        let found = openidconnect::AccessTokenHash::from_token(access_token, alg, key)
            .map_err(|_| OidcError::IdTokenLacks("its at_hash cannot be computed"))?;
        Ok(found == *expected)
    }

    /// Sends a form to an endpoint of identity, authenticated as this client.
    pub(super) async fn post(
        &self,
        url: &str,
        form: &[(&str, &str)],
    ) -> Result<HttpResponse, OidcError> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(body.into_bytes())
            .map_err(|e| OidcError::Unreachable(Box::new(e)))?;
        let answer = self.send(request, None).await;
        let answer = answer.map_err(|e| OidcError::Unreachable(Box::new(e)))?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            status if status.is_server_error() => {
                Err(OidcError::Unreachable(format!("status {status}").into()))
            }
            _ => Err(OidcError::Refused(error_code(answer.body()))),
        }
    }

    /// Adds a fresh client assertion (RFC 7523 §3) and, with a key, a DPoP proof; repeats once when
    /// identity asks for a nonce.
    async fn send(
        &self,
        request: HttpRequest,
        proof_key: Option<&SigningKey>,
    ) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let mut repeated = false;
        loop {
            let mut again = http::Request::from_parts(parts.clone(), self.asserted(&body)?);
            let nonce = self.nonce.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(key) = proof_key {
                let url = parts.uri.to_string();
                let proof = self.proof(key, &url, nonce.as_ref())?;
                again.headers_mut().insert(PROOF, proof);
            }
            let answer = self.http.send(again).await?;
            let fresh = answer.headers().get(NONCE).cloned();
            if fresh.is_some() {
                let mut held = self.nonce.lock().unwrap_or_else(PoisonError::into_inner);
                held.clone_from(&fresh);
            }
            let wants_nonce = answer.status() == StatusCode::BAD_REQUEST
                && fresh.is_some()
                && error_code(answer.body()) == "use_dpop_nonce";
            if !wants_nonce || repeated || proof_key.is_none() {
                return Ok(answer);
            }
            repeated = true;
        }
    }

    /// The form with an assertion of its own: each is good for one request.
    fn asserted(&self, form: &[u8]) -> Result<Vec<u8>, HttpError> {
        let settings = &self.settings;
        let jti = random_token(&*settings.entropy)
            .map_err(|e| HttpError::Unauthenticated(Box::new(e)))?;
        let made = assertion::make(
            &settings.client_key,
            &settings.client_id,
            &settings.issuer,
            jti,
            self.now(),
        );
        let made = made.map_err(|e| HttpError::Unauthenticated(Box::new(e)))?;
        let proof = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_assertion_type", assertion::TYPE)
            .append_pair("client_assertion", &made)
            .finish();
        let mut body = form.to_vec();
        if !body.is_empty() {
            body.push(b'&');
        }
        body.extend_from_slice(proof.as_bytes());
        Ok(body)
    }

    fn proof(
        &self,
        key: &SigningKey,
        url: &str,
        nonce: Option<&HeaderValue>,
    ) -> Result<HeaderValue, HttpError> {
        let failed = |e: Box<dyn std::error::Error + Send + Sync>| HttpError::Unauthenticated(e);
        let jti = random_token(&*self.settings.entropy).map_err(|e| failed(Box::new(e)))?;
        let request = dpop::Expected { method: "POST", url, access_token: None, jkt: None };
        let nonce = nonce.and_then(|n| n.to_str().ok());
        let proof = dpop::prove(key, &request, nonce, jti, self.now());
        let proof = proof.map_err(|e| failed(Box::new(e)))?;
        HeaderValue::try_from(proof).map_err(|e| failed(Box::new(e)))
    }
}

/// The token endpoint's caller: this client, with the browser session's DPoP key.
pub(super) struct WithProof<'a> {
    pub provider: &'a Provider,
    pub key: &'a SigningKey,
}

impl<'c> AsyncHttpClient<'c> for WithProof<'_> {
    type Error = HttpError;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.provider.send(request, Some(self.key)))
    }
}

fn error_code(body: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    plain_code(json.get("error").and_then(|e| e.as_str()).unwrap_or_default())
}

fn chrono_of(at: Timestamp) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp_micros(at.as_micros()).unwrap_or_default()
}

fn past(
    at: chrono::DateTime<chrono::Utc>,
    latest: chrono::DateTime<chrono::Utc>,
) -> Result<(), String> {
    if at <= latest { Ok(()) } else { Err("a time in the future".to_owned()) }
}
