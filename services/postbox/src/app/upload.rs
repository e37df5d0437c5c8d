//! Taking attachments: sealed as they stream by, checked against their declarations.

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use siegel_crypto::{DataKey, Sealer, Sha256, same_bytes};

use super::lanes::Turner;
use super::submit::SubmitError;
use super::vault::attachment_context;
use super::{Postbox, Trouble};
use crate::domain::attachment::Declaration;
use crate::domain::media::Sniffer;
use crate::domain::{AttachmentId, LetterId, MailboxId};
use crate::ports::objects::Writer;
use crate::store::attachments::AttachmentRow;
use crate::store::uploads;

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
    async fn next(&mut self, limit: u64) -> Result<Bytes, SubmitError> {
        while self.pending.is_empty() {
            self.pending = self.source.next().await.ok_or(SubmitError::StreamIncomplete)??;
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(self.pending.split_to(limit.min(self.pending.len())))
    }

    /// Refuses bytes beyond the last attachment.
    async fn end(&mut self) -> Result<(), SubmitError> {
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
}

impl Postbox {
    /// Stores all attachments, or none: what was stored before a failure is removed at once, or,
    /// when that fails too, by the sweeper.
    pub(super) async fn upload<S>(
        &self,
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
            match self.upload_one(place, (number, id), declaration, &mut content).await {
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
            return Err(error);
        }
        Ok(uploaded)
    }

    async fn upload_one<S>(
        &self,
        place: &Place<'_>,
        (number, id): (usize, AttachmentId),
        declared: &Declaration,
        content: &mut Contents<S>,
    ) -> Result<AttachmentRow, SubmitError>
    where
        S: Stream<Item = Result<Bytes, SubmitError>> + Unpin + Send,
    {
        let object_key = object_key(place, id);
        let key = self.vault.new_key()?;
        let mut writer = self.objects.write(&object_key);
        match self.seal_into(&mut writer, (id, &key), declared, (number, content)).await {
            Ok(()) => writer.finish().await.map_err(Trouble::from)?,
            Err(error) => {
                writer.abort().await;
                return Err(error);
            }
        }
        Ok(AttachmentRow {
            mailbox_id: place.mailbox,
            letter_id: place.letter,
            id,
            number: i64::try_from(number).unwrap_or(i64::MAX),
            size_bytes: i64::try_from(declared.size_bytes).unwrap_or(i64::MAX),
            sha256: declared.sha256.to_vec(),
            object_key,
            wrapped_key: self.vault.wrap_attachment_key(place.letter_key, id, &key)?,
        })
    }

    /// Seals one attachment's bytes; fails before they become visible when they are not what was
    /// declared.
    async fn seal_into<S>(
        &self,
        writer: &mut Writer,
        (id, key): (AttachmentId, &DataKey),
        declared: &Declaration,
        (index, content): (usize, &mut Contents<S>),
    ) -> Result<(), SubmitError>
    where
        S: Stream<Item = Result<Bytes, SubmitError>> + Unpin + Send,
    {
        let (mut sealer, header) =
            Sealer::new(key, &attachment_context("content", id), self.vault.entropy())
                .map_err(Trouble::from)?;
        writer.push(header).await.map_err(Trouble::from)?;
        let (mut hash, mut sniffer) = (Sha256::new(), Sniffer::default());
        let mut left = declared.size_bytes;
        while left > 0 {
            let piece = content.next(left).await?;
            left = left.saturating_sub(piece.len() as u64);
            hash.update(&piece);
            sniffer.push(&piece);
            let sealed = sealer.push(&piece).map_err(Trouble::from)?;
            writer.push(sealed).await.map_err(Trouble::from)?;
        }
        let sealed = sealer.finish().map_err(Trouble::from)?;
        writer.push(sealed).await.map_err(Trouble::from)?;
        if !same_bytes(&hash.finish(), &declared.sha256) {
            return Err(SubmitError::DigestMismatch { index });
        }
        sniffer.check(&declared.media_type).map_err(|_| SubmitError::MediaTypeMismatch { index })
    }

    /// Removes objects that will not become part of a letter.
    pub(super) async fn discard(&self, keys: &[String]) {
        for key in keys {
            if let Err(error) = self.objects.delete(key).await {
                tracing::info!(
                    error = &error as &dyn std::error::Error,
                    "an upload is left to the sweeper"
                );
                return;
            }
        }
        if let Err(error) = uploads::forget(&self.db, keys).await {
            tracing::info!(
                error = &error as &dyn std::error::Error,
                "an upload's note is left to the sweeper"
            );
        }
    }
}

fn object_key(place: &Place<'_>, id: AttachmentId) -> String {
    format!("letters/{}/{}/{id}", place.mailbox, place.letter)
}
