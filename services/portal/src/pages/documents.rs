//! Documents of proof: a receipt as PDF, the proof of a letter and the whole mailbox as archives.

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, TryStreamExt as _};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use siegel_proto::postbox::v1::{
    ExportMailboxRequest, GetReceiptDocumentRequest, MailboxServiceExportProofRequest,
};

use super::Signed;
use super::attachment::save_as;
use super::postbox::Place;
use super::words::Ident;

/// `receipt-opened-rcp_….pdf`: for people, with the receipt inside.
pub async fn receipt(
    who: Signed,
    Path((letter, receipt)): Path<(Ident, Ident)>,
    Query(place): Query<Place>,
) -> Result<Response, Response> {
    let mut service = who.evidence().await?;
    let request = GetReceiptDocumentRequest {
        letter_id: letter.to_string(),
        receipt_id: receipt.to_string(),
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
        language: who.view.locale.as_str().to_owned(),
    };
    let made = service.get_receipt_document(request).await;
    let made = made.map_err(|status| who.refuse("postbox", &status))?.into_inner();
    Ok((headers("application/pdf", &made.file_name), made.document).into_response())
}

/// The proof of a letter, in the recipient's copy.
pub async fn proof(
    who: Signed,
    Path(letter): Path<Ident>,
    Query(place): Query<Place>,
) -> Result<Response, Response> {
    let mut service = who.mailbox().await?;
    let request = MailboxServiceExportProofRequest {
        letter_id: letter.to_string(),
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
        language: who.view.locale.as_str().to_owned(),
    };
    let pieces = service.export_proof(request).await;
    let pieces = pieces.map_err(|status| who.refuse("postbox", &status))?.into_inner();
    Ok(archive(&format!("proof-{letter}.zip"), pieces.map_ok(|message| message.chunk)))
}

/// All letters with contents and receipts. Opens none.
pub async fn mailbox(who: Signed, Query(place): Query<Place>) -> Result<Response, Response> {
    let mut service = who.mailbox().await?;
    let request = ExportMailboxRequest {
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
        ..ExportMailboxRequest::default()
    };
    let pieces = service.export_mailbox(request).await;
    let pieces = pieces.map_err(|status| who.refuse("postbox", &status))?.into_inner();
    Ok(archive("mailbox.zip", pieces.map_ok(|message| message.chunk)))
}

/// Streams an archive; one that breaks ends the connection: the browser sees an incomplete file.
pub(super) fn archive(
    name: &str,
    pieces: impl Stream<Item = Result<Vec<u8>, tonic::Status>> + Send + 'static,
) -> Response {
    let bytes = pieces.map_ok(Bytes::from).map_err(|status| {
        tracing::warn!(code = ?status.code(), "an archive broke off");
        std::io::Error::other("broken off")
    });
    (headers("application/zip", name), Body::from_stream(bytes)).into_response()
}

fn headers(kind: &'static str, name: &str) -> [(http::HeaderName, HeaderValue); 3] {
    [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_DISPOSITION, save_as(name)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ]
}
