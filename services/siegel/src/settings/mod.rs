//! Settings of the program: what is common, and one table per service that the service itself
//! reads.

mod database;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use config::{Config, Environment, File, FileFormat};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use siegel_config::Profile;
use siegel_egress::EgressSettings;
use siegel_grpc::{Network, TrustedProxies};
use siegel_telemetry::TelemetryConfig;
use siegel_transcode::Origins;

use crate::tls::CertificateFiles;
pub use database::DatabaseSettings;

/// The services of the suite, in the order they are started.
pub const SERVICES: [&str; 7] =
    ["identity", "account", "organisation", "postbox", "eid", "notification", "portal"];

/// Everything in `siegel.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `production` refuses test doubles, generated keys and plain http.
    #[serde(default)]
    pub profile: Profile,
    /// Issuer and public URL, without a slash at the end.
    pub origin: String,
    #[serde(default)]
    pub listen: Listen,
    /// Certificates between the services; needed by `serve`.
    pub internal_tls: Option<InternalTls>,
    /// Where `serve` finds the other services: name to `https://host:port`.
    #[serde(default)]
    pub siblings: HashMap<String, String>,
    #[serde(default)]
    pub telemetry: TelemetryConfig,
    #[serde(default)]
    pub egress: EgressSettings,
    #[serde(default)]
    identity: Map<String, Value>,
    #[serde(default)]
    account: Map<String, Value>,
    #[serde(default)]
    organisation: Map<String, Value>,
    #[serde(default)]
    postbox: Map<String, Value>,
    #[serde(default)]
    eid: Map<String, Value>,
    #[serde(default)]
    notification: Map<String, Value>,
    #[serde(default)]
    portal: Map<String, Value>,
}

/// Addresses `serve` listens on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// Public HTTP and gRPC, behind the ingress.
    pub http: String,
    /// gRPC for siblings, mutual TLS.
    pub internal: String,
    /// Probes and metrics, plain HTTP, never public.
    pub probe: String,
    /// PEM chain of the public listener; plain HTTP behind an ingress when absent. Read again
    /// within 30 s of a change, like the key.
    pub tls_certificate_file: Option<PathBuf>,
    /// PEM private key of `tls_certificate_file`.
    pub tls_private_key_file: Option<PathBuf>,
    /// The same faces for clients that come with a certificate (RFC 8705); browsers never get
    /// here. Needs `tls_certificate_file` and `mtls_origin`.
    pub mtls: Option<String>,
    /// Public URL of `mtls`, without a slash at the end.
    pub mtls_origin: Option<String>,
    /// PEM certificates of the authorities that sign clients' certificates (`tls_client_auth`).
    pub mtls_ca_file: Option<PathBuf>,
    /// Networks of proxies (`10.0.0.0/8`) whose `X-Forwarded-For` is believed; nobody's when empty.
    pub trusted_proxies: Vec<Network>,
    /// Origins (`https://portal.example`) whose pages may call the API from browsers; none when
    /// empty.
    pub cors_origins: Vec<String>,
}

impl Listen {
    /// Whose word on a caller's address counts.
    pub fn proxies(&self) -> TrustedProxies {
        TrustedProxies::new(&self.trusted_proxies)
    }

    /// Whose pages may call from browsers.
    pub fn origins(&self) -> anyhow::Result<Origins> {
        Origins::new(&self.cors_origins)
            .map_err(|e| anyhow!("the configuration is not valid: listen.cors_origins: {e}"))
    }
}

impl Default for Listen {
    fn default() -> Self {
        let at = |port: u16| format!("0.0.0.0:{port}");
        Self {
            http: at(8080),
            internal: at(8443),
            probe: at(9090),
            tls_certificate_file: None,
            tls_private_key_file: None,
            mtls: None,
            mtls_origin: None,
            mtls_ca_file: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
        }
    }
}

/// Certificate of a service towards its siblings, and the authority that signs all of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "keys of settings that name files end in _file")]
pub struct InternalTls {
    pub certificate_file: PathBuf,
    pub private_key_file: PathBuf,
    pub ca_file: PathBuf,
}

