//! Server streams that carry a file: its bytes, with its type and name, whole or in part.

use std::fmt::Write as _;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use prost_reflect::{DynamicMessage, Kind, Value};
use siegel_grpc::refusal;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::answer;
use crate::frames::Frames;

/// Which part of the file was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// First byte.
    from: u64,
    /// Last byte; to the end when absent.
    to: Option<u64>,
    /// A `Range` header asked, not a field of the request.
    partial: bool,
}

/// The part that `Range` asks for (RFC 9110 §14.2), written into the request; a range of another
/// form is ignored, as one with a condition is.
pub(crate) fn wanted(headers: &HeaderMap, message: &mut DynamicMessage) -> Wanted {
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let range = range.filter(|_| !headers.contains_key(header::IF_RANGE)).and_then(one_range);
    let Some((from, to)) = range else {
        let from = offset(message);
        let to = length(message).map(|length| from.saturating_add(length).saturating_sub(1));
        return Wanted { from, to, partial: false };
    };
    let Ok(start) = i64::try_from(from) else { return Wanted::default() };
    if message.try_set_field_by_name("offset_bytes", Value::I64(start)).is_err() {
        return Wanted::default();
    }
    // The service hands out, and records, what is asked for and no more.
    let length = to.map(|to| to.saturating_sub(from).saturating_add(1));
    if let Some(Ok(length)) = length.map(i64::try_from) {
        let _ = message.try_set_field_by_name("length_bytes", Value::I64(length));
    }
    Wanted { from, to, partial: true }
}

/// How many bytes the request asks for; absent for all.
fn length(message: &DynamicMessage) -> Option<u64> {
    let field = message.get_field_by_name("length_bytes")?;
    field.as_i64().and_then(|length| u64::try_from(length).ok()).filter(|length| *length > 0)
}

/// A service refuses an offset as a malformed field; of a range HTTP has words of its own.
pub(crate) fn out_of_range(wanted: &Wanted, status: Status) -> Status {
    let fields = status.get_details_bad_request().map(|bad| bad.field_violations);
    let offset = fields.unwrap_or_default().iter().any(|found| found.field == "offset_bytes");
    if wanted.partial && offset { beyond_end() } else { status }
}

fn beyond_end() -> Status {
    let text = "the range begins behind the end";
    refusal(Code::OutOfRange, "OFFSET_BEYOND_END", text, [])
}

fn offset(message: &DynamicMessage) -> u64 {
    let value = message.get_field_by_name("offset_bytes").and_then(|value| value.as_i64());
    value.and_then(|value| u64::try_from(value).ok()).unwrap_or_default()
}

/// `bytes=0-499` or `bytes=500-`.
fn one_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(from) || !digits(to) {
        return None;
    }
    let from: u64 = from.parse().ok()?;
    let to: Option<u64> = if to.is_empty() { None } else { Some(to.parse().ok()?) };
    to.is_none_or(|to| from <= to).then_some((from, to))
}

/// What the first message says of the file.
#[derive(Debug, Default)]
struct About {
    name: String,
    kind: String,
    size: Option<u64>,
}

pub(crate) async fn response(mut frames: Frames, wanted: &Wanted) -> Result<Response, Status> {
    let first = frames.next().await?;
    let (about, first) = match &first {
        Some(message) => (about(message), chunk(message)),
        None => (About::default(), None),
    };
    let size = about.size;
    if wanted.partial && size.is_some_and(|size| wanted.from >= size) {
        return Err(beyond_end());
    }
    // How many bytes follow; unknown without the file's size.
    let end = size.map(|size| wanted.to.map_or(size, |to| to.saturating_add(1).min(size)));
    let length = end.map(|end| end.saturating_sub(wanted.from));
    let mut response = Response::new(Body::from_stream(bytes(frames, first, length)));
    answer::head(&mut response, "application/octet-stream");
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::try_from(about.kind)
        && !kind.is_empty()
    {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CONTENT_DISPOSITION, disposition(&about.name));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if let (true, Some(size), Some(end)) = (wanted.partial, size, end) {
        let range = format!("bytes {}-{}/{size}", wanted.from, end.saturating_sub(1));
        if let Ok(range) = HeaderValue::try_from(range) {
            headers.insert(header::CONTENT_RANGE, range);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
    }
    Ok(response)
}

/// The bytes, at most `left` of them; an answer that breaks off breaks the connection off, so that
/// nobody takes a part for the whole.
fn bytes(
    frames: Frames,
    first: Option<Bytes>,
    left: Option<u64>,
) -> impl futures_util::Stream<Item = Result<Bytes, Status>> {
    let left = left.unwrap_or(u64::MAX);
    let begin = stream::iter(first.map(Ok));
    let rest = stream::try_unfold(frames, async |mut frames| {
        let message = frames.next().await?;
        Ok(message.map(|message| (chunk(&message).unwrap_or_default(), frames)))
    });
    begin
        .chain(rest)
        .scan(left, |left, piece: Result<Bytes, Status>| {
            let piece = piece.map(|mut piece| {
                piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                *left = left.saturating_sub(piece.len() as u64);
                piece
            });
            std::future::ready(Some((piece, *left)))
        })
        // Having all that was asked for, we read no further: the call ends there.
        .scan(false, |done, (piece, left)| {
            let go_on = !std::mem::replace(done, left == 0);
            std::future::ready(go_on.then_some(piece))
        })
}

fn chunk(message: &DynamicMessage) -> Option<Bytes> {
    let value = message.get_field_by_name("chunk")?;
    value.as_bytes().filter(|bytes| !bytes.is_empty()).cloned()
}

/// The first message that this one carries, with whatever it has of name, type and size.
fn about(message: &DynamicMessage) -> About {
    let mut parts = message.fields().filter(|(field, _)| matches!(field.kind(), Kind::Message(_)));
    let Some(Value::Message(file)) = parts.next().map(|(_, value)| value) else {
        return About::default();
    };
    let text = |name: &str| {
        let value = file.get_field_by_name(name);
        value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let size = file.get_field_by_name("size_bytes").and_then(|value| value.as_i64());
    let size = size.and_then(|size| u64::try_from(size).ok());
    About { name: text("name"), kind: text("media_type"), size }
}

/// Always saved, never shown: a file from elsewhere is no page of this origin (RFC 6266).
fn disposition(name: &str) -> HeaderValue {
    let plain = HeaderValue::from_static("attachment");
    if name.is_empty() {
        return plain;
    }
    let mut text = String::from("attachment; filename*=UTF-8''");
    for byte in name.bytes() {
        // attr-char of RFC 8187 §3.2.1
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}"); // a String takes everything
        }
    }
    HeaderValue::try_from(text).unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_plain_range_is_a_range() {
        assert_eq!(one_range("bytes=0-499"), Some((0, Some(499))));
        assert_eq!(one_range("bytes=500-"), Some((500, None)));
        for other in ["bytes=-5", "bytes=1-2,3-4", "lines=1-2", "bytes=5-2", "bytes=+1-2", "bytes"]
        {
            assert_eq!(one_range(other), None, "{other}");
        }
    }

    #[test]
    fn a_name_never_leaves_its_header() {
        let value = disposition("Bescheid \"ä\"\r\nX: y.pdf");
        let text = value.to_str().unwrap();
        assert_eq!(text, "attachment; filename*=UTF-8''Bescheid%20%22%C3%A4%22%0D%0AX%3A%20y.pdf");
    }
}
