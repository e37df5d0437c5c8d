//! All attachments of a letter as one ZIP file, written while it is read.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio_util::io::{ReaderStream, SyncIoBridge};
use tokio_util::task::AbortOnDropHandle;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::download::{Download, Range};
use super::patient::Patient;
use super::places::Place;
use super::reader::{ReadError, Reader};
use super::{Postbox, Trouble};
use crate::domain::LetterId;
use crate::store::{attachments, letters};

/// How long a reader may take nothing before its thread goes to somebody else.
const PATIENCE: Duration = Duration::from_mins(1);
/// Bytes on their way to the reader.
const PIPE: usize = 256 * 1024;
/// Messages on their way to the writer.
const ON_THE_WAY: usize = 4;
/// From here on a file needs the long form of sizes (APPNOTE 4.3.9.2).
const LONG: u64 = u32::MAX as u64;

/// A ZIP file in the making.
pub struct Archive {
    bytes: ReaderStream<DuplexStream>,
    work: Option<AbortOnDropHandle<Result<(), ReadError>>>,
}

/// What the writing thread is told.
enum Step {
    File { name: String, size: u64 },
    Bytes(Bytes),
    End,
}

impl Postbox {
    /// Begins a ZIP file of all attachments of an opened letter. All are checked before the first
    /// byte. It keeps its place until its last byte was taken, nobody reads any more, or nobody
    /// took a byte for a minute.
    #[tracing::instrument(name = "postbox.download_all", skip_all, fields(letter.id = %letter))]
    pub async fn download_all(
        &self,
        reader: &Reader,
        letter: LetterId,
    ) -> Result<Archive, ReadError> {
        let mut tx = self.db.read().await?;
        let found = self.mailbox_of(&mut tx, reader).await?;
        let (mailbox, _) = found.ok_or(ReadError::LetterUnknown)?;
        let row = letters::get(&mut tx, mailbox.id, letter).await?;
        row.filter(|l| l.sequence.is_some()).ok_or(ReadError::LetterUnknown)?;
        let files = attachments::of_letter(&mut tx, mailbox.id, letter).await?;
        drop(tx);
        if files.is_empty() {
            return Err(ReadError::AttachmentUnknown);
        }
        let place = self.archives.take(reader.who.key());
        let place = place.map_err(|_| ReadError::TooManyArchives)?;
        let mut downloads = Vec::with_capacity(files.len());
        for file in files {
            downloads.push(self.admit_download(reader, letter, file.id, Range::ALL).await?);
        }
        let (end, bytes) = tokio::io::duplex(PIPE);
        let work = tokio::spawn(write(self.clone(), downloads, (end, place)));
        let bytes = ReaderStream::with_capacity(bytes, PIPE);
        Ok(Archive { bytes, work: Some(AbortOnDropHandle::new(work)) })
    }
}

impl Archive {
    /// The next bytes; `None` after the last. A file that broke off is an error, never an end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        match self.bytes.next().await {
            Some(Ok(bytes)) => Ok(Some(bytes)),
            Some(Err(_)) => Err(broken().into()),
            None => match self.work.take() {
                Some(work) => work.await.map_err(|_| broken())?.map(|()| None),
                None => Ok(None),
            },
        }
    }
}

fn broken() -> Trouble {
    Trouble::Contradiction("an archive broke off")
}

/// Reads the attachments one after the other and hands them to the thread that writes.
async fn write(
    postbox: Postbox,
    downloads: Vec<Download>,
    (end, _place): (DuplexStream, Place),
) -> Result<(), ReadError> {
    let (steps, told) = mpsc::channel(ON_THE_WAY);
    let bridge = SyncIoBridge::new(Patient::new(end, PATIENCE));
    let writer = tokio::task::spawn_blocking(move || written(bridge, told));
    for mut download in downloads {
        let (name, size) = (download.part.name.clone(), download.part.size_bytes);
        send(&steps, Step::File { name, size }).await?;
        while let Some(bytes) = postbox.next_bytes(&mut download).await? {
            send(&steps, Step::Bytes(bytes)).await?;
        }
    }
    send(&steps, Step::End).await?;
    writer.await.map_err(|_| broken())?.map_err(|_| broken())?;
    Ok(())
}

async fn send(steps: &mpsc::Sender<Step>, step: Step) -> Result<(), Trouble> {
    // Nobody writes any more: the reader went away.
    steps.send(step).await.map_err(|_| broken())
}

/// The thread that writes. Names are safe and differ: attachments are declared so.
fn written(
    to: SyncIoBridge<Patient<DuplexStream>>,
    mut told: mpsc::Receiver<Step>,
) -> Result<(), zip::result::ZipError> {
    let mut writer = ZipWriter::new_stream(to);
    while let Some(step) = told.blocking_recv() {
        match step {
            Step::File { name, size } => {
                let options = SimpleFileOptions::default()
                    .compression_method(CompressionMethod::Stored)
                    .large_file(size >= LONG);
                writer.start_file(name, options)?;
            }
            Step::Bytes(bytes) => writer.write_all(&bytes)?,
            Step::End => {
                writer.finish()?.into_inner().flush()?;
                return Ok(());
            }
        }
    }
    Err(zip::result::ZipError::FileNotFound)
}
