use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use serde::de::DeserializeOwned;

use crate::jose::{Compact, JwsError, Verifier};

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

    /// The keys a signature may have been made with (RFC 7515 §6): those of the named id; none of
    /// that id, those without one. Without a name, all. Never keys for encryption.
    pub fn candidates(&self, kid: Option<&str>) -> Vec<&Jwk> {
        let id = |key: &Jwk| key.common.key_id.clone();
        let signs = |key: &&Jwk| key.common.public_key_use != Some(PublicKeyUse::Encryption);
        let keys = || self.keys().iter().filter(signs);
        let Some(kid) = kid else { return keys().collect() };
        let named: Vec<&Jwk> = keys().filter(|key| id(key).as_deref() == Some(kid)).collect();
        if named.is_empty() { keys().filter(|key| id(key).is_none()).collect() } else { named }
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

    /// As [`KeySet::verify`] for what stock clients sign without `typ`; a client with one key may
    /// leave the key id out as well (OpenID Connect Core §10.1).
    pub fn verify_untyped<T: DeserializeOwned>(&self, token: &str) -> Result<T, JwsError> {
        let jws = Compact::parse(token)?;
        let verifier = match (jws.header.kid.as_deref(), self.verifiers.as_slice()) {
            (Some(kid), _) => self.named(kid),
            (None, [only]) => only.as_ref(),
            (None, _) => None,
        };
        verifier.ok_or(JwsError::UnknownKey)?.verify(&jws)
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
        assert_eq!(KeySet::new([jwk.clone()]).candidates(kid.as_deref()).len(), 1);
        jwk.common.public_key_use = Some(PublicKeyUse::Encryption);
        assert!(KeySet::new([jwk]).candidates(kid.as_deref()).is_empty());
    }
}
