//! A receipt's place in the log: proven, or said to be wrong.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use siegel_crypto::{Ed25519Key, SigningKey, b64};
use siegel_log::{Checkpoint, Edge, NoteSigner, TileSet, inclusion_proof, leaf_hash};
use siegel_receipt::{
    Body, Claims, FORMAT, Failure, KeyTrust, Kind, LogPlace, PublishedKeys, ReceiptFile, TYP,
    Verified, leaf, verify_published,
};

const RECORDED: &str = "2025-03-06T10:15:00.000000Z";
const ORIGIN: &str = "postfach.example/log";

fn receipt(key: &SigningKey) -> ReceiptFile {
    let body: Body = serde_json::from_value(json!({
        "kind": "provided",
        "etsi_event": Kind::Provided.etsi_event(),
        "content_digest": b64::encode([1; 32]),
        "attachment_digests": [],
        "event_time": RECORDED,
        "recorded_time": RECORDED,
        "clock_moved": false,
        "number": 1,
        "sender": { "tenant": "musterstadt", "client_id": "bauamt",
            "authority": "Bauamt Musterstadt", "ars": "", "service_id": "" },
        "required_level": 3,
        "actor": { "role": "service" },
        "commitments": {},
    }))
    .unwrap();
    let claims = Claims {
        iss: "https://postfach.example".into(),
        iat: 1_741_256_100,
        jti: "rcp_1".into(),
        sub: "ltr_1".into(),
        toe: 1_741_256_100,
        events: BTreeMap::from([(Kind::Provided.event_uri(), body)]),
    };
    ReceiptFile {
        format: FORMAT.into(),
        jws: key.sign(TYP, &claims).unwrap(),
        leaf_salt: b64::encode([7; 32]),
        jwks_uri: "https://postfach.example/log/keys.json".into(),
        disclosed: BTreeMap::new(),
        log: None,
    }
}

/// A receipt that is the fifth of seven entries, and the key set that goes with it.
fn logged() -> (ReceiptFile, Value) {
    let key = SigningKey::generate().unwrap();
    let mut file = receipt(&key);
    let signer = NoteSigner::new(ORIGIN, Ed25519Key::from_seed(&[3; 32]).unwrap()).unwrap();
    let mut edge = Edge::default();
    for place in 0..7_u8 {
        let other = [place; 32];
        let own = leaf(&[7; 32], &file.jws);
        edge.append(leaf_hash(if place == 4 { &own } else { &other }));
    }
    let mut tiles = TileSet::default();
    for tile in edge.partial_tiles() {
        tiles.add(tile.id, &tile.bytes).unwrap();
    }
    let proof = inclusion_proof(4, 7, &mut |l, i| tiles.node(l, i)).unwrap().unwrap();
    let head = Checkpoint { origin: ORIGIN.into(), size: 7, root: edge.root() };
    let place = LogPlace {
        origin: ORIGIN.into(),
        index: 4,
        checkpoint: head.sign(&signer).unwrap().to_string(),
        proof: proof.iter().map(b64::encode).collect(),
    };
    file.log = Some(serde_json::to_value(place).unwrap());
    let keys = json!({
        "keys": [key.public_jwk()],
        "siegel_log_keys": [signer.verifier().to_string()],
    });
    (file, keys)
}

fn verdict(file: &ReceiptFile, keys: &Value) -> Result<Verified, Failure> {
    let text = serde_json::to_string(file).unwrap();
    let keys = PublishedKeys::from_json(&keys.to_string())?;
    verify_published(&ReceiptFile::parse(&text).unwrap(), &keys, KeyTrust::Given)
}

fn bent(bend: impl FnOnce(&mut Value, &mut Value)) -> &'static str {
    let (mut file, mut keys) = logged();
    bend(file.log.as_mut().unwrap(), &mut keys);
    verdict(&file, &keys).unwrap_err().code()
}

#[test]
fn a_place_in_the_log_is_proven_offline() {
    let (file, keys) = logged();
    let verified = verdict(&file, &keys).unwrap();
    assert_eq!(verified.log, "included");
    let entry = verified.log_entry.clone().unwrap();
    assert_eq!((entry.origin.as_str(), entry.index, entry.size), (ORIGIN, 4, 7));
    let said = |sentences: &[siegel_receipt::Sentence]| {
        sentences.iter().any(|s| s.en.contains("public log"))
    };
    let explained = verified.explain();
    assert!(said(&explained.proven) && !said(&explained.not_proven));
}

#[test]
fn without_a_place_or_without_a_key_nothing_is_said_to_be_proven() {
    let (mut file, mut keys) = logged();
    keys.as_object_mut().unwrap().remove("siegel_log_keys");
    let unchecked = verdict(&file, &keys).unwrap();
    assert_eq!((unchecked.log, unchecked.log_entry.clone()), ("not_checked", None));
    assert!(unchecked.explain().not_proven.iter().any(|s| s.en.contains("public log")));
    file.log = None;
    assert_eq!(verdict(&file, &logged().1).unwrap_err().code(), "UNKNOWN_KEY");
    assert_eq!(verdict(&file, &keys).unwrap().log, "absent");
}

#[test]
fn a_wrong_place_is_said_to_be_wrong() {
    assert_eq!(bent(|log, _| log["index"] = 3.into()), "LOG");
    assert_eq!(bent(|log, _| log["index"] = 7.into()), "LOG");
    assert_eq!(bent(|log, _| log["proof"][0] = b64::encode([0; 32]).into()), "LOG");
    assert_eq!(bent(|log, _| log["proof"] = json!([])), "LOG");
    assert_eq!(bent(|log, _| log["proof"][0] = "x".into()), "LOG");
    assert_eq!(bent(|log, _| log["origin"] = "other.example/log".into()), "LOG");
    assert_eq!(bent(|log, _| *log = json!({"origin": ORIGIN})), "LOG");
    let bend = |log: &mut Value, _: &mut Value| {
        let text = log["checkpoint"].as_str().unwrap().replace("\n7\n", "\n8\n");
        log["checkpoint"] = text.into();
    };
    assert_eq!(bent(bend), "LOG");
}

#[test]
fn a_checkpoint_of_another_key_proves_nothing() {
    let other = NoteSigner::new(ORIGIN, Ed25519Key::from_seed(&[4; 32]).unwrap()).unwrap();
    let swap = |_: &mut Value, keys: &mut Value| {
        keys["siegel_log_keys"] = json!([other.verifier().to_string()]);
    };
    assert_eq!(bent(swap), "LOG");
    assert_eq!(bent(|_, keys| keys["siegel_log_keys"] = json!(["no key"])), "KEYS");
}
