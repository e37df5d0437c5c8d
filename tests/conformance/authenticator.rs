//! An authenticator that makes and uses passkeys (WebAuthn Level 2 §6), and bends its answers.

use anyhow::Context as _;
use rcgen::{KeyPair, SigningKey as _};
use serde_json::{Value, json};
use siegel_crypto::{SigningKey, b64, sha256};

/// User present; user verified; attested credential data follows (§6.1).
pub const PRESENT: u8 = 0x01;
pub const VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

/// One passkey in one authenticator, and what it claims.
#[derive(Clone)]
pub struct Passkey {
    key: SigningKey,
    id: Vec<u8>,
    user: String,
    pub counter: u32,
    pub flags: u8,
    pub origin: String,
    pub rp_id: String,
}

impl Passkey {
    /// A fresh one for this origin, not known anywhere yet.
    pub fn new(origin: &str) -> anyhow::Result<Self> {
        let id = sha256(crate::rp::fresh()?.as_bytes()).to_vec();
        Ok(Self {
            key: SigningKey::generate()?,
            id,
            user: String::new(),
            counter: 1,
            flags: PRESENT | VERIFIED,
            origin: origin.to_owned(),
            rp_id: "localhost".to_owned(),
        })
    }

    /// The answer to creation options, as the page's script sends it (§7.1).
    pub fn create(&mut self, options: &Value) -> anyhow::Result<String> {
        let user = options["user"]["id"].as_str().context("no user")?;
        user.clone_into(&mut self.user);
        let mut data = self.data(ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len())?.to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose()?);
        // {"fmt": "none", "attStmt": {}, "authData": …} in CBOR's canonical order.
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x59");
        object.extend(u16::try_from(data.len())?.to_be_bytes());
        object.extend(data);
        let response = json!({
            "clientDataJSON": b64::encode(self.client_data("webauthn.create", options)),
            "attestationObject": b64::encode(object),
            "transports": ["internal"],
        });
        Ok(self.credential(&response))
    }

    /// The answer to request options (§7.2).
    pub fn get(&mut self, options: &Value) -> anyhow::Result<String> {
        self.counter += 1;
        let (data, client) = (self.data(0), self.client_data("webauthn.get", options));
        let mut signed = data.clone();
        signed.extend(sha256(client.as_bytes()));
        let signature = KeyPair::from_pem(&self.key.to_pem())?.sign(&signed)?;
        let response = json!({
            "clientDataJSON": b64::encode(client),
            "authenticatorData": b64::encode(data),
            "signature": b64::encode(signature),
            "userHandle": self.user,
        });
        Ok(self.credential(&response))
    }

    /// The same passkey's name with another key behind it.
    pub fn forged(&self) -> anyhow::Result<Self> {
        Ok(Self { key: SigningKey::generate()?, ..self.clone() })
    }

    fn credential(&self, response: &Value) -> String {
        let id = b64::encode(&self.id);
        json!({"id": id, "rawId": id, "type": "public-key", "response": response,
            "authenticatorAttachment": "platform", "clientExtensionResults": {}})
        .to_string()
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        json!({"type": kind, "challenge": options["challenge"], "origin": self.origin,
            "crossOrigin": false})
        .to_string()
    }

    fn data(&self, more: u8) -> Vec<u8> {
        let mut data = sha256(self.rp_id.as_bytes()).to_vec();
        data.push(self.flags | more);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// `{1: 2, 3: -7, -1: 1, -2: x, -3: y}` (RFC 9053 §7.1).
    fn cose(&self) -> anyhow::Result<Vec<u8>> {
        let point = self.key.public_point()?;
        let (x, y) =
            point.get(1..).context("no point")?.split_at_checked(32).context("no point")?;
        let mut map = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        map.extend(x);
        map.extend([0x22, 0x58, 0x20]);
        map.extend(y);
        Ok(map)
    }
}
