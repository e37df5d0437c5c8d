//! Reading attachments: from any byte on, one object or many parts, a chunk in memory at a time.

use std::collections::VecDeque;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use siegel_crypto::{CHUNK, DataKey, HEADER, Opener, chunk_start};
use siegel_db::Tx;

use super::vault::{self, attachment_context, part_context};
use super::{Postbox, Trouble};
use crate::domain::AttachmentId;
use crate::ports::objects::{ObjectError, Objects};
use crate::store::resumable::{self, PartRow};

/// One sealed object of an attachment.
struct Piece {
    object_key: String,
    key: DataKey,
    context: Vec<u8>,
    /// Plain bytes.
    size: u64,
}

/// Plain bytes of an attachment that are still to be read.
pub(super) struct Plain {
    objects: Objects,
    pieces: VecDeque<Piece>,
    reading: Option<Reading>,
    /// Plain bytes to pass over in the pieces ahead.
    skip: u64,
    /// Plain bytes still wanted.
    left: u64,
}

struct Reading {
    opener: Opener,
    sealed: BoxStream<'static, Result<Bytes, ObjectError>>,
    /// Plain bytes before the one that is wanted, in the chunk where reading began.
    skip: usize,
}

/// Which attachment, under which key, how long.
pub(super) struct Whole<'a> {
    pub id: AttachmentId,
    pub key: &'a DataKey,
    pub object_key: &'a str,
    pub size: u64,
}

impl Postbox {
    /// Reads an attachment from `offset` on, `length` bytes or to its end.
    pub(super) async fn plain(
        &self,
        tx: &mut Tx,
        whole: &Whole<'_>,
        (offset, length): (u64, u64),
    ) -> Result<Plain, Trouble> {
        let parts = resumable::parts(tx, whole.id).await?;
        self.plain_of(whole, &parts, (offset, length))
    }

    pub(super) fn plain_of(
        &self,
        whole: &Whole<'_>,
        parts: &[PartRow],
        (offset, length): (u64, u64),
    ) -> Result<Plain, Trouble> {
        let mut pieces = VecDeque::with_capacity(parts.len().max(1));
        if parts.is_empty() {
            pieces.push_back(Piece {
                object_key: whole.object_key.to_owned(),
                key: whole.key.clone(),
                context: attachment_context("content", whole.id),
                size: whole.size,
            });
        }
        for part in parts {
            pieces.push_back(Piece {
                object_key: part.object_key.clone(),
                key: vault::part_key((whole.id, whole.key), part.number, &part.wrapped_key)?,
                context: part_context("content", whole.id, part.number),
                size: u64::try_from(part.size_bytes).unwrap_or_default(),
            });
        }
        if pieces.iter().map(|p| p.size).sum::<u64>() != whole.size {
            return Err(Trouble::Contradiction("the parts of an attachment are not all there"));
        }
        let left = length.min(whole.size.saturating_sub(offset));
        Ok(Plain { objects: self.objects.clone(), pieces, reading: None, skip: offset, left })
    }
}

impl Plain {
    /// Whether there is nothing more to read.
    pub const fn is_done(&self) -> bool {
        self.left == 0
    }

    /// Begins to read, so that an object that is gone is known before the first answer.
    pub async fn begin(&mut self) -> Result<(), Trouble> {
        while let Some(piece) = self.pieces.front()
            && self.skip >= piece.size
        {
            self.skip -= piece.size;
            self.pieces.pop_front();
        }
        if self.reading.is_none() && self.left > 0 {
            let piece = self.pieces.pop_front();
            let piece = piece.ok_or(Trouble::Contradiction("an attachment is too short"))?;
            self.reading = Some(open(&self.objects, &piece, self.skip).await?);
            self.skip = 0;
        }
        Ok(())
    }

    /// The next bytes; `None` at the end. Bytes come only after the tag of their chunk held, and
    /// the last ones only after the whole object was there.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Trouble> {
        while self.left > 0 {
            self.begin().await?;
            let Some(reading) = &mut self.reading else { return Ok(None) };
            let plain = if let Some(sealed) = reading.sealed.next().await {
                reading.opener.push(&sealed?)?
            } else {
                let Some(Reading { opener, skip, .. }) = self.reading.take() else {
                    return Ok(None);
                };
                let last = opener.finish()?;
                match self.wanted(last, skip).0 {
                    Some(bytes) => return Ok(Some(bytes)),
                    None => continue,
                }
            };
            let skip = std::mem::take(&mut reading.skip);
            let (bytes, skip) = self.wanted(plain, skip);
            if let Some(reading) = &mut self.reading {
                reading.skip = skip;
            }
            if bytes.is_some() {
                return Ok(bytes);
            }
        }
        self.reading = None;
        Ok(None)
    }

    /// What of some plain bytes is wanted, and how many of the next to pass over.
    fn wanted(&mut self, plain: Vec<u8>, skip: usize) -> (Option<Bytes>, usize) {
        let over = skip.min(plain.len());
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let end = plain.len().min(over.saturating_add(most));
        let bytes = Bytes::from(plain).slice(over..end);
        self.left -= bytes.len() as u64;
        ((!bytes.is_empty()).then_some(bytes), skip - over)
    }
}

/// Reads a sealed object from the chunk that holds the plain byte `offset`.
async fn open(objects: &Objects, piece: &Piece, offset: u64) -> Result<Reading, Trouble> {
    let chunk = u32::try_from(offset / CHUNK as u64).unwrap_or(u32::MAX);
    if chunk == 0 {
        let opener = Opener::new(&piece.key, &piece.context);
        let sealed = objects.read(&piece.object_key).await?;
        return Ok(Reading { opener, sealed, skip: usize::try_from(offset).unwrap_or_default() });
    }
    let header = objects.read_start(&piece.object_key, HEADER as u64).await?;
    let opener = Opener::at(&piece.key, &piece.context, &header, chunk)?;
    let sealed = objects.read_from(&piece.object_key, chunk_start(chunk)).await?;
    let skip = offset % CHUNK as u64;
    Ok(Reading { opener, sealed, skip: usize::try_from(skip).unwrap_or_default() })
}
