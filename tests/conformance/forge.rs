//! Tokens as an attacker makes them: any header, any algorithm, any key.

use anyhow::{Context as _, ensure};
use rcgen::{KeyPair, SigningKey as _};
use serde_json::{Value, json};
use siegel_crypto::{SigningKey, b64, hmac_sha256};

/// `header.payload.` without a signature.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.", input(header, claims))
}

/// Signed with HMAC-SHA256, whatever the header says.
pub fn hmac(secret: &[u8], header: &Value, claims: &Value) -> String {
    let input = input(header, claims);
    let tag = hmac_sha256(secret, input.as_bytes());
    format!("{input}.{}", b64::encode(tag))
}

/// Signed with a P-256 key, whatever the header says.
pub fn by(key: &SigningKey, header: &Value, claims: &Value) -> anyhow::Result<String> {
    let input = input(header, claims);
    let der = KeyPair::from_pem(&key.to_pem())?.sign(input.as_bytes())?;
    let raw: Vec<u8> = integers(&der)?.iter().flat_map(|part| fixed(part, 32)).collect();
    Ok(format!("{input}.{}", b64::encode(raw)))
}

/// Signed with an RSA key (PKCS #1 1.5, SHA-256), whatever the header says.
pub fn by_rsa(pem: &str, header: &Value, claims: &Value) -> anyhow::Result<String> {
    let input = input(header, claims);
    let signature = KeyPair::from_pem(pem)?.sign(input.as_bytes())?;
    Ok(format!("{input}.{}", b64::encode(signature)))
}

/// The public half of an RSA key as JWK.
pub fn rsa_jwk(pem: &str, kid: &str) -> anyhow::Result<Value> {
    let pair = KeyPair::from_pem(pem)?;
    let parts = integers(pair.public_key_raw())?;
    let [n, e] = &parts[..] else { anyhow::bail!("not an RSA key") };
    let (n, e) = (b64::encode(bare(n)), b64::encode(bare(e)));
    Ok(json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": n, "e": e}))
}

/// A private key as JWK: what must never be in a header.
pub fn private_jwk(key: &SigningKey) -> anyhow::Result<Value> {
    let mut jwk = serde_json::to_value(key.public_jwk())?;
    jwk["d"] = json!(b64::encode([7; 32]));
    Ok(jwk)
}

fn input(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| b64::encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// The two integers of a DER sequence: a signature's or an RSA key's.
fn integers(der: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    let (body, _) = element(der, 0x30)?;
    let (first, rest) = element(body, 0x02)?;
    let (second, _) = element(rest, 0x02)?;
    Ok(vec![first.to_vec(), second.to_vec()])
}

fn element(der: &[u8], tag: u8) -> anyhow::Result<(&[u8], &[u8])> {
    let (head, rest) = der.split_at_checked(2).context("DER is cut off")?;
    let [found, short] = head else { anyhow::bail!("DER is cut off") };
    ensure!(*found == tag, "another DER element");
    let (length, rest) = match short {
        0x80.. => {
            let (bytes, rest) = rest.split_at_checked(usize::from(short & 0x7f)).context("DER")?;
            (bytes.iter().fold(0, |n, b| n * 256 + usize::from(*b)), rest)
        }
        _ => (usize::from(*short), rest),
    };
    rest.split_at_checked(length).context("DER is cut off")
}

fn bare(integer: &[u8]) -> &[u8] {
    integer.strip_prefix(&[0]).unwrap_or(integer)
}

fn fixed(integer: &[u8], length: usize) -> Vec<u8> {
    let bare = bare(integer);
    let mut out = vec![0; length.saturating_sub(bare.len())];
    out.extend_from_slice(bare);
    out
}
