//! Looking at content while it streams by: digest, media type, archive, viruses.

use bytes::Bytes;
use siegel_crypto::{Sha256, same_bytes};

use super::Postbox;
use super::archive_check::{self, Tail};
use super::submit::SubmitError;
use crate::domain::attachment::Declaration;
use crate::domain::media::Sniffer;
use crate::domain::upload::Scan as Scanned;
use crate::ports::scanner::{Scan, Verdict};

/// Everything that has to be known about content before it is accepted.
pub(super) struct Inspector {
    hash: Sha256,
    sniffer: Sniffer,
    /// Of content that unpacks.
    archive: Option<Tail>,
    scan: Option<Scan>,
}

/// What is kept about content that was accepted.
#[derive(Clone, Debug)]
pub(super) struct Passed {
    pub scan: Scanned,
    pub scanned_with: String,
}

impl Postbox {
    /// An inspector for content of a declared type from this tenant; empty for persons.
    pub(super) fn inspector(&self, tenant: &str, media_type: &str) -> Inspector {
        Inspector {
            hash: Sha256::new(),
            sniffer: Sniffer::default(),
            archive: archive_check::unpacks(media_type).then(Tail::default),
            scan: self.scanner.begin(tenant),
        }
    }
}

impl Inspector {
    pub async fn push(&mut self, bytes: &Bytes) -> Result<(), SubmitError> {
        self.hash.update(bytes);
        self.sniffer.push(bytes);
        if let Some(archive) = &mut self.archive {
            archive.push(bytes);
        }
        match &mut self.scan {
            Some(scan) => Ok(scan.push(bytes.clone()).await?),
            None => Ok(()),
        }
    }

    /// Compares what came with what was declared; `index` is its place in the letter.
    pub async fn verdict(
        self,
        declared: &Declaration,
        index: usize,
    ) -> Result<Passed, SubmitError> {
        if !same_bytes(&self.hash.finish(), &declared.sha256) {
            return Err(SubmitError::DigestMismatch { index });
        }
        if self.sniffer.check(&declared.media_type).is_err() {
            return Err(SubmitError::MediaTypeMismatch { index });
        }
        if self.archive.is_some_and(|archive| !archive.safe()) {
            return Err(SubmitError::ArchiveUnsafe { index });
        }
        let Some(scan) = self.scan else {
            return Ok(Passed { scan: Scanned::NotScanned, scanned_with: String::new() });
        };
        let scanned_with = scan.version.clone();
        match scan.verdict().await? {
            Verdict::Clean => Ok(Passed { scan: Scanned::Scanned, scanned_with }),
            Verdict::Infected => Err(SubmitError::Infected { index }),
        }
    }
}
