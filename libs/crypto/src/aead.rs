//! AES-256-GCM for small things: bodies, wrapped keys.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use siegel_kernel::{Entropy, EntropyUnavailable};
use zeroize::Zeroizing;

/// Sealing or opening failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Wrong key, wrong context, or changed bytes: which of them is not told.
    #[error("the sealed bytes do not open")]
    DoesNotOpen,
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

/// A symmetric key of 256 bits; wiped when dropped.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        Ok(Self(Zeroizing::new(entropy.array()?)))
    }

    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn cipher(&self) -> Result<LessSafeKey, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, &self.0[..]).map_err(|_| SealError::DoesNotOpen)?;
        Ok(LessSafeKey::new(key))
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(…)")
    }
}

/// Seals `plain` for `context` (what it is and whose: opening needs the same): nonce, ciphertext,
/// tag. Random nonces: at most 2^32 messages per key.
pub fn seal(
    key: &DataKey,
    context: &[u8],
    plain: &[u8],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, SealError> {
    let nonce: [u8; NONCE_LEN] = entropy.array()?;
    let mut out = Vec::with_capacity(NONCE_LEN + plain.len() + 16);
    out.extend_from_slice(&nonce);
    let mut body = plain.to_vec();
    key.cipher()?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context),
            &mut body,
        )
        .map_err(|_| SealError::DoesNotOpen)?;
    out.append(&mut body);
    Ok(out)
}

/// Opens what [`seal`] made.
pub fn open(key: &DataKey, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(SealError::DoesNotOpen)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::DoesNotOpen)?;
    let mut body = Zeroizing::new(body.to_vec());
    let len = key
        .cipher()?
        .open_in_place(nonce, Aad::from(context), &mut body)
        .map_err(|_| SealError::DoesNotOpen)?
        .len();
    body.truncate(len);
    Ok(body)
}

/// Seals a key under another.
pub fn wrap_key(
    outer: &DataKey,
    context: &[u8],
    inner: &DataKey,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, SealError> {
    seal(outer, context, inner.as_bytes(), entropy)
}

/// Opens what [`wrap_key`] made.
pub fn unwrap_key(outer: &DataKey, context: &[u8], wrapped: &[u8]) -> Result<DataKey, SealError> {
    let plain = open(outer, context, wrapped)?;
    let bytes = <[u8; 32]>::try_from(&plain[..]).map_err(|_| SealError::DoesNotOpen)?;
    Ok(DataKey::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    #[test]
    fn sealed_bytes_open_only_with_their_key_and_context() {
        let entropy = SystemEntropy::new();
        let (key, other) =
            (DataKey::generate(&entropy).unwrap(), DataKey::generate(&entropy).unwrap());
        let sealed = seal(&key, b"letter 1", b"content", &entropy).unwrap();
        assert_eq!(&open(&key, b"letter 1", &sealed).unwrap()[..], b"content");
        assert!(open(&other, b"letter 1", &sealed).is_err());
        assert!(open(&key, b"letter 2", &sealed).is_err());
        for i in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[i] ^= 1;
            assert!(open(&key, b"letter 1", &bent).is_err(), "byte {i} is protected");
        }
    }
}
