//! The stream told the sender of everything once.

use std::collections::HashMap;

use siegel_e2e::journal::Told;
use uuid::Uuid;

use crate::Findings;
use crate::rows::{ENDS, Rows, id};

/// What the sender hears of, besides the ends.
const MATTER: [&str; 5] = ["accepted", "provided", "opened", "notified", "notify_failed"];

pub fn check(rows: &Rows, told: &[Told], finished: bool, findings: &mut Findings) {
    let mut heard: HashMap<(Uuid, &str), usize> = HashMap::new();
    for line in told {
        if let Told::Event { letter, kind } = line
            && let Some(letter) = id(letter)
        {
            *heard.entry((letter, kind)).or_default() += 1;
        }
    }
    let mut happened: HashMap<(Uuid, &str), usize> = HashMap::new();
    for entry in &rows.evidence {
        *happened.entry((entry.letter_id, &entry.kind)).or_default() += 1;
    }
    for ((letter, kind), times) in &heard {
        let most = happened.get(&(*letter, *kind)).copied().unwrap_or(0);
        // Reminders have no receipt.
        findings.unless(kind.starts_with("reminder_") || *times <= most, || {
            format!("the stream told {kind} of letter {letter} {times} times, it was {most}")
        });
    }
    if !finished {
        return;
    }
    findings.unless(rows.unnumbered == 0, || {
        format!("{} events were never put into the stream", rows.unnumbered)
    });
    for (letter, kind) in happened.keys() {
        let matters = MATTER.contains(kind) || ENDS.contains(kind);
        findings.unless(!matters || heard.contains_key(&(*letter, *kind)), || {
            format!("the stream never told {kind} of letter {letter}")
        });
    }
}
