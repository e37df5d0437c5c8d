//! A device with passkeys, as `WebAuthn` clients and authenticators behave.

use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use passkey::types::webauthn::{CredentialCreationOptions, CredentialRequestOptions};
use serde_json::{Value, json};
use url::Url;

/// Its owner, who touches it, and may or may not be verified.
#[derive(Clone, Copy)]
struct Owner {
    verified: bool,
}

#[async_trait::async_trait]
impl UserValidationMethod for Owner {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        _: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence: true, verification: verification && self.verified })
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(self.verified)
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }
}

/// A device with room for one passkey. A clone has the same key.
#[derive(Clone, Default)]
pub struct Device {
    key: Option<Passkey>,
    counts: bool,
}

macro_rules! client {
    ($device:expr, $verified:expr) => {{
        let (owner, aaguid) = (Owner { verified: $verified }, Aaguid::new_empty());
        let key = $device.key.clone();
        let mut device = Authenticator::new(aaguid, key, owner, RustCryptoBackend);
        device.set_make_credentials_with_signature_counter($device.counts);
        Client::new(device).allows_insecure_localhost(true)
    }};
}

impl Device {
    /// One that counts its signatures.
    pub fn counting() -> Self {
        Self { key: None, counts: true }
    }

    /// What the script of the page would do with these options, at this origin.
    pub async fn makes(&mut self, origin: &str, options: &Value) -> Result<String, String> {
        let options: CredentialCreationOptions =
            serde_json::from_value(json!({ "publicKey": options })).unwrap();
        let mut client = client!(self, true);
        let made = client.register(&url(origin), options, DefaultClientData).await;
        self.key.clone_from(client.authenticator().store());
        made.map(|m| serde_json::to_string(&m).unwrap()).map_err(|e| format!("{e:?}"))
    }

    pub async fn uses(
        &mut self,
        origin: &str,
        options: &Value,
        verified: bool,
    ) -> Result<String, String> {
        let mut options = options.clone();
        if !verified {
            options["userVerification"] = json!("discouraged");
        }
        let options: CredentialRequestOptions =
            serde_json::from_value(json!({ "publicKey": options })).unwrap();
        let mut client = client!(self, verified);
        let used = client.authenticate(&url(origin), options, DefaultClientData).await;
        self.key.clone_from(client.authenticator().store());
        used.map(|u| serde_json::to_string(&u).unwrap()).map_err(|e| format!("{e:?}"))
    }
}

fn url(origin: &str) -> Url {
    Url::parse(origin).unwrap()
}
