//! The public log holds every receipt, grows only, and every checkpoint is of this one tree.

use std::collections::{BTreeMap, HashSet};

use anyhow::Context as _;
use siegel_e2e::journal::Told;
use siegel_log::{Checkpoint, Edge, Hash, NoteVerifier, leaf_hash};

use crate::Findings;
use crate::rows::Rows;

pub fn check(
    rows: &Rows,
    told: &[Told],
    keys: &str,
    finished: bool,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let log = log_key(keys)?;
    let leaves: HashSet<&[u8]> = rows.leaves.iter().map(|row| row.leaf.as_slice()).collect();
    for entry in rows.evidence.iter().filter(|entry| !leaves.contains(entry.leaf.as_slice())) {
        let (letter, number) = (entry.letter_id, entry.number);
        findings.add(format!("the receipt {letter}/{number} was never given to the log"));
    }
    let mut signed = signed(rows, told, &log, findings);
    let mut edge = Edge::default();
    compare(&edge, &mut signed, findings);
    for (place, row) in (0..).zip(&rows.leaves) {
        let Some(index) = row.log_index else { break };
        if index != place {
            findings.add(format!("entry {place} of the log is missing"));
            return Ok(());
        }
        edge.append(leaf_hash(&row.leaf));
        compare(&edge, &mut signed, findings);
    }
    for size in signed.keys() {
        findings.add(format!("a checkpoint of {size} entries was signed; the log is shorter"));
    }
    if finished {
        let whole = usize::try_from(rows.published) == Ok(rows.leaves.len());
        findings.unless(whole, || {
            let (all, published) = (rows.leaves.len(), rows.published);
            format!("{published} of {all} entries of the log are published")
        });
        let newest = rows.checkpoints.last().map_or(0, |row| row.size);
        findings.unless(newest == rows.published, || {
            format!("the newest checkpoint has {newest} entries, the log says {}", rows.published)
        });
    }
    Ok(())
}

/// The log's key, as the key set named it before the first fault.
fn log_key(keys: &str) -> anyhow::Result<NoteVerifier> {
    let keys: serde_json::Value = serde_json::from_str(keys)?;
    let key = keys.pointer("/siegel_log_keys/0");
    let key = key.and_then(|key| key.as_str().or_else(|| key.get("key")?.as_str()));
    Ok(NoteVerifier::parse(key.context("the key set names no log")?)?)
}

/// The roots that were signed, stored or told, by size.
fn signed(
    rows: &Rows,
    told: &[Told],
    log: &NoteVerifier,
    findings: &mut Findings,
) -> BTreeMap<u64, Vec<Hash>> {
    let handed_out = told.iter().filter_map(|line| match line {
        Told::Checkpoint { note } => Some(note),
        _ => None,
    });
    let mut signed: BTreeMap<u64, Vec<Hash>> = BTreeMap::new();
    for note in rows.checkpoints.iter().map(|row| &row.note).chain(handed_out) {
        match Checkpoint::open(note, log) {
            Ok(head) => signed.entry(head.size).or_default().push(head.root),
            Err(error) => findings.add(format!("a checkpoint is not the log's: {error}")),
        }
    }
    signed
}

/// Compares and takes what was signed for the size the tree has now.
fn compare(edge: &Edge, signed: &mut BTreeMap<u64, Vec<Hash>>, findings: &mut Findings) {
    let Some(roots) = signed.remove(&edge.size()) else { return };
    let root = edge.root();
    findings.unless(roots.iter().all(|signed| *signed == root), || {
        format!("a checkpoint of {} entries is of another tree", edge.size())
    });
}
