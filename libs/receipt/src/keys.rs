use serde_json::Value;
use siegel_crypto::{Jwk, KeySet, SignatureAlg, b64};
use siegel_kernel::Timestamp;
use siegel_log::{NoteVerifier, Policy};

use crate::{Failure, strict};

/// Where the keys came from: decides whether a good signature proves who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyTrust {
    /// The verifier brought them (`--keys`).
    Given,
    /// The verifier brought the SHA-256 thumbprint (RFC 7638) of the key.
    Thumbprint(String),
    /// They lay beside the receipt: whoever forged the one could forge the other.
    Beside,
    /// Fetched from the address in the receipt itself, with the same weakness.
    FromReceiptAddress,
}

impl KeyTrust {
    /// Whether the keys are confirmed independently of the receipt.
    pub const fn is_independent(&self) -> bool {
        matches!(self, Self::Given | Self::Thumbprint(_))
    }

    /// Stable name for programs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Thumbprint(_) => "thumbprint",
            Self::Beside => "beside_receipt",
            Self::FromReceiptAddress => "receipt_address",
        }
    }
}

/// A published key set with the times between which each key signed.
#[derive(Clone, Debug)]
pub struct PublishedKeys {
    keys: Vec<PublishedKey>,
    /// Keys of the logs in which receipts stand.
    pub(crate) log_keys: Vec<NoteVerifier>,
    /// Which witnesses must have seen a checkpoint, where the verifier asks for any.
    pub(crate) policy: Option<Policy>,
}

/// One key that may have signed receipts.
#[derive(Clone, Debug)]
pub(crate) struct PublishedKey {
    pub(crate) kid: String,
    pub(crate) alg: SignatureAlg,
    pub(crate) jwk: Jwk,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl From<KeySet> for PublishedKeys {
    /// Keys without dates: valid at any time.
    fn from(keys: KeySet) -> Self {
        let read = |jwk: &Jwk| published(&serde_json::to_value(jwk).ok()?).ok().flatten();
        let keys = keys.keys().iter().filter_map(read).collect();
        Self { keys, log_keys: Vec::new(), policy: None }
    }
}

impl PublishedKeys {
    /// Reads a JWK Set whose keys carry `siegel_valid_from` and `siegel_valid_to`, with the keys
    /// of logs beside them in `siegel_log_keys`. Keys of other kinds are left out.
    /// # Errors
    /// [`Failure::NotAKeySet`], also for a date or a key of a log that cannot be read.
    pub fn from_json(text: &str) -> Result<Self, Failure> {
        let value = strict::outside(text).map_err(|_| Failure::NotAKeySet)?;
        let entries = value.get("keys").and_then(Value::as_array).ok_or(Failure::NotAKeySet)?;
        let keys = entries.iter().filter_map(|entry| published(entry).transpose());
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
            log_keys: crate::log::keys_in(&value)?,
            policy: None,
        })
    }

    /// Asks for cosignatures of witnesses besides. The log named there is known by its key there.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.log_keys = policy.logs().to_vec();
        self.policy = Some(policy);
        self
    }

    /// The first key of this id.
    pub(crate) fn find(&self, kid: &str) -> Option<&PublishedKey> {
        self.keys.iter().find(|key| key.kid == kid)
    }
}

impl PublishedKey {
    /// Whether the key signed at `at`; a key without dates did.
    pub(crate) fn signed_at(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at <= to)
    }
}

/// Bytes of a coordinate, or of an Ed25519 key, and what a key of the kind signs with.
const KINDS: [(&str, &str, usize, SignatureAlg); 3] = [
    ("EC", "P-256", 32, SignatureAlg::Es256),
    ("EC", "P-384", 48, SignatureAlg::Es384),
    ("OKP", "Ed25519", 32, SignatureAlg::EdDsa),
];

/// Reads one key; `None` for one that cannot have signed receipts. Only the members that make the
/// key are looked at.
fn published(entry: &Value) -> Result<Option<PublishedKey>, Failure> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let fits = |kty: &str, crv: &str| text("kty") == Some(kty) && text("crv") == Some(crv);
    let kind = KINDS.iter().find(|(kty, crv, ..)| fits(kty, crv));
    let (Some(&(kty, crv, bytes, alg)), Some(kid)) = (kind, text("kid")) else { return Ok(None) };
    let says_only = |member: &str, only: &str| {
        entry.get(member).is_none_or(|value| value.as_str() == Some(only))
    };
    if !says_only("alg", alg.as_str()) || !says_only("use", "sig") {
        return Ok(None);
    }
    let plain = [("kty", kty), ("crv", crv), ("kid", kid), ("alg", alg.as_str())];
    let mut plain: serde_json::Map<String, Value> =
        plain.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    for name in if kty == "EC" { &["x", "y"][..] } else { &["x"] } {
        let number = text(name).filter(|t| b64::decode(t).is_some_and(|b| b.len() == bytes));
        let Some(number) = number else { return Ok(None) };
        plain.insert((*name).to_owned(), number.into());
    }
    let Ok(jwk) = serde_json::from_value(plain.into()) else { return Ok(None) };
    let date = |name: &str| match entry.get(name) {
        None => Ok(None),
        Some(date) => date.as_str().and_then(crate::utc).map(Some).ok_or(Failure::NotAKeySet),
    };
    let (from, to) = (date("siegel_valid_from")?, date("siegel_valid_to")?);
    Ok(Some(PublishedKey { kid: kid.to_owned(), alg, jwk, from, to }))
}
