use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use siegel_crypto::SigningKey;

use crate::faults_clock::FaultsClock;
use crate::outside::Net;

/// `demo.toml`: what `siegel up` gives the demo. Holds private keys and passwords: mode 0600.
#[derive(Debug, Serialize, Deserialize)]
pub struct Credentials {
    pub origin: String,
    /// PEM certificates to trust besides the system's roots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// The demo portal, of the authority's sector.
    pub portal: ClientKeys,
    /// A portal of another sector.
    pub other_portal: ClientKeys,
    /// The demo authority: delivers letters.
    pub authority: ClientKeys,
    pub persona: Vec<Persona>,
    /// What time it is, in fault runs.
    #[serde(skip)]
    pub faults_clock: Option<FaultsClock>,
}

/// A client's id and private key.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClientKeys {
    pub client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    pub private_key_pem: String,
}

/// A person of the sandbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Persona {
    pub name: String,
    pub email: String,
    pub password: String,
    /// Which simulated eID card is this person's.
    pub eid_persona: String,
}

impl Credentials {
    /// How the suite is reached.
    pub fn net(&self) -> Net {
        let net = self.ca.as_ref().map_or_else(Net::default, Net::trusting);
        match &self.faults_clock {
            Some(clock) => net.by(Arc::new(clock.clone())),
            None => net,
        }
    }

    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| {
            format!("cannot read {}; `siegel up` writes it (--data, --credentials)", file.display())
        })?;
        toml::from_str(&text).with_context(|| format!("{} is malformed", file.display()))
    }
}

impl ClientKeys {
    pub fn key(&self) -> anyhow::Result<SigningKey> {
        Ok(SigningKey::from_pem(&self.private_key_pem)?)
    }
}
