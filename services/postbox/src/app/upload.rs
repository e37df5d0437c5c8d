//! Taking attachments: sealed as they stream by, checked against their declarations.

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use siegel_crypto::{DataKey, Sealer};
use siegel_db::audit::{self, Entry};

use super::inspect::{Inspector, Passed};
use super::lanes::Turner;
use super::submit::SubmitError;
use super::vault::attachment_context;
use super::{Postbox, Trouble};
use crate::domain::attachment::Declaration;
use crate::domain::{AttachmentId, LetterId, MailboxId, UploadId};
use crate::ports::objects::Writer;
use crate::store::attachments::AttachmentRow;
use crate::store::{retention, uploads};

/// The bytes of all attachments, one after the other.
pub struct Contents<S> {
    source: S,
    pending: Bytes,
}

impl<S: Stream<Item = Result<Bytes, SubmitError>> + Unpin + Send> Contents<S> {
    pub fn new(source: S) -> Self {
        Self { source, pending: Bytes::new() }
    }

    /// The next bytes, at most `limit`.
    pub async fn next(&mut self, limit: u64) -> Result<Bytes, SubmitError> {
        while self.pending.is_empty() {
            self.pending = self.source.next().await.ok_or(SubmitError::StreamIncomplete)??;
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(self.pending.split_to(limit.min(self.pending.len())))
    }

    /// Refuses bytes beyond the last attachment.
    pub async fn end(&mut self) -> Result<(), SubmitError> {
        let mut extra = !self.pending.is_empty();
        while !extra {
            match self.source.next().await {
                Some(bytes) => extra = !bytes?.is_empty(),
                None => return Ok(()),
            }
        }
        Err(SubmitError::field("chunk", "more bytes came than the attachments declare"))
    }
}

/// Whose attachments they are.
pub(super) struct Place<'a> {
    pub mailbox: MailboxId,
    pub letter: LetterId,
    pub letter_key: &'a DataKey,
    pub turner: Turner<'a>,
}

/// Attachments whose sealed bytes are in the object store and that no letter refers to yet.
#[derive(Default)]
pub(super) struct Uploaded {
    pub rows: Vec<AttachmentRow>,
    /// Uploads made before whose parts the last rows are.
    pub adopted: Vec<UploadId>,
}

/// Who uploads: decides about the scan, and stands in the audit trail.
#[derive(Clone, Copy, Debug)]
pub struct UploadedBy<'a> {
    /// Empty for persons.
    pub tenant: &'a str,
    pub name: &'a str,
}

