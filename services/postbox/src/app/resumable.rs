//! Uploads that go on after an interruption: bytes are durable part by part, and checked as a
//! whole before a letter may name them.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use tokio::sync::mpsc;

use super::adopt::object_key;
use super::inspect::{Inspector, Passed};
use super::submit::SubmitError;
use super::uploads::{Progress, Uploader, declaration, progress, size};
use super::{Postbox, Trouble};
use crate::domain::UploadId;
use crate::domain::attachment::Declaration;
use crate::domain::upload::{PART, State};
use crate::store::resumable::{self, UploadRow};

/// Bytes of a broken request that are worth a part of their own.
const WORTH_A_PART: usize = 256 * 1024;
/// Audit line of the end.
const STORED: &str = "postbox.upload.stored";

/// An upload that does not go on.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error("the bytes do not begin where the upload has to go on, at {stored}")]
    Offset { stored: u64 },
    #[error("more bytes came than were declared")]
    TooManyBytes,
    #[error("the upload was refused")]
    Refused { reason: String },
    #[error("the upload came in too many small pieces")]
    TooManyPieces,
    #[error("too many uploads are open")]
    TooManyUploads,
    #[error("the upload is being checked, or was a moment ago")]
    BeingChecked { retry_in: Duration },
}

impl<E: Into<Trouble>> From<E> for UploadError {
    fn from(error: E) -> Self {
        Self::Submit(SubmitError::Trouble(error.into()))
    }
}

impl Postbox {
    /// Takes bytes from `offset` on. What is durable stays when the stream breaks; when all bytes
    /// are there they are checked, and a letter may name the upload.
    #[tracing::instrument(name = "postbox.upload", skip_all, fields(upload.id = %id))]
    pub async fn append<S>(
        &self,
        who: &Uploader,
        id: UploadId,
        offset: u64,
        content: S,
    ) -> Result<Progress, UploadError>
    where
        S: Stream<Item = Result<Bytes, SubmitError>> + Unpin + Send,
    {
        let mut row = self.upload_row(who, id).await?;
        match row.state()? {
            // Somebody repeats the last request, whose answer was lost.
            State::Ready => return Ok(progress(&row)?),
            State::Refused => {
                return Err(UploadError::Refused { reason: row.refusal.unwrap_or_default() });
            }
            State::Receiving => {}
        }
        let stored = u64::try_from(row.stored_bytes).unwrap_or_default();
        if offset != stored {
            return Err(UploadError::Offset { stored });
        }
        let key = self.vault.upload_key(row.attachment_id, &row.wrapped_key)?;
        let declared = declaration(&row, &key)?;
        // Bytes that all come in one go need not be read again for the check.
        let mut inspector =
            (stored == 0).then(|| self.inspector(who.tenant(), &declared.media_type));
        let mut left = size(&row) - stored;
        let (parts, incoming) = mpsc::channel(1);
        let receiving = receive(content, (&mut left, inspector.as_mut()), parts);
        let storing = self.store_parts(&mut row, &key, incoming);
        // What came before a break is stored; what cannot be stored ends it at once.
        let (received, ()) = tokio::try_join!(async { Ok(receiving.await) }, storing)?;
        if let Err(error) = received {
            return match error {
                UploadError::TooManyBytes => self.refuse_upload(who, &row, error).await,
                error => Err(error),
            };
        }
        if left > 0 {
            return Ok(progress(&row)?);
        }
        match inspector {
            Some(inspector) => self.complete(who, row, (&declared, inspector)).await,
            None => self.check_stored(who, row).await,
        }
    }

    /// All bytes are there: are they what was declared?
    pub(super) async fn complete(
        &self,
        who: &Uploader,
        mut row: UploadRow,
        (declared, inspector): (&Declaration, Inspector),
    ) -> Result<Progress, UploadError> {
        let passed = match inspector.verdict(declared, 0).await {
            Ok(passed) => passed,
            // Not the bytes' fault: asking again checks them again.
            Err(error @ (SubmitError::Scanner(_) | SubmitError::Trouble(_))) => {
                return Err(error.into());
            }
            Err(error) => return self.refuse_upload(who, &row, error.into()).await,
        };
        let Passed { scan, scanned_with } = passed;
        let mut tx = self.db.begin().await?;
        if !resumable::ready(&mut tx, row.id, (scan, &scanned_with)).await? {
            drop(tx);
            return self.upload_progress(who, row.id).await;
        }
        self.upload_line(&mut tx, who, (STORED, "done", ""), (row.id, self.now())).await?;
        tx.commit().await?;
        self.feed.committed();
        self.drop_strays(&row).await;
        State::Ready.as_str().clone_into(&mut row.state);
        scan.as_str().clone_into(&mut row.scan);
        Ok(progress(&row)?)
    }

