//! Bytes of attachments, as they come from the postbox.

use std::fmt::Write as _;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::TryStreamExt as _;
use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_RANGE, RANGE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use siegel_proto::postbox::v1::download_attachment_response::Part;
use siegel_proto::postbox::v1::{
    Attachment, DownloadAllRequest, DownloadAttachmentRequest, DownloadAttachmentResponse,
};
use siegel_web::Problem;
use tonic::Streaming;

use super::letter::path;
use super::postbox::Place;
use super::words::Ident;
use super::{DEADLINE, Signed, trouble};

/// What a browser may show without running anything; all else is only saved.
const HARMLESS: [&str; 8] = [
    "application/pdf",
    "application/json",
    "application/xml",
    "text/plain",
    "image/png",
    "image/jpeg",
    "image/tiff",
    "application/zip",
];

/// Bytes that a browser asks for: one range from a first byte on (RFC 9110 §14.1.2). Anything else
/// is answered with the whole, as §14.2 allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wanted {
    first: u64,
    last: Option<u64>,
}

impl Wanted {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
        let (first, last) = text.split_once('-')?;
        let first = first.parse().ok()?;
        let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
        last.is_none_or(|last| last >= first).then_some(Self { first, last })
    }

    /// As the postbox wants it: 0 is to the end.
    fn length(self) -> u64 {
        self.last.map_or(0, |last| (last - self.first).saturating_add(1))
    }
}

/// Streams an attachment of an opened letter, or a range of it.
pub async fn download(
    who: Signed,
    Path((letter, attachment)): Path<(Ident, Ident)>,
    Query(place): Query<Place>,
    asked: HeaderMap,
) -> Result<Response, Response> {
    let wanted = Wanted::of(&asked);
    let (stream, about) = begin(&who, (&letter, &attachment), &place, wanted).await?;
    let size = u64::try_from(about.size_bytes).unwrap_or_default();
    let tag = entity_tag(&about);
    // A range of another version is of no use (RFC 9110 §13.1.5).
    if wanted.is_some() && asked.get(IF_RANGE).is_some_and(|value| *value != tag) {
        let (stream, about) = begin(&who, (&letter, &attachment), &place, None).await?;
        return Ok((StatusCode::OK, headers(&about), body(stream)).into_response());
    }
    let Some(Wanted { first, last }) = wanted else {
        return Ok((StatusCode::OK, headers(&about), body(stream)).into_response());
    };
    if first >= size {
        return Ok(beyond_end(Some(size)));
    }
    let last = last.unwrap_or(u64::MAX).min(size - 1);
    let mut response = (StatusCode::PARTIAL_CONTENT, headers(&about), body(stream)).into_response();
    let range = HeaderValue::try_from(format!("bytes {first}-{last}/{size}"));
    let head = response.headers_mut();
    head.insert(CONTENT_LENGTH, HeaderValue::from(last - first + 1));
    head.insert(CONTENT_RANGE, range.unwrap_or_else(|_| HeaderValue::from_static("bytes */*")));
    Ok(response)
}

/// Begins to read: what it is, and its bytes.
async fn begin(
    who: &Signed,
    (letter, attachment): (&Ident, &Ident),
    place: &Place,
    wanted: Option<Wanted>,
) -> Result<(Streaming<DownloadAttachmentResponse>, Attachment), Response> {
    let mut service = who.mailbox().await?;
    let range = wanted.unwrap_or_default();
    let request = DownloadAttachmentRequest {
        letter_id: letter.to_string(),
        attachment_id: attachment.to_string(),
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
        offset_bytes: i64::try_from(range.first).unwrap_or(i64::MAX),
        length_bytes: i64::try_from(range.length()).unwrap_or(i64::MAX),
    };
    // The first message says what it is; only then is there an answer.
    let begin = async {
        let mut stream = service.download_attachment(request).await?.into_inner();
        let first = stream.message().await?.and_then(|message| message.part);
        Ok((stream, first))
    };
    let late = |_| Err(tonic::Status::deadline_exceeded("no first message"));
    let begun = tokio::time::timeout(DEADLINE, begin).await.unwrap_or_else(late);
    let (stream, first) = begun.map_err(|status| {
        let invalid = siegel_grpc::reason(&status).as_deref() == Some("INVALID_FIELD");
        if range.first > 0 && invalid {
            beyond_end(None)
        } else {
            refuse(who, letter, place, &status)
        }
    })?;
    let Some(Part::Attachment(about)) = first else {
        tracing::error!("an attachment began without its description");
        return Err(who.problem(Problem::Internal));
    };
    Ok((stream, about))
}

