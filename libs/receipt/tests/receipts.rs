//! Receipts that hold, and every way in which they do not.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use siegel_crypto::{KeySet, SigningKey, b64};
use siegel_receipt::{
    Actor, Body, Claims, Disclosure, FORMAT, Failure, KeyTrust, Kind, PublishedKeys, ReceiptFile,
    Sender, TYP, commitment, verify, verify_published,
};

const RECORDED: &str = "2025-03-06T10:15:00.123456Z";

fn body() -> Body {
    Body {
        kind: Kind::Provided,
        etsi_event: Kind::Provided.etsi_event().map(str::to_owned),
        content_digest: b64::encode([1; 32]),
        attachment_digests: vec![b64::encode([2; 32])],
        event_time: RECORDED.into(),
        recorded_time: RECORDED.into(),
        clock_moved: false,
        number: 2,
        previous: Some(b64::encode([3; 32])),
        sender: Sender {
            tenant: "musterstadt".into(),
            client_id: "bauamt".into(),
            authority: "Bauamt Musterstadt".into(),
            ars: "123456789012".into(),
            service_id: "99123456".into(),
        },
        required_level: 3,
        actor: Actor {
            role: "service".into(),
            pseudonym: None,
            trust_level: None,
            authenticated_at: None,
            client_id: None,
        },
        on_behalf_of: None,
        legal_effect: None,
        notification: None,
        attachment: None,
        request_digest: None,
        instruction: None,
        service_use: None,
        replaced_by: None,
        reply: None,
        reason: None,
        outages: Vec::new(),
        commitments: BTreeMap::from([("recipient".into(), commitment(&[9; 32], "hdl_1"))]),
    }
}

fn claims() -> Value {
    let claims = Claims {
        iss: "http://localhost:8080".into(),
        iat: 1_741_256_100,
        jti: "rcp_1".into(),
        sub: "ltr_1".into(),
        toe: 1_741_256_100,
        events: BTreeMap::from([(Kind::Provided.event_uri(), body())]),
    };
    serde_json::to_value(claims).unwrap()
}

fn file(key: &SigningKey, claims: &Value) -> ReceiptFile {
    ReceiptFile {
        format: FORMAT.into(),
        jws: key.sign(TYP, claims).unwrap(),
        leaf_salt: b64::encode([7; 32]),
        jwks_uri: "http://localhost:8080/log/keys.json".into(),
        disclosed: BTreeMap::new(),
        log: None,
    }
}

fn signed() -> (KeySet, ReceiptFile) {
    let key = SigningKey::generate().unwrap();
    (KeySet::new([key.public_jwk().clone()]), file(&key, &claims()))
}

/// A receipt whose claims were bent before signing, and what the verifier says.
fn bent(bend: impl FnOnce(&mut Value)) -> Failure {
    let key = SigningKey::generate().unwrap();
    let mut claims = claims();
    bend(&mut claims);
    let keys = KeySet::new([key.public_jwk().clone()]);
    verify(&file(&key, &claims), &keys, KeyTrust::Given).unwrap_err()
}

#[test]
fn a_receipt_verifies_after_a_round_trip_through_its_file() {
    let (keys, file) = signed();
    let again = ReceiptFile::parse(&file.to_json()).unwrap();
    let found = verify(&again, &keys, KeyTrust::Given).unwrap();
    assert_eq!((found.kind, found.letter_id.as_str()), (Kind::Provided, "ltr_1"));
    assert!(found.trusted_keys);
}

#[test]
fn keys_found_beside_a_receipt_are_not_trusted_and_the_explanation_says_so() {
    let (keys, file) = signed();
    let found = verify(&file, &keys, KeyTrust::Beside).unwrap();
    assert!(!found.trusted_keys);
    let told = found.explain();
    assert!(told.not_proven.iter().any(|s| s.en.contains("not independently confirmed")));
    assert!(told.not_proven.iter().any(|s| s.de.contains("nicht unabhängig bestätigt")));
    assert_eq!(told.title.en, "Provided for retrieval on 2025-03-06 at 11:15:00 (Berlin time)");
}

#[test]
fn a_thumbprint_confirms_its_own_key_only() {
    let (keys, file) = signed();
    let thumbprint = siegel_crypto::thumbprint(&keys.keys()[0]).unwrap();
    let good = verify(&file, &keys, KeyTrust::Thumbprint(thumbprint.clone())).unwrap();
    assert!(good.trusted_keys && good.key_thumbprint == thumbprint);
    let other = verify(&file, &keys, KeyTrust::Thumbprint("other".into())).unwrap_err();
    assert_eq!(other.code(), "OTHER_THUMBPRINT");
}

#[test]
fn a_receipt_of_another_key_is_refused_by_name() {
    let (_, file) = signed();
    let (others, _) = signed();
    assert_eq!(verify(&file, &others, KeyTrust::Given).unwrap_err().code(), "UNKNOWN_KEY");
}

