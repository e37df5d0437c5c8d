//! A ZIP file written by a thread of its own while it is read.

use std::io::{self, Write as _};

use futures_util::{Stream, TryStreamExt as _};
use tokio::io::DuplexStream;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::io::{ReaderStream, SyncIoBridge};
use tonic::Status;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Archives written at the same time: each holds a thread while its reader reads.
static AT_ONCE: Semaphore = Semaphore::const_new(16);
/// Bytes on their way to the reader.
const PIPE: usize = 256 * 1024;
/// Pieces on their way to the writer.
const ON_THE_WAY: usize = 4;

enum Step {
    File(String),
    Bytes(Vec<u8>),
    End,
}

/// Hands files to the thread that writes. Every call answers `None` once nobody reads.
pub struct Packer(mpsc::Sender<Step>);

impl Packer {
    pub async fn file(&self, name: &str, content: Vec<u8>) -> Option<()> {
        self.begin(name).await?;
        self.bytes(content).await
    }

    pub async fn begin(&self, name: impl Into<String>) -> Option<()> {
        self.0.send(Step::File(name.into())).await.ok()
    }

    pub async fn bytes(&self, bytes: Vec<u8>) -> Option<()> {
        self.0.send(Step::Bytes(bytes)).await.ok()
    }

    pub async fn end(self) -> Option<()> {
        self.0.send(Step::End).await.ok()
    }
}

/// An archive in the making: what fills it, and its bytes. One that broke off ends with an error.
pub fn begin() -> (Packer, impl Stream<Item = Result<Vec<u8>, Status>> + Send + 'static) {
    let (steps, told) = mpsc::channel(ON_THE_WAY);
    let (end, bytes) = tokio::io::duplex(PIPE);
    let work = tokio::spawn(async move {
        let _turn = AT_ONCE.acquire().await;
        let bridge = SyncIoBridge::new(end);
        tokio::task::spawn_blocking(move || write(bridge, told)).await
    });
    let broken = || Status::unavailable("broken off");
    let pieces = ReaderStream::with_capacity(bytes, PIPE)
        .map_ok(|piece| piece.to_vec())
        .map_err(move |_| broken());
    // The end of the bytes is no end of the archive unless the thread says so.
    let over = futures_util::stream::once(async move {
        match work.await {
            Ok(Ok(Ok(()))) => Ok(Vec::new()),
            _ => Err(broken()),
        }
    });
    (Packer(steps), futures_util::StreamExt::chain(pieces, over))
}

fn write(
    to: SyncIoBridge<DuplexStream>,
    mut told: mpsc::Receiver<Step>,
) -> Result<(), zip::result::ZipError> {
    let options =
        SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
    let mut writer = ZipWriter::new_stream(to);
    while let Some(step) = told.blocking_recv() {
        match step {
            Step::File(name) => writer.start_file(name, options)?,
            Step::Bytes(bytes) => writer.write_all(&bytes)?,
            Step::End => {
                writer.finish()?.into_inner().flush()?;
                return Ok(());
            }
        }
    }
    Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
}
