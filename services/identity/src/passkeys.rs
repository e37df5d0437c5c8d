//! Passkeys by `WebAuthn` Level 3, with user verification always: a passkey is two factors in one
//! device. Challenges and keys travel as JSON text, so that the callers store them where all
//! replicas look.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;
use siegel_crypto::sha256;
use siegel_kernel::TrustLevel;
use url::Url;
use webauthn_rs::prelude::{
    AttestationCaList, AttestationCaListBuilder, AttestationMetadata, Credential, CredentialID,
    DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

use crate::domain::factors::passkey_level;
pub use crate::domain::passkey_models::Attestation;

/// `[identity.people.passkeys]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasskeyConfig {
    /// `none`, or `direct`: the maker of the device is asked to vouch for its model.
    pub attestation: Attestation,
    /// AAGUIDs of models whose passkeys count as substantial, when vouched for.
    pub substantial_aaguids: Vec<Uuid>,
    /// PEM file with the makers' root certificates, for `direct` here and of tenants.
    pub attestation_roots_file: Option<PathBuf>,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadPasskeyConfig {
    #[error("people.passkeys.attestation_roots_file: cannot read {0}")]
    File(String, #[source] std::io::Error),
    #[error("people.passkeys.attestation_roots_file: not PEM certificates: {0}")]
    Roots(String),
    #[error("people.passkeys.substantial_aaguids need attestation = \"direct\" and roots")]
    Unvouched,
}

/// Why a ceremony came to nothing. The cause says what is wrong with the answer; no secret.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    /// The person's device answered wrongly: another origin, challenge, key or flag.
    #[error("the answer of the passkey is not acceptable")]
    Refused(#[source] WebauthnError),
    /// Two devices seem to have the same key (§7.2 step 22).
    #[error("the signature counter of the passkey fell")]
    Cloned,
    #[error("the answer does not parse")]
    Malformed,
    #[error("what was stored of a passkey or challenge does not read")]
    Stored(#[source] serde_json::Error),
    #[error("a challenge could not be made")]
    Challenge(#[source] WebauthnError),
}

/// A challenge.
#[derive(Debug)]
pub struct Challenge {
    /// For the browser: the members of `publicKey`, JSON.
    pub options: String,
    /// What the answer is checked against, JSON. Stays here.
    pub state: String,
}

/// A passkey that was just made.
#[derive(Debug)]
pub struct Made {
    pub handle: [u8; 32],
    /// Public key, JSON.
    pub key: String,
    pub counter: u32,
    pub level: TrustLevel,
    /// AAGUID of the model, when its maker vouches for it.
    pub model: Option<Uuid>,
}

/// Whose passkey answered, not checked yet.
#[derive(Debug)]
pub struct Claimed {
    pub handle: [u8; 32],
    /// What the device keeps as its user.
    pub user: Option<Vec<u8>>,
    answer: PublicKeyCredential,
}

/// A passkey that was just used.
#[derive(Debug)]
pub struct Used {
    /// The key with its new counter and backup state, JSON.
    pub key: String,
    pub counter: u32,
}

/// Makes and uses passkeys of one origin.
pub struct Passkeys {
    webauthn: Webauthn,
    attestation: Attestation,
    /// Models whose passkeys are substantial, when vouched for.
    substantial: Vec<Uuid>,
    /// The makers' root certificates, PEM.
    roots: Vec<String>,
}

impl Passkeys {
    /// `None` when the origin can have no passkeys: an IP address is no relying party id
    /// (`WebAuthn` §5.1.2).
    pub fn new(
        origin: &str,
        name: &str,
        settings: &PasskeyConfig,
    ) -> Result<Option<Self>, BadPasskeyConfig> {
        let roots = settings.roots()?;
        let Ok(origin) = Url::parse(origin) else { return Ok(None) };
        let Some(host) = origin.domain() else { return Ok(None) };
        let built = WebauthnBuilder::new(host, &origin).and_then(|b| b.rp_name(name).build());
        let (attestation, substantial) =
            (settings.attestation, settings.substantial_aaguids.clone());
        Ok(built.ok().map(|webauthn| Self { webauthn, attestation, substantial, roots }))
    }

    /// Begins to make a passkey. `user` stays with the device and names the account there; `known`
    /// are the account's passkeys, which are not made twice on one device; `vouched`: its maker
    /// must be asked.
    pub fn begin_making(
        &self,
        user: [u8; 16],
        name: &str,
        known: &[String],
        vouched: bool,
    ) -> Result<Challenge, CeremonyError> {
        let ids: Vec<CredentialID> = known
            .iter()
            .map(|key| Ok(read_key(key)?.cred_id))
            .collect::<Result<_, CeremonyError>>()?;
        let user = Uuid::from_bytes(user);
        let begun = self.webauthn.start_passkey_registration(user, name, name, Some(ids));
        let (mut creation, state) = begun.map_err(CeremonyError::Challenge)?;
        // The device must find the passkey by itself: people log in without typing an address.
        let options = &mut creation.public_key;
        if let Some(selection) = &mut options.authenticator_selection {
            selection.resident_key = serde_json::from_value(Value::from("required")).ok();
            selection.require_resident_key = true;
        }
        let wanted = match self.attestation {
            Attestation::None if !vouched => "none",
            _ => "direct",
        };
        options.attestation = serde_json::from_value(Value::from(wanted)).ok();
        Ok(Challenge { options: write(options)?, state: write(&state)? })
    }

    /// Checks challenge, origin, relying party, user verification and attestation (§7.1).
    pub fn finish_making(&self, state: &str, answer: &str) -> Result<Made, CeremonyError> {
        let state: PasskeyRegistration =
            serde_json::from_str(state).map_err(CeremonyError::Stored)?;
        let answer: RegisterPublicKeyCredential =
            serde_json::from_str(answer).map_err(|_| CeremonyError::Malformed)?;
        let made = self.webauthn.finish_passkey_registration(&answer, &state);
        let made = made.map_err(CeremonyError::Refused)?;
        let handle = sha256(made.cred_id().as_slice());
        let key = write(&made)?;
        let credential = Credential::from(made);
        let model = self.vouched(&credential);
        // Keys that can leave the device are worth no more for its model.
        let worth = model.filter(|m| self.substantial.contains(m) && !credential.backup_eligible);
        let worth = worth.map(|_| TrustLevel::Substantial);
        let level = passkey_level(credential.user_verified, worth);
        Ok(Made { handle, key, counter: credential.counter, level, model })
    }

    /// The model of the device, when one of the roots vouches for it.
    fn vouched(&self, credential: &Credential) -> Option<Uuid> {
        let (AttestationMetadata::Packed { aaguid: model }
        | AttestationMetadata::Tpm { aaguid: model, .. }) = &credential.attestation.metadata
        else {
            return None;
        };
        let trusted = trusted(&self.roots, *model).ok()?;
        let root = credential.verify_attestation(&trusted).ok()??;
        root.aaguids().contains_key(model).then_some(*model)
    }

    /// Asks for any passkey of this origin.
    pub fn begin_use(&self) -> Result<Challenge, CeremonyError> {
        let begun = self.webauthn.start_discoverable_authentication();
        let (request, state) = begun.map_err(CeremonyError::Challenge)?;
        Ok(Challenge { options: write(&request.public_key)?, state: write(&state)? })
    }

    /// Reads whose passkey answered.
    pub fn claimed(answer: &str) -> Result<Claimed, CeremonyError> {
        let answer: PublicKeyCredential =
            serde_json::from_str(answer).map_err(|_| CeremonyError::Malformed)?;
        let handle = sha256(answer.get_credential_id());
        let user = answer.get_user_unique_id().map(<[u8]>::to_vec);
        Ok(Claimed { handle, user, answer })
    }

    /// Checks challenge, origin, relying party, user verification, signature and counter against
    /// the stored key (§7.2).
    pub fn finish_use(
        &self,
        state: &str,
        claimed: &Claimed,
        key: &str,
    ) -> Result<Used, CeremonyError> {
        let state: DiscoverableAuthentication =
            serde_json::from_str(state).map_err(CeremonyError::Stored)?;
        let mut passkey: Passkey = serde_json::from_str(key).map_err(CeremonyError::Stored)?;
        let discoverable = DiscoverableKey::from(&passkey);
        let answer = &claimed.answer;
        let checked =
            self.webauthn.finish_discoverable_authentication_v2(answer, state, &discoverable);
        let result = checked.map_err(|error| match error {
            WebauthnError::CredentialPossibleCompromise => CeremonyError::Cloned,
            other => CeremonyError::Refused(other),
        })?;
        if !result.user_verified() {
            return Err(CeremonyError::Refused(WebauthnError::UserNotVerified));
        }
        passkey.update_credential(&result);
        Ok(Used { key: write(&passkey)?, counter: result.counter() })
    }
}

impl PasskeyConfig {
    /// The makers' root certificates, each as PEM.
    fn roots(&self) -> Result<Vec<String>, BadPasskeyConfig> {
        let Some(file) = &self.attestation_roots_file else {
            let none = self.substantial_aaguids.is_empty();
            return if none { Ok(Vec::new()) } else { Err(BadPasskeyConfig::Unvouched) };
        };
        if !self.substantial_aaguids.is_empty() && self.attestation == Attestation::None {
            return Err(BadPasskeyConfig::Unvouched);
        }
        let name = || file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|e| BadPasskeyConfig::File(name(), e))?;
        let end = "-----END CERTIFICATE-----";
        let roots = text.split_inclusive(end).filter(|part| part.contains(end));
        let roots: Vec<String> = roots.map(|root| root.trim_start().to_owned()).collect();
        if roots.is_empty() {
            return Err(BadPasskeyConfig::Roots(name()));
        }
        trusted(&roots, Uuid::from_bytes([1; 16]))?;
        Ok(roots)
    }
}

/// The roots as those that may vouch for a model.
fn trusted(roots: &[String], model: Uuid) -> Result<AttestationCaList, BadPasskeyConfig> {
    let mut list = AttestationCaListBuilder::new();
    for root in roots {
        list.insert_device_pem(root.as_bytes(), model, model.to_string(), BTreeMap::new())
            .map_err(|e| BadPasskeyConfig::Roots(e.to_string()))?;
    }
    Ok(list.build())
}

fn read_key(key: &str) -> Result<Credential, CeremonyError> {
    let passkey: Passkey = serde_json::from_str(key).map_err(CeremonyError::Stored)?;
    Ok(passkey.into())
}

fn write<T: serde::Serialize>(value: &T) -> Result<String, CeremonyError> {
    serde_json::to_string(value).map_err(CeremonyError::Stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: Uuid = Uuid::from_bytes([7; 16]);

    fn settings(attestation: Attestation, roots: Option<&str>) -> PasskeyConfig {
        PasskeyConfig {
            attestation,
            substantial_aaguids: vec![MODEL],
            attestation_roots_file: roots.map(PathBuf::from),
        }
    }

    fn error(settings: &PasskeyConfig) -> String {
        let made = Passkeys::new("https://konto.example", "Konto", settings);
        made.err().map(|e| e.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_model_counts_for_nothing_that_nobody_vouches_for() {
        assert!(error(&settings(Attestation::None, Some("/roots.pem"))).contains("need"));
        assert!(error(&settings(Attestation::Direct, None)).contains("need"));
        let missing = error(&settings(Attestation::Direct, Some("/does/not/exist.pem")));
        assert!(missing.contains("cannot read /does/not/exist.pem"), "{missing}");
        let empty = tempfile::NamedTempFile::new().unwrap();
        let name = empty.path().display().to_string();
        assert!(error(&settings(Attestation::Direct, Some(&name))).contains("not PEM"));
    }

    #[test]
    fn an_address_without_a_domain_has_no_passkeys() {
        let plain = PasskeyConfig::default();
        let made = |origin: &str| Passkeys::new(origin, "Konto", &plain).unwrap().is_some();
        assert!(made("https://konto.example"));
        assert!(made("http://localhost:8080"));
        assert!(!made("http://127.0.0.1:8080"));
    }

    #[test]
    fn the_makers_word_is_asked_for_only_by_policy() {
        for (attestation, asked) in [(Attestation::None, "none"), (Attestation::Direct, "direct")] {
            let settings = PasskeyConfig { attestation, ..PasskeyConfig::default() };
            let made = Passkeys::new("https://konto.example", "Konto", &settings).unwrap();
            let challenge = made.unwrap().begin_making([1; 16], "erika", &[], false).unwrap();
            let options: Value = serde_json::from_str(&challenge.options).unwrap();
            assert_eq!(options["attestation"], asked);
            assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
            assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
        }
    }
}
