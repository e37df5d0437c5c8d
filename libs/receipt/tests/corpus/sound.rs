//! Receipts that hold.

use serde_json::{Value, json};
use siegel_crypto::{SignatureAlg, TokenSigner as _, b64};
use siegel_receipt::Kind;

use super::{Case, Office, RECORDED, body, claims, full, log_named, signer};

pub fn cases(office: &Office) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name: String, receipt: &Value, keys: &Value| {
        let (receipt, keys) = (receipt.to_string(), keys.to_string());
        cases.push(Case { name, receipt, keys, thumbprint: None, expected: "VALID" });
    };
    let keys = office.keys();
    for kind in Kind::ALL {
        let file = office.receipt(&claims(kind));
        add(format!("kind {kind}"), &file, &keys);
        add(format!("kind {kind} in the log"), &office.enter(file, 2, 5), &keys);
    }
    for reason in ["RECIPIENT_UNKNOWN", "RECIPIENT_OPTED_OUT", "ATTACHMENT_INFECTED", "toString"] {
        let mut claims = claims(Kind::Rejected);
        body(&mut claims)["reason"] = reason.into();
        body(&mut claims)["request_digest"] = b64::encode([4; 32]).into();
        add(format!("rejected for {reason}"), &office.receipt(&claims), &keys);
        body(&mut claims)["attachment_digests"] = json!([]);
        add(format!("rejected for {reason}, alone"), &office.receipt(&claims), &keys);
    }
    add("every member".into(), &office.receipt(&full()), &keys);
    for (name, change) in changes() {
        let mut claims = full();
        change(&mut claims);
        add(name.into(), &office.receipt(&claims), &keys);
    }
    for (index, size) in [(0, 1), (0, 2), (1, 2), (4, 7), (6, 7), (255, 256), (256, 257), (0, 300)]
    {
        let file = office.enter(office.receipt(&claims(Kind::Opened)), index, size);
        add(format!("entry {index} of {size}"), &file, &keys);
    }
    for alg in [SignatureAlg::Es384, SignatureAlg::EdDsa] {
        let other = Office { key: signer(alg), log: office.log.clone() };
        let file = other.enter(other.receipt(&full()), 3, 9);
        add(format!("signed with {}", alg.as_str()), &file, &other.keys());
    }
    around(office, &mut add);
    let file = office.receipt(&claims(Kind::Opened)).to_string();
    let thumbprint = Some(office.key.kid().to_owned());
    let (name, keys) = ("known by its thumbprint".into(), keys.to_string());
    cases.push(Case { name, receipt: file, keys, thumbprint, expected: "VALID" });
    cases
}

/// What stands around the token and does not change its meaning.
fn around(office: &Office, add: &mut impl FnMut(String, &Value, &Value)) {
    let (keys, file) = (office.keys(), office.receipt(&full()));
    let mut more = file.clone();
    more["surprise"] = json!({ "anything": [1, null, "x"] });
    more["log"] = Value::Null;
    add("unknown members outside".into(), &more, &keys);
    let mut bare = file.clone();
    bare.as_object_mut().unwrap().remove("disclosed");
    add("nothing disclosed".into(), &bare, &keys);
    let entered = office.enter(file.clone(), 1, 4);
    let mut unlogged = keys.clone();
    unlogged.as_object_mut().unwrap().remove("siegel_log_keys");
    add("no key of the log".into(), &entered, &unlogged);
    let mut rotated = keys.clone();
    let newer = log_named(super::ORIGIN, 4).verifier().to_string();
    rotated["siegel_log_keys"].as_array_mut().unwrap().insert(0, newer.into());
    add("the log has a newer key".into(), &entered, &rotated);
    let mut others = keys.clone();
    let old = signer(SignatureAlg::Es256);
    let rsa = json!({ "kty": "RSA", "kid": "rsa", "n": "AQAB", "e": "AQAB" });
    let set = others["keys"].as_array_mut().unwrap();
    set.insert(0, serde_json::to_value(old.public_jwk()).unwrap());
    set.insert(0, json!("no key at all"));
    set.insert(0, rsa);
    add("other keys in the set".into(), &file, &others);
    let mut dated = keys.clone();
    dated["keys"][0]["siegel_valid_from"] = RECORDED.into();
    dated["keys"][0]["siegel_valid_to"] = RECORDED.into();
    add("the last instant of the key".into(), &file, &dated);
    let mut plain = keys;
    for member in ["alg", "use", "siegel_valid_from"] {
        plain["keys"][0].as_object_mut().unwrap().remove(member);
    }
    add("a key without dates, use and algorithm".into(), &file, &plain);
}

type Change = fn(&mut Value);

fn changes() -> Vec<(&'static str, Change)> {
    fn effect(claims: &mut Value, effect: &str) {
        body(claims)["legal_effect"]["effect"] = effect.into();
    }
    fn notified(claims: &mut Value, same_day: bool) {
        body(claims)["notification"] = json!({ "channel": "email", "same_day": same_day });
    }
    vec![
        ("the first entry", |c| {
            body(c)["number"] = 1.into();
            body(c).as_object_mut().unwrap().remove("previous");
        }),
        ("announced if retrieved", |c| effect(c, "announced_if_retrieved")),
        ("provision ended", |c| effect(c, "provision_ended")),
        ("served", |c| effect(c, "served")),
        ("not served", |c| effect(c, "not_served")),
        ("confirmed rule", |c| body(c)["legal_effect"]["confirmed_by_operator"] = true.into()),
        ("notified the same day", |c| notified(c, true)),
        ("notified later", |c| notified(c, false)),
        ("a moved clock", |c| body(c)["clock_moved"] = true.into()),
        ("a person of level 1", |c| body(c)["actor"]["trust_level"] = 1.into()),
        ("a person of level 2", |c| body(c)["actor"]["trust_level"] = 2.into()),
        ("a person of level 4", |c| body(c)["actor"]["trust_level"] = 4.into()),
        ("an unknown level", |c| body(c)["actor"]["trust_level"] = 9.into()),
        ("summer time", |c| {
            body(c)["event_time"] = "2025-07-31T23:30:59Z".into();
            c["toe"] = 1_754_004_659.into();
        }),
        ("short fraction of a second", |c| {
            body(c)["recorded_time"] = "2025-03-06T10:15:00.1Z".into();
        }),
        ("a time that is none, where only people read it", |c| {
            body(c)["instruction"]["given_at"] = "gestern".into();
        }),
        ("characters of all kinds", |c| {
            body(c)["sender"]["authority"] = "Ä\u{1F4E8}\"\\\u{2028}\u{7f}<b>".into();
        }),
    ]
}
