//! The document safe: what is in it, and putting something in.

use axum::extract::Multipart;
use axum::response::{IntoResponse, Redirect, Response};
use siegel_crypto::{b64, sha256};
use siegel_proto::account::v1::upload_document_request::Part;
use siegel_proto::account::v1::{
    Document, DocumentHead, DocumentOrigin, ListDocumentsRequest, ListDocumentsResponse,
    UploadDocumentRequest,
};
use siegel_web::forms::{Button, Errors, Hidden, Input};
use siegel_web::{CsrfField, Problem, Texts, format};

use crate::pages::reply::{limited, media_type, problem, text};
use crate::pages::{Signed, words};

/// One file of a form, in bytes; larger ones come by the interface.
pub const LARGEST: usize = 10 << 20;
/// Bytes per message of an upload.
const PIECE: usize = 256 << 10;

#[derive(askama::Template)]
#[template(path = "safe.html")]
struct Safe {
    t: Texts,
    current: &'static str,
    csrf: CsrfField,
    used: String,
    entries: Vec<Entry>,
    nonce: Hidden,
    file: Input,
    store: Button,
}

struct Entry {
    id: String,
    name: String,
    facts: String,
}

pub async fn show(who: Signed) -> Result<Response, Response> {
    page(&who, &Errors::new()).await
}

/// Size, origin and day, in one line.
pub fn facts(who: &Signed, t: &Texts, document: &Document) -> String {
    let origin = match document.origin() {
        DocumentOrigin::Unspecified | DocumentOrigin::Person => t.get("document-own"),
        DocumentOrigin::Issued | DocumentOrigin::Letter => {
            t.with("document-issued", [("issuer", document.issuer.as_str().into())])
        }
    };
    let locale = who.view.locale;
    let size = u64::try_from(document.size_bytes).unwrap_or_default();
    let at = words::date_time(locale, document.stored_at.as_ref());
    format!("{origin} · {} · {at}", format::bytes(locale, size))
}

async fn page(who: &Signed, errors: &Errors) -> Result<Response, Response> {
    let list = who.safe().await?.list_documents(ListDocumentsRequest {}).await;
    let ListDocumentsResponse { documents, used_bytes, quota_bytes } =
        list.map_err(|status| who.refuse("account", &status))?.into_inner();
    let (t, locale) = (who.texts(), who.view.locale);
    let size = |bytes: i64| format::bytes(locale, u64::try_from(bytes).unwrap_or_default());
    let entry = |document: &Document| Entry {
        id: document.document_id.clone(),
        name: document.name.clone(),
        facts: facts(who, &t, document),
    };
    let nonce = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let used = [("used", size(used_bytes).into()), ("quota", size(quota_bytes).into())];
    let most = [("most", format::bytes(locale, LARGEST as u64).into())];
    let body = Safe {
        current: "safe",
        csrf: who.view.csrf_field(),
        used: t.with("safe-used", used),
        entries: documents.iter().map(entry).collect(),
        nonce: Hidden::new("nonce", nonce),
        file: Input::file("file", t.get("safe-file"), "*/*")
            .hint(t.with("safe-file-hint", most))
            .error_in(errors),
        store: Button::primary(t.get("safe-store")),
        t,
    };
    Ok(who.page(t.get("safe")).lead(t.get("safe-text")).errors(errors).show(&body))
}

/// What was sent with the form.
#[derive(Default)]
struct Sent {
    csrf: String,
    nonce: String,
    name: String,
    content: Vec<u8>,
}

/// Stores a file; the same form sent again stores it once.
pub async fn upload(who: Signed, form: Multipart) -> Result<Response, Response> {
    let sent = read(form).await.map_err(|problem| who.problem(problem))?;
    who.view.check_csrf(&sent.csrf)?;
    let t = who.texts();
    let mut errors = Errors::new();
    if sent.content.is_empty() {
        errors.add("file", t.get("safe-file-missing"));
        return page(&who, &errors).await;
    }
    match who.safe().await?.upload_document(tokio_stream::iter(messages(sent))).await {
        Ok(_) => Ok(Redirect::to("/account/documents").into_response()),
        Err(status) => {
            let key = match siegel_grpc::reason(&status).as_deref() {
                Some("QUOTA_EXCEEDED") => "safe-full",
                Some("INVALID_FIELD") => "safe-file-bad",
                _ => return Err(who.refuse("account", &status)),
            };
            errors.add("file", t.get(key));
            page(&who, &errors).await
        }
    }
}

fn messages(sent: Sent) -> Vec<UploadDocumentRequest> {
    let digest = sha256(&sent.content);
    let fields = [sent.nonce.as_str(), &sent.name, &b64::encode(digest)];
    let head = DocumentHead {
        request_id: words::form_request_id("document", &fields),
        media_type: media_type(&sent.name).to_owned(),
        size_bytes: i64::try_from(sent.content.len()).unwrap_or(i64::MAX),
        sha256: digest.to_vec(),
        name: sent.name,
    };
    let message = |part| UploadDocumentRequest { part: Some(part) };
    let pieces = sent.content.chunks(PIECE).map(|piece| message(Part::Chunk(piece.to_vec())));
    std::iter::once(message(Part::Head(head))).chain(pieces).collect()
}

async fn read(mut form: Multipart) -> Result<Sent, Problem> {
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.map_err(|e| problem(e.status()))? {
        match field.name() {
            Some("csrf_token") => sent.csrf = text(field, 512).await?,
            Some("nonce") => sent.nonce = text(field, 512).await?,
            Some("file") => {
                field.file_name().unwrap_or_default().trim().clone_into(&mut sent.name);
                sent.content = limited(field, LARGEST).await?;
            }
            _ => {}
        }
    }
    Ok(sent)
}
