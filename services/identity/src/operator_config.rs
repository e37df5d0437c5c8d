//! Operators whose word is proven by a key.

use serde::Deserialize;
use siegel_crypto::{Jwk, KeySet, SignatureAlg, algorithm_of, thumbprint};

use crate::app::manage_clients::Operator;

/// One of `[[identity.operators]]`. With any, whatever `siegel admin` changes has to be signed by
/// one of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorConfig {
    /// As the audit trail names the operator.
    pub name: String,
    /// The public key: an ES256 JWK, as a table.
    pub jwk: serde_json::Value,
}

/// Operators that cannot be told apart or have no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorsError {
    #[error(
        "[[identity.operators]] {0:?}: a name is 1 to 64 characters of A-Z a-z 0-9 - . _ @, and stands once"
    )]
    Name(String),
    #[error("[[identity.operators]] {0:?}: jwk is no public ES256 key")]
    Key(String),
    #[error("[[identity.operators]] {0:?} has the key of {1:?}: whoever holds it is both")]
    SameKey(String, String),
}

/// An operator with what verifies a statement.
#[derive(Clone, Debug)]
pub struct KnownOperator {
    pub name: String,
    pub thumbprint: String,
    pub keys: KeySet,
}

/// The operators of the settings, checked.
pub fn known(configs: &[OperatorConfig]) -> Result<Vec<KnownOperator>, OperatorsError> {
    let mut all: Vec<KnownOperator> = Vec::new();
    for OperatorConfig { name, jwk } in configs {
        if Operator::new(name).is_err() || all.iter().any(|o| o.name == *name) {
            return Err(OperatorsError::Name(name.clone()));
        }
        let bad = || OperatorsError::Key(name.clone());
        // A private key does not belong here, and would be taken for a public one.
        if jwk.get("d").is_some() {
            return Err(bad());
        }
        let mut key: Jwk = serde_json::from_value(jwk.clone()).map_err(|_| bad())?;
        if algorithm_of(&key) != Some(SignatureAlg::Es256) {
            return Err(bad());
        }
        let thumbprint = thumbprint(&key).map_err(|_| bad())?;
        if let Some(other) = all.iter().find(|o| o.thumbprint == thumbprint) {
            return Err(OperatorsError::SameKey(name.clone(), other.name.clone()));
        }
        key.common.key_id = Some(thumbprint.clone());
        all.push(KnownOperator { name: name.clone(), thumbprint, keys: KeySet::new([key]) });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use siegel_crypto::SigningKey;

    fn operator(name: &str, jwk: &Jwk) -> OperatorConfig {
        OperatorConfig { name: name.to_owned(), jwk: serde_json::to_value(jwk).unwrap() }
    }

    #[test]
    fn names_and_keys_stand_once() {
        let (a, b) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let (a, b) = (a.public_jwk(), b.public_jwk());
        assert_eq!(known(&[operator("ada", a), operator("bob", b)]).unwrap().len(), 2);
        let same = known(&[operator("ada", a), operator("bob", a)]).unwrap_err();
        assert_eq!(same, OperatorsError::SameKey("bob".into(), "ada".into()));
        let twice = known(&[operator("ada", a), operator("ada", b)]).unwrap_err();
        assert_eq!(twice, OperatorsError::Name("ada".into()));
        assert!(known(&[operator("", a)]).is_err());
    }

    #[test]
    fn only_public_keys_for_es256_are_taken() {
        let key = SigningKey::generate().unwrap();
        let mut private = operator("ada", key.public_jwk());
        private.jwk["d"] = "AAAA".into();
        for bad in [private, OperatorConfig { name: "ada".into(), jwk: serde_json::json!({}) }] {
            assert_eq!(known(&[bad]).unwrap_err(), OperatorsError::Key("ada".into()));
        }
    }
}
