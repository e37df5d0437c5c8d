use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use siegel_crypto::{JwsError, KeySet, SignatureAlg, b64};
use siegel_kernel::Timestamp;

use crate::keys::PublishedKey;
use crate::log::Place;
use crate::{
    Body, Claims, Failure, KeyTrust, Kind, LogEntry, PublishedKeys, ReceiptFile, TYP, strict,
};

/// What receipts may be signed with; which of them, the key says (RFC 8725 §3.1).
const ALGORITHMS: [&str; 3] = ["ES256", "ES384", "EdDSA"];

/// A receipt whose signature holds. As JSON: what `siegel receipt verify --json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Always true.
    pub valid: bool,
    /// The keys are confirmed independently of the receipt: only then it proves who signed.
    pub trusted_keys: bool,
    /// SHA-256 thumbprint of the key (RFC 7638), base64url.
    pub key_thumbprint: String,
    /// `given`, `thumbprint`, `beside_receipt`, `receipt_address`.
    pub key_source: &'static str,
    pub kind: Kind,
    pub receipt_id: String,
    pub letter_id: String,
    pub issuer: String,
    pub event_time: String,
    pub recorded_time: String,
    /// The clock of the service had been moved: a test system.
    pub clock_moved: bool,
    /// Local date of the legal effect, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_day: Option<String>,
    /// Values whose commitments were checked.
    pub disclosed: BTreeMap<String, String>,
    /// What stands for this receipt in the public log, base64url.
    pub leaf: String,
    /// `included`, `absent`, or `not_checked`: the key set holds no key of a log.
    pub log: &'static str,
    /// Where it stands in the log, when that was proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_entry: Option<LogEntry>,
    /// Everything that was signed about the event.
    pub body: Body,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    kid: String,
}

/// Verifies a receipt against a key set without dates.
pub fn verify(file: &ReceiptFile, keys: &KeySet, trust: KeyTrust) -> Result<Verified, Failure> {
    verify_published(file, &PublishedKeys::from(keys.clone()), trust)
}

/// Verifies a receipt: the signature over the exact bytes, the key's time, the payload's form, the
/// disclosed values, the place in the log. Says which of them does not hold.
pub fn verify_published(
    file: &ReceiptFile,
    published: &PublishedKeys,
    trust: KeyTrust,
) -> Result<Verified, Failure> {
    let (trusted_keys, key_source) = (trust.is_independent(), trust.as_str());
    let (key, found, bytes) = signed(file, published, trust)?;
    let value = strict::inside(&bytes).map_err(|e| Failure::Payload(e.to_string()))?;
    let claims = read_claims(&value)?;
    let body = consistent(&claims)?;
    if !key.signed_at(instant(&body.recorded_time)?) {
        return Err(Failure::KeyOutOfTime(body.recorded_time.clone()));
    }
    let salt = b64::decode(&file.leaf_salt)
        .filter(|s| s.len() == 32)
        .ok_or_else(|| Failure::Format("`leaf_salt` is not 32 bytes in base64url".into()))?;
    let leaf = crate::leaf(&salt, &file.jws);
    let place = crate::log::place(file, &leaf, published)?;
    Ok(Verified {
        valid: true,
        trusted_keys,
        key_thumbprint: found,
        key_source,
        kind: body.kind,
        receipt_id: claims.jti.clone(),
        letter_id: claims.sub.clone(),
        issuer: claims.iss.clone(),
        event_time: body.event_time.clone(),
        recorded_time: body.recorded_time.clone(),
        clock_moved: body.clock_moved,
        legal_day: body.legal_effect.as_ref().map(|e| e.day.clone()),
        disclosed: disclosed(file, body)?,
        leaf: b64::encode(leaf),
        log: place.as_str(),
        log_entry: if let Place::Included(entry) = place { Some(entry) } else { None },
        body: body.clone(),
    })
}

/// The key, its thumbprint and the signed bytes, when the signature holds.
fn signed<'a>(
    file: &ReceiptFile,
    published: &'a PublishedKeys,
    trust: KeyTrust,
) -> Result<(&'a PublishedKey, String, Vec<u8>), Failure> {
    let mut parts = file.jws.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Failure::Token("it does not have three parts"));
    };
    let header = read_header(header)?;
    let key = published.find(&header.kid).ok_or(Failure::UnknownKey(header.kid))?;
    let found = siegel_crypto::thumbprint(&key.jwk).map_err(|_| Failure::NotAKeySet)?;
    if let KeyTrust::Thumbprint(wanted) = trust
        && wanted != found
    {
        return Err(Failure::OtherThumbprint { wanted, found });
    }
    if header.alg != key.alg.as_str() {
        return Err(Failure::Token("its algorithm is not that of its key"));
    }
    if b64::decode(signature).is_none_or(|s| s.len() != signature_len(key.alg)) {
        return Err(Failure::SignatureDamaged);
    }
    match siegel_crypto::verify_bytes(&file.jws, TYP, &key.jwk) {
        Ok(bytes) => Ok((key, found, bytes)),
        Err(JwsError::Malformed) => Err(Failure::Payload("it is not base64url".into())),
        Err(_) => {
            let readable = b64::decode(payload).and_then(|b| strict::inside(&b).ok()).is_some();
            Err(if readable { Failure::Signature } else { Failure::PayloadDamaged })
        }
    }
}

