//! Receipts that do not hold, one mutation each.

use serde_json::{Value, json};
use siegel_crypto::{SignatureAlg, TokenSigner as _, b64, sign_token};
use siegel_receipt::{Kind, TYP};

use super::{Case, ORIGIN, Office, body, claims, full, log_named, signer};

pub fn cases(office: &Office) -> Vec<Case> {
    let mut cases = Vec::new();
    members(office, &mut cases);
    texts(office, &mut cases);
    headers(office, &mut cases);
    tokens(office, &mut cases);
    files(office, &mut cases);
    keys(office, &mut cases);
    places(office, &mut cases);
    cases
}

fn add(
    to: &mut Vec<Case>,
    office: &Office,
    name: impl Into<String>,
    file: &Value,
    expected: &'static str,
) {
    let (receipt, keys) = (file.to_string(), office.keys().to_string());
    to.push(Case { name: name.into(), receipt, keys, thumbprint: None, expected });
}

/// Every member of the claims: left out, null, of another type; every object: with one more.
fn members(office: &Office, cases: &mut Vec<Case>) {
    let whole = full();
    for path in paths(&whole, "") {
        let (parent, name) = path.rsplit_once('/').unwrap();
        let name = name.replace("~1", "/").replace("~0", "~");
        let mut without = whole.clone();
        if let Some(object) = without.pointer_mut(parent).unwrap().as_object_mut() {
            object.remove(&name);
            add(cases, office, format!("without {path}"), &office.receipt(&without), "");
        }
        let mut bend = |what: &str, to: &dyn Fn(&mut Value), expected| {
            let mut bent = whole.clone();
            to(bent.pointer_mut(&path).unwrap());
            add(cases, office, format!("{what} {path}"), &office.receipt(&bent), expected);
        };
        bend("null", &|v| *v = Value::Null, "PAYLOAD");
        bend(
            "another type of",
            &|v| *v = if v.is_string() { 7.into() } else { "x".into() },
            "PAYLOAD",
        );
        if whole.pointer(&path).unwrap().is_object() && !path.ends_with("commitments") {
            let expected = if path == "/events" { "PAYLOAD" } else { "PAYLOAD" };
            bend("one more in", &|v| v["surprise"] = 1.into(), expected);
            bend(
                "an array for",
                &|v| {
                    *v = v.as_object().unwrap().values().cloned().collect::<Vec<_>>().into();
                },
                "PAYLOAD",
            );
        }
    }
    let uri = Kind::Provided.event_uri();
    let contradictions: Vec<(&str, Box<dyn Fn(&mut Value)>)> = vec![
        ("no event", Box::new(|c| c["events"] = json!({}))),
        (
            "two events",
            Box::new(|c| {
                let body = body(c).clone();
                c["events"]["urn:siegel:event:opened"] = body;
            }),
        ),
        ("an event of another kind", Box::new(|c| body(c)["kind"] = "opened".into())),
        (
            "another ETSI event",
            Box::new(|c| body(c)["etsi_event"] = "http://uri.etsi.org/19522/Event/X".into()),
        ),
        (
            "an ETSI event for a kind without",
            Box::new(|c| {
                let mut body = body(c).clone();
                body["kind"] = "recalled".into();
                c["events"] = json!({ "urn:siegel:event:recalled": body });
            }),
        ),
        ("iat of another second", Box::new(|c| c["iat"] = (super::SECONDS + 1).into())),
        ("toe of another second", Box::new(|c| c["toe"] = (super::SECONDS - 1).into())),
        ("number 0", Box::new(|c| body(c)["number"] = 0.into())),
        ("number 1 with a previous one", Box::new(|c| body(c)["number"] = 1.into())),
    ];
    for (name, bend) in contradictions {
        let mut bent = whole.clone();
        bend(&mut bent);
        add(cases, office, name, &office.receipt(&bent), "CONTRADICTION");
    }
    for time in [
        "2025-03-06T10:15:00+00:00",
        "2025-03-06t10:15:00Z",
        "2025-03-06 10:15:00Z",
        "2025-02-29T10:15:00Z",
        "2025-03-06T24:00:00Z",
        "2025-03-06T10:15:60Z",
        "2025-03-06T10:15:00.Z",
        "2025-03-06T10:15:00.1234567Z",
        "2025-03-06T10:15Z",
        "",
        "2025-3-6T10:15:00Z",
        "²025-03-06T10:15:00Z",
        "2025-03-06T10:15:00Z\n",
    ] {
        let mut bent = whole.clone();
        bent["events"][&uri]["recorded_time"] = time.into();
        add(
            cases,
            office,
            format!("recorded at {time:?}"),
            &office.receipt(&bent),
            "CONTRADICTION",
        );
    }
    for (name, value) in [
        ("number", json!(4_294_967_296_u64)),
        ("number", json!(-1)),
        ("required_level", json!(256)),
    ] {
        let mut bent = whole.clone();
        bent["events"][&uri][name] = value.clone();
        add(cases, office, format!("{name} {value}"), &office.receipt(&bent), "PAYLOAD");
    }
}

