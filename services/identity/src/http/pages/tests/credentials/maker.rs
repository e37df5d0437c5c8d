//! A maker of devices, who vouches for a model with `packed` attestation (`WebAuthn` §8.2).

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SigningKey as _,
};
use serde_json::Value;
use siegel_crypto::{b64, sha256};

pub struct Maker {
    root: String,
    leaf: Vec<u8>,
    key: KeyPair,
}

impl Maker {
    pub fn new() -> Self {
        let root_key = KeyPair::generate().unwrap();
        let mut root = CertificateParams::new(Vec::new()).unwrap();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        root.distinguished_name = name("Muster Root");
        let issued = root.self_signed(&root_key).unwrap();
        let issuer = Issuer::new(root, root_key);
        let key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(Vec::new()).unwrap();
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.distinguished_name = name("Muster Device");
        leaf.distinguished_name.push(DnType::OrganizationalUnitName, "Authenticator Attestation");
        let leaf = leaf.signed_by(&key, &issuer).unwrap().der().to_vec();
        Self { root: issued.pem(), leaf, key }
    }

    /// The root certificate, PEM.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// A new passkey's answer, vouched for as of this model.
    pub fn vouches(&self, answer: &str, model: [u8; 16]) -> String {
        let mut answer: Value = serde_json::from_str(answer).unwrap();
        let response = &mut answer["response"];
        let bytes = |value: &Value| b64::decode(value.as_str().unwrap()).unwrap();
        let client = sha256(&bytes(&response["clientDataJSON"]));
        let mut data = bytes(&response["authenticatorData"]);
        // Behind the hash of the relying party, the flags and the counter (§6.1).
        data[37..53].copy_from_slice(&model);
        let signature = self.key.sign(&[&data[..], &client].concat()).unwrap();
        let statement = [
            vec![0xa3],
            text("alg"),
            vec![0x26], // -7: ES256
            text("sig"),
            item(0x40, &signature),
            text("x5c"),
            vec![0x81],
            item(0x40, &self.leaf),
        ];
        let object = [
            vec![0xa3],
            text("fmt"),
            text("packed"),
            text("attStmt"),
            statement.concat(),
            text("authData"),
            item(0x40, &data),
        ];
        response["attestationObject"] = b64::encode(object.concat()).into();
        response["authenticatorData"] = b64::encode(&data).into();
        answer.to_string()
    }
}

fn name(common: &str) -> rcgen::DistinguishedName {
    let mut name = rcgen::DistinguishedName::new();
    name.push(DnType::CountryName, "DE");
    name.push(DnType::OrganizationName, "Muster Geräte GmbH");
    name.push(DnType::CommonName, common);
    name
}

fn text(text: &str) -> Vec<u8> {
    item(0x60, text.as_bytes())
}

/// A byte or text string in CBOR (RFC 8949 §3.1).
fn item(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let head = match length {
        0..=23 => vec![kind | u8::try_from(length).unwrap()],
        24..=255 => vec![kind | 0x18, u8::try_from(length).unwrap()],
        _ => [&[kind | 0x19][..], &length.to_be_bytes()].concat(),
    };
    [head, bytes.to_vec()].concat()
}
