//! The keys this service holds.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use siegel_crypto::{
    DataKey, JwsError, KeyError, KeySet, RootSecret, SignatureAlg, TokenSigner, load_signing_key,
    load_token_signer, sign_token,
};
use siegel_kernel::{Entropy, Timestamp};
use siegel_pkcs11::{Pkcs11Signer, Place};

use crate::config::{Config, SigningKeyConfig};
use crate::domain::client::SigningAlg;
use crate::domain::rotation::{self, KeyState};

/// A key file that cannot be used; names the setting.
#[derive(Debug, thiserror::Error)]
#[error("the file named by {setting} cannot be used")]
pub struct KeysError {
    pub setting: &'static str,
    #[source]
    pub source: KeyError,
}

/// A key that signs from an instant on.
#[derive(Clone, Debug)]
struct Scheduled {
    signer: Arc<dyn TokenSigner>,
    active_from: Timestamp,
}

/// The keys of one algorithm, in the order of their first use.
#[derive(Clone, Debug, Default)]
struct Line {
    keys: Vec<Scheduled>,
    starts: Vec<Timestamp>,
}

impl Line {
    fn new(mut keys: Vec<Scheduled>) -> Self {
        keys.sort_by_key(|key| key.active_from);
        let starts = keys.iter().map(|key| key.active_from).collect();
        Self { keys, starts }
    }

    fn at(&self, now: Timestamp) -> Option<&dyn TokenSigner> {
        Some(&*self.keys.get(rotation::active(&self.starts, now))?.signer)
    }

    fn states(&self, now: Timestamp) -> impl Iterator<Item = (&Scheduled, KeyState)> {
        let state = move |(place, key)| (key, rotation::state(&self.starts, place, now));
        self.keys.iter().enumerate().map(state)
    }
}

/// One key as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    pub kid: String,
    /// `ES256`, `RS256`
    pub alg: &'static str,
    /// `None`: from the beginning.
    pub active_from: Option<Timestamp>,
    pub state: KeyState,
}

/// The keys that sign tokens, and when each of them does.
#[derive(Clone, Debug)]
pub struct Schedule {
    es256: Line,
    rs256: Line,
    every: KeySet,
}

/// Before every instant that a clock shows.
const BEGINNING: Timestamp = Timestamp::from_micros(i64::MIN);

impl Schedule {
    /// Reads the key files of the settings; makes the first one when `may_create`.
    pub fn load(config: &Config, may_create: bool) -> Result<Self, KeysError> {
        let from = |setting, file: &Path, active_from| {
            let signer = load_token_signer(file).map_err(|source| KeysError { setting, source })?;
            Ok::<_, KeysError>(Scheduled { signer, active_from })
        };
        let setting = "identity.token_signing_key_file";
        let first = load_signing_key(&config.token_signing_key_file, may_create)
            .map_err(|source| KeysError { setting, source })?;
        let mut all = vec![Scheduled { signer: Arc::new(first), active_from: BEGINNING }];
        if let Some(file) = &config.rs256_key_file {
            let setting = "identity.rs256_key_file";
            let key = from(setting, file, BEGINNING)?;
            if key.signer.alg() != SignatureAlg::Rs256 {
                return Err(KeysError { setting, source: KeyError::MalformedRsa });
            }
            all.push(key);
        }
        for key in &config.signing_keys {
            let signer = further(key).map_err(|source| {
                let setting = "identity.signing_keys";
                KeysError { setting, source }
            })?;
            let key = Scheduled { signer, active_from: key.active_from };
            if all.iter().all(|known| known.signer.kid() != key.signer.kid()) {
                all.push(key);
            }
        }
        let every = KeySet::new(all.iter().map(|key| key.signer.public_jwk().clone()));
        let (rs256, es256) =
            all.into_iter().partition(|key| key.signer.alg() == SignatureAlg::Rs256);
        Ok(Self { es256: Line::new(es256), rs256: Line::new(rs256), every })
    }

    /// Every key of the settings with its state at `now`, those of one algorithm together.
    pub fn list(&self, now: Timestamp) -> Vec<KeyInfo> {
        let info = |(key, state): (&Scheduled, KeyState)| KeyInfo {
            kid: key.signer.kid().to_owned(),
            alg: key.signer.alg().as_str(),
            active_from: (key.active_from != BEGINNING).then_some(key.active_from),
            state,
        };
        self.es256.states(now).chain(self.rs256.states(now)).map(info).collect()
    }

    const fn line(&self, alg: SigningAlg) -> &Line {
        match alg {
            SigningAlg::ES256 => &self.es256,
            SigningAlg::RS256 => &self.rs256,
        }
    }
}

/// A key of the list, wherever it is kept.
fn further(key: &SigningKeyConfig) -> Result<Arc<dyn TokenSigner>, KeyError> {
    match (&key.file, &key.pkcs11) {
        (Some(file), None) => load_token_signer(file),
        (None, Some(at)) => {
            let pin = siegel_config::read_secret(&at.pin_file)
                .map_err(|e| KeyError::File(at.pin_file.display().to_string(), e.source))?;
            let (module, token, key) = (at.module.clone(), at.token.clone(), at.key.clone());
            let signer = Pkcs11Signer::open(Place { module, token, key }, pin);
            Ok(Arc::new(signer.map_err(|e| KeyError::Keeper(e.to_string()))?))
        }
        _ => Err(KeyError::Keeper("a key has either file or pkcs11".to_owned())),
    }
}