/// JSON pointers of everything below a value.
fn paths(value: &Value, at: &str) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, v)| (name.replace('~', "~0").replace('/', "~1"), v))
            .collect(),
        Value::Array(values) => {
            values.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect()
        }
        _ => return Vec::new(),
    };
    let below = |(name, child): (String, &Value)| {
        let path = format!("{at}/{name}");
        let mut found = paths(child, &path);
        found.push(path);
        found
    };
    children.into_iter().flat_map(below).collect()
}

/// Signed payloads that are no strict JSON.
fn texts(office: &Office, cases: &mut Vec<Case>) {
    let good = claims(Kind::Opened).to_string();
    let digits = super::SECONDS.to_string();
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let texts: Vec<(&str, Vec<u8>)> = vec![
        ("not JSON", b"receipt".to_vec()),
        ("nothing", Vec::new()),
        ("an array", b"[]".to_vec()),
        ("a member twice", good.replacen('{', r#"{"iss":"https://postfach.example","#, 1).into()),
        (
            "a member twice, once escaped",
            good.replacen('{', r#"{"i\u0073s":"https://postfach.example","#, 1).into(),
        ),
        (
            "a commitment twice",
            good.replacen(r#""commitments":{"#, r#""commitments":{"recipient":"x","#, 1).into(),
        ),
        ("a fraction", good.replace(&digits, &format!("{digits}.0")).into()),
        ("an exponent", good.replace(&digits, "1741256100e0").into()),
        ("a zero in front", good.replace(&digits, &format!("0{digits}")).into()),
        ("minus nothing", good.replace(r#""number":2"#, r#""number":-0"#).into()),
        ("2^53", good.replace(&digits, "9007199254740992").into()),
        ("more than 64 bits", good.replace(&digits, "18446744073709551617").into()),
        ("a byte order mark", format!("\u{feff}{good}").into()),
        ("something behind", format!("{good} 1").into()),
        ("a comma too many", good.replace("}}}", "},}}").into()),
        ("half a character", good.replace("musterstadt", r"\ud83d").into()),
        ("halves the wrong way round", good.replace("musterstadt", r"\udce8\ud83d").into()),
        ("a bare control character", good.replace("musterstadt", "a\u{1}").into()),
        ("an unknown escape", good.replace("musterstadt", r"\x41").into()),
        (
            "not UTF-8",
            good.replace("musterstadt", "@")
                .bytes()
                .map(|b| if b == b'@' { 0xff } else { b })
                .collect(),
        ),
        (
            "nested deep",
            good.replace(r#""attachment_digests":["#, &format!(r#""attachment_digests":[{deep},"#))
                .into(),
        ),
        ("a name in single quotes", good.replace('"', "'").into()),
    ];
    for (name, text) in texts {
        let file = office.raw(&office.header(), &text);
        add(cases, office, format!("payload: {name}"), &file, "PAYLOAD");
    }
    let blanks =
        serde_json::to_string_pretty(&claims(Kind::Opened)).unwrap().replace('\n', "\r\n\t");
    add(
        cases,
        office,
        "payload: blanks",
        &office.raw(&office.header(), blanks.as_bytes()),
        "VALID",
    );
    let pair = good.replace("musterstadt", r"\ud83d\udce8\/\u00e4\b");
    add(cases, office, "payload: escapes", &office.raw(&office.header(), pair.as_bytes()), "VALID");
    for (name, text) in
        [("padded", format!("{}=", b64::encode(&good))), ("of the other alphabet", "+/+/".into())]
    {
        let file = office.raw_text(&office.header(), &text);
        add(cases, office, format!("payload: base64 {name}"), &file, "PAYLOAD");
    }
}

fn headers(office: &Office, cases: &mut Vec<Case>) {
    let (kid, payload) = (office.key.kid(), claims(Kind::Opened).to_string());
    let jwk = serde_json::to_string(office.key.public_jwk()).unwrap();
    let cases_of = [
        ("no algorithm", format!(r#"{{"typ":"{TYP}","alg":"none","kid":"{kid}"}}"#), "TOKEN"),
        ("a hash", format!(r#"{{"typ":"{TYP}","alg":"HS256","kid":"{kid}"}}"#), "TOKEN"),
        ("RSA", format!(r#"{{"typ":"{TYP}","alg":"RS256","kid":"{kid}"}}"#), "TOKEN"),
        (
            "the algorithm of another key",
            format!(r#"{{"typ":"{TYP}","alg":"ES384","kid":"{kid}"}}"#),
            "TOKEN",
        ),
        (
            "a name of every object",
            format!(r#"{{"typ":"{TYP}","alg":"constructor","kid":"{kid}"}}"#),
            "TOKEN",
        ),
        ("another type", format!(r#"{{"typ":"JWT","alg":"ES256","kid":"{kid}"}}"#), "TOKEN"),
        (
            "the long type",
            format!(r#"{{"typ":"application/{TYP}","alg":"ES256","kid":"{kid}"}}"#),
            "TOKEN",
        ),
        ("no type", format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), "TOKEN"),
        ("no key", format!(r#"{{"typ":"{TYP}","alg":"ES256"}}"#), "TOKEN"),
        (
            "its own key",
            format!(r#"{{"typ":"{TYP}","alg":"ES256","kid":"{kid}","jwk":{jwk}}}"#),
            "TOKEN",
        ),
        (
            "a critical extension",
            format!(r#"{{"typ":"{TYP}","alg":"ES256","kid":"{kid}","crit":["b64"]}}"#),
            "TOKEN",
        ),
        (
            "the key twice",
            format!(r#"{{"typ":"{TYP}","alg":"ES256","kid":"{kid}","kid":"{kid}"}}"#),
            "TOKEN",
        ),
        ("an array", format!(r#"["{TYP}","ES256","{kid}"]"#), "TOKEN"),
        ("no JSON", "header".into(), "TOKEN"),
        (
            "a key nobody has",
            format!(r#"{{"typ":"{TYP}","alg":"ES256","kid":"x"}}"#),
            "UNKNOWN_KEY",
        ),
        ("another order", format!(r#"{{ "kid":"{kid}", "alg":"ES256", "typ":"{TYP}" }}"#), "VALID"),
    ];
    for (name, header, expected) in cases_of {
        add(
            cases,
            office,
            format!("header: {name}"),
            &office.raw(&header, payload.as_bytes()),
            expected,
        );
    }
}

fn tokens(office: &Office, cases: &mut Vec<Case>) {
    let file = office.receipt(&claims(Kind::Opened));
    let jws = file["jws"].as_str().unwrap().to_owned();
    let mut add_jws = |name: String, jws: String, expected| {
        let mut bent = file.clone();
        bent["jws"] = jws.into();
        add(cases, office, name, &bent, expected);
    };
    for at in (0..jws.len()).step_by(jws.len() / 70) {
        let other = if &jws[at..=at] == "A" { "B" } else { "A" };
        let mut bent = jws.clone();
        bent.replace_range(at..=at, other);
        add_jws(format!("character {at} of the token changed"), bent, "");
    }
    let parts: Vec<&str> = jws.split('.').collect();
    let joined = |parts: &[&str]| parts.join(".");
    let foreign =
        sign_token(&signer(SignatureAlg::Es256), Some(TYP), &claims(Kind::Opened)).unwrap();
    let foreign = foreign.rsplit('.').next().unwrap();
    let other_payload = b64::encode(claims(Kind::Recalled).to_string());
    let (signature, zeros) = (b64::decode(parts[2]).unwrap(), b64::encode([0; 64]));
    let short = b64::encode(&signature[..63]);
    for (name, jws, expected) in [
        ("two parts", joined(&parts[..2]), "TOKEN"),
        ("four parts", format!("{jws}."), "TOKEN"),
        ("nothing", String::new(), "TOKEN"),
        ("a blank behind", format!("{jws} "), "SIGNATURE"),
        ("padding", format!("{jws}=="), "SIGNATURE"),
        ("another's signature", joined(&[parts[0], parts[1], foreign]), "SIGNATURE"),
        ("another payload", joined(&[parts[0], &other_payload, parts[2]]), "SIGNATURE"),
        ("no signature", joined(&[parts[0], parts[1], ""]), "SIGNATURE"),
        ("a signature of zeros", joined(&[parts[0], parts[1], &zeros]), "SIGNATURE"),
        ("a short signature", joined(&[parts[0], parts[1], &short]), "SIGNATURE"),
    ] {
        add_jws(format!("token: {name}"), jws, expected);
    }
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
    let note = good["log"]["checkpoint"].as_str().unwrap().to_owned();
    let lines: Vec<&str> = note.split('\n').collect();
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
        bend(
            &format!("a checkpoint {name}"),
            &|log| log["checkpoint"] = text.clone().into(),
            expected,
        );
    }
    let forged = [log_named(ORIGIN, 5), log_named("other.example/log", 3)];
    for signer in &forged {
        let text = signer
            .sign(&format!("{}\n{}\n{}\n", lines[0], lines[1], lines[2]))
            .unwrap()
            .to_string();
        let name = format!("a checkpoint signed by {}", signer.verifier());
        bend(&name, &|log| log["checkpoint"] = text.clone().into(), "LOG");
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
        bend(
            &format!("a signed checkpoint {text:?}"),
            &|log| log["checkpoint"] = signed.clone().into(),
            "LOG",
        );
    }
    let extended =
        office.log.sign(&format!("{}\n{}\n{}\nextension\n", lines[0], lines[1], lines[2])).unwrap();
    bend(
        "a checkpoint with an extension",
        &|log| log["checkpoint"] = extended.to_string().into(),
        "VALID",
    );
    let mut salted = good.clone();
    salted["leaf_salt"] = b64::encode([8; 32]).into();
    add(cases, office, "log: another salt", &salted, "LOG");
}