impl Listen {
    /// Certificate of the public listener, when it has one.
    pub fn certificate(&self) -> Option<CertificateFiles> {
        let (chain, key) = (self.tls_certificate_file.clone()?, self.tls_private_key_file.clone()?);
        Some(CertificateFiles { chain, key })
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.tls_certificate_file.is_some() != self.tls_private_key_file.is_some() {
            anyhow::bail!(
                "the configuration is not valid: listen.tls_certificate_file and \
                 listen.tls_private_key_file belong together"
            );
        }
        if self.mtls.is_some()
            && (self.tls_certificate_file.is_none() || self.mtls_origin.is_none())
        {
            anyhow::bail!(
                "the configuration is not valid: listen.mtls needs tls_certificate_file and \
                 mtls_origin"
            );
        }
        self.origins()?;
        let https = |url: &String| url.starts_with("https://") && !url.ends_with('/');
        if !self.mtls_origin.as_ref().is_none_or(https) {
            anyhow::bail!(
                "the configuration is not valid: listen.mtls_origin is https, without a final slash"
            );
        }
        Ok(())
    }
}

impl Settings {
    /// Reads defaults (TOML text), then the file, then `SIEGEL__TABLE__KEY` from the environment.
    pub fn load(defaults: &str, file: Option<&Path>) -> anyhow::Result<Self> {
        let read = |path: &Path| {
            std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the configuration {}", path.display()))
        };
        Self::layered(defaults, file.map(read).transpose()?.as_deref())
    }

    /// As [`Settings::load`], with the text of the file.
    pub fn layered(defaults: &str, own: Option<&str>) -> anyhow::Result<Self> {
        let mut builder = Config::builder().add_source(File::from_str(defaults, FileFormat::Toml));
        if let Some(text) = own {
            builder = builder.add_source(File::from_str(text, FileFormat::Toml));
        }
        let environment = Environment::with_prefix("SIEGEL")
            .prefix_separator("__")
            .separator("__")
            .ignore_empty(true)
            .try_parsing(true);
        let settings: Self = builder
            .add_source(environment)
            .build()
            .and_then(Config::try_deserialize)
            .map_err(|e| anyhow!("the configuration is not valid: {e}"))?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> anyhow::Result<()> {
        let url = url::Url::parse(&self.origin)
            .map_err(|_| anyhow!("the configuration is not valid: origin is no URL"))?;
        if url.path() != "/" || self.origin.ends_with('/') {
            anyhow::bail!("the configuration is not valid: origin has no path and no final slash");
        }
        self.listen.check()?;
        if self.profile.is_production() && url.scheme() != "https" {
            anyhow::bail!(
                "profile = \"production\" needs https: change the line origin = \"{}\"",
                self.origin
            );
        }
        Ok(())
    }

    fn table(&self, service: &str) -> anyhow::Result<&Map<String, Value>> {
        match service {
            "identity" => Ok(&self.identity),
            "account" => Ok(&self.account),
            "organisation" => Ok(&self.organisation),
            "postbox" => Ok(&self.postbox),
            "eid" => Ok(&self.eid),
            "notification" => Ok(&self.notification),
            "portal" => Ok(&self.portal),
            _ => Err(anyhow!("there is no service {service:?}; services are {SERVICES:?}")),
        }
    }

    /// The service's own settings: its table without what this program reads itself.
    pub fn service<T: DeserializeOwned>(&self, service: &str) -> anyhow::Result<T> {
        let mut table = self.table(service)?.clone();
        table.remove("database");
        if service != "identity" {
            // identity uses the same key at its token endpoint.
            table.remove("nonce_key_file");
        }
        serde_json::from_value(Value::Object(table))
            .map_err(|e| anyhow!("the configuration is not valid: [{service}]: {e}"))
    }

    /// Where the service's database is.
    pub fn database(&self, service: &str) -> anyhow::Result<DatabaseSettings> {
        let value = self.table(service)?.get("database").cloned();
        let value =
            value.ok_or_else(|| anyhow!("the configuration lacks [{service}.database] url"))?;
        serde_json::from_value(value)
            .map_err(|e| anyhow!("the configuration is not valid: [{service}.database]: {e}"))
    }

    /// The key of DPoP nonces, shared by the service's replicas.
    pub fn nonce_key_file(&self, service: &str) -> anyhow::Result<Option<PathBuf>> {
        let value = self.table(service)?.get("nonce_key_file");
        Ok(value.and_then(Value::as_str).map(PathBuf::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_named() {
        let error = Settings::load("origin = \"https://a.example\"\ncolour = 1", None).unwrap_err();
        assert!(error.to_string().contains("colour"), "{error}");
    }

    #[test]
    fn plain_http_in_production_names_the_line_to_change() {
        let error = Settings::load("origin = \"http://a.example\"", None).unwrap_err().to_string();
        assert!(error.contains("origin = \"http://a.example\""), "{error}");
    }
}
