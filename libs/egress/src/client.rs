use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use siegel_config::Profile;
use url::{Host, Url};

use crate::addresses::is_public;
use crate::settings::{EgressSettings, SettingsError};

const CONNECT: Duration = Duration::from_secs(3);
const TOTAL: Duration = Duration::from_secs(5);
/// No answer that is asked for is longer, bytes.
const LONGEST: usize = 256 * 1024;

/// A call that was not made or did not succeed. No text names the address: it may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    #[error("the address is no https URL")]
    NotHttps,
    #[error("the address is private, or not in egress.allow")]
    Refused,
    #[error("the call failed")]
    Call(#[source] reqwest::Error),
    #[error("the answer is longer than 256 KiB")]
    TooLong,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// The one way to addresses that others named. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Egress {
    /// Resolves to the Internet only.
    guarded: reqwest::Client,
    /// For the exact pairs of `allow`.
    open: reqwest::Client,
    allow: Arc<[String]>,
}

impl Egress {
    pub fn new(settings: &EgressSettings, profile: Profile) -> Result<Self, SettingsError> {
        settings.check(profile)?;
        siegel_crypto::install();
        let roots = roots(settings)?;
        let build = |guarded: bool| {
            let mut builder = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT)
                .timeout(TOTAL)
                .no_proxy()
                .tls_certs_merge(roots.iter().cloned());
            if guarded {
                builder = builder.dns_resolver(PublicOnly);
            }
            builder.build()
        };
        Ok(Self {
            guarded: build(true)?,
            open: build(false)?,
            allow: settings.allow.iter().map(|pair| pair.to_ascii_lowercase()).collect(),
        })
    }

    /// Fetches an https address.
    pub async fn get(&self, url: &str) -> Result<Answer, EgressError> {
        let (client, url) = self.way(url)?;
        answer(client.get(url)).await
    }

    /// Posts a form to an https address.
    pub async fn post_form(
        &self,
        url: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, EgressError> {
        let (client, url) = self.way(url)?;
        answer(client.post(url).form(fields)).await
    }

    /// Sends any request to an https address.
    pub async fn send(&self, request: http::Request<Vec<u8>>) -> Result<Answer, EgressError> {
        let (parts, body) = request.into_parts();
        let (client, url) = self.way(&parts.uri.to_string())?;
        answer(client.request(parts.method, url).headers(parts.headers).body(body)).await
    }

    /// Whether an address could be called, as far as it says itself: for registrations.
    pub fn permits(&self, url: &str) -> Result<(), EgressError> {
        self.way(url).map(drop)
    }

    fn way(&self, text: &str) -> Result<(&reqwest::Client, Url), EgressError> {
        let url = Url::parse(text).map_err(|_| EgressError::NotHttps)?;
        if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::NotHttps);
        }
        let host = url.host().ok_or(EgressError::NotHttps)?;
        let pair = format!("{host}:{}", url.port_or_known_default().unwrap_or(443));
        if self.allow.contains(&pair.to_ascii_lowercase()) {
            return Ok((&self.open, url));
        }
        // Literal addresses never reach the resolver.
        let literal = match host {
            Host::Ipv4(v4) => Some(IpAddr::V4(v4)),
            Host::Ipv6(v6) => Some(IpAddr::V6(v6)),
            Host::Domain(_) => None,
        };
        if literal.is_some_and(|address| !is_public(address)) {
            return Err(EgressError::Refused);
        }
        Ok((&self.guarded, url))
    }
}

async fn answer(call: reqwest::RequestBuilder) -> Result<Answer, EgressError> {
    let failed = |error: reqwest::Error| {
        let refused =
            std::iter::successors(Some(&error as &(dyn std::error::Error + 'static)), |error| {
                error.source()
            })
            .any(<dyn std::error::Error>::is::<NotPublic>);
        if refused { EgressError::Refused } else { EgressError::Call(error.without_url()) }
    };
    let mut answer = call.send().await.map_err(failed)?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len().saturating_add(chunk.len()) > LONGEST {
            return Err(EgressError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, headers, body })
}

fn roots(settings: &EgressSettings) -> Result<Vec<reqwest::Certificate>, SettingsError> {
    let Some(file) = &settings.extra_root_file else { return Ok(Vec::new()) };
    let name = file.display().to_string();
    let pem = std::fs::read(file).map_err(|e| SettingsError::File(name.clone(), e))?;
    let found = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if found.is_empty() { Err(SettingsError::NoCertificate(name)) } else { Ok(found) }
}

/// A name that leads inside.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to no public address")]
struct NotPublic;

/// Resolves names and keeps public addresses only: what is connected to is what was checked.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(public_only(found.collect())?.into_iter()) as Addrs)
        })
    }
}

/// All of them, or none: one private address among public ones is an attempt, not a mistake.
fn public_only(found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotPublic> {
    if found.is_empty() || found.iter().any(|address| !is_public(address.ip())) {
        return Err(NotPublic);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn egress(allow: &[&str]) -> Egress {
        let allow = allow.iter().map(|&pair| pair.to_owned()).collect();
        let settings = EgressSettings { allow, extra_root_file: None };
        Egress::new(&settings, Profile::Sandbox).unwrap()
    }

    #[tokio::test]
    async fn inner_addresses_are_refused_in_every_spelling() {
        let egress = egress(&[]);
        for url in [
            "https://127.0.0.1/x",
            "https://2130706433/x",
            "https://0x7f.1/x",
            "https://[::1]/x",
            "https://[::ffff:169.254.169.254]/latest",
            "https://169.254.169.254/latest",
            "https://localhost/x",
            "https://LOCALHOST:8443/x",
        ] {
            let refused = egress.get(url).await.unwrap_err();
            assert!(matches!(refused, EgressError::Refused), "{url}: {refused:?}");
        }
    }

    #[test]
    fn a_name_with_one_inner_address_among_outer_ones_leads_nowhere() {
        let all = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let outer: Vec<SocketAddr> = all(&["203.0.114.9:443", "[2a00::1]:443"]);
        assert_eq!(public_only(outer.clone()).unwrap(), outer, "what was checked is connected to");
        for inner in ["10.0.0.1:443", "127.0.0.1:443", "[::1]:443", "[fd00::1]:443"] {
            let mut mixed = outer.clone();
            mixed.push(inner.parse().unwrap());
            assert!(public_only(mixed).is_err(), "{inner}");
        }
        assert!(public_only(Vec::new()).is_err());
    }

    #[tokio::test]
    async fn only_https_without_a_user_is_called() {
        let egress = egress(&["127.0.0.1:80"]);
        for url in ["http://127.0.0.1/x", "ftp://a.example", "https://u:p@a.example/", "x"] {
            let refused = egress.get(url).await.unwrap_err();
            assert!(matches!(refused, EgressError::NotHttps), "{url}: {refused:?}");
        }
    }

    #[test]
    fn an_allowed_pair_opens_that_port_and_no_other() {
        let egress = egress(&["127.0.0.1:9443", "localhost:9443"]);
        assert!(egress.permits("https://127.0.0.1:9443/jwks").is_ok());
        assert!(egress.permits("https://localhost:9443/jwks").is_ok());
        let other = egress.permits("https://127.0.0.1:9444/jwks");
        assert!(matches!(other, Err(EgressError::Refused)));
    }

    #[test]
    fn production_has_no_exception() {
        let settings = EgressSettings { allow: vec!["127.0.0.1:1".into()], extra_root_file: None };
        let refused = Egress::new(&settings, Profile::Production).unwrap_err().to_string();
        assert!(refused.contains("egress.allow"), "{refused}");
    }
}
