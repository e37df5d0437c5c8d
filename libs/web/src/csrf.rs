//! Forged requests: every own form carries a token bound to a browser cookie, beside the
//! `Sec-Fetch-Site` check of the layer in [`crate::protect`].
//!
//! The cookie is a random value; the token is `salt ‖ HMAC(key, salt ‖ cookie)`. It is not single
//! use, so the back button works; the salt makes two renderings differ, so that compression
//! reveals nothing about it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use axum::RequestExt;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::Form;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use siegel_crypto::{b64, hmac_sha256, random_token, same_bytes};
use siegel_kernel::{Entropy, EntropyUnavailable};

use crate::problem::Problem;
use crate::view::View;

/// The cookie's short name.
pub(crate) const COOKIE: &str = "csrf";
/// Bytes of randomness in the browser's cookie.
const SECRET_BYTES: usize = 32;
const SALT_BYTES: usize = 16;

/// The key of one face's form tokens.
#[derive(Clone)]
pub struct Csrf {
    key: Arc<[u8]>,
    entropy: Arc<dyn Entropy>,
}

impl Csrf {
    /// `key` is secret and lives as long as forms may stay open; replicas of a service share it.
    pub fn new(key: &[u8], entropy: Arc<dyn Entropy>) -> Self {
        Self { key: key.into(), entropy }
    }

    /// A token for the browser holding `secret`.
    fn token(&self, secret: &str) -> Result<String, EntropyUnavailable> {
        let salt: [u8; SALT_BYTES] = self.entropy.array()?;
        let mut token = salt.to_vec();
        token.extend_from_slice(&hmac_sha256(&self.key, &message(&salt, secret)));
        Ok(b64::encode(token))
    }

    /// Whether `token` was made for the browser holding `secret`, in constant time.
    fn holds(&self, secret: &str, token: &str) -> bool {
        let Some(bytes) = b64::decode(token) else { return false };
        let Some((salt, mac)) = bytes.split_at_checked(SALT_BYTES) else { return false };
        same_bytes(&hmac_sha256(&self.key, &message(salt, secret)), mac)
    }
}

impl fmt::Debug for Csrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Csrf")
    }
}

fn message(salt: &[u8], secret: &str) -> Vec<u8> {
    [b"siegel-web form token v1\0".as_slice(), salt, secret.as_bytes()].concat()
}

/// The browser's cookie during one request: the one it sent, or the one it will get.
#[derive(Debug, Default)]
pub(crate) struct Browser {
    sent: Option<String>,
    minted: OnceLock<String>,
}

impl Browser {
    /// A cookie of any other shape is as good as none.
    pub(crate) fn new(cookie: Option<String>) -> Self {
        let ours =
            |value: &String| b64::decode(value).is_some_and(|bytes| bytes.len() == SECRET_BYTES);
        Self { sent: cookie.filter(ours), minted: OnceLock::new() }
    }

    /// The cookie this response must set.
    pub(crate) fn minted(&self) -> Option<&str> {
        self.minted.get().map(String::as_str)
    }

    /// A form token for this browser, which gets a cookie if it has none.
    pub(crate) fn token(&self, csrf: &Csrf) -> Result<String, EntropyUnavailable> {
        if let Some(secret) = self.sent.as_ref().or_else(|| self.minted.get()) {
            return csrf.token(secret);
        }
        let fresh = random_token(&*csrf.entropy)?;
        csrf.token(self.minted.get_or_init(|| fresh))
    }

    /// Whether `token` came from a form shown to this browser.
    pub(crate) fn sent_with(&self, csrf: &Csrf, token: &str) -> bool {
        self.sent.as_ref().is_some_and(|secret| csrf.holds(secret, token))
    }
}

/// The hidden field that every own form carries: `{{ csrf }}`.
#[derive(Clone, Debug, askama::Template)]
#[template(source = r#"<input type="hidden" name="csrf_token" value="{{ token }}">"#, ext = "html")]
pub struct CsrfField {
    pub(crate) token: String,
}

impl askama::filters::HtmlSafe for CsrfField {}

/// A submitted form whose token was right; anything else is answered with a friendly page.
/// Repeated fields may be read into a `Vec`. The body limit is the router's.
#[derive(Clone, Copy, Debug)]
pub struct CheckedForm<T>(pub T);

#[derive(Deserialize)]
struct TokenOnly {
    csrf_token: Option<String>,
}

impl<T, S> FromRequest<S> for CheckedForm<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Response> {
        let view: View = request.extract_parts().await?;
        let (parts, body) = request.into_parts();
        let whole = Request::from_parts(parts.clone(), body);
        let bytes = Bytes::from_request(whole, state).await.map_err(IntoResponse::into_response)?;
        let again = || Request::from_parts(parts.clone(), Body::from(bytes.clone()));

        let Ok(Form(found)) = Form::<TokenOnly>::from_request(again(), state).await else {
            return Err(view.problem(Problem::Invalid));
        };
        view.check_csrf(&found.csrf_token.unwrap_or_default())?;
        match Form::<T>::from_request(again(), state).await {
            Ok(Form(form)) => Ok(Self(form)),
            Err(_) => Err(view.problem(Problem::Invalid)),
        }
    }
}
