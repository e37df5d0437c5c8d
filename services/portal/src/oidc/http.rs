//! The way to identity: no redirects, five seconds, one mebibyte.

use std::time::Duration;

use bytes::Bytes;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

use crate::StartError;

const TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(2);
const LONGEST: usize = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("the call failed")]
    Call(#[from] reqwest::Error),
    #[error("the request is malformed")]
    Malformed(#[from] http::Error),
    #[error("the answer is longer than 1 MiB")]
    TooLong,
    #[error("the call cannot be authenticated")]
    Unauthenticated(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Sends requests for URLs of the issuer to where identity is.
pub struct Http {
    client: reqwest::Client,
    /// Public and inner base; the same when identity is reached by its public name.
    moved: Option<(String, String)>,
}

impl Http {
    pub fn new(issuer: &str, inside: Option<&str>) -> Result<Self, StartError> {
        siegel_crypto::install();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(TIMEOUT)
            .no_proxy()
            .build()
            .map_err(StartError::Http)?;
        let moved = match inside {
            None => None,
            Some(base) => {
                let base = base.trim_end_matches('/');
                let http = url::Url::parse(base).is_ok_and(|u| u.scheme().starts_with("http"));
                if !http {
                    return Err(StartError::IdentityUrl);
                }
                Some((issuer.to_owned(), base.to_owned()))
            }
        };
        Ok(Self { client, moved })
    }

    /// The address that answers for a public URL.
    fn inner(&self, url: &str) -> String {
        let Some((public, inside)) = &self.moved else { return url.to_owned() };
        match url.strip_prefix(public.as_str()) {
            Some(path) if path.is_empty() || path.starts_with('/') => format!("{inside}{path}"),
            _ => url.to_owned(),
        }
    }

    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let call = self.client.request(parts.method, self.inner(&parts.uri.to_string()));
        // The URL may hold a one-time value: errors go without it.
        let bare = reqwest::Error::without_url;
        let mut answer = call.headers(parts.headers).body(body).send().await.map_err(bare)?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(bare)? {
            append(&mut body, &chunk)?;
        }
        Ok(response.body(body)?)
    }
}

fn append(body: &mut Vec<u8>, chunk: &Bytes) -> Result<(), HttpError> {
    if body.len().saturating_add(chunk.len()) > LONGEST {
        return Err(HttpError::TooLong);
    }
    body.extend_from_slice(chunk);
    Ok(())
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_of_the_issuer_are_moved_inside() {
        let http = Http::new("https://amt.example", Some("http://identity:8080/")).unwrap();
        assert_eq!(http.inner("https://amt.example/token"), "http://identity:8080/token");
        let other = "https://amt.example.evil.example/token";
        assert_eq!(http.inner(other), other);
    }

    #[test]
    fn an_inner_address_that_is_no_url_stops_the_start() {
        assert!(matches!(
            Http::new("https://amt.example", Some("identity")),
            Err(StartError::IdentityUrl)
        ));
    }
}