impl Postbox {
    /// Stores all attachments, or none: what was stored before a failure is removed at once, or,
    /// when that fails too, by the sweeper.
    pub(super) async fn upload_by<S>(
        &self,
        by: &UploadedBy<'_>,
        place: &Place<'_>,
        declared: &[Declaration],
        content: S,
    ) -> Result<Uploaded, SubmitError>
    where
        S: Stream<Item = Result<Bytes, SubmitError>> + Unpin + Send,
    {
        let mut content = Contents::new(content);
        let mut ids = Vec::with_capacity(declared.len());
        for _ in declared {
            let id = AttachmentId::new(self.clock.as_ref(), self.entropy.as_ref());
            ids.push(id.map_err(Trouble::from)?);
        }
        let keys: Vec<String> = ids.iter().map(|id| object_key(place, *id)).collect();
        if !keys.is_empty() {
            let _turn = self.lanes.turn(place.turner).await?;
            uploads::begin(&self.db, &keys, self.now().legal).await?;
        }
        let mut uploaded = Uploaded::default();
        let mut outcome = Ok(());
        for (number, (id, declaration)) in ids.into_iter().zip(declared).enumerate() {
            match self.upload_one(by, place, (number, id), (declaration, &mut content)).await {
                Ok(row) => uploaded.rows.push(row),
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        if outcome.is_ok() {
            outcome = content.end().await;
        }
        if let Err(error) = outcome {
            self.discard(&keys).await;
            if matches!(error, SubmitError::Infected { .. }) {
                self.note_infected(by, &place.mailbox.to_string()).await?;
            }
            return Err(error);
        }
        Ok(uploaded)
    }

    async fn upload_one<S>(
        &self,
        by: &UploadedBy<'_>,
        place: &Place<'_>,
        (number, id): (usize, AttachmentId),
        (declared, content): (&Declaration, &mut Contents<S>),
    ) -> Result<AttachmentRow, SubmitError>
    where
        S: Stream<Item = Result<Bytes, SubmitError>> + Unpin + Send,
    {
        let object_key = object_key(place, id);
        let key = self.vault.new_key()?;
        let mut writer = self.objects.write(&object_key);
        let inspector = self.inspector(by.tenant, &declared.media_type);
        let sealing =
            self.seal_into(&mut writer, (id, &key), (declared, inspector), (number, content));
        let passed = match sealing.await {
            Ok(passed) => passed,
            Err(error) => {
                writer.abort().await;
                return Err(error);
            }
        };
        writer.finish().await.map_err(Trouble::from)?;
        Ok(AttachmentRow {
            mailbox_id: place.mailbox,
            letter_id: place.letter,
            id,
            number: i64::try_from(number).unwrap_or(i64::MAX),
            size_bytes: i64::try_from(declared.size_bytes).unwrap_or(i64::MAX),
            sha256: declared.sha256.to_vec(),
            object_key,
            wrapped_key: self.vault.wrap_attachment_key(place.letter_key, id, &key)?,
            scan: passed.scan.as_str().to_owned(),
            scanned_with: passed.scanned_with,
        })
    }

    /// Seals one attachment's bytes; fails before they become visible when they are not what was
    /// declared.
    async fn seal_into<S>(
        &self,
        writer: &mut Writer,
        (id, key): (AttachmentId, &DataKey),
        (declared, mut inspector): (&Declaration, Inspector),
        (index, content): (usize, &mut Contents<S>),
    ) -> Result<Passed, SubmitError>
    where
        S: Stream<Item = Result<Bytes, SubmitError>> + Unpin + Send,
    {
        let (mut sealer, header) =
            Sealer::new(key, &attachment_context("content", id), self.vault.entropy())
                .map_err(Trouble::from)?;
        writer.push(header).await.map_err(Trouble::from)?;
        let mut left = declared.size_bytes;
        while left > 0 {
            let piece = content.next(left).await?;
            left = left.saturating_sub(piece.len() as u64);
            inspector.push(&piece).await?;
            let sealed = sealer.push(&piece).map_err(Trouble::from)?;
            writer.push(sealed).await.map_err(Trouble::from)?;
        }
        let sealed = sealer.finish().map_err(Trouble::from)?;
        writer.push(sealed).await.map_err(Trouble::from)?;
        inspector.verdict(declared, index).await
    }

    /// The trail says that something infected came, and from whom.
    pub(super) async fn note_infected(
        &self,
        by: &UploadedBy<'_>,
        subject: &str,
    ) -> Result<(), Trouble> {
        let entry = Entry {
            kind: "postbox.attachment.infected",
            actor: by.name,
            subject,
            level: None,
            outcome: "ATTACHMENT_INFECTED",
            request_id: "",
            detail: "",
            at: self.now().recorded,
        };
        let mut tx = self.db.begin().await?;
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }

    /// Removes objects that will not become part of a letter; those that did stay.
    pub(crate) async fn discard(&self, keys: &[String]) {
        if let Err(error) = self.remove_untaken(keys).await {
            tracing::info!(
                error = &error as &dyn std::error::Error,
                "an upload is left to the sweeper"
            );
        }
    }

    /// The note decides, in one transaction: a letter that takes an object at this moment has it,
    /// or is refused.
    pub(super) async fn remove_untaken(&self, keys: &[String]) -> Result<(), Trouble> {
        let mut tx = self.db.begin().await?;
        let mut doomed = Vec::new();
        for key in keys {
            if uploads::doom(&mut tx, key).await? {
                doomed.push(key.clone());
            }
        }
        tx.commit().await?;
        self.remove(&doomed).await
    }

    /// Removes doomed objects. Stopped in between, the sweeper does the rest.
    pub(super) async fn remove(&self, doomed: &[String]) -> Result<(), Trouble> {
        for key in doomed {
            self.objects.delete(key).await?;
        }
        if !doomed.is_empty() {
            retention::gone(&self.db, doomed).await?;
        }
        Ok(())
    }
}

fn object_key(place: &Place<'_>, id: AttachmentId) -> String {
    format!("letters/{}/{}/{id}", place.mailbox, place.letter)
}