/// Everything secret, loaded once. Each use has a key of its own.
pub struct Keys {
    /// Sign ID tokens, access tokens and signed answers.
    signing: Schedule,
    key_encryption: DataKey,
    pairwise: DataKey,
    nonce: DataKey,
    refresh: DataKey,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("signing", &self.signing).finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the key files; makes missing ones when `may_create`.
    pub fn load(
        config: &Config,
        may_create: bool,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeysError> {
        let secret = |setting, file: &Path| {
            RootSecret::load(file, may_create, entropy)
                .map_err(|source| KeysError { setting, source })
        };
        let signing = Schedule::load(config, may_create)?;
        let key_encryption =
            secret("identity.key_encryption_key_file", &config.key_encryption_key_file)?;
        let pairwise = secret("identity.pairwise_key_file", &config.pairwise_key_file)?;
        let nonce = secret("identity.nonce_key_file", &config.nonce_key_file)?;
        Ok(Self {
            signing,
            key_encryption: key_encryption.key("identity key encryption"),
            pairwise: pairwise.key("identity pairwise"),
            nonce: nonce.key("identity endpoint nonces"),
            refresh: nonce.key("identity refresh successors"),
        })
    }

    /// Signs claims with the key that is active at `now`.
    /// # Errors
    /// [`KeyError::Keeper`] for an algorithm no key was imported for: see [`Keys::supports`].
    pub fn sign(
        &self,
        alg: SigningAlg,
        typ: &str,
        claims: &impl Serialize,
        now: Timestamp,
    ) -> Result<String, KeyError> {
        sign_token(self.signer(alg, now)?, Some(typ), claims)
    }

    /// As [`Keys::sign`] without `typ`, for the one answer whose readers know it by where it came
    /// from and take no other type: signed userinfo.
    pub fn sign_untyped(
        &self,
        alg: SigningAlg,
        claims: &impl Serialize,
        now: Timestamp,
    ) -> Result<String, KeyError> {
        sign_token(self.signer(alg, now)?, None, claims)
    }

    fn signer(&self, alg: SigningAlg, now: Timestamp) -> Result<&dyn TokenSigner, KeyError> {
        let missing = || KeyError::Keeper(format!("there is no key for {}", alg.as_str()));
        self.signing.line(alg).at(now).ok_or_else(missing)
    }

    /// Whether tokens can be signed so; clients registered for anything else are refused.
    pub fn supports(&self, alg: SigningAlg) -> bool {
        !self.signing.line(alg).keys.is_empty()
    }

    /// The algorithms tokens can be signed with, the default first.
    pub fn supported(&self) -> Vec<&'static str> {
        let all = [SigningAlg::ES256, SigningAlg::RS256];
        all.into_iter().filter(|alg| self.supports(*alg)).map(SigningAlg::as_str).collect()
    }

    /// The claims of a token of ours. Of a key that is no longer published nothing holds: all it
    /// signed has expired, and who forges something with it later gets nowhere.
    pub fn verify<T: DeserializeOwned>(
        &self,
        token: &str,
        typ: &str,
        now: Timestamp,
    ) -> Result<T, JwsError> {
        let kid = siegel_crypto::unverified(token)?.kid.ok_or(JwsError::UnknownKey)?;
        let Schedule { es256, rs256, every } = &self.signing;
        let mut known = es256.states(now).chain(rs256.states(now));
        if !known.any(|(key, state)| key.signer.kid() == kid && state.is_published()) {
            return Err(JwsError::UnknownKey);
        }
        every.verify(token, typ)
    }

    /// Every key that is, was or will be published: for ID tokens that come back as hints, however
    /// old. Tokens that open something are read by [`Keys::verify`].
    pub fn published(&self) -> &KeySet {
        &self.signing.every
    }

    /// The key set that others get at `now` (RFC 7517 §5).
    pub fn served(&self, now: Timestamp) -> KeySet {
        let Schedule { es256, rs256, .. } = &self.signing;
        let shown = es256.states(now).chain(rs256.states(now));
        let shown = shown.filter(|(_, state)| state.is_published());
        KeySet::new(shown.map(|(key, _)| key.signer.public_jwk().clone()))
    }

    /// What keys for single purposes at rest are derived from.
    pub fn key_encryption(&self) -> &[u8] {
        self.key_encryption.as_bytes()
    }

    pub(crate) fn pairwise(&self) -> &[u8; 32] {
        self.pairwise.as_bytes()
    }

    /// What the successor of a refresh token is made with.
    pub(crate) fn refresh(&self) -> &[u8; 32] {
        self.refresh.as_bytes()
    }

    pub(crate) fn nonce(&self) -> &[u8; 32] {
        self.nonce.as_bytes()
    }
}
