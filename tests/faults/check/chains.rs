//! Every entry is signed, says what its row says, and goes on from the one before it; what clients
//! were handed is what is stored.

use std::collections::{HashMap, HashSet};

use siegel_crypto::{b64, sha256};
use siegel_e2e::journal::Told;
use siegel_receipt::{FORMAT, KeyTrust, PublishedKeys, ReceiptFile, verify_published};
use uuid::Uuid;

use crate::Findings;
use crate::rows::{Evidence, Rows, id};

pub fn check(rows: &Rows, told: &[Told], keys: &PublishedKeys, findings: &mut Findings) {
    let mut last: Option<&Evidence> = None;
    let mut times = Times::default();
    let mut of_letter: HashMap<Uuid, (i64, Vec<u8>)> = HashMap::new();
    for entry in &rows.evidence {
        let before = last.filter(|last| last.letter_id == entry.letter_id);
        if before.is_none() {
            times = Times::default();
        }
        if let Err(problem) = follows(entry, before, keys, &mut times) {
            findings.add(format!("receipt {}/{}: {problem}", entry.letter_id, entry.number));
        }
        let digest = sha256(entry.jws.as_bytes()).to_vec();
        of_letter.insert(entry.letter_id, (entry.number, digest));
        last = Some(entry);
    }
    for letter in &rows.letters {
        let last = of_letter.remove(&letter.id);
        let (count, digest) = last.map_or((0, None), |(count, digest)| (count, Some(digest)));
        let same = letter.evidence_count == count && letter.last_evidence == digest;
        findings.unless(same, || {
            let said = letter.evidence_count;
            format!("letter {} has {count} receipts and says {said}", letter.id)
        });
    }
    for letter in of_letter.keys() {
        findings.add(format!("receipts of letter {letter}, which is not there"));
    }
    handed_out(rows, told, keys, findings);
}

/// When the entry before happened and was recorded, as it says: RFC 3339 in UTC, all of one length.
#[derive(Default)]
struct Times {
    happened: String,
    recorded: String,
}

/// Whether an entry holds in its place.
fn follows(
    entry: &Evidence,
    before: Option<&Evidence>,
    keys: &PublishedKeys,
    times: &mut Times,
) -> Result<(), String> {
    let file = ReceiptFile {
        format: FORMAT.to_owned(),
        jws: entry.jws.clone(),
        leaf_salt: b64::encode(&entry.leaf_salt),
        jwks_uri: String::new(),
        disclosed: std::collections::BTreeMap::new(),
        log: None,
    };
    let verified = verify_published(&file, keys, KeyTrust::Given).map_err(|e| e.to_string())?;
    let body = &verified.body;
    let previous = before.map(|before| b64::encode(sha256(before.jws.as_bytes())));
    let number = before.map_or(1, |before| before.number + 1);
    let claims = [
        ("signed number", entry.number == i64::from(body.number)),
        ("place in the chain", entry.number == number && body.previous == previous),
        ("kind", verified.kind.as_str() == entry.kind),
        ("letter", id(&verified.letter_id) == Some(entry.letter_id)),
        ("mailbox", before.is_none_or(|before| before.mailbox_id == entry.mailbox_id)),
        ("leaf", siegel_receipt::leaf(&entry.leaf_salt, &entry.jws)[..] == entry.leaf[..]),
    ];
    // Whatever clocks do, what comes later in a chain says no earlier time.
    let later = times.happened <= body.event_time && times.recorded <= body.recorded_time;
    *times = Times { happened: body.event_time.clone(), recorded: body.recorded_time.clone() };
    if !later {
        return Err("goes back in time".into());
    }
    let wrong = claims.into_iter().find(|(_, holds)| !holds);
    wrong.map_or(Ok(()), |(what, _)| Err(format!("another {what}")))
}

/// What clients hold verifies, and is stored byte by byte.
fn handed_out(rows: &Rows, told: &[Told], keys: &PublishedKeys, findings: &mut Findings) {
    let stored: HashSet<&str> = rows.evidence.iter().map(|entry| entry.jws.as_str()).collect();
    let mut look = |letter: &str, text: &str, kind: Option<&str>| {
        let verified = ReceiptFile::parse(text)
            .and_then(|file| Ok((verify_published(&file, keys, KeyTrust::Given)?, file.jws)));
        match verified {
            Err(failure) => findings.add(format!("a receipt of {letter}: {failure}")),
            Ok((found, jws)) => {
                let own = found.letter_id == letter;
                let fits = own && kind.is_none_or(|kind| kind == found.kind.as_str());
                findings.unless(fits, || format!("{letter} was answered with another's receipt"));
                findings.unless(stored.contains(jws.as_str()), || {
                    format!("the receipt {} of {letter} is lost", found.kind.as_str())
                });
            }
        }
    };
    for line in told {
        match line {
            Told::Delivered { letter, receipts, .. } => {
                for receipt in receipts {
                    look(letter, receipt, None);
                }
            }
            Told::Done { letter, kind, receipt } => look(letter, receipt, Some(kind)),
            _ => {}
        }
    }
}