/// Streams all attachments of an opened letter as one ZIP file.
pub async fn all(
    who: Signed,
    Path(letter): Path<Ident>,
    Query(place): Query<Place>,
) -> Result<Response, Response> {
    let mut service = who.mailbox().await?;
    let request = DownloadAllRequest {
        letter_id: letter.to_string(),
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
    };
    let late = |_| Err(tonic::Status::deadline_exceeded("no archive"));
    let begun = tokio::time::timeout(DEADLINE, service.download_all(request)).await;
    let stream = begun.unwrap_or_else(late).map_err(|e| refuse(&who, &letter, &place, &e))?;
    let bytes = stream.into_inner().map_ok(|message| Bytes::from(message.chunk));
    let head = [
        (CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (CONTENT_DISPOSITION, save_as(&who.texts().get("attachments-archive"))),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((StatusCode::OK, head, Body::from_stream(bytes.map_err(|status| broken_off(&status))))
        .into_response())
}

fn refuse(who: &Signed, letter: &Ident, place: &Place, status: &tonic::Status) -> Response {
    match siegel_grpc::reason(status).as_deref() {
        Some("LETTER_NOT_OPENED") => Redirect::to(&path(letter, "", place)).into_response(),
        Some("TRUST_TOO_LOW") => {
            let needed = trouble::needed_level(status).unwrap_or(who.session.level);
            let why = who.texts().get("step-up-why-letter");
            trouble::step_up(who, needed, &path(letter, "/read", place), why)
        }
        _ => who.refuse("postbox", status),
    }
}

fn beyond_end(size: Option<u64>) -> Response {
    let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    let range = size.and_then(|size| HeaderValue::try_from(format!("bytes */{size}")).ok());
    if let Some(range) = range {
        response.headers_mut().insert(CONTENT_RANGE, range);
    }
    response
}

fn body(stream: Streaming<DownloadAttachmentResponse>) -> Body {
    let bytes = stream.try_filter_map(|message| async move {
        Ok(match message.part {
            Some(Part::Chunk(chunk)) => Some(Bytes::from(chunk)),
            _ => None,
        })
    });
    Body::from_stream(bytes.map_err(|status| broken_off(&status)))
}

/// A stream that breaks ends the connection: the browser sees an incomplete file.
fn broken_off(status: &tonic::Status) -> std::io::Error {
    tracing::warn!(code = ?status.code(), "an attachment broke off");
    std::io::Error::other("broken off")
}

/// An attachment never changes: its digest names its version.
fn entity_tag(about: &Attachment) -> HeaderValue {
    let tag = format!("\"{}\"", siegel_crypto::b64::encode(&about.sha256));
    HeaderValue::try_from(tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

fn headers(about: &Attachment) -> [(http::HeaderName, HeaderValue); 6] {
    let kind = HARMLESS.into_iter().find(|kind| *kind == about.media_type);
    let kind = HeaderValue::from_static(kind.unwrap_or("application/octet-stream"));
    let sandbox = HeaderValue::from_static("default-src 'none'; sandbox");
    [
        (CONTENT_TYPE, kind),
        (CONTENT_LENGTH, HeaderValue::from(u64::try_from(about.size_bytes).unwrap_or_default())),
        (CONTENT_DISPOSITION, save_as(&about.name)),
        (CONTENT_SECURITY_POLICY, sandbox),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (ETAG, entity_tag(about)),
    ]
}

/// `attachment` with the name in both forms (RFC 6266 §4.3, RFC 8187 §3.2): old browsers read the
/// first, all others the second.
pub fn save_as(name: &str) -> HeaderValue {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '(' | ')');
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let attr = |b: u8| b.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&b);
    let mut exact = String::with_capacity(name.len());
    for byte in name.bytes() {
        if attr(byte) {
            exact.push(char::from(byte));
        } else {
            let _ = write!(exact, "%{byte:02X}");
        }
    }
    let value = format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{exact}");
    HeaderValue::try_from(value).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_leave_its_header_or_its_quotes() {
        assert_eq!(
            save_as("Bescheid über \"Wohngeld\".pdf"),
            "attachment; filename=\"Bescheid _ber _Wohngeld_.pdf\"; \
             filename*=UTF-8''Bescheid%20%C3%BCber%20%22Wohngeld%22.pdf"
        );
        let bent = save_as("a\r\nSet-Cookie: x=1.pdf");
        assert!(!bent.to_str().unwrap().contains(['\r', '\n']));
    }

    #[test]
    fn one_range_from_a_first_byte_on_is_understood_and_all_else_is_the_whole() {
        let wanted = |text: &str| {
            let headers = HeaderMap::from_iter([(RANGE, text.parse().unwrap())]);
            Wanted::of(&headers).map(|w| (w.first, w.length()))
        };
        assert_eq!(wanted("bytes=0-99"), Some((0, 100)));
        assert_eq!(wanted("bytes=100-"), Some((100, 0)));
        for other in ["bytes=-5", "bytes=5-4", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b"] {
            assert_eq!(wanted(other), None, "{other}");
        }
        assert_eq!(Wanted::of(&HeaderMap::new()), None);
    }

    #[test]
    fn what_could_run_in_a_browser_is_only_saved() {
        for kind in ["text/html", "image/svg+xml", "application/xhtml+xml", "x\r\ny"] {
            let about = Attachment { media_type: kind.to_owned(), ..Attachment::default() };
            let [(_, media_type), _, (_, disposition), (_, policy), ..] = headers(&about);
            assert_eq!(media_type, "application/octet-stream", "{kind}");
            assert!(disposition.to_str().unwrap().starts_with("attachment"));
            assert!(policy.to_str().unwrap().contains("sandbox"));
        }
    }
}
