//! A ZIP archive that is written while it is sent: never more of it in memory than one piece.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use siegel_crypto::{Sha256, b64};
use tokio::sync::mpsc;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::Trouble;
use super::reader::ReadError;

/// What was written is passed on from this many bytes.
const PIECE: usize = 64 * 1024;
/// Files of this size and more need the long form of the format (ZIP64).
const LONG: u64 = u32::MAX as u64;

/// What an export says on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Bytes(Bytes),
    /// All of the letter at this place in the mailbox is in what was sent.
    After(i64),
    /// The archive is complete; letters were left for another one.
    End {
        more: bool,
    },
}

pub type Pieces = mpsc::Sender<Result<Piece, ReadError>>;

/// Why an archive ends early.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// Nobody listens any more.
    #[error("the archive is not read to its end")]
    Left,
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the archive cannot be written")]
    Zip(#[from] zip::result::ZipError),
    #[error("the archive cannot be written")]
    Io(#[from] std::io::Error),
}

impl From<Trouble> for Broken {
    fn from(trouble: Trouble) -> Self {
        Self::Read(trouble.into())
    }
}

impl From<siegel_db::StoreError> for Broken {
    fn from(error: siegel_db::StoreError) -> Self {
        Self::Read(error.into())
    }
}

/// A file in the archive, as its index names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub path: String,
    pub size_bytes: u64,
    /// base64url
    pub sha256: String,
}

/// The bytes between the writer of the format and the reader of the archive.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn take(&self, least: usize) -> Vec<u8> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() < least.max(1) { Vec::new() } else { std::mem::take(&mut *held) }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An archive that is being written.
pub struct Archive {
    zip: ZipWriter<StreamWriter<Sink>>,
    sink: Sink,
    out: Pieces,
    entries: Vec<Entry>,
}

impl Archive {
    pub fn new(out: Pieces) -> Self {
        let sink = Sink::default();
        Self { zip: ZipWriter::new_stream(sink.clone()), sink, out, entries: Vec::new() }
    }

    /// A file whose content is at hand.
    pub async fn file(&mut self, path: &str, content: &[u8]) -> Result<(), Broken> {
        let mut open = self.begin(path, content.len() as u64)?;
        open.push(content).await?;
        open.end();
        Ok(())
    }

    /// Begins a file of about `size` bytes.
    pub fn begin(&mut self, path: &str, size: u64) -> Result<OpenFile<'_>, Broken> {
        // Stored: what is large here is compressed already.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(size >= LONG);
        self.zip.start_file(path, options)?;
        Ok(OpenFile { archive: self, path: path.to_owned(), size: 0, hash: Sha256::new() })
    }

    /// What is in the archive so far.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Says something between the bytes, after all that was written.
    pub async fn say(&mut self, piece: Piece) -> Result<(), Broken> {
        self.pass_on(1).await?;
        self.out.send(Ok(piece)).await.map_err(|_| Broken::Left)
    }

    pub async fn finish(self, more: bool) -> Result<(), Broken> {
        let Self { zip, sink, out, .. } = self;
        zip.finish()?;
        let rest = sink.take(1);
        out.send(Ok(Piece::Bytes(rest.into()))).await.map_err(|_| Broken::Left)?;
        out.send(Ok(Piece::End { more })).await.map_err(|_| Broken::Left)
    }

    async fn pass_on(&mut self, least: usize) -> Result<(), Broken> {
        let bytes = self.sink.take(least);
        if bytes.is_empty() {
            return Ok(());
        }
        self.out.send(Ok(Piece::Bytes(bytes.into()))).await.map_err(|_| Broken::Left)
    }
}

/// A file of an archive that is being written.
pub struct OpenFile<'a> {
    archive: &'a mut Archive,
    path: String,
    size: u64,
    hash: Sha256,
}

impl OpenFile<'_> {
    pub async fn push(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        for piece in bytes.chunks(PIECE) {
            self.archive.zip.write_all(piece)?;
            self.archive.pass_on(PIECE).await?;
        }
        Ok(())
    }

    pub fn end(self) {
        let sha256 = b64::encode(self.hash.finish());
        self.archive.entries.push(Entry { path: self.path, size_bytes: self.size, sha256 });
    }
}

/// Runs the writing of an archive; what breaks is told to whoever reads it.
pub fn run<F>(out: Pieces, write: impl FnOnce(Archive) -> F + Send + 'static)
where
    F: Future<Output = Result<(), Broken>> + Send + 'static,
{
    let work = write(Archive::new(out.clone()));
    tokio::spawn(async move {
        let error = match work.await {
            Ok(()) | Err(Broken::Left) => return,
            Err(Broken::Read(error)) => error,
            Err(Broken::Zip(_) | Broken::Io(_)) => {
                Trouble::Contradiction("an archive cannot be written").into()
            }
        };
        let _ = out.send(Err(error)).await;
    });
}
