//! What stands around the token, bent: the file, the key set, the place in the log.

use serde_json::{Value, json};
use siegel_crypto::{SignatureAlg, TokenSigner as _, b64};
use siegel_receipt::Kind;

use super::bent::add;
use super::{Case, ORIGIN, Office, claims, log_named, signer};

pub fn cases(office: &Office, cases: &mut Vec<Case>) {
    files(office, cases);
    keys(office, cases);
    places(office, cases);
    checkpoints(office, cases);
}

fn files(office: &Office, cases: &mut Vec<Case>) {
    let file = office.receipt(&claims(Kind::Opened));
    for (name, member, value, expected) in [
        ("another format", "format", json!("siegel-receipt/2"), "FORMAT"),
        ("a format that is no text", "format", json!(1), "FORMAT"),
        ("a token that is no text", "jws", json!({}), "FORMAT"),
        ("no address of keys", "jwks_uri", Value::Null, "FORMAT"),
        ("a salt that is no text", "leaf_salt", json!(7), "FORMAT"),
        ("a short salt", "leaf_salt", json!(b64::encode([7; 31])), "FORMAT"),
        ("a salt in no base64url", "leaf_salt", json!("=".repeat(43)), "FORMAT"),
        (
            "a salt in another spelling",
            "leaf_salt",
            json!(format!("{}d", &b64::encode([7; 32])[..42])),
            "FORMAT",
        ),
        ("disclosed is null", "disclosed", Value::Null, "FORMAT"),
        ("disclosed is an array", "disclosed", json!([]), "FORMAT"),
        ("a disclosure is an array", "disclosed", json!({ "recipient": ["a", "b"] }), "FORMAT"),
        (
            "a disclosure without a salt",
            "disclosed",
            json!({ "recipient": { "value": "hdl_1" } }),
            "FORMAT",
        ),
        (
            "another value",
            "disclosed",
            json!({ "recipient": { "salt": b64::encode([9; 32]), "value": "hdl_2" } }),
            "DISCLOSURE",
        ),
        (
            "another salt",
            "disclosed",
            json!({ "recipient": { "salt": b64::encode([8; 32]), "value": "hdl_1" } }),
            "DISCLOSURE",
        ),
        (
            "a salt in no base64",
            "disclosed",
            json!({ "recipient": { "salt": "!", "value": "hdl_1" } }),
            "DISCLOSURE",
        ),
        (
            "an uncommitted value",
            "disclosed",
            json!({ "mailbox_entry": { "salt": "", "value": "" } }),
            "DISCLOSURE",
        ),
        (
            "a name of every object",
            "disclosed",
            json!({ "constructor": { "salt": "", "value": "" } }),
            "DISCLOSURE",
        ),
        ("a fraction outside", "surprise", json!(1.5), "FORMAT"),
    ] {
        let mut bent = file.clone();
        bent[member] = value;
        add(cases, office, format!("file: {name}"), &bent, expected);
    }
    let text = file.to_string();
    for (name, receipt, expected) in [
        ("no JSON", "receipt".to_owned(), "FORMAT"),
        ("empty", String::new(), "FORMAT"),
        ("null", "null".into(), "FORMAT"),
        ("an array", format!("[{text}]"), "FORMAT"),
        ("a member twice", text.replacen('{', r#"{"format":"siegel-receipt/1","#, 1), "FORMAT"),
        ("cut off", text[..text.len() - 1].to_owned(), "FORMAT"),
        ("a byte order mark", format!("\u{feff}{text}"), "VALID"),
        ("two byte order marks", format!("\u{feff}\u{feff}{text}"), "FORMAT"),
        (
            "a member that programs trip over",
            text.replacen('{', r#"{"__proto__":{"format":"x"},"#, 1),
            "VALID",
        ),
    ] {
        let keys = office.keys().to_string();
        cases.push(Case {
            name: format!("file: {name}"),
            receipt,
            keys,
            thumbprint: None,
            expected,
        });
    }
}

fn keys(office: &Office, cases: &mut Vec<Case>) {
    let receipt = office.receipt(&claims(Kind::Opened)).to_string();
    let mut push = |name: &str, keys: String, expected| {
        let (name, receipt) = (format!("keys: {name}"), receipt.clone());
        cases.push(Case { name, receipt, keys, thumbprint: None, expected });
    };
    let other = serde_json::to_value(signer(SignatureAlg::Es256).public_jwk()).unwrap();
    for (name, member, value, expected) in [
        (
            "valid too late",
            "siegel_valid_from",
            json!("2025-03-06T10:15:00.123457Z"),
            "KEY_OUT_OF_TIME",
        ),
        (
            "ended too early",
            "siegel_valid_to",
            json!("2025-03-06T10:15:00.123455Z"),
            "KEY_OUT_OF_TIME",
        ),
        ("a date that is none", "siegel_valid_to", json!("tomorrow"), "KEYS"),
        ("a date that is a number", "siegel_valid_to", json!(1_741_256_100), "KEYS"),
        ("a date of another zone", "siegel_valid_to", json!("2026-03-06T10:15:00+01:00"), "KEYS"),
        ("for encryption", "use", json!("enc"), "UNKNOWN_KEY"),
        ("of another algorithm", "alg", json!("ES384"), "UNKNOWN_KEY"),
        ("of no algorithm", "alg", Value::Null, "UNKNOWN_KEY"),
        ("of another curve", "crv", json!("P-521"), "UNKNOWN_KEY"),
        ("of another kind", "kty", json!("OKP"), "UNKNOWN_KEY"),
        ("under another id", "kid", json!("x"), "UNKNOWN_KEY"),
        ("without half of it", "y", Value::Null, "UNKNOWN_KEY"),
        ("too short", "x", json!("AQAB"), "UNKNOWN_KEY"),
        ("no point of the curve", "y", json!(b64::encode([1; 32])), "SIGNATURE"),
        ("another key's number", "x", other["x"].clone(), "SIGNATURE"),
    ] {
        let mut keys = office.keys();
        keys["keys"][0][member] = value;
        push(name, keys.to_string(), expected);
    }
    let mut first = office.keys();
    let mut impostor = other;
    impostor["kid"] = office.key.kid().into();
    first["keys"].as_array_mut().unwrap().insert(0, impostor);
    push("two of one id", first.to_string(), "SIGNATURE");
    for (name, value) in [
        ("no list", json!({})),
        ("no key", json!(["x"])),
        ("a number", json!([1])),
        ("null", Value::Null),
        ("a key of another type", json!(["a+00000000+AAAA"])),
    ] {
        let mut keys = office.keys();
        keys["siegel_log_keys"] = value;
        push(&format!("log: {name}"), keys.to_string(), "KEYS");
    }
    let wrong_id = office.log.verifier().to_string();
    let (name, rest) = wrong_id.split_once('+').unwrap();
    let flipped = if rest.starts_with('0') { "1" } else { "0" };
    let mut bent = office.keys();
    bent["siegel_log_keys"] = json!([format!("{name}+{flipped}{}", &rest[1..])]);
    push("log: another id", bent.to_string(), "KEYS");
    for (name, text) in [
        ("no JSON", "keys"),
        ("no set", "{}"),
        ("a list", "[]"),
        ("keys no list", r#"{"keys":{}}"#),
        ("a member twice", r#"{"keys":[],"keys":[]}"#),
    ] {
        push(name, text.into(), "KEYS");
    }
    push("none", r#"{"keys":[]}"#.into(), "UNKNOWN_KEY");
    let keys = office.keys().to_string();
    let thumbprint = Some("x".to_owned());
    cases.push(Case {
        name: "another thumbprint".into(),
        receipt,
        keys,
        thumbprint,
        expected: "OTHER_THUMBPRINT",
    });
}

fn places(office: &Office, cases: &mut Vec<Case>) {
    let good = office.enter(office.receipt(&claims(Kind::Opened)), 4, 7);
    let mut bend = |name: &str, to: &dyn Fn(&mut Value), expected| {
        let mut bent = good.clone();
        to(&mut bent["log"]);
        add(cases, office, format!("log: {name}"), &bent, expected);
    };
    for step in 0..3 {
        bend(
            &format!("another step {step}"),
            &|log| log["proof"][step] = b64::encode([0; 32]).into(),
            "LOG",
        );
        bend(
            &format!("step {step} left out"),
            &|log| {
                log["proof"].as_array_mut().unwrap().remove(step);
            },
            "LOG",
        );
    }
    bend(
        "one step more",
        &|log| log["proof"].as_array_mut().unwrap().push(b64::encode([0; 32]).into()),
        "LOG",
    );
    bend("a short step", &|log| log["proof"][0] = b64::encode([0; 31]).into(), "LOG");
    bend("a padded step", &|log| log["proof"][0] = "=".into(), "LOG");
    bend("a step that is no text", &|log| log["proof"][0] = 0.into(), "LOG");
    bend("no proof", &|log| log["proof"] = json!({}), "LOG");
    for index in
        [json!(3), json!(5), json!(7), json!(9_007_199_254_740_991_u64), json!(-1), json!("4")]
    {
        bend(&format!("index {index}"), &|log| log["index"] = index.clone(), "LOG");
    }
    bend("another origin", &|log| log["origin"] = "other.example/log".into(), "LOG");
    bend("an array", &|log| *log = json!([ORIGIN, 4, "", []]), "LOG");
    bend("a text", &|log| *log = "x".into(), "LOG");
    bend("an empty object", &|log| *log = json!({}), "LOG");
    bend("unknown members", &|log| log["surprise"] = json!({}), "VALID");
    let mut salted = good.clone();
    salted["leaf_salt"] = b64::encode([8; 32]).into();
    add(cases, office, "log: another salt", &salted, "LOG");
}

/// Checkpoints under which the place does not stand.
fn checkpoints(office: &Office, cases: &mut Vec<Case>) {
    let good = office.enter(office.receipt(&claims(Kind::Opened)), 4, 7);
    let note = good["log"]["checkpoint"].as_str().unwrap().to_owned();
    let lines: Vec<&str> = note.split('\n').collect();
    let mut bend = |name: &str, text: String, expected| {
        let mut bent = good.clone();
        bent["log"]["checkpoint"] = text.into();
        add(cases, office, format!("log: {name}"), &bent, expected);
    };
    let stranger = "\u{2014} witness.example AAAAAAAA\n";
    for (name, text, expected) in [
        ("of another size", note.replace("\n7\n", "\n8\n"), "LOG"),
        ("of a size with a zero in front", note.replace("\n7\n", "\n07\n"), "LOG"),
        (
            "of another root",
            note.replacen(lines[2], &siegel_crypto::b64_padded::encode([0; 32]), 1),
            "LOG",
        ),
        ("of another name", note.replacen(ORIGIN, "postfach.example/lag", 1), "LOG"),
        ("without a signature", format!("{}\n{}\n{}\n\n", lines[0], lines[1], lines[2]), "LOG"),
        ("without an end", note.trim_end().to_owned(), "LOG"),
        ("without an empty line", note.replace("\n\n", "\n"), "LOG"),
        ("with a hyphen", note.replace('\u{2014}', "-"), "LOG"),
        ("with a line that is none", format!("{note}x\n"), "LOG"),
        ("with an empty line more", format!("{note}\n"), "LOG"),
        ("that is nothing", String::new(), "LOG"),
        ("with another's signature besides", format!("{note}{stranger}"), "VALID"),
        ("with a hundred signatures more", format!("{note}{}", stranger.repeat(100)), "LOG"),
        ("signed twice", format!("{note}{}\n", lines[4]), "VALID"),
    ] {
        bend(&format!("a checkpoint {name}"), text.clone(), expected);
    }
    let forged = [log_named(ORIGIN, 5), log_named("other.example/log", 3)];
    for signer in &forged {
        let text = signer
            .sign(&format!("{}\n{}\n{}\n", lines[0], lines[1], lines[2]))
            .unwrap()
            .to_string();
        let name = format!("a checkpoint signed by {}", signer.verifier());
        bend(&name, text.clone(), "LOG");
    }
    for text in [
        format!("{ORIGIN}\n7\n"),
        format!("{ORIGIN}\n7\n{}\n\n", lines[2]),
        format!("{ORIGIN}\n7\nAAAA\n"),
        format!("{ORIGIN}\n99999999999999999999\n{}\n", lines[2]),
        format!("{ORIGIN}\n0\n{}\n", lines[2]),
        format!("other.example/log\n7\n{}\n", lines[2]),
    ] {
        let Ok(signed) = office.log.sign(&text) else { continue };
        let signed = signed.to_string();
        bend(&format!("a signed checkpoint {text:?}"), signed.clone(), "LOG");
    }
    let extended =
        office.log.sign(&format!("{}\n{}\n{}\nextension\n", lines[0], lines[1], lines[2])).unwrap();
    bend("a checkpoint with an extension", extended.to_string(), "VALID");
}