    /// The upload can never be used; nothing of its bytes stays.
    async fn refuse_upload(
        &self,
        who: &Uploader,
        row: &UploadRow,
        error: UploadError,
    ) -> Result<Progress, UploadError> {
        let reason = error.refusal();
        let mut tx = self.db.begin().await?;
        if !resumable::refuse(&mut tx, row, reason).await? {
            return Err(error); // a late piece of an upload that another request completed
        }
        self.upload_line(&mut tx, who, (STORED, reason, ""), (row.id, self.now())).await?;
        tx.commit().await?;
        self.feed.committed();
        if matches!(error, UploadError::Submit(SubmitError::Infected { .. })) {
            self.note_infected(&who.by(), &row.id.to_string()).await?;
        }
        if let Err(error) = self.objects.delete(&object_key(row.id)).await {
            tracing::info!(
                error = &error as &dyn std::error::Error,
                "the parts of a refused upload are left to the sweeper"
            );
        }
        Err(error)
    }

    /// Removes parts that were written and never counted: of requests that lost a race or broke.
    async fn drop_strays(&self, row: &UploadRow) {
        let work = async {
            let mut tx = self.db.read().await?;
            let parts = resumable::parts(&mut tx, row.attachment_id).await?;
            drop(tx);
            for key in self.objects.below(&object_key(row.id)).await? {
                if !parts.iter().any(|part| part.object_key == key) {
                    self.objects.delete(&key).await?;
                }
            }
            Ok::<_, Trouble>(())
        };
        if let Err(error) = work.await {
            tracing::info!(error = &error as &dyn std::error::Error, "stray parts were left");
        }
    }
}

/// Cuts what comes into parts, and looks at it. Ends quietly when nobody stores any more: why, who
/// stored knows.
async fn receive<S>(
    mut content: S,
    (left, mut inspector): (&mut u64, Option<&mut Inspector>),
    parts: mpsc::Sender<Bytes>,
) -> Result<(), UploadError>
where
    S: Stream<Item = Result<Bytes, SubmitError>> + Unpin + Send,
{
    let mut pending = BytesMut::new();
    while let Some(bytes) = content.next().await {
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(broken) => {
                if pending.len() >= WORTH_A_PART {
                    let _ = parts.send(pending.freeze()).await;
                }
                return Err(broken.into());
            }
        };
        *left = left.checked_sub(bytes.len() as u64).ok_or(UploadError::TooManyBytes)?;
        if let Some(inspector) = &mut inspector {
            inspector.push(&bytes).await?;
        }
        pending.extend_from_slice(&bytes);
        while pending.len() >= PART {
            let part = pending.split_to(PART).freeze();
            if parts.send(part).await.is_err() {
                return Ok(());
            }
        }
    }
    if !pending.is_empty() {
        let _ = parts.send(pending.freeze()).await;
    }
    Ok(())
}

impl UploadError {
    /// What later calls hear about an upload that ended so.
    const fn refusal(&self) -> &'static str {
        match self {
            Self::Submit(SubmitError::DigestMismatch { .. }) => "DIGEST_MISMATCH",
            Self::Submit(SubmitError::MediaTypeMismatch { .. }) => "MEDIA_TYPE_MISMATCH",
            Self::Submit(SubmitError::Infected { .. }) => "ATTACHMENT_INFECTED",
            Self::Submit(SubmitError::ArchiveUnsafe { .. }) => "ARCHIVE_UNSAFE",
            Self::TooManyBytes => "SIZE_MISMATCH",
            _ => "UPLOAD_REFUSED",
        }
    }
}
