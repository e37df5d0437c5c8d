//! Receipts that do not hold, one mutation each.

use serde_json::{Value, json};
use siegel_crypto::{SignatureAlg, TokenSigner as _, b64, sign_token};
use siegel_receipt::{Kind, TYP};

use super::{Case, Office, around, body, claims, full, signer};

pub fn cases(office: &Office) -> Vec<Case> {
    let mut cases = Vec::new();
    members(office, &mut cases);
    contradictions(office, &mut cases);
    texts(office, &mut cases);
    headers(office, &mut cases);
    tokens(office, &mut cases);
    around::cases(office, &mut cases);
    cases
}

pub fn add(
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
            bend("one more in", &|v| v["surprise"] = 1.into(), "PAYLOAD");
            bend(
                "an array for",
                &|v| {
                    *v = v.as_object().unwrap().values().cloned().collect::<Vec<_>>().into();
                },
                "PAYLOAD",
            );
        }
    }
}

/// A change to claims.
type Bend = Box<dyn Fn(&mut Value)>;

/// Signed payloads of the right form that contradict themselves, or whose numbers are too large.
fn contradictions(office: &Office, cases: &mut Vec<Case>) {
    let whole = full();
    let uri = Kind::Provided.event_uri();
    let contradictions: Vec<(&str, Bend)> = vec![
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
