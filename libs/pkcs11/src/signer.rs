use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use siegel_crypto::{Jwk, KeyError, SignatureAlg, TokenSigner, p256_jwk, rsa_jwk, sha256};

use crate::module;

/// Where a key is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The vendor's library, `/usr/lib/softhsm/libsofthsm2.so`.
    pub module: PathBuf,
    /// `CKA_LABEL` of the token.
    pub token: String,
    /// `CKA_LABEL` of the key pair: one private and one public key.
    pub key: String,
}

/// A key in a token that cannot be found or used.
#[derive(Debug, thiserror::Error)]
pub enum Pkcs11Error {
    #[error("the PKCS#11 token did not do its part")]
    Token(#[from] Error),
    #[error("there is no token with the label {0:?}")]
    NoToken(String),
    #[error("there is not exactly one key pair with the label {0:?}")]
    NoKey(String),
    #[error("the key {0:?} is neither P-256 nor RSA of 2048 bits or more")]
    Unusable(String),
}

/// An open session with the private key found in it.
struct Open {
    session: Session,
    key: ObjectHandle,
}

/// A signing key in a PKCS#11 token: P-256 for ES256, RSA for RS256. One session, used by one
/// caller at a time; after an error of the token it is opened anew, once per signature.
pub struct Pkcs11Signer {
    place: Place,
    pin: AuthPin,
    open: Mutex<Option<Open>>,
    alg: SignatureAlg,
    jwk: Jwk,
    kid: String,
}

impl std::fmt::Debug for Pkcs11Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = &self.place;
        f.debug_struct("Pkcs11Signer").field("place", place).finish_non_exhaustive()
    }
}

impl Pkcs11Signer {
    /// Logs in to the token and finds the key pair.
    pub fn open(place: Place, pin: AuthPin) -> Result<Self, Pkcs11Error> {
        let open = connect(&place, &pin)?;
        let public = single(&open.session, &place, ObjectClass::PUBLIC_KEY)?;
        let (alg, jwk) = public_key(&open.session, public)?
            .ok_or_else(|| Pkcs11Error::Unusable(place.key.clone()))?;
        let kid = jwk.common.key_id.clone().unwrap_or_default();
        Ok(Self { place, pin, open: Mutex::new(Some(open)), alg, jwk, kid })
    }

    fn sign_once(&self, open: &mut Option<Open>, message: &[u8]) -> Result<Vec<u8>, Pkcs11Error> {
        let Open { session, key } = match open {
            Some(open) => open,
            None => open.insert(connect(&self.place, &self.pin)?),
        };
        Ok(match self.alg {
            SignatureAlg::Rs256 => session.sign(&Mechanism::Sha256RsaPkcs, *key, message)?,
            // R and S, as JWS wants them; the token signs the digest.
            _ => session.sign(&Mechanism::Ecdsa, *key, &sha256(message))?,
        })
    }
}

impl TokenSigner for Pkcs11Signer {
    fn kid(&self) -> &str {
        &self.kid
    }

    fn alg(&self) -> SignatureAlg {
        self.alg
    }

    fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut signed = self.sign_once(&mut open, message);
        if signed.is_err() {
            // The token may have been taken out, or the session ended by its maker.
            *open = None;
            signed = self.sign_once(&mut open, message);
        }
        signed.map_err(|e| {
            *open = None;
            KeyError::Keeper(e.to_string())
        })
    }
}

fn connect(place: &Place, pin: &AuthPin) -> Result<Open, Pkcs11Error> {
    let module = module::load(&place.module)?;
    let mut found = None;
    for slot in module.get_slots_with_initialized_token()? {
        if module.get_token_info(slot)?.label() == place.token {
            found = Some(slot);
        }
    }
    let slot = found.ok_or_else(|| Pkcs11Error::NoToken(place.token.clone()))?;
    let session = module.open_ro_session(slot)?;
    match session.login(UserType::User, Some(pin)) {
        // The log-in belongs to the process, not to the session.
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
        Err(error) => return Err(error.into()),
    }
    let key = single(&session, place, ObjectClass::PRIVATE_KEY)?;
    Ok(Open { session, key })
}

/// The one object of this class with the key's label.
fn single(
    session: &Session,
    place: &Place,
    class: ObjectClass,
) -> Result<ObjectHandle, Pkcs11Error> {
    let wanted = [Attribute::Class(class), Attribute::Label(place.key.clone().into_bytes())];
    match session.find_objects(&wanted)?.as_slice() {
        [one] => Ok(*one),
        _ => Err(Pkcs11Error::NoKey(place.key.clone())),
    }
}

fn public_key(
    session: &Session,
    key: ObjectHandle,
) -> Result<Option<(SignatureAlg, Jwk)>, Pkcs11Error> {
    let types = [AttributeType::EcPoint, AttributeType::Modulus, AttributeType::PublicExponent];
    let (mut point, mut modulus, mut exponent) = (None, None, None);
    for attribute in session.get_attributes(key, &types)? {
        match attribute {
            Attribute::EcPoint(bytes) => point = Some(bytes),
            Attribute::Modulus(bytes) => modulus = Some(bytes),
            Attribute::PublicExponent(bytes) => exponent = Some(bytes),
            _ => {}
        }
    }
    if let (Some(modulus), Some(exponent)) = (modulus, exponent) {
        return Ok(rsa_jwk(&modulus, &exponent).ok().map(|jwk| (SignatureAlg::Rs256, jwk)));
    }
    // DER OCTET STRING around the point (PKCS#11 §2.3.3); some tokens leave the wrapping out.
    let point = point.unwrap_or_default();
    let bare = point.strip_prefix(&[0x04, 0x41]).filter(|p| p.len() == 65).unwrap_or(&point);
    Ok(p256_jwk(bare).ok().map(|jwk| (SignatureAlg::Es256, jwk)))
}
