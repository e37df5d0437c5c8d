//! Receipts of every kind, and bent ones: what two verifiers must say the same about. Each case is
//! a receipt file and a key set, as texts.

mod around;
mod bent;
mod sound;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use siegel_crypto::{
    Ed25519Key, Pkcs8Signer, SignatureAlg, TokenSigner as _, b64, sha256, sign_token,
};
use siegel_log::{Checkpoint, Edge, NoteSigner, TileSet, inclusion_proof, leaf_hash};
use siegel_receipt::{
    FORMAT, KeyTrust, Kind, PublishedKeys, ReceiptFile, TYP, Verified, commitment, leaf,
    verify_published,
};

pub const RECORDED: &str = "2025-03-06T10:15:00.123456Z";
pub const SECONDS: i64 = 1_741_256_100;
pub const ORIGIN: &str = "postfach.example/log";

/// One question to a verifier.
pub struct Case {
    pub name: String,
    pub receipt: String,
    pub keys: String,
    /// The key's thumbprint, where the verifier knows it.
    pub thumbprint: Option<String>,
    /// `VALID` or the reason; empty where only the agreement counts.
    pub expected: &'static str,
}

impl Case {
    /// What the Rust verifier says.
    pub fn verdict(&self) -> Result<Verified, siegel_receipt::Failure> {
        let file = ReceiptFile::parse(&self.receipt)?;
        let keys = PublishedKeys::from_json(&self.keys)?;
        let trust = self.thumbprint.clone().map_or(KeyTrust::Given, KeyTrust::Thumbprint);
        verify_published(&file, &keys, trust)
    }

    /// `VALID` or the reason.
    pub fn code(&self) -> &'static str {
        self.verdict().map_or_else(|failure| failure.code(), |_| "VALID")
    }
}

/// Who signs, and what of it is published.
pub struct Office {
    pub key: Pkcs8Signer,
    pub log: NoteSigner,
}

pub fn signer(alg: SignatureAlg) -> Pkcs8Signer {
    Pkcs8Signer::from_pem(&Pkcs8Signer::generate_pem(alg).unwrap()).unwrap()
}

pub fn log_named(name: &str, seed: u8) -> NoteSigner {
    NoteSigner::new(name, Ed25519Key::from_seed(&[seed; 32]).unwrap()).unwrap()
}

impl Office {
    pub fn new() -> Self {
        Self { key: signer(SignatureAlg::Es256), log: log_named(ORIGIN, 3) }
    }

    /// The key set as it is published.
    pub fn keys(&self) -> Value {
        let mut jwk = serde_json::to_value(self.key.public_jwk()).unwrap();
        jwk["siegel_valid_from"] = "2025-01-01T00:00:00.000000Z".into();
        json!({ "keys": [jwk], "siegel_log_keys": [self.log.verifier().to_string()] })
    }

    /// Signs claims and packs them as the postbox does.
    pub fn receipt(&self, claims: &Value) -> Value {
        pack(&sign_token(&self.key, Some(TYP), claims).unwrap())
    }

    /// Signs exactly these bytes as header and payload.
    pub fn raw(&self, header: &str, payload: &[u8]) -> Value {
        self.raw_text(header, &b64::encode(payload))
    }

    pub fn raw_text(&self, header: &str, payload: &str) -> Value {
        let message = format!("{}.{payload}", b64::encode(header));
        let signature = self.key.sign_message(message.as_bytes()).unwrap();
        pack(&format!("{message}.{}", b64::encode(signature)))
    }

