//! STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): content of any length in chunks of 64 KiB,
//! AES-256-GCM each; reordering, cutting and mixing of chunks do not open.
//!
//! Nonce: 7 random bytes per object, 4 bytes chunk number, 1 byte "last". The key is used for one
//! object only.

use ring::aead::{Aad, Nonce};
use siegel_kernel::Entropy;

use crate::{DataKey, SealError};

/// Plain bytes per chunk.
pub const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
const PREFIX: usize = 7;
/// Bytes before the first chunk.
pub const HEADER: usize = PREFIX;

/// Length of the sealed form of `plain` bytes.
pub fn sealed_len(plain: u64) -> u64 {
    let chunks = plain.div_ceil(CHUNK as u64).max(1);
    plain + chunks * TAG as u64 + PREFIX as u64
}

/// Where the sealed form of a chunk begins in its object.
pub fn chunk_start(chunk: u32) -> u64 {
    PREFIX as u64 + u64::from(chunk) * (CHUNK + TAG) as u64
}

struct Counter {
    key: ring::aead::LessSafeKey,
    prefix: [u8; PREFIX],
    chunk: u32,
}

impl Counter {
    fn nonce(&mut self, last: bool) -> Result<Nonce, SealError> {
        let mut nonce = [0; 12];
        let (prefix, rest) = nonce.split_at_mut(PREFIX);
        prefix.copy_from_slice(&self.prefix);
        let (number, flag) = rest.split_at_mut(4);
        number.copy_from_slice(&self.chunk.to_be_bytes());
        flag.fill(u8::from(last));
        self.chunk = self.chunk.checked_add(1).ok_or(SealError::DoesNotOpen)?;
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

/// Seals content as it streams by. Memory: one chunk.
pub struct Sealer {
    counter: Counter,
    context: Vec<u8>,
    pending: Vec<u8>,
}

impl Sealer {
    /// Begins an object; the returned bytes are its header and come first.
    pub fn new(
        key: &DataKey,
        context: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<(Self, Vec<u8>), SealError> {
        let prefix: [u8; PREFIX] = entropy.array()?;
        let counter = Counter { key: key.cipher()?, prefix, chunk: 0 };
        Ok((Self { counter, context: context.to_vec(), pending: Vec::new() }, prefix.to_vec()))
    }

    /// Takes plain bytes, returns the sealed chunks that are complete.
    pub fn push(&mut self, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        // The last chunk is held back: only `finish` knows that it is the last.
        let complete = (self.pending.len() + plain.len()).saturating_sub(1) / CHUNK;
        let mut out = Vec::with_capacity(complete * (CHUNK + TAG));
        let mut rest = plain;
        for _ in 0..complete {
            rest = self.seal(rest, false, &mut out)?;
        }
        self.pending.extend_from_slice(rest);
        Ok(out)
    }

    /// Seals what is left as the last chunk.
    pub fn finish(mut self) -> Result<Vec<u8>, SealError> {
        let mut out = Vec::new();
        self.seal(&[], true, &mut out)?;
        Ok(out)
    }

    /// Seals what is pending, filled up from `more`; what of that is left.
    fn seal<'a>(
        &mut self,
        more: &'a [u8],
        last: bool,
        out: &mut Vec<u8>,
    ) -> Result<&'a [u8], SealError> {
        let (start, room) = (out.len(), CHUNK.saturating_sub(self.pending.len()));
        let (more, rest) = more.split_at(room.min(more.len()));
        out.append(&mut self.pending);
        out.extend_from_slice(more);
        let nonce = self.counter.nonce(last)?;
        let chunk = out.get_mut(start..).unwrap_or_default();
        let aad = Aad::from(&self.context);
        let tag = self.counter.key.seal_in_place_separate_tag(nonce, aad, chunk);
        out.extend_from_slice(tag.map_err(|_| SealError::DoesNotOpen)?.as_ref());
        Ok(rest)
    }
}

/// Opens content as it streams by. A chunk is handed out only after its tag held; an object that
/// was cut short fails in [`Opener::finish`].
pub struct Opener {
    key: DataKey,
    counter: Option<Counter>,
    context: Vec<u8>,
    pending: Vec<u8>,
}

impl Opener {
    pub fn new(key: &DataKey, context: &[u8]) -> Self {
        Self { key: key.clone(), counter: None, context: context.to_vec(), pending: Vec::new() }
    }

    /// Begins in the middle: at the chunk of this number, from 0. `header` is the object's first
    /// [`HEADER`] bytes; the sealed bytes to push begin at [`chunk_start`].
    pub fn at(key: &DataKey, context: &[u8], header: &[u8], chunk: u32) -> Result<Self, SealError> {
        let prefix = header.try_into().map_err(|_| SealError::DoesNotOpen)?;
        let counter = Some(Counter { key: key.cipher()?, prefix, chunk });
        Ok(Self { key: key.clone(), counter, context: context.to_vec(), pending: Vec::new() })
    }

