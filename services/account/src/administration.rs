//! What `siegel admin import` works with: the use cases on the database, beside a running service.
//! Whoever reaches the database operates the platform.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Write};
use std::path::Path;

use siegel_crypto::Sha256;
use siegel_grpc::Outside;
use siegel_kernel::Timestamp;

use crate::app::{App, Import, ImportError, Importing, Numbered};
use crate::config::Config;
use crate::domain::import::LINE_BYTES;
use crate::{StartError, build};

/// Lines of one transaction.
const BATCH: usize = 500;
/// Problems read at a time.
const READ: i64 = 1_000;
/// A mark that some programs put before the first line.
const BYTE_ORDER: &[u8] = "\u{feff}".as_bytes();

/// Imports of one installation.
pub struct Imports(App);

/// A line of the report.
#[derive(serde::Serialize)]
struct LeftOut<'a> {
    line: i64,
    reason: &'a str,
    field: &'a str,
}

/// What to import; see [`Importing`].
#[derive(Clone, Debug)]
pub struct ImportOrder {
    pub tenant: String,
    pub system: String,
    pub name: String,
    pub operator: String,
    pub valid_until: Timestamp,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub bytes: u64,
    pub of_bytes: u64,
    /// With empty ones.
    pub lines: i64,
    /// Wait for their persons now.
    pub staged: i64,
    /// Were there before, word for word, or were claimed, declined or deleted.
    pub known: i64,
    /// Left out.
    pub bad: i64,
}

impl Imports {
    /// # Errors
    /// When the key above the accounts' keys cannot be read.
    pub fn open(config: &Config, outside: &Outside) -> Result<Self, StartError> {
        Ok(Self(build(config, outside)?))
    }

    /// Imports a file, or goes on where it stopped. `report` gets a JSON line for each line that
    /// was left out; `told` hears of every batch.
    /// # Errors
    /// When nothing can be imported; what was imported until then stays.
    pub async fn import(
        &self,
        file: &Path,
        order: &ImportOrder,
        report: &mut impl Write,
        mut told: impl FnMut(Progress),
    ) -> Result<Progress, ImportError> {
        let (digest, of_bytes) = digest(file).map_err(ImportError::File)?;
        let ImportOrder { tenant, system, name, operator, valid_until } = order.clone();
        let what = Importing { tenant, system, name, operator, file: digest, valid_until };
        let mut import = self.0.begin_import(&what).await?;
        let mut lines = Lines::open(file).map_err(ImportError::File)?;
        if import.run.finished_at.is_none() {
            lines.skip(import.run.lines_read).map_err(ImportError::File)?;
            loop {
                let batch = lines.batch().map_err(ImportError::File)?;
                if lines.number == import.run.lines_read {
                    break;
                }
                self.0.import_lines(&mut import, &batch, lines.number).await?;
                told(progress(&import, lines.bytes, of_bytes));
            }
            if lines.hash.take().map(Sha256::finish) != Some(digest) {
                return Err(ImportError::FileChanged);
            }
            self.0.finish_import(&mut import).await?;
        }
        self.report(&import, report).await?;
        Ok(progress(&import, of_bytes, of_bytes))
    }

    async fn report(&self, import: &Import, to: &mut impl Write) -> Result<(), ImportError> {
        let mut after = 0;
        loop {
            let some = self.0.import_problems(import.run.id, after, READ).await?;
            let Some((last, _, _)) = some.last() else { break };
            after = *last;
            for (line, reason, field) in &some {
                let told = LeftOut { line: *line, reason, field };
                serde_json::to_writer(&mut *to, &told)
                    .map_err(|error| ImportError::File(error.into()))?;
                writeln!(to).map_err(ImportError::File)?;
            }
        }
        to.flush().map_err(ImportError::File)
    }
}

fn progress(import: &Import, bytes: u64, of_bytes: u64) -> Progress {
    let run = &import.run;
    let (staged, known, bad) = (run.staged, run.known, run.bad);
    Progress { bytes, of_bytes, lines: run.lines_read, staged, known, bad }
}

/// SHA-256 of a file to import: what an operator signs.
/// # Errors
/// When it cannot be read.
pub fn file_digest(file: &Path) -> std::io::Result<[u8; 32]> {
    digest(file).map(|(digest, _)| digest)
}

/// SHA-256 and length of a file.
fn digest(file: &Path) -> std::io::Result<([u8; 32], u64)> {
    let (mut file, mut hash, mut length) = (File::open(file)?, Sha256::new(), 0);
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((hash.finish(), length));
        }
        length += u64::try_from(read).unwrap_or(u64::MAX);
        hash.update(piece.get(..read).unwrap_or_default());
    }
}

/// The lines of a file, never more of one in memory than may be used.
struct Lines {
    file: BufReader<File>,
    /// Of everything read so far.
    hash: Option<Sha256>,
    bytes: u64,
    /// Of the last line read.
    number: i64,
}

impl Lines {
    fn open(file: &Path) -> std::io::Result<Self> {
        let file = BufReader::with_capacity(1 << 16, File::open(file)?);
        Ok(Self { file, hash: Some(Sha256::new()), bytes: 0, number: 0 })
    }

    fn skip(&mut self, lines: i64) -> std::io::Result<()> {
        while self.number < lines && self.next()?.is_some() {}
        Ok(())
    }

    /// The next lines that are not empty.
    fn batch(&mut self) -> std::io::Result<Vec<Numbered>> {
        let mut batch = Vec::new();
        for _ in 0..BATCH {
            let Some(line) = self.next()? else { break };
            if !line.is_empty() {
                batch.push((self.number, line));
            }
        }
        Ok(batch)
    }

    /// The next line without its end; of one that is too long, one byte more than may be.
    fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let (mut line, mut any) = (Vec::new(), false);
        loop {
            let piece = self.file.fill_buf()?;
            if piece.is_empty() {
                break;
            }
            any = true;
            let end = piece.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(piece.len(), |at| at + 1);
            let piece = piece.get(..taken).unwrap_or_default();
            if let Some(hash) = &mut self.hash {
                hash.update(piece);
            }
            let room = (LINE_BYTES + 2).saturating_sub(line.len());
            line.extend(piece.iter().take(room));
            self.file.consume(taken);
            self.bytes += u64::try_from(taken).unwrap_or(u64::MAX);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        let cut = line.trim_ascii();
        let cut = if self.number == 1 { cut.strip_prefix(BYTE_ORDER).unwrap_or(cut) } else { cut };
        Ok(Some(cut.to_vec()))
    }
}
