//! The way to a provider: guarded egress, no redirects, and who we are.

use http::{HeaderValue, Method, header};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use siegel_crypto::{KeyError, SigningKey, random_token};
use siegel_egress::{Egress, EgressError};
use siegel_kernel::{EntropyUnavailable, Timestamp};
use siegel_oidc::assertion;

use crate::state::Identity;

#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the call was not made or did not succeed")]
    Egress(#[from] EgressError),
    #[error("the answer is malformed")]
    Malformed(#[from] http::Error),
    #[error("the call cannot be authenticated")]
    Key(#[from] KeyError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

/// Calls without proof of who we are: discovery, keys.
pub struct Plain<'e>(pub &'e Egress);

impl<'c> AsyncHttpClient<'c> for Plain<'_> {
    type Error = CallError;
    type Future = Answering<'c>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(send(self.0, request))
    }
}

type Answering<'c> =
    std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, CallError>> + Send + 'c>>;

/// Calls of the token endpoint with a client assertion (RFC 7523 §2.2).
pub struct Asserting<'a> {
    pub state: &'a Identity,
    pub key: &'a SigningKey,
    pub client_id: &'a str,
    pub audience: &'a str,
    pub now: Timestamp,
}

impl<'c> AsyncHttpClient<'c> for Asserting<'_> {
    type Error = CallError;
    type Future = Answering<'c>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (parts, mut body) = request.into_parts();
            let jti = random_token(&*self.state.outside.entropy)?;
            let made = assertion::make(self.key, self.client_id, self.audience, jti, self.now)?;
            let proof = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("client_assertion_type", assertion::TYPE)
                .append_pair("client_assertion", &made)
                .finish();
            if !body.is_empty() {
                body.push(b'&');
            }
            body.extend_from_slice(proof.as_bytes());
            let request = http::Request::from_parts(parts, body);
            send(&self.state.outside.egress, request).await
        })
    }
}

/// Fetches with an access token (RFC 6750 §2.1).
pub async fn get_with(egress: &Egress, url: &str, token: &str) -> Result<HttpResponse, CallError> {
    let mut bearer = HeaderValue::try_from(format!("Bearer {token}")).map_err(http::Error::from)?;
    bearer.set_sensitive(true);
    let request = http::Request::builder()
        .method(Method::GET)
        .uri(url)
        .header(header::AUTHORIZATION, bearer)
        .header(header::ACCEPT, "application/json")
        .body(Vec::new())?;
    send(egress, request).await
}

async fn send(egress: &Egress, request: HttpRequest) -> Result<HttpResponse, CallError> {
    let answer = egress.send(request).await?;
    let mut response = http::Response::builder().status(answer.status);
    if let Some(headers) = response.headers_mut() {
        headers.clone_from(&answer.headers);
    }
    Ok(response.body(answer.body)?)
}
