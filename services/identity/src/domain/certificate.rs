//! Whose certificate it is (RFC 8705 §2): by the name an authority put into it, or because it is
//! one of the client's own keys.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use siegel_crypto::b64;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::client::CertificateName;
use super::distinguished_name::DistinguishedName;

/// Whether the certificate carries the registered name, exactly.
pub fn carries(der: &[u8], name: &CertificateName) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    let alternative = |wanted: &dyn Fn(&GeneralName<'_>) -> bool| {
        let found = certificate.subject_alternative_name().ok().flatten();
        found.is_some_and(|names| names.value.general_names.iter().any(wanted))
    };
    match name {
        CertificateName::SubjectDn(text) => DistinguishedName::parse(text)
            .is_some_and(|wanted| Some(wanted) == DistinguishedName::of(certificate.subject())),
        // Names of hosts know no case (RFC 4343).
        CertificateName::SanDns(wanted) => alternative(&|name| match name {
            GeneralName::DNSName(dns) => dns.eq_ignore_ascii_case(wanted),
            _ => false,
        }),
        CertificateName::SanUri(wanted) => alternative(&|name| match name {
            GeneralName::URI(uri) => uri == wanted,
            _ => false,
        }),
    }
}

/// Issuer and serial number (hexadecimal bytes with colons): what an authority knows a certificate by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    pub issuer: String,
    pub serial: String,
}

impl Issued {
    /// `None` for what is no certificate.
    pub fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let serial = certificate.raw_serial_as_string();
        Some(Self { issuer: certificate.issuer().to_string(), serial })
    }
}

/// Whether the certificate is one of a client's keys (JWK Set as JSON text): the very certificate
/// (`x5c`, `x5t#S256`), or one around the same public key. The handshake has proven that the
/// client holds the private part.
pub fn is_key_of(der: &[u8], thumbprint: &str, jwks: &str) -> bool {
    let Ok(set) = serde_json::from_str::<Value>(jwks) else { return false };
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    let keys = set.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    keys.iter().any(|jwk| {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        if let Some(named) = text("x5t#S256") {
            return named == thumbprint;
        }
        if let Some(first) = jwk.get("x5c").and_then(|chain| chain.get(0)).and_then(Value::as_str) {
            return standard(first).is_some_and(|held| held == der);
        }
        same_key(&certificate, jwk)
    })
}

/// `x5c` is base64 with padding, unlike everything else in a JWK (RFC 7517 §4.7).
fn standard(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

fn same_key(certificate: &X509Certificate<'_>, jwk: &Value) -> bool {
    let bytes = |name: &str| jwk.get(name).and_then(Value::as_str).and_then(b64::decode);
    let info = certificate.public_key();
    match (jwk.get("kty").and_then(Value::as_str), info.parsed()) {
        (Some("EC"), Ok(PublicKey::EC(point))) => match (bytes("x"), bytes("y")) {
            // 0x04, then both coordinates (SEC 1 §2.3.3).
            (Some(x), Some(y)) => point.data() == [&[4], &x[..], &y[..]].concat(),
            _ => false,
        },
        (Some("RSA"), Ok(PublicKey::RSA(key))) => match (bytes("n"), bytes("e")) {
            (Some(n), Some(e)) => {
                number(key.modulus) == number(&n) && number(key.exponent) == number(&e)
            }
            _ => false,
        },
        (Some("OKP"), _) => bytes("x").is_some_and(|x| {
            // id-Ed25519 (RFC 8410 §3).
            info.algorithm.algorithm.to_id_string() == "1.3.101.112"
                && *info.subject_public_key.data == *x
        }),
        _ => false,
    }
}

/// A number without leading zeros.
fn number(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    fn made() -> (Vec<u8>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["bank.example".to_owned()]).unwrap();
        let uri = "urn:bank:1".try_into().unwrap();
        params.subject_alt_names.push(SanType::URI(uri));
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CountryName, "DE");
        params.distinguished_name.push(DnType::OrganizationName, "Bank, Muster & Söhne");
        params.distinguished_name.push(DnType::CommonName, "bank");
        let certificate = params.self_signed(&key).unwrap();
        (certificate.der().to_vec(), key)
    }

    #[test]
    fn a_certificate_is_known_by_exactly_the_registered_name() {
        use CertificateName::{SanDns, SanUri, SubjectDn};
        let (der, _) = made();
        let carried = |name| carries(&der, &name);
        assert!(carried(SubjectDn("CN=bank,O=Bank\\, Muster & Söhne,C=DE".into())));
        assert!(!carried(SubjectDn("C=DE,O=Bank\\, Muster & Söhne,CN=bank".into())), "other order");
        assert!(!carried(SubjectDn("CN=bank".into())), "a part");
        assert!(carried(SanDns("bank.example".into())));
        assert!(!carried(SanDns("example".into())) && !carried(SanDns("bank".into())));
        assert!(carried(SanUri("urn:bank:1".into())));
        assert!(!carried(SanUri("bank.example".into())), "a DNS name is no URI");
    }

    #[test]
    fn a_self_signed_certificate_is_one_of_the_clients_keys_or_nobodys() {
        use base64::Engine as _;
        let (der, key) = made();
        let thumbprint = b64::encode(siegel_crypto::sha256(&der));
        let of = |jwk: serde_json::Value| {
            is_key_of(&der, &thumbprint, &serde_json::json!({"keys": [jwk]}).to_string())
        };
        let point = key.public_key_raw();
        let (x, y) = (b64::encode(&point[1..33]), b64::encode(&point[33..]));
        assert!(of(serde_json::json!({"kty": "EC", "crv": "P-256", "x": x, "y": y})));
        assert!(!of(serde_json::json!({"kty": "EC", "crv": "P-256", "x": y, "y": x})));
        assert!(of(serde_json::json!({"kty": "EC", "x5t#S256": thumbprint})));
        assert!(!of(serde_json::json!({"kty": "EC", "x": x, "y": y, "x5t#S256": "other"})));
        let whole = base64::engine::general_purpose::STANDARD.encode(&der);
        assert!(of(serde_json::json!({"kty": "EC", "x5c": [whole]})));
        assert!(!is_key_of(&der, &thumbprint, "{\"keys\": []}"));
    }
}