#[test]
fn a_key_used_before_its_time_or_after_it_is_refused() {
    let (keys, file) = signed();
    let mut jwk = serde_json::to_value(&keys.keys()[0]).unwrap();
    let mut check = |from: &str, to: &str| {
        jwk["siegel_valid_from"] = from.into();
        jwk["siegel_valid_to"] = to.into();
        let keys = PublishedKeys::from_json(&json!({ "keys": [jwk] }).to_string()).unwrap();
        verify_published(&file, &keys, KeyTrust::Given).map(|_| ()).map_err(|f| f.code())
    };
    assert_eq!(check("2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), Ok(()));
    assert_eq!(check("2025-03-07T00:00:00Z", "2026-01-01T00:00:00Z"), Err("KEY_OUT_OF_TIME"));
    assert_eq!(check("2025-01-01T00:00:00Z", "2025-03-06T00:00:00Z"), Err("KEY_OUT_OF_TIME"));
}

#[test]
fn unknown_members_are_refused_inside_and_ignored_outside() {
    assert_eq!(bent(|c| c["surprise"] = 1.into()).code(), "PAYLOAD");
    let uri = Kind::Provided.event_uri();
    assert_eq!(bent(|c| c["events"][&uri]["surprise"] = 1.into()).code(), "PAYLOAD");
    assert_eq!(bent(|c| c["events"][&uri]["actor"]["surprise"] = 1.into()).code(), "PAYLOAD");
    let (keys, file) = signed();
    let mut outside: Value = serde_json::from_str(&file.to_json()).unwrap();
    outside["surprise"] = 1.into();
    let file = ReceiptFile::parse(&outside.to_string()).unwrap();
    assert!(verify(&file, &keys, KeyTrust::Given).is_ok());
}

#[test]
fn a_signed_payload_that_contradicts_itself_is_refused() {
    let uri = Kind::Provided.event_uri();
    assert_eq!(bent(|c| c["iat"] = 1.into()).code(), "CONTRADICTION");
    assert_eq!(bent(|c| c["toe"] = 1.into()).code(), "CONTRADICTION");
    assert_eq!(bent(|c| c["events"][&uri]["kind"] = "opened".into()).code(), "CONTRADICTION");
    assert_eq!(bent(|c| c["events"][&uri]["number"] = 1.into()).code(), "CONTRADICTION");
    assert_eq!(bent(|c| c["events"] = json!({})).code(), "CONTRADICTION");
}

#[test]
fn a_disclosed_value_must_be_the_one_committed_to() {
    let (keys, mut file) = signed();
    let disclose = |value: &str| {
        let disclosure = Disclosure { salt: b64::encode([9; 32]), value: value.into() };
        BTreeMap::from([("recipient".to_owned(), disclosure)])
    };
    file.disclosed = disclose("hdl_1");
    let found = verify(&file, &keys, KeyTrust::Given).unwrap();
    assert_eq!(found.disclosed["recipient"], "hdl_1");
    file.disclosed = disclose("hdl_2");
    assert_eq!(verify(&file, &keys, KeyTrust::Given).unwrap_err().code(), "DISCLOSURE");
}

#[test]
fn a_file_of_another_format_is_named_as_such() {
    assert_eq!(ReceiptFile::parse("{").unwrap_err(), Failure::NotJson);
    let other = ReceiptFile::parse(r#"{"format":"siegel-receipt/2"}"#).unwrap_err();
    assert_eq!(other, Failure::OtherFormat);
    let short = ReceiptFile::parse(r#"{"format":"siegel-receipt/1"}"#).unwrap_err();
    assert!(short.to_string().contains("jws"), "{short}");
}

#[test]
fn a_token_that_names_its_own_key_in_the_header_is_refused() {
    let key = SigningKey::generate().unwrap();
    let mut forged = file(&key, &claims());
    forged.jws = key.sign_with_embedded_key(TYP, &claims()).unwrap();
    let keys = KeySet::new([key.public_jwk().clone()]);
    assert_eq!(verify(&forged, &keys, KeyTrust::Given).unwrap_err().code(), "TOKEN");
}

#[test]
fn a_flipped_bit_in_any_byte_of_the_token_fails() {
    let (keys, file) = signed();
    for at in 0..file.jws.len() {
        let mut bytes = file.jws.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(jws) = String::from_utf8(bytes) else { continue };
        let changed = ReceiptFile { jws, ..file.clone() };
        assert!(verify(&changed, &keys, KeyTrust::Given).is_err(), "byte {at} is not protected");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_other_character_anywhere_in_payload_or_signature_fails(
        place in 0.0..1.0_f64, other in "[A-Za-z0-9_.=+/ -]",
    ) {
        let (keys, file) = signed();
        let start = file.jws.find('.').unwrap() + 1;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss,
            clippy::cast_precision_loss, reason = "a place in a short text")]
        let at = start + ((file.jws.len() - start) as f64 * place) as usize;
        prop_assume!(file.jws[at..=at] != *other);
        let mut jws = file.jws.clone();
        jws.replace_range(at..=at, &other);
        let failure = verify(&ReceiptFile { jws, ..file }, &keys, KeyTrust::Given).unwrap_err();
        prop_assert!(matches!(failure.code(), "SIGNATURE" | "TOKEN"), "{failure}");
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}") {
        let _ = ReceiptFile::parse(&text);
        let _ = PublishedKeys::from_json(&text);
    }
}
