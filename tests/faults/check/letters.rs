//! Every acknowledged letter is there exactly once, none is there that nobody sent, and each has
//! exactly one end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use siegel_e2e::journal::Told;
use uuid::Uuid;

use crate::Findings;
use crate::rows::{ENDS, Letter, Rows, Sent, id};

/// Never accepted: the state of what a refusal leaves.
const REJECTED: &str = "rejected";

pub fn check(rows: &Rows, told: &[Told], finished: bool, findings: &mut Findings) {
    // A request that was refused is free for a later try: what it left is no letter of it.
    let rejected: BTreeSet<Uuid> =
        rows.letters.iter().filter(|l| l.state == REJECTED).map(|l| l.id).collect();
    let (refused, taken): (Vec<_>, Vec<_>) =
        rows.sent.iter().partition(|row| rejected.contains(&row.letter));
    let mut sent: BTreeMap<&str, Vec<&Sent>> = BTreeMap::new();
    for row in taken {
        sent.entry(&row.request).or_default().push(row);
    }
    for (request, found) in &sent {
        findings.unless(found.len() == 1, || format!("request {request} has several letters"));
    }
    acknowledged(told, &sent, findings);
    let asked = sent.keys().copied().chain(refused.iter().map(|row| row.request.as_str()));
    uninvited(told, asked, findings);
    batches(told, &sent, finished, findings);
    stored(rows, findings);
    ends(rows, finished, findings);
}

/// What an answer named is stored under the request it answered, and every answer to one request
/// named the same letter.
fn acknowledged(told: &[Told], sent: &BTreeMap<&str, Vec<&Sent>>, findings: &mut Findings) {
    let mut before: HashMap<&str, &str> = HashMap::new();
    for line in told {
        if let Told::Read { letter, intact: false } = line {
            findings.add(format!("an attachment of {letter} is not what was sent"));
        }
        let Told::Delivered { request, letter, .. } = line else { continue };
        let first = before.entry(request).or_insert(letter);
        findings.unless(first == letter, || {
            format!("request {request} was answered with {first} and with {letter}")
        });
        let there = sent
            .get(request.as_str())
            .is_some_and(|rows| rows.iter().any(|row| Some(row.letter) == id(letter)));
        findings.unless(there, || format!("the acknowledged letter {letter} is lost"));
    }
}

/// Every letter is one that somebody sent.
fn uninvited<'a>(told: &[Told], sent: impl Iterator<Item = &'a str>, findings: &mut Findings) {
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    for line in told {
        match line {
            Told::Sent { request } => drop(asked.insert(request)),
            Told::Staged { requests, .. } => asked.extend(requests.iter().map(String::as_str)),
            _ => {}
        }
    }
    for request in sent.filter(|request| !asked.contains(request)) {
        findings.add(format!("nobody sent the letter of request {request}"));
    }
}

/// A batch is delivered whole or not at all.
fn batches(
    told: &[Told],
    sent: &BTreeMap<&str, Vec<&Sent>>,
    finished: bool,
    findings: &mut Findings,
) {
    let mut staged: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let (mut committed, mut cancelled) = (BTreeSet::new(), BTreeSet::new());
    for line in told {
        match line {
            Told::Staged { batch, requests } => {
                staged.entry(batch).or_default().extend(requests.iter().map(String::as_str));
            }
            Told::Committed { batch } => drop(committed.insert(batch.as_str())),
            Told::Cancelled { batch } => drop(cancelled.insert(batch.as_str())),
            _ => {}
        }
    }
    for (batch, requests) in staged {
        let there = requests.iter().filter(|request| sent.contains_key(**request)).count();
        let all = requests.len();
        if cancelled.contains(batch) {
            findings.unless(there == 0, || format!("{there} letters of the cancelled {batch}"));
        } else if finished && committed.contains(batch) {
            findings.unless(there == all, || format!("{there} of {all} letters of {batch}"));
        } else if finished {
            findings.unless(there == 0, || format!("{there} letters of {batch}, not committed"));
        }
    }
}

