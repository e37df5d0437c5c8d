//! Bytes of attachments, as they come from the postbox.

use std::fmt::Write as _;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::TryStreamExt as _;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use siegel_proto::postbox::v1::download_attachment_response::Part;
use siegel_proto::postbox::v1::{Attachment, DownloadAttachmentRequest};
use siegel_web::Problem;

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

/// Streams an attachment of an opened letter.
pub async fn download(
    who: Signed,
    Path((letter, attachment)): Path<(Ident, Ident)>,
    Query(place): Query<Place>,
) -> Result<Response, Response> {
    let mut service = who.mailbox().await?;
    let request = DownloadAttachmentRequest {
        letter_id: letter.to_string(),
        attachment_id: attachment.to_string(),
        organisation_id: place.id(),
        offset_bytes: 0,
    };
    let refuse = |status: tonic::Status| match siegel_grpc::reason(&status).as_deref() {
        Some("LETTER_NOT_OPENED") => Redirect::to(&path(&letter, "", &place)).into_response(),
        Some("TRUST_TOO_LOW") => {
            let needed = trouble::needed_level(&status).unwrap_or(who.session.level);
            let why = who.texts().get("step-up-why-letter");
            trouble::step_up(&who, needed, &path(&letter, "/read", &place), why)
        }
        _ => who.refuse("postbox", &status),
    };
    // The first message says what it is; only then is there an answer.
    let begin = async {
        let mut stream = service.download_attachment(request).await?.into_inner();
        let first = stream.message().await?.and_then(|message| message.part);
        Ok((stream, first))
    };
    let late = |_| Err(tonic::Status::deadline_exceeded("no first message"));
    let begun = tokio::time::timeout(DEADLINE, begin).await.unwrap_or_else(late);
    let (stream, first) = begun.map_err(refuse)?;
    let Some(Part::Attachment(about)) = first else {
        tracing::error!("an attachment began without its description");
        return Err(who.problem(Problem::Internal));
    };
    let bytes = stream.try_filter_map(|message| async move {
        Ok(match message.part {
            Some(Part::Chunk(chunk)) => Some(Bytes::from(chunk)),
            _ => None,
        })
    });
    // A stream that breaks ends the connection: the browser sees an incomplete file.
    let body = Body::from_stream(bytes.map_err(|status| {
        tracing::warn!(code = ?status.code(), "an attachment broke off");
        std::io::Error::other("broken off")
    }));
    Ok((StatusCode::OK, headers(&about), body).into_response())
}

fn headers(about: &Attachment) -> [(http::HeaderName, HeaderValue); 4] {
    let kind = HARMLESS.into_iter().find(|kind| *kind == about.media_type);
    let kind = HeaderValue::from_static(kind.unwrap_or("application/octet-stream"));
    let sandbox = HeaderValue::from_static("default-src 'none'; sandbox");
    [
        (CONTENT_TYPE, kind),
        (CONTENT_LENGTH, HeaderValue::from(u64::try_from(about.size_bytes).unwrap_or_default())),
        (CONTENT_DISPOSITION, save_as(&about.name)),
        (CONTENT_SECURITY_POLICY, sandbox),
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
    fn what_could_run_in_a_browser_is_only_saved() {
        for kind in ["text/html", "image/svg+xml", "application/xhtml+xml", "x\r\ny"] {
            let about = Attachment { media_type: kind.to_owned(), ..Attachment::default() };
            let [(_, media_type), _, (_, disposition), (_, policy)] = headers(&about);
            assert_eq!(media_type, "application/octet-stream", "{kind}");
            assert!(disposition.to_str().unwrap().starts_with("attachment"));
            assert!(policy.to_str().unwrap().contains("sandbox"));
        }
    }
}