    pub fn header(&self) -> String {
        format!(r#"{{"typ":"{TYP}","alg":"ES256","kid":"{}"}}"#, self.key.kid())
    }

    /// Adds the receipt's place: entry `index` of `size`.
    pub fn enter(&self, mut file: Value, index: u64, size: u64) -> Value {
        let own = leaf(&[7; 32], file["jws"].as_str().unwrap());
        let mut edge = Edge::default();
        let mut tiles = TileSet::default();
        for place in 0..size {
            let other = sha256(&place.to_be_bytes());
            for tile in edge.append(leaf_hash(if place == index { &own } else { &other })) {
                tiles.add(tile.id, &tile.bytes).unwrap();
            }
        }
        for tile in edge.partial_tiles() {
            tiles.add(tile.id, &tile.bytes).unwrap();
        }
        let proof = inclusion_proof(index, size, &mut |l, i| tiles.node(l, i)).unwrap().unwrap();
        let head = Checkpoint { origin: ORIGIN.into(), size, root: edge.root() };
        let proof: Vec<_> = proof.iter().map(b64::encode).collect();
        file["log"] = json!({
            "origin": ORIGIN,
            "index": index,
            "checkpoint": head.sign(&self.log).unwrap().to_string(),
            "proof": proof,
        });
        file
    }
}

/// Packs a token as the postbox does.
fn pack(jws: &str) -> Value {
    json!({
        "format": FORMAT,
        "jws": jws,
        "leaf_salt": b64::encode([7; 32]),
        "jwks_uri": "https://postfach.example/log/keys.json",
        "disclosed": { "recipient": { "salt": b64::encode([9; 32]), "value": "hdl_1" } },
    })
}

/// Claims of a receipt of this kind, with the members that every receipt has.
pub fn claims(kind: Kind) -> Value {
    let mut body = json!({
        "kind": kind,
        "content_digest": b64::encode([1; 32]),
        "attachment_digests": [b64::encode([2; 32])],
        "event_time": RECORDED,
        "recorded_time": RECORDED,
        "clock_moved": false,
        "number": 2,
        "previous": b64::encode([3; 32]),
        "sender": { "tenant": "musterstadt", "client_id": "bauamt", "authority": "Bauamt „Mitte“",
            "ars": "123456789012", "service_id": "99123456" },
        "required_level": 3,
        "actor": { "role": "service" },
        "commitments": { "recipient": commitment(&[9; 32], "hdl_1") },
    });
    if let Some(event) = kind.etsi_event() {
        body["etsi_event"] = event.into();
    }
    json!({ "iss": "https://postfach.example", "iat": SECONDS, "jti": "rcp_1", "sub": "ltr_1",
        "toe": SECONDS, "events": { kind.event_uri(): body } })
}

/// The body of claims.
pub fn body(claims: &mut Value) -> &mut Value {
    claims["events"].as_object_mut().unwrap().values_mut().next().unwrap()
}

/// Every member a receipt can have, all at once.
pub fn full() -> Value {
    let mut claims = claims(Kind::Provided);
    let more = BTreeMap::from([
        (
            "actor",
            json!({ "role": "recipient", "pseudonym": "p", "trust_level": 3,
            "authenticated_at": RECORDED, "client_id": "portal" }),
        ),
        (
            "on_behalf_of",
            json!({
                "organisation": "o",
                "person": "p",
                "path": "member:owner",
                "path_digest": "d",
                "mandate_id": "mnd_1",
                "mandate_version": 2,
            }),
        ),
        (
            "legal_effect",
            json!({ "rule": "ozg-9/2", "legal_basis": "ozg-9", "law": "OZG § 9 Abs. 1",
            "effect": "announced", "day0_event": "provision", "day0": "2025-03-06", "days": 4,
            "shift": "working_day", "calendar": "DE-SH", "day": "2025-03-10",
            "confirmed_by_operator": false }),
        ),
        ("notification", json!({ "channel": "email", "same_day": true, "reason": "FAILED" })),
        ("attachment", b64::encode([2; 32]).into()),
        ("request_digest", b64::encode([4; 32]).into()),
        ("instruction", json!({ "text_version": "B-2", "given_at": RECORDED })),
        (
            "service_use",
            json!({ "wording_version": "W-1", "excluded": false, "chosen_at": RECORDED }),
        ),
        ("replaced_by", "ltr_2".into()),
        ("reason", "MAILBOX_CLOSED".into()),
    ]);
    for (name, value) in more {
        body(&mut claims)[name] = value;
    }
    claims
}

/// All cases.
pub fn cases() -> Vec<Case> {
    let office = Office::new();
    let mut cases = sound::cases(&office);
    cases.extend(bent::cases(&office));
    cases
}
