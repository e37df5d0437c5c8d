//! Documents of receipts: both standards' checks run inside the writer at every rendering.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;

use siegel_crypto::{KeySet, SigningKey, b64};
use siegel_receipt::{
    Actor, Body, Claims, FORMAT, KeyTrust, Kind, LegalEffect, OnBehalfOf, ReceiptFile, Sender, TYP,
    Verified, verify,
};
use siegel_receipt_pdf::{Document, Known, Language, render};

const RECORDED: &str = "2025-03-06T10:15:00.123456Z";

fn body(kind: Kind) -> Body {
    Body {
        kind,
        etsi_event: kind.etsi_event().map(str::to_owned),
        content_digest: b64::encode([1; 32]),
        attachment_digests: vec![b64::encode([2; 32]); 3],
        event_time: RECORDED.into(),
        recorded_time: RECORDED.into(),
        clock_moved: false,
        number: 1,
        previous: None,
        sender: Sender {
            tenant: "musterstadt".into(),
            client_id: "bauamt".into(),
            authority: "Bauamt Musterstadt, Straßenverkehrsbehörde".into(),
            ars: "123456789012".into(),
            service_id: "99123456".into(),
        },
        required_level: 3,
        actor: Actor {
            role: "recipient".into(),
            pseudonym: Some("act_0123456789abcdef".into()),
            trust_level: Some(4),
            authenticated_at: Some("2025-03-06T10:00:00Z".into()),
            client_id: Some("portal".into()),
        },
        on_behalf_of: Some(OnBehalfOf {
            organisation: Some("for_0123456789abcdef".into()),
            person: None,
            path: "member:owner".into(),
            path_digest: None,
            mandate_id: None,
            mandate_version: None,
        }),
        legal_effect: Some(LegalEffect {
            rule: "ozg-9/2".into(),
            legal_basis: "ozg-9".into(),
            law: "OZG § 9 Abs. 1".into(),
            effect: "announced".into(),
            day0_event: "provision".into(),
            day0: "2025-03-06".into(),
            days: 4,
            shift: "none".into(),
            calendar: None,
            day: "2025-03-10".into(),
            confirmed_by_operator: false,
        }),
        notification: None,
        attachment: None,
        request_digest: None,
        instruction: None,
        outages: Vec::new(),
        reply: None,
        service_use: None,
        replaced_by: None,
        reason: None,
        commitments: BTreeMap::new(),
    }
}

struct Signed {
    keys: KeySet,
    file: ReceiptFile,
    verified: Verified,
}

fn signed(body: Body) -> Signed {
    let key = SigningKey::generate().unwrap();
    let claims = Claims {
        iss: "https://postfach.example".into(),
        iat: 1_741_256_100,
        jti: "rcp_1".into(),
        sub: "ltr_1".into(),
        toe: 1_741_256_100,
        events: BTreeMap::from([(body.kind.event_uri(), body)]),
    };
    let file = ReceiptFile {
        format: FORMAT.into(),
        jws: key.sign(TYP, &claims).unwrap(),
        leaf_salt: b64::encode([7; 32]),
        jwks_uri: "https://postfach.example/log/keys.json".into(),
        disclosed: BTreeMap::new(),
        log: None,
    };
    let keys = KeySet::new([key.public_jwk().clone()]);
    let verified = verify(&file, &keys, KeyTrust::FromReceiptAddress).unwrap();
    Signed { keys, file, verified }
}

fn pdf(signed: &Signed, known: &Known, language: Language) -> Vec<u8> {
    let file = signed.file.to_json();
    let document = Document {
        verified: &signed.verified,
        file: &file,
        jwks_uri: &signed.file.jwks_uri,
        known,
        language,
    };
    render(&document).unwrap()
}

fn contains(bytes: &[u8], wanted: &str) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

fn pages(bytes: &[u8]) -> usize {
    let wanted = b"/Type/Page/";
    bytes.windows(wanted.len()).filter(|window| window == wanted).count()
}

#[test]
fn every_kind_of_receipt_makes_a_document_of_both_standards_in_both_languages() {
    for kind in Kind::ALL {
        for language in [Language::German, Language::English] {
            let bytes = pdf(&signed(body(kind)), &Known::default(), language);
            assert!(contains(&bytes, "<pdfaid:part>3</pdfaid:part>"), "{kind}");
            assert!(contains(&bytes, "<pdfaid:conformance>A</pdfaid:conformance>"), "{kind}");
            assert!(contains(&bytes, "<pdfuaid:part>1</pdfuaid:part>"), "{kind}");
        }
    }
}

#[test]
fn the_receipt_inside_is_the_file_byte_for_byte_and_verifies() {
    let signed = signed(body(Kind::Opened));
    let bytes = pdf(&signed, &Known::default(), Language::German);
    let text = signed.file.to_json();
    let at = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    let inside = std::str::from_utf8(&bytes[at..at + text.len()]).unwrap();
    let again = ReceiptFile::parse(inside).unwrap();
    assert_eq!(verify(&again, &signed.keys, KeyTrust::Given).unwrap().receipt_id, "rcp_1");
}

#[test]
fn the_same_receipt_gives_the_same_bytes() {
    let signed = signed(body(Kind::Provided));
    let once = pdf(&signed, &Known::default(), Language::German);
    assert_eq!(once, pdf(&signed, &Known::default(), Language::German));
    assert_ne!(once, pdf(&signed, &Known::default(), Language::English));
}

#[test]
fn long_and_strange_texts_wrap_and_break_pages_and_never_keep_a_document_from_being_made() {
    let mut long = body(Kind::Provided);
    long.attachment_digests = vec![b64::encode([2; 32]); 100];
    long.sender.authority = "Amt für Ünïcode \u{0}\u{feff}\u{202e} 漢字 🦭 ".repeat(40);
    long.reason = Some("x".repeat(3000));
    let known = Known { reference: "Az. \u{e000} 1".into(), case_id: "m\u{300}".repeat(50) };
    let bytes = pdf(&signed(long), &known, Language::English);
    assert!(pages(&bytes) > 4, "{} pages", pages(&bytes));
}
