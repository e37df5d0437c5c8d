use std::sync::Arc;

use anyhow::Context as _;
use siegel_kernel::{Clock, SystemClock};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

/// How the outside is reached: what is trusted besides the system's roots, and what time it is.
#[derive(Clone)]
pub struct Net {
    /// PEM.
    roots: Option<String>,
    clock: Arc<dyn Clock>,
}

impl Default for Net {
    fn default() -> Self {
        Self { roots: None, clock: Arc::new(SystemClock) }
    }
}

impl Net {
    /// Trusts these certificates (PEM) as well.
    pub fn trusting(roots: impl Into<String>) -> Self {
        Self { roots: Some(roots.into()), ..Self::default() }
    }

    /// The same by another clock: in fault runs clients and suite share one.
    #[must_use]
    pub fn by(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// What is trusted besides the system's roots, PEM.
    pub fn roots(&self) -> Option<&str> {
        self.roots.as_deref()
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
        Ok(builder)
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
