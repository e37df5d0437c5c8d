//! Everything that touches a key. `ring` appears nowhere else in the suite.

mod aead;
mod ed25519;
mod hash;
mod jose;
mod keys;
mod keyset;
mod pkcs8;
mod provider;
mod public;
mod random;
mod root;
mod rsa;
mod signer;
mod store;
mod stream;

pub use aead::{DataKey, SealError, open, seal, unwrap_key, wrap_key};
pub use ed25519::{Ed25519Key, load_ed25519_key, verify_ed25519};
pub use hash::{hkdf_sha256, hmac_sha256, same_bytes, sha1_for_lists, sha256, sha256_fields};
pub use jose::{
    JwsError, SignatureAlg, Unverified, algorithm_of, thumbprint, unverified, verify_bytes,
    verify_embedded, verify_untyped, verify_with_jwk,
};
pub use keys::{KeyError, SigningKey};
pub use keyset::KeySet;
pub use pkcs8::{Pkcs8Signer, load_evidence_key};
pub use provider::install;
pub use public::{p256_jwk, rsa_jwk};
pub use random::{SystemEntropy, random_token};
pub use root::RootSecret;
pub use rsa::{RsaSigningKey, token_signer_from_pem};
pub use signer::{TokenSigner, sign_token};
pub use store::{
    StoredSecret, create_private_file, load_or_create, load_signing_key, load_token_signer,
};
pub use stream::{CHUNK, HEADER, Opener, Sealer, chunk_start, sealed_len};

/// Incremental SHA-256, for content that streams by.
pub use hash::Sha256;

/// A public key as JWK (RFC 7517).
pub use jsonwebtoken::jwk::Jwk;

/// Base64url without padding (RFC 4648 §5, RFC 7515 §2).
pub mod b64 {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    pub fn encode(bytes: impl AsRef<[u8]>) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `None` when it is not base64url without padding.
    pub fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD.decode(text).ok()
    }
}

/// Base64 with padding (RFC 4648 §4): what signed notes are written in.
pub mod b64_padded {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    pub fn encode(bytes: impl AsRef<[u8]>) -> String {
        STANDARD.encode(bytes)
    }

    /// `None` when it is not base64 with its padding.
    pub fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        STANDARD.decode(text).ok()
    }
}