    /// Takes sealed bytes, returns the plain bytes of complete chunks.
    pub fn push(&mut self, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut rest = sealed;
        if self.counter.is_none() {
            let missing = PREFIX.saturating_sub(self.pending.len());
            let (head, behind) = rest.split_at(missing.min(rest.len()));
            self.pending.extend_from_slice(head);
            let Ok(prefix) = self.pending.as_slice().try_into() else { return Ok(Vec::new()) };
            self.counter = Some(Counter { key: self.key.cipher()?, prefix, chunk: 0 });
            self.pending.clear();
            rest = behind;
        }
        let complete = (self.pending.len() + rest.len()).saturating_sub(1) / (CHUNK + TAG);
        let mut out = Vec::with_capacity(complete * (CHUNK + TAG));
        for _ in 0..complete {
            rest = self.open(rest, false, &mut out)?;
        }
        self.pending.extend_from_slice(rest);
        Ok(out)
    }

    /// Opens the last chunk.
    pub fn finish(mut self) -> Result<Vec<u8>, SealError> {
        let mut out = Vec::new();
        self.open(&[], true, &mut out)?;
        Ok(out)
    }

    /// Opens what is pending, filled up from `more`; what of that is left.
    fn open<'a>(
        &mut self,
        more: &'a [u8],
        last: bool,
        out: &mut Vec<u8>,
    ) -> Result<&'a [u8], SealError> {
        let counter = self.counter.as_mut().ok_or(SealError::DoesNotOpen)?;
        let (start, room) = (out.len(), (CHUNK + TAG).saturating_sub(self.pending.len()));
        let (more, rest) = more.split_at(room.min(more.len()));
        out.append(&mut self.pending);
        out.extend_from_slice(more);
        let nonce = counter.nonce(last)?;
        let chunk = out.get_mut(start..).unwrap_or_default();
        let plain = counter.key.open_in_place(nonce, Aad::from(&self.context), chunk);
        let length = plain.map_err(|_| SealError::DoesNotOpen)?.len();
        out.truncate(start + length);
        Ok(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    fn sealed(key: &DataKey, plain: &[u8]) -> Vec<u8> {
        let (mut sealer, mut out) = Sealer::new(key, b"a", &SystemEntropy::new()).unwrap();
        for piece in plain.chunks(10_007) {
            out.extend(sealer.push(piece).unwrap());
        }
        out.extend(sealer.finish().unwrap());
        out
    }

    fn opened(key: &DataKey, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut opener = Opener::new(key, b"a");
        let mut out = Vec::new();
        for piece in sealed.chunks(4_099) {
            out.extend(opener.push(piece)?);
        }
        out.extend(opener.finish()?);
        Ok(out)
    }

    #[test]
    fn content_of_any_length_comes_back_and_has_the_promised_length() {
        let key = DataKey::from_bytes([3; 32]);
        for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 200_001] {
            let plain: Vec<u8> = (0..251).cycle().take(len).collect();
            let bytes = sealed(&key, &plain);
            assert_eq!(bytes.len() as u64, sealed_len(len as u64));
            assert_eq!(opened(&key, &bytes).unwrap(), plain);
        }
    }

    #[test]
    fn content_can_be_read_from_any_chunk_on() {
        let key = DataKey::from_bytes([3; 32]);
        let plain: Vec<u8> = (0..251).cycle().take(3 * CHUNK + 5).collect();
        let bytes = sealed(&key, &plain);
        for chunk in 0..4u32 {
            let start = usize::try_from(chunk_start(chunk)).unwrap();
            let mut opener = Opener::at(&key, b"a", &bytes[..HEADER], chunk).unwrap();
            let mut out = opener.push(&bytes[start..]).unwrap();
            out.extend(opener.finish().unwrap());
            assert_eq!(out, plain[CHUNK * chunk as usize..]);
        }
        let start = usize::try_from(chunk_start(2)).unwrap();
        let mut opener = Opener::at(&key, b"a", &bytes[..HEADER], 1).unwrap();
        assert!(opener.push(&bytes[start..]).is_err(), "a chunk opens in another's place");
    }

    #[test]
    fn an_object_that_was_cut_at_a_chunk_border_does_not_open() {
        let key = DataKey::from_bytes([3; 32]);
        let bytes = sealed(&key, &vec![9; 3 * CHUNK]);
        let cut = &bytes[..PREFIX + 2 * (CHUNK + TAG)];
        assert_eq!(opened(&key, cut), Err(SealError::DoesNotOpen));
    }

    #[test]
    fn swapped_chunks_do_not_open() {
        let key = DataKey::from_bytes([3; 32]);
        let bytes = sealed(&key, &vec![9; 3 * CHUNK]);
        let (one, two) =
            (PREFIX..PREFIX + CHUNK + TAG, PREFIX + CHUNK + TAG..PREFIX + 2 * (CHUNK + TAG));
        let swapped =
            [&bytes[..PREFIX], &bytes[two.clone()], &bytes[one], &bytes[two.end..]].concat();
        assert!(opened(&key, &swapped).is_err());
    }

    #[test]
    fn content_does_not_open_in_the_place_of_another() {
        let key = DataKey::from_bytes([3; 32]);
        let bytes = sealed(&key, b"Bescheid");
        let mut elsewhere = Opener::new(&key, b"b");
        let end = elsewhere.push(&bytes).and_then(|_| elsewhere.finish());
        assert_eq!(end.err(), Some(SealError::DoesNotOpen));
    }
}
