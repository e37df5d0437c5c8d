//! Parts of an upload: sealed and written while the next bytes come, counted in their order.

use bytes::Bytes;
use futures_util::StreamExt as _;
use siegel_crypto::{DataKey, SealError, Sealer, random_token};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::adopt::object_key;
use super::resumable::UploadError;
use super::submit::SubmitError;
use super::vault::part_context;
use super::{Postbox, Trouble};
use crate::domain::upload::may_have_part;
use crate::store::resumable::{self, PartRow, UploadRow};

/// Parts of one upload that are written at the same time. With the one that comes and the one that
/// waits, and each of those that are written plain and sealed for a moment, the memory of an upload:
/// five times `PART`, eight at most.
const AT_ONCE: usize = 3;

impl Postbox {
    /// Makes parts durable behind those that are there, until no more come. What was counted
    /// stays, whatever follows.
    pub(super) async fn store_parts(
        &self,
        row: &mut UploadRow,
        key: &DataKey,
        parts: mpsc::Receiver<Bytes>,
    ) -> Result<(), UploadError> {
        let before = row.clone();
        let mut written = ReceiverStream::new(parts)
            .zip(futures_util::stream::iter(before.part_count..))
            .map(|(plain, number)| self.write_part(&before, key, (number, plain)))
            .buffered(AT_ONCE)
            .ready_chunks(AT_ONCE);
        while let Some(some) = written.next().await {
            let some = some.into_iter().collect::<Result<Vec<_>, _>>()?;
            self.count_parts(row, &some).await?;
        }
        Ok(())
    }

    /// Writes an object that counts for nothing yet.
    async fn write_part(
        &self,
        upload: &UploadRow,
        key: &DataKey,
        (number, plain): (i64, Bytes),
    ) -> Result<PartRow, UploadError> {
        if !may_have_part(upload.size_bytes, number) {
            return Err(UploadError::TooManyPieces);
        }
        let id = upload.attachment_id;
        // A key and a name of its own each time: two requests at once, or one after a crash, write
        // different objects, and only one of them counts.
        let part_key = self.vault.new_key()?;
        let context = part_context("content", id, number);
        let (sealer, header) = Sealer::new(&part_key, &context, self.vault.entropy())?;
        let name = random_token(self.entropy.as_ref())?;
        let part = PartRow {
            attachment_id: id,
            number,
            size_bytes: i64::try_from(plain.len()).unwrap_or(i64::MAX),
            object_key: format!("{}{number}-{name}", object_key(upload.id)),
            wrapped_key: self.vault.wrap_part_key((id, key), number, &part_key)?,
        };
        // Milliseconds of work: beside the bytes that come meanwhile.
        let sealing = tokio::task::spawn_blocking(move || sealed(sealer, header, &plain));
        let sealed = sealing.await.map_err(|_| Trouble::Contradiction("sealing broke off"))??;
        self.objects.put_pieces(&part.object_key, sealed).await.map_err(Trouble::from)?;
        Ok(part)
    }

    /// Counts parts that are durable; none of them when somebody else's came first.
    async fn count_parts(&self, row: &mut UploadRow, parts: &[PartRow]) -> Result<(), UploadError> {
        let mut counted = row.clone();
        let mut tx = self.db.begin().await?;
        for part in parts {
            if !resumable::add_part(&mut tx, &counted, part).await? {
                drop(tx);
                return self.came_second(row, parts).await;
            }
            counted.part_count += 1;
            counted.stored_bytes += part.size_bytes;
        }
        tx.commit().await?;
        *row = counted;
        Ok(())
    }

    /// Another request stored bytes: its own go, and it hears where the upload stands.
    async fn came_second(&self, row: &UploadRow, parts: &[PartRow]) -> Result<(), UploadError> {
        for part in parts {
            self.objects.delete(&part.object_key).await.map_err(Trouble::from)?;
        }
        let mut tx = self.db.read().await?;
        let now = resumable::get(&mut tx, &row.owner, row.id).await?;
        let now = now.ok_or(SubmitError::UploadUnknown)?;
        let stored = u64::try_from(now.stored_bytes).unwrap_or_default();
        Err(UploadError::Offset { stored })
    }
}

/// In pieces: one sealed copy of the part, not two.
fn sealed(mut sealer: Sealer, header: Vec<u8>, plain: &[u8]) -> Result<Vec<Vec<u8>>, SealError> {
    Ok(vec![header, sealer.push(plain)?, sealer.finish()?])
}