/// Bytes of a signature (RFC 7518 §3.4, RFC 8032 §5.1.6).
const fn signature_len(alg: SignatureAlg) -> usize {
    if matches!(alg, SignatureAlg::Es384) { 96 } else { 64 }
}

fn read_header(part: &str) -> Result<Header, Failure> {
    let bytes = b64::decode(part).ok_or(Failure::Token("its header is not base64url"))?;
    let value = strict::inside(&bytes).ok().filter(serde_json::Value::is_object);
    let header = value.and_then(|value| serde_json::from_value::<Header>(value).ok());
    let header = header.ok_or(Failure::Token("its header is not {alg, kid, typ}"))?;
    if header.typ != TYP || !ALGORITHMS.contains(&header.alg.as_str()) {
        return Err(Failure::Token("it is not a security event token as receipts are"));
    }
    Ok(header)
}

fn read_claims(value: &serde_json::Value) -> Result<Claims, Failure> {
    let failed = |e: serde_json::Error| Failure::Payload(e.to_string());
    let claims: Claims = serde_json::from_value(value.clone()).map_err(failed)?;
    // Written again it is what was read: serde takes an array for an object, too.
    if serde_json::to_value(&claims).map_err(failed)? == *value {
        Ok(claims)
    } else {
        Err(Failure::Payload("an array stands where an object should".into()))
    }
}

/// The rules that JSON alone does not express.
fn consistent(claims: &Claims) -> Result<&Body, Failure> {
    let mut events = claims.events.iter();
    let (Some((uri, body)), None) = (events.next(), events.next()) else {
        return Err(Failure::Contradiction("it must hold exactly one event"));
    };
    if *uri != body.kind.event_uri() {
        return Err(Failure::Contradiction("the event's name is not that of its kind"));
    }
    if body.etsi_event.as_deref() != body.kind.etsi_event() {
        return Err(Failure::Contradiction("the ETSI event is not that of its kind"));
    }
    if instant(&body.recorded_time)?.as_seconds() != claims.iat {
        return Err(Failure::Contradiction("`iat` is not the recorded time"));
    }
    if instant(&body.event_time)?.as_seconds() != claims.toe {
        return Err(Failure::Contradiction("`toe` is not the event time"));
    }
    if body.number == 0 || (body.number == 1) != body.previous.is_none() {
        return Err(Failure::Contradiction("only the first entry has no previous one"));
    }
    Ok(body)
}

fn instant(text: &str) -> Result<Timestamp, Failure> {
    utc(text).ok_or(Failure::Contradiction("a time is not RFC 3339 in UTC"))
}

/// Reads `2025-03-06T10:15:00.123456Z`: RFC 3339 in UTC, with up to six digits of a second or none.
pub(crate) fn utc(text: &str) -> Option<Timestamp> {
    let (second, rest) = text.split_at_checked(19)?;
    let shape = second.bytes().zip(*b"0000-00-00T00:00:00").all(|(found, wanted)| {
        if wanted == b'0' { found.is_ascii_digit() } else { found == wanted }
    });
    let digits = rest.strip_suffix('Z')?;
    let fraction = digits.strip_prefix('.').map_or(digits.is_empty(), |digits| {
        (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    });
    // A leap second has no place in whole seconds since 1970.
    let real = shape && fraction && !second.ends_with("60");
    if real { Timestamp::parse_rfc3339(text) } else { None }
}

fn disclosed(file: &ReceiptFile, body: &Body) -> Result<BTreeMap<String, String>, Failure> {
    let mut values = BTreeMap::new();
    for (name, disclosure) in &file.disclosed {
        let salt = b64::decode(&disclosure.salt);
        let held = salt.map(|salt| crate::commitment(&salt, &disclosure.value));
        if held.is_none() || held.as_ref() != body.commitments.get(name) {
            return Err(Failure::Disclosure(name.clone()));
        }
        values.insert(name.clone(), disclosure.value.clone());
    }
    Ok(values)
}
