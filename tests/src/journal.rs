//! What clients did and were told while the suite was broken: one JSON object a line. All that the
//! checker of the fault runs believes.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::sync::Mutex;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// Something a client did, or an answer it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Told {
    /// A letter is about to be sent under this request id.
    Sent { request: String },
    /// The answer to it. `receipts` are files.
    Delivered { request: String, letter: String, receipts: Vec<String> },
    /// Letters are about to be added to a batch.
    Staged { batch: String, requests: Vec<String> },
    /// The answer to `CommitBatch`.
    Committed { batch: String },
    /// The answer to `CancelBatch`.
    Cancelled { batch: String },
    /// Somebody did something to a letter and was told its receipt: `opened`, `recalled`.
    Done { letter: String, kind: String, receipt: String },
    /// An attachment that was read back, and whether it was what was sent.
    Read { letter: String, intact: bool },
    /// An event of the sender's stream, in its order.
    Event { letter: String, kind: String },
    /// A checkpoint of the public log.
    Checkpoint { note: String },
}

/// The journal of one run.
pub struct Journal(Mutex<File>);

impl Journal {
    /// Begins a journal.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self(Mutex::new(file)))
    }

    /// Writes one line; whoever is killed, it is not this program.
    pub fn note(&self, told: &Told) -> anyhow::Result<()> {
        let line = serde_json::to_string(told)? + "\n";
        let mut file = self.0.lock().map_err(|_| anyhow::anyhow!("a writer panicked"))?;
        Ok(file.write_all(line.as_bytes())?)
    }

    /// Reads a journal.
    pub fn read(path: &Path) -> anyhow::Result<Vec<Told>> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let lines = BufReader::new(file).lines();
        lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
    }
}
