//! What signs tokens, wherever its private key lives.

use jsonwebtoken::Header;
use jsonwebtoken::jwk::Jwk;
use serde::Serialize;

use crate::{KeyError, SignatureAlg, b64};

/// A private key behind one operation: a file ([`crate::SigningKey`], [`crate::RsaSigningKey`]), a
/// PKCS#11 token or a key service. Signing is short; a signer that has to wait for a network does
/// so on a thread of its own.
pub trait TokenSigner: std::fmt::Debug + Send + Sync {
    /// base64url SHA-256 thumbprint of the public key (RFC 7638).
    fn kid(&self) -> &str;

    fn alg(&self) -> SignatureAlg;

    /// With `kid`, `use` and `alg`, and without any private part.
    fn public_jwk(&self) -> &Jwk;

    /// The signature as JWS carries it: R and S for ECDSA (RFC 7518 §3.4), not DER.
    /// # Errors
    /// [`KeyError::Keeper`] when whoever holds the key gave none.
    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, KeyError>;
}

/// Signs claims as a compact JWS with the key id and this `typ`: each kind of token has its own
/// (RFC 8725 §3.11). Without one nothing that asks for a type takes it.
pub fn sign_token(
    signer: &dyn TokenSigner,
    typ: Option<&str>,
    claims: &impl Serialize,
) -> Result<String, KeyError> {
    let mut header = Header::new(signer.alg().algorithm());
    header.typ = typ.map(str::to_owned);
    header.kid = Some(signer.kid().to_owned());
    compact(signer, &header, claims)
}

pub(crate) fn compact(
    signer: &dyn TokenSigner,
    header: &Header,
    claims: &impl Serialize,
) -> Result<String, KeyError> {
    let part = |json: Result<Vec<u8>, serde_json::Error>| {
        json.map(b64::encode).map_err(jsonwebtoken::errors::Error::from)
    };
    let (head, body) = (part(serde_json::to_vec(header))?, part(serde_json::to_vec(claims))?);
    let message = format!("{head}.{body}");
    let signature = signer.sign_message(message.as_bytes())?;
    Ok(format!("{message}.{}", b64::encode(signature)))
}