/// Sent book and letters say the same, and no part of a letter is missing.
fn stored(rows: &Rows, findings: &mut Findings) {
    let book: HashMap<Uuid, Uuid> = rows.sent.iter().map(|s| (s.letter, s.mailbox)).collect();
    let files: HashMap<Uuid, i64> =
        rows.attachments.iter().map(|a| (a.letter_id, a.count)).collect();
    let there: BTreeSet<Uuid> = rows.letters.iter().map(|letter| letter.id).collect();
    for letter in book.keys().filter(|letter| !there.contains(letter)) {
        findings.add(format!("letter {letter} is lost: only its sender's book has it"));
    }
    for letter in &rows.letters {
        let id = letter.id;
        if letter.state == "staged" {
            let hidden = letter.sequence.is_none() && letter.evidence_count == 0;
            findings.unless(hidden && !book.contains_key(&id), || {
                format!("letter {id} is visible before its batch")
            });
            continue;
        }
        findings.unless(book.get(&id) == Some(&letter.mailbox_id), || {
            format!("letter {id} is in nobody's book")
        });
        let purged = letter.wrapped_key.is_empty();
        let count = files.get(&id).copied().unwrap_or(0);
        let whole = count == if purged { 0 } else { letter.attachment_count };
        findings.unless(whole, || format!("letter {id} has {count} attachments"));
        if letter.state == REJECTED {
            // Its end is its beginning: one entry, no content, no mailbox.
            let bare = letter.sequence.is_none() && purged && letter.mailbox_id.is_nil();
            findings.unless(bare && letter.evidence_count == 1, || {
                format!("the rejected letter {id} is more than its receipt")
            });
            continue;
        }
        let provided = letter.sequence.is_some();
        let waits = matches!(letter.state.as_str(), "accepted" | "scheduled" | "undeliverable");
        findings.unless(provided || waits || letter.state == "recalled", || {
            format!("letter {id} is {} and has no place in its mailbox", letter.state)
        });
    }
}

/// Exactly one terminal entry for each letter that has ended, and none for the others.
fn ends(rows: &Rows, finished: bool, findings: &mut Findings) {
    let mut kinds: HashMap<Uuid, Vec<&str>> = HashMap::new();
    for entry in &rows.evidence {
        kinds.entry(entry.letter_id).or_default().push(&entry.kind);
    }
    for letter in rows.letters.iter().filter(|letter| letter.state != "staged") {
        let found = kinds.get(&letter.id).map(Vec::as_slice).unwrap_or_default();
        let holds = one_end(letter, found);
        findings.unless(holds, || {
            format!("letter {} is {} by these receipts: {found:?}", letter.id, letter.state)
        });
        for kind in ["accepted", "provided", "opened", "purged"] {
            let times = found.iter().filter(|found| **found == kind).count();
            findings.unless(times <= 1, || format!("letter {} is {kind} {times} times", letter.id));
        }
        let told =
            found.iter().filter(|kind| matches!(**kind, "notified" | "notify_failed")).count();
        findings.unless(told <= 1, || {
            format!("letter {} has {told} receipts of its notification", letter.id)
        });
        // Nobody is told of a letter that was taken back before, or could not be provided.
        let moot = matches!(letter.state.as_str(), "recalled" | "undeliverable");
        findings.unless(told == 1 || moot || !finished || letter.sequence.is_none(), || {
            format!("letter {} has no receipt of its notification", letter.id)
        });
        let ended = !matches!(letter.state.as_str(), "accepted" | "scheduled" | "provided");
        findings.unless(ended || !finished, || format!("letter {} never ended", letter.id));
    }
}

fn one_end(letter: &Letter, kinds: &[&str]) -> bool {
    let ends: Vec<&str> = kinds.iter().copied().filter(|kind| ENDS.contains(kind)).collect();
    let opened = kinds.contains(&"opened");
    match letter.state.as_str() {
        "accepted" | "scheduled" => ends.is_empty() && !opened,
        // Formal service is opened and goes on.
        "provided" => ends.is_empty() && (!opened || letter.ending == "deemed_served"),
        "opened" => ends.is_empty() && opened,
        state => ends == [state],
    }
}
