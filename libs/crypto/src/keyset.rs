use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use serde::de::DeserializeOwned;

use crate::jose::{Compact, JwsError, Verifier};

/// No more keys than this are tried for one signature that names none.
const TRIES: usize = 8;

/// Public keys by id, for verifying what one issuer signed.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: JwkSet,
    /// One for each key, in the same order; `None` for keys that verify nothing here.
    verifiers: Vec<Option<Verifier>>,
}

impl KeySet {
    pub fn new(keys: impl IntoIterator<Item = Jwk>) -> Self {
        let keys = JwkSet { keys: keys.into_iter().collect() };
        let verifiers = keys.keys.iter().map(|jwk| Verifier::of(jwk).ok()).collect();
        Self { keys, verifiers }
    }

    /// Reads a JWK Set (RFC 7517 §5). Keys of kinds that are not supported are left out.
    pub fn from_json(json: &str) -> Result<Self, JwsError> {
        let set: serde_json::Value = serde_json::from_str(json).map_err(|_| JwsError::Malformed)?;
        let keys = set.get("keys").and_then(|k| k.as_array()).ok_or(JwsError::Malformed)?;
        Ok(Self::new(keys.iter().filter_map(|k| serde_json::from_value(k.clone()).ok())))
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.keys).unwrap_or_default()
    }

    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.keys.find(kid)
    }

    pub fn keys(&self) -> &[Jwk] {
        &self.keys.keys
    }

    /// Places of the keys a signature may have been made with (RFC 7515 §6): those of the named
    /// id; none of that id, those without one. Without a name, all. Never keys for encryption.
    fn candidates(&self, kid: Option<&str>) -> Vec<usize> {
        let signs = |key: &Jwk| key.common.public_key_use != Some(PublicKeyUse::Encryption);
        let fitting = |fits: &dyn Fn(Option<&str>) -> bool| -> Vec<usize> {
            let numbered = self.keys.keys.iter().enumerate();
            numbered
                .filter(|(_, key)| signs(key) && fits(key.common.key_id.as_deref()))
                .map(|(place, _)| place)
                .collect()
        };
        let Some(kid) = kid else { return fitting(&|_| true) };
        let named = fitting(&|id| id == Some(kid));
        if named.is_empty() { fitting(&|id| id.is_none()) } else { named }
    }

    /// Verifies a compact JWS of this `typ` by the key its header names, and reads its claims.
    /// Times are the caller's to check, by its own clock.
    pub fn verify<T: DeserializeOwned>(&self, token: &str, typ: &str) -> Result<T, JwsError> {
        let jws = Compact::parse(token)?;
        let kid = jws.header.kid.as_deref().ok_or(JwsError::UnknownKey)?;
        let verifier = self.named(kid).ok_or(JwsError::UnknownKey)?;
        jws.check_typ(typ)?;
        verifier.verify(&jws)
    }

    /// As [`KeySet::verify`] for what stock clients sign without `typ` or key id: every key that
    /// may have signed is tried (OpenID Connect Core §10.1), but no more than a few.
    pub fn verify_untyped<T: DeserializeOwned>(&self, token: &str) -> Result<T, JwsError> {
        let jws = Compact::parse(token)?;
        let mut refused = JwsError::UnknownKey;
        for place in self.candidates(jws.header.kid.as_deref()).into_iter().take(TRIES) {
            let Some(Some(verifier)) = self.verifiers.get(place) else { continue };
            match verifier.verify(&jws) {
                Ok(claims) => return Ok(claims),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// Whether a signature that names this key could be one of these keys'.
    pub fn may_hold(&self, kid: &str) -> bool {
        !self.candidates(Some(kid)).is_empty()
    }

    fn named(&self, kid: &str) -> Option<&Verifier> {
        let place = self.keys.keys.iter().position(|k| k.common.key_id.as_deref() == Some(kid))?;
        self.verifiers.get(place)?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;

    #[test]
    fn a_key_for_encryption_is_no_candidate_for_a_signature() {
        let mut jwk = SigningKey::generate().unwrap().public_jwk().clone();
        let kid = jwk.common.key_id.clone();
        let kid = kid.unwrap();
        assert!(KeySet::new([jwk.clone()]).may_hold(&kid));
        jwk.common.public_key_use = Some(PublicKeyUse::Encryption);
        assert!(!KeySet::new([jwk]).may_hold(&kid));
    }
}
