//! Calls with a DPoP-bound token (RFC 9449 §7). The server wants a nonce bound to method and token,
//! so the first call of a method sends an empty call ahead to be told one: that also works for
//! streams, whose body cannot be sent twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use siegel_crypto::SigningKey;
use siegel_kernel::{Clock, Entropy, Timestamp};
use siegel_oidc::dpop::{Expected, prove};
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Channel;

use super::forward;

/// A nonce is good for 60 s; younger ones are used without asking.
const FRESH: Duration = Duration::from_secs(45);
const NONCE: &str = "dpop-nonce";

/// An access token and the key it is bound to.
#[derive(Clone)]
pub struct DpopToken {
    pub access_token: String,
    pub key: SigningKey,
    /// The suite's public URL: base of `htu`.
    pub origin: String,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

pub(crate) struct DpopState {
    token: DpopToken,
    nonces: Mutex<HashMap<String, (String, Timestamp)>>,
}

impl DpopState {
    pub(crate) fn new(token: DpopToken) -> Self {
        Self { token, nonces: Mutex::default() }
    }

    pub(super) async fn send(
        &self,
        mut inner: Channel,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Status> {
        let path = request.uri().path().to_owned();
        // Looked up once: it may be too old at the next look, and calls run side by side.
        let nonce = if let Some(nonce) = self.nonce(&path) {
            nonce
        } else {
            let ahead = self.ahead(&request)?;
            let answer = forward(&mut inner, ahead).await?;
            let Some(nonce) = self.learn(&path, answer.headers()) else { return Ok(answer) };
            nonce
        };
        self.authorise(request.headers_mut(), &path, Some(&nonce))?;
        let answer = forward(&mut inner, request).await?;
        self.learn(&path, answer.headers());
        Ok(answer)
    }

    /// The same call without a body and without a nonce: refused, with a nonce in the answer.
    fn ahead(&self, request: &Request<Body>) -> Result<Request<Body>, Status> {
        let mut ahead = Request::new(Body::empty());
        *ahead.method_mut() = Method::POST;
        *ahead.uri_mut() = request.uri().clone();
        *ahead.version_mut() = request.version();
        *ahead.headers_mut() = request.headers().clone();
        self.authorise(ahead.headers_mut(), request.uri().path(), None)?;
        Ok(ahead)
    }

    fn authorise(
        &self,
        headers: &mut HeaderMap,
        path: &str,
        nonce: Option<&str>,
    ) -> Result<(), Status> {
        let broken = |_| Status::internal("a DPoP proof cannot be made");
        let jti = siegel_crypto::random_token(self.token.entropy.as_ref())
            .map_err(|e| crate::fault(&e))?;
        let url = format!("{}{path}", self.token.origin);
        let access_token = Some(self.token.access_token.as_str());
        let expected = Expected { method: "POST", url: &url, access_token, jkt: None };
        let now = self.token.clock.now();
        let proof =
            prove(&self.token.key, &expected, nonce, jti, now).map_err(|e| crate::fault(&e))?;
        let mut value =
            HeaderValue::try_from(format!("DPoP {}", self.token.access_token)).map_err(broken)?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
        headers.insert("dpop", HeaderValue::try_from(proof).map_err(broken)?);
        Ok(())
    }

    fn nonce(&self, path: &str) -> Option<String> {
        let now = self.token.clock.now();
        let nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        let (nonce, at) = nonces.get(path)?;
        // One from the future is from before the clock was set back.
        (*at <= now && now.since(*at) < FRESH).then(|| nonce.clone())
    }

    /// Keeps the nonce of an answer, if it has one.
    fn learn(&self, path: &str, headers: &HeaderMap) -> Option<String> {
        let nonce = headers.get(NONCE).and_then(|v| v.to_str().ok())?;
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.insert(path.to_owned(), (nonce.to_owned(), self.token.clock.now()));
        Some(nonce.to_owned())
    }
}
