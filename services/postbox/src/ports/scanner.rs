//! The virus scanner: clamd's INSTREAM over TCP. Content streams to it while it is uploaded.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use clamav_client::tokio as clamd;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;

use crate::config::ScannerConfig;

/// How long the scanner may take for a connection, for the next bytes, for its verdict.
const PATIENCE: Duration = Duration::from_mins(1);
/// Pieces on their way to the scanner; with their size the memory of a scan.
const ON_THE_WAY: usize = 4;

/// The scanner gives no verdict.
#[derive(Debug, thiserror::Error)]
pub enum ScannerError {
    #[error("the scanner cannot be reached")]
    Io(#[from] io::Error),
    #[error("the scanner took too long")]
    Slow,
    /// As when content is longer than its `StreamMaxLength`.
    #[error("the scanner gave up")]
    GaveUp,
}

/// What a scanner says about content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Clean,
    Infected,
}

/// The scanner, or none. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Scanner(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    config: ScannerConfig,
    /// What it last said about itself and its signatures.
    version: Mutex<String>,
}

impl Scanner {
    pub fn new(config: Option<ScannerConfig>) -> Self {
        let inner = config.map(|config| Inner { config, version: Mutex::default() });
        Self(inner.map(Arc::new))
    }

    /// Begins a scan; `None` where content of this tenant is not scanned.
    pub fn begin(&self, tenant: &str) -> Option<Scan> {
        let inner = self.0.as_ref().filter(|i| !i.config.off_for.iter().any(|t| t == tenant))?;
        Some(Scan::begin(inner.config.address.clone(), inner.version()))
    }

    /// Whether a scan for this tenant is asked for at all.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Asks the scanner which signatures it has; `None` when there is no scanner.
    pub async fn ask_version(&self) -> Result<Option<String>, ScannerError> {
        let Some(inner) = &self.0 else { return Ok(None) };
        let at = clamd::Tcp { host_address: inner.config.address.as_str() };
        let answer = tokio::time::timeout(PATIENCE, clamd::get_version(at)).await;
        let answer = answer.map_err(|_| ScannerError::Slow)??;
        let version = word(&answer)?;
        version.clone_into(&mut inner.version.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Some(version))
    }
}

impl Inner {
    fn version(&self) -> String {
        self.version.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Content that is being scanned. Dropped, the connection ends without a verdict.
pub struct Scan {
    feed: mpsc::Sender<io::Result<Bytes>>,
    answer: AbortOnDropHandle<io::Result<Vec<u8>>>,
    /// The signatures in use when it began.
    pub version: String,
}

impl Scan {
    fn begin(address: String, version: String) -> Self {
        let (feed, content) = mpsc::channel(ON_THE_WAY);
        let work = async move {
            let at = clamd::Tcp { host_address: address.as_str() };
            clamd::scan_stream(ReceiverStream::new(content), at, None).await
        };
        Self { feed, answer: AbortOnDropHandle::new(tokio::spawn(work)), version }
    }

    /// Hands on the next bytes. A scanner that ended says why in [`Scan::verdict`].
    pub async fn push(&mut self, bytes: Bytes) -> Result<(), ScannerError> {
        match tokio::time::timeout(PATIENCE, self.feed.send(Ok(bytes))).await {
            Ok(Ok(()) | Err(_)) => Ok(()),
            Err(_) => Err(ScannerError::Slow),
        }
    }

    /// The end of the content was handed on: what is it?
    pub async fn verdict(self) -> Result<Verdict, ScannerError> {
        let Self { feed, answer, .. } = self;
        drop(feed);
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        let answer = answer.map_err(|_| ScannerError::Slow)?.map_err(io::Error::other)??;
        match word(&answer)?.as_str() {
            "stream: OK" => Ok(Verdict::Clean),
            found if found.ends_with(" FOUND") => Ok(Verdict::Infected),
            _ => Err(ScannerError::GaveUp),
        }
    }
}

/// An answer of clamd without its end.
fn word(answer: &[u8]) -> Result<String, ScannerError> {
    let text = std::str::from_utf8(answer).map_err(|_| ScannerError::GaveUp)?;
    let text = text.trim_end_matches(['\0', '\n']);
    if text.is_empty() { Err(ScannerError::GaveUp) } else { Ok(text.to_owned()) }
}
