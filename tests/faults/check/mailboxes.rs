//! Each mailbox has a gap-free sequence of letters, and its counters count.

use std::collections::HashMap;

use uuid::Uuid;

use crate::Findings;
use crate::rows::{Letter, Mailbox, Rows};

pub fn check(rows: &Rows, findings: &mut Findings) {
    let mut letters: HashMap<Uuid, Vec<&Letter>> = HashMap::new();
    for letter in rows.letters.iter().filter(|letter| letter.sequence.is_some()) {
        letters.entry(letter.mailbox_id).or_default().push(letter);
    }
    for mailbox in &rows.mailboxes {
        let mut own = letters.remove(&mailbox.id).unwrap_or_default();
        own.sort_by_key(|letter| letter.sequence);
        let gapless = (1..).zip(&own).all(|(n, letter)| letter.sequence == Some(n));
        findings.unless(gapless, || format!("the sequence of mailbox {} has a gap", mailbox.id));
        for (what, said, counted) in counters(mailbox, &own) {
            findings.unless(usize::try_from(said) == Ok(counted), || {
                format!("mailbox {} says {said} {what}, and has {counted}", mailbox.id)
            });
        }
    }
    for mailbox in letters.keys() {
        findings.add(format!("letters of mailbox {mailbox}, which is not there"));
    }
}

fn counters(mailbox: &Mailbox, own: &[&Letter]) -> [(&'static str, i64, usize); 4] {
    let count = |of: &dyn Fn(&Letter) -> bool| own.iter().filter(|letter| of(letter)).count();
    [
        ("letters", mailbox.letters, own.len()),
        ("unread", mailbox.unread, count(&|l| l.unread && l.folder != "trash")),
        ("archived", mailbox.archived, count(&|l| l.folder == "archive")),
        ("trashed", mailbox.trashed, count(&|l| l.folder == "trash")),
    ]
}
