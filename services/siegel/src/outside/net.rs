use std::net::SocketAddr;

use anyhow::Context as _;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use url::Url;

/// How the outside is reached: what is trusted besides the system's roots, and where an origin
/// really is.
#[derive(Clone, Debug, Default)]
pub struct Net {
    /// PEM.
    roots: Option<String>,
    at: Option<(Url, SocketAddr)>,
}

impl Net {
    /// Trusts these certificates (PEM) as well.
    pub fn trusting(roots: impl Into<String>) -> Self {
        Self { roots: Some(roots.into()), at: None }
    }

    /// What is trusted besides the system's roots, PEM.
    pub fn roots(&self) -> Option<&str> {
        self.roots.as_deref()
    }

    /// Reaches this origin at an address of its own, whatever its name resolves to.
    #[must_use]
    pub fn reaching(mut self, origin: &str, at: SocketAddr) -> Self {
        self.at = Url::parse(origin).ok().map(|origin| (origin, at));
        self
    }

    /// An HTTP client that follows no redirect by itself.
    pub fn http(&self) -> anyhow::Result<reqwest::ClientBuilder> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(std::time::Duration::from_secs(30));
        if let Some(pem) = &self.roots {
            let roots = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .context("what is to be trusted is no PEM certificate")?;
            builder = builder.tls_certs_merge(roots);
        }
        if let Some((origin, at)) = &self.at
            && let Some(host) = origin.domain()
        {
            builder = builder.resolve(host, *at);
        }
        Ok(builder)
    }

    /// The address to call for a URL: a port that stands in a URL cannot be redirected.
    pub fn place(&self, mut url: Url) -> Url {
        if let Some((origin, at)) = &self.at
            && url.origin() == origin.origin()
        {
            // Refused only by URLs without a host.
            let _ = url.set_port(Some(at.port()));
        }
        url
    }

    /// As [`Net::place`]; what is no URL fails when it is called.
    pub fn place_text(&self, url: &str) -> String {
        Url::parse(url).map_or_else(|_| url.to_owned(), |url| self.place(url).into())
    }

    /// A gRPC connection.
    pub fn endpoint(&self, origin: &str) -> anyhow::Result<Endpoint> {
        let endpoint = Endpoint::from_shared(origin.to_owned())?;
        if !origin.starts_with("https://") {
            return Ok(endpoint);
        }
        let mut tls = ClientTlsConfig::new().with_native_roots();
        if let Some(pem) = &self.roots {
            tls = tls.ca_certificate(Certificate::from_pem(pem));
        }
        Ok(endpoint.tls_config(tls)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_origin_itself_is_reached_elsewhere() {
        let net =
            Net::default().reaching("https://konto.example", "127.0.0.1:8443".parse().unwrap());
        assert_eq!(
            net.place_text("https://konto.example/par?x=1"),
            "https://konto.example:8443/par?x=1"
        );
        assert_eq!(net.place_text("https://konto.example:8443/"), "https://konto.example:8443/");
        assert_eq!(net.place_text("https://evil.example/"), "https://evil.example/");
    }
}
