//! Doors for the fuzz targets of `fuzz/`; nothing else uses them.

use bytes::Bytes;
use futures_util::{FutureExt as _, Stream, stream};
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_proto::Message as _;
use siegel_proto::postbox::v1::{SubmitStreamRequest, submit_stream_request::Part};
use tonic::Status;

use crate::app::archive_check::Tail;
use crate::app::submit::SubmitError;
use crate::app::upload::Contents;
use crate::config::LimitsConfig;
use crate::domain::attachment::{self, Declaration};
use crate::domain::html;
use crate::domain::media::Sniffer;
use crate::grpc::convert;
use crate::grpc::sender::chunk;

/// Whether a file of this name and type may be attached.
pub fn takes_attachment(name: &str, media_type: &str) -> bool {
    let (name, media_type) = (name.to_owned(), media_type.to_owned());
    let declared = Declaration { name, media_type, sha256: [0; 32], size_bytes: 1 };
    attachment::check(&[declared], &LimitsConfig::default().of_tenant("")).is_ok()
}

/// Whether content that comes in these pieces is what was declared.
pub fn is_of_type(media_type: &str, pieces: &[&[u8]]) -> bool {
    let mut sniffer = Sniffer::default();
    for piece in pieces {
        sniffer.push(piece);
    }
    sniffer.check(media_type).is_ok()
}

/// Whether a text may be written in this HTML.
pub fn takes_html(text: &str) -> bool {
    html::check(text).is_ok()
}

/// Whether an archive whose bytes come in these pieces would be taken.
pub fn takes_archive(pieces: &[&[u8]]) -> bool {
    let mut tail = Tail::default();
    for piece in pieces {
        tail.push(piece);
    }
    tail.safe()
}

/// Reads a submit stream as the service does, up to the rules about letters and what is stored; its
/// messages stand one behind the other, each after its length (two bytes, big endian).
/// Whether it would go on to the recipient; what is taken is what was declared.
pub fn takes_stream(bytes: &[u8]) -> bool {
    let mut messages = messages(bytes).into_iter();
    let first = messages.next().and_then(Result::ok).and_then(|message| message.part);
    let Some(Part::Head(head)) = first else { return false };
    let limits = LimitsConfig::default().of_tenant("");
    let Ok(declared) = convert::declarations(head.attachments) else { return false };
    if attachment::check(&declared, &limits).is_err() {
        return false;
    }
    let letter = convert::letter(head.letter, TrustLevel::High);
    let now = Timestamp::from_seconds(1_741_256_100);
    let sizes: Vec<u64> = declared.iter().map(|one| one.size_bytes).collect();
    cut(&sizes, messages) && letter.is_ok_and(|l| l.is_some_and(|l| l.violations(now).is_empty()))
}

/// The messages of a stream; one that is none ends it, as a broken connection does.
fn messages(mut bytes: &[u8]) -> Vec<Result<SubmitStreamRequest, Status>> {
    let mut messages = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (message, behind) = rest.split_at(length);
        let message = SubmitStreamRequest::decode(message);
        messages.push(message.map_err(|_| Status::internal("broken")));
        bytes = behind;
    }
    messages
}

/// Whether the messages behind the head hold exactly what attachments of these sizes need.
pub fn holds(sizes: &[u64], bytes: &[u8]) -> bool {
    cut(sizes, messages(bytes).into_iter())
}

fn cut(
    sizes: &[u64],
    messages: impl Iterator<Item = Result<SubmitStreamRequest, Status>> + Send,
) -> bool {
    let content = Contents::new(stream::iter(messages.map(chunk)));
    // Nothing is waited for: all messages are there.
    attachments(sizes, content).now_or_never().is_some_and(|cut| cut.is_ok())
}

async fn attachments<S>(sizes: &[u64], mut content: Contents<S>) -> Result<(), SubmitError>
where
    S: Stream<Item = Result<Bytes, SubmitError>> + Unpin + Send,
{
    for size in sizes {
        let mut left = *size;
        while left > 0 {
            let piece = content.next(left).await?.len() as u64;
            assert!((1..=left).contains(&piece), "a piece beyond its attachment, or none");
            left -= piece;
        }
    }
    content.end().await
}

#[cfg(test)]
mod tests {
    use siegel_proto::postbox::v1::SubmitStreamHead;

    use super::*;

    fn written(parts: &[Part]) -> Vec<u8> {
        let message = |part: &Part| SubmitStreamRequest { part: Some(part.clone()) };
        let framed = |part| {
            let bytes = message(part).encode_to_vec();
            let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
            [length.as_slice(), bytes.as_slice()].concat()
        };
        parts.iter().flat_map(framed).collect()
    }

    #[test]
    fn a_stream_holds_attachments_of_exactly_their_sizes_however_it_is_cut() {
        let chunks = [vec![1; 3], vec![], vec![2; 4]].map(Part::Chunk);
        let bytes = written(&chunks);
        for sizes in [&[7][..], &[2, 5], &[3, 4], &[1, 1, 5]] {
            assert!(holds(sizes, &bytes), "{sizes:?}");
        }
        for sizes in [&[6][..], &[8], &[3, 3], &[], &[7, 1]] {
            assert!(!holds(sizes, &bytes), "{sizes:?}");
        }
        assert!(!holds(&[7], &bytes[..bytes.len() - 1]), "the last message is cut off");
    }

    #[test]
    fn a_second_head_and_a_chunk_before_the_first_are_refused() {
        let head = Part::Head(SubmitStreamHead::default());
        let chunk = Part::Chunk(vec![1; 3]);
        assert!(!holds(&[6], &written(&[chunk.clone(), head.clone(), chunk.clone()])));
        assert!(!takes_stream(&written(&[chunk, head])));
    }
}
