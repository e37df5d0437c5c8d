//! Answering a letter that asks for it: a form for text and files, and the confirmation of receipt
//! (Eingangsbestätigung), to be printed.

use axum::extract::multipart::Field;
use axum::extract::{Multipart, Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use siegel_crypto::{b64, sha256};
use siegel_kernel::berlin::LegalDay;
use siegel_proto::postbox::v1 as pb;
use siegel_web::forms::{
    Alert, Button, DescriptionList, Errors, Hidden, Input, Item, Link, Textarea,
};
use siegel_web::{CsrfField, Problem};
use tonic::Status;

use super::asked::asked_reply;
use super::letter::{call_open, fetch, paragraphs, path};
use super::postbox::{Place, sender, subject};
use super::receipts::{self, Shown};
use super::words::{self, Ident};
use super::{Signed, trouble};

/// All files of a reply, in bytes: what the postbox takes in one message.
pub const LARGEST: usize = 3 << 20;
/// Files of one reply.
const FILES: usize = 5;
/// Longest text, in bytes.
const TEXT: usize = 64 << 10;
/// What can be chosen; the postbox decides.
const ACCEPT: &str = ".pdf,.png,.jpg,.jpeg,.tif,.tiff,.txt,.xml,.json,.csv,.rtf";

#[derive(askama::Template)]
#[template(path = "reply.html")]
struct Form {
    about: String,
    action: String,
    csrf: CsrfField,
    nonce: Hidden,
    text: Textarea,
    files: Input,
    send: Button,
    back: Link,
}

/// A letter that asks for a reply.
struct Asking {
    letter: pb::LetterSummary,
    reply: pb::ReplyAction,
}

/// The letter, if it was opened and asks for a reply; otherwise the way to its page.
async fn asking(who: &Signed, id: &Ident, place: &Place) -> Result<Asking, Response> {
    let elsewhere = |rest: &str| Redirect::to(&path(id, rest, place)).into_response();
    // Looking at the form never opens a letter.
    let (summary, _) = fetch(who, id, place).await?;
    if summary.opened_at.is_none() {
        return Err(elsewhere(""));
    }
    let opened = call_open(who, id, place).await?;
    let letter = opened.letter.ok_or_else(|| who.problem(Problem::Internal))?;
    match asked_reply(&letter, &opened.actions) {
        Some(reply) => Ok(Asking { letter, reply }),
        None => Err(elsewhere("/read")),
    }
}

/// The form.
pub async fn form(
    who: Signed,
    Path(id): Path<Ident>,
    Query(place): Query<Place>,
) -> Result<Response, Response> {
    let asking = asking(&who, &id, &place).await?;
    let nonce = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    Ok(page(&who, (&id, &place), &asking, (&nonce, ""), &Errors::new()))
}

fn page(
    who: &Signed,
    (id, place): (&Ident, &Place),
    asking: &Asking,
    (nonce, text): (&str, &str),
    errors: &Errors,
) -> Response {
    let (t, locale) = (who.texts(), who.view.locale);
    let count = [("count", FILES.into())];
    let form = Form {
        about: t.with("reply-about", [("authority", sender(&t, &asking.letter).into())]),
        action: path(id, "/reply", place),
        csrf: who.view.csrf_field(),
        nonce: Hidden::new("nonce", nonce),
        text: Textarea::new("text", t.get("reply-text"))
            .hint(t.get("reply-text-hint"))
            .value(text)
            .rows(10)
            .optional(locale)
            .error_in(errors),
        files: Input::file("files", t.get("reply-files"), ACCEPT)
            .multiple()
            .hint(t.with("reply-files-hint", count))
            .optional(locale)
            .error_in(errors),
        send: Button::primary(t.get("reply-send")),
        back: Link::secondary(path(id, "/read", place), t.get("reply-back")),
    };
    let page = who.page(t.get("reply")).lead(subject(&t, &asking.letter)).errors(errors);
    let page = page.back(path(id, "/read", place));
    let today = LegalDay::of(who.app.now());
    if LegalDay::parse(&asking.reply.due_on).is_some_and(|day| day < today) {
        return page.notice(Alert::info(t.get("reply-late"))).show(&form);
    }
    page.show(&form)
}

/// What was sent with the form.
#[derive(Default)]
struct Sent {
    csrf: String,
    nonce: String,
    text: String,
    files: Vec<(String, Vec<u8>)>,
}

/// Sends the reply; the same form again leads to the same confirmation.
pub async fn send(
    who: Signed,
    Path(id): Path<Ident>,
    Query(place): Query<Place>,
    form: Multipart,
) -> Result<Response, Response> {
    let sent = read(form).await.map_err(|problem| who.problem(problem))?;
    who.view.check_csrf(&sent.csrf)?;
    let t = who.texts();
    let mut errors = Errors::new();
    if sent.text.trim().is_empty() && sent.files.is_empty() {
        errors.add("text", t.get("reply-missing"));
    } else if sent.text.len() > TEXT || sent.text.chars().any(forbidden) {
        errors.add("text", t.get("reply-text-bad"));
    } else {
        match call(&who, (&id, &place), &sent).await {
            Ok(receipt) => {
                let way = path(&id, &format!("/replies/{receipt}"), &place);
                return Ok(Redirect::to(&way).into_response());
            }
            Err(status) => complain(&who, (&id, &place), &status, &mut errors)?,
        }
    }
    let asking = asking(&who, &id, &place).await?;
    Ok(page(&who, (&id, &place), &asking, (&sent.nonce, &sent.text), &errors))
}

/// Control characters other than line breaks; the postbox refuses them.
fn forbidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

/// Id of the receipt.
async fn call(who: &Signed, (id, place): (&Ident, &Place), sent: &Sent) -> Result<String, Status> {
    let digests: Vec<String> = sent.files.iter().map(|(_, f)| b64::encode(sha256(f))).collect();
    let mut fields = vec![sent.nonce.as_str(), sent.text.as_str()];
    fields.extend(sent.files.iter().map(|(name, _)| name.as_str()));
    fields.extend(digests.iter().map(String::as_str));
    let request = pb::ReplyRequest {
        request_id: words::form_request_id("reply", &fields),
        letter_id: id.to_string(),
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
        text: sent.text.clone(),
        attachments: sent.files.iter().map(inline).collect(),
        upload_ids: Vec::new(),
    };
    let service = who.mailbox().await;
    let mut service = service.map_err(|_| Status::unavailable("the postbox is out of reach"))?;
    let answer = service.reply(request).await?.into_inner();
    Ok(answer.receipt.map(|receipt| receipt.receipt_id).unwrap_or_default())
}

fn inline((name, content): &(String, Vec<u8>)) -> pb::InlineAttachment {
    let declaration = pb::AttachmentDeclaration {
        name: name.clone(),
        media_type: media_type(name).to_owned(),
        sha256: sha256(content).to_vec(),
        size_bytes: i64::try_from(content.len()).unwrap_or(i64::MAX),
    };
    pb::InlineAttachment { declaration: Some(declaration), content: content.clone() }
}

/// By the extension: what browsers say depends on the machine they run on.
pub(super) fn media_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "tif" | "tiff" => "image/tiff",
        "xml" => "application/xml",
        "json" => "application/json",
        "csv" => "text/csv",
        "rtf" => "text/rtf",
        "txt" => "text/plain",
        _ => "application/octet-stream",
    }
}

/// Says beside its field what was wrong; what no change of the form mends is a page of its own.
fn complain(
    who: &Signed,
    (id, place): (&Ident, &Place),
    status: &Status,
    errors: &mut Errors,
) -> Result<(), Response> {
    let t = who.texts();
    let of_files = |key: &str| ("files", t.get(key));
    let (field, text) = match siegel_grpc::reason(status).as_deref() {
        Some("MEDIA_TYPE_NOT_ALLOWED" | "MEDIA_TYPE_MISMATCH") => of_files("reply-files-type"),
        Some("ATTACHMENT_TOO_LARGE") => of_files("reply-files-large"),
        Some("TOO_MANY_ATTACHMENTS") => of_files("reply-files-many"),
        Some("INVALID_FIELD") => of_files("reply-files-name"),
        Some("REPLY_NOT_ASKED" | "LETTER_NOT_OPENED") => {
            return Err(Redirect::to(&path(id, "", place)).into_response());
        }
        Some("TRUST_TOO_LOW") => {
            let needed = trouble::needed_level(status).unwrap_or(who.session.level);
            let why = t.get("step-up-why-letter");
            return Err(trouble::step_up(who, needed, &path(id, "/reply", place), why));
        }
        _ => return Err(who.refuse("postbox", status)),
    };
    errors.add(field, text);
    Ok(())
}

async fn read(mut form: Multipart) -> Result<Sent, Problem> {
    let (mut sent, mut left) = (Sent::default(), LARGEST);
    while let Some(field) = form.next_field().await.map_err(|e| problem(e.status()))? {
        match field.name() {
            Some("csrf_token") => sent.csrf = text(field, 512).await?,
            Some("nonce") => sent.nonce = text(field, 512).await?,
            Some("text") => sent.text = text(field, 2 * TEXT).await?.replace("\r\n", "\n"),
            Some("files") => {
                let name = field.file_name().unwrap_or_default().to_owned();
                let bytes = limited(field, left).await?;
                left = left.saturating_sub(bytes.len());
                // A form without a choice sends one file without a name.
                if !(name.is_empty() && bytes.is_empty()) {
                    sent.files.push((name, bytes));
                }
            }
            _ => {}
        }
    }
    Ok(sent)
}

pub(super) async fn text(field: Field<'_>, longest: usize) -> Result<String, Problem> {
    String::from_utf8(limited(field, longest).await?).map_err(|_| Problem::Invalid)
}

pub(super) async fn limited(mut field: Field<'_>, longest: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|e| problem(e.status()))? {
        if bytes.len().saturating_add(chunk.len()) > longest {
            return Err(Problem::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

pub(super) fn problem(status: StatusCode) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE { Problem::TooLarge } else { Problem::Invalid }
}

#[derive(askama::Template)]
#[template(path = "replied.html")]
struct Replied {
    facts: DescriptionList,
    own: Option<Own>,
    receipt: Shown,
    back: Link,
}

/// What was sent.
struct Own {
    paragraphs: Vec<Vec<String>>,
    files: Vec<String>,
}

/// What was sent, read again; `None` while the postbox does not show it: the receipt is there all
/// the same.
async fn own(who: &Signed, (id, place): (&Ident, &Place), reply_id: &str) -> Option<Own> {
    let request = pb::GetOwnReplyRequest {
        letter_id: id.to_string(),
        organisation_id: place.id(),
        reply_id: reply_id.to_owned(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
    };
    let got = who.mailbox().await.ok()?.get_own_reply(request).await.ok()?.into_inner();
    let files = got.attachments.into_iter().map(|file| file.name).collect();
    Some(Own { paragraphs: paragraphs(&got.text), files })
}

/// The confirmation of receipt of one reply, from its receipt.
pub async fn confirmation(
    who: Signed,
    Path((id, receipt)): Path<(Ident, Ident)>,
    Query(place): Query<Place>,
) -> Result<Response, Response> {
    let wanted = receipt.to_string();
    let found = receipts::fetch(&who, &id, &place).await?.into_iter();
    let mut found = found.filter(|r| r.receipt_id == wanted && r.kind == "reply_accepted");
    let receipt = found.next().ok_or_else(|| who.problem(Problem::NotFound))?;
    let keys = receipts::keys(&who.app).await;
    let (t, locale) = (who.texts(), who.view.locale);
    let (letter, _) = fetch(&who, &id, &place).await?;
    let mut items = vec![
        Item::new(t.get("replied-authority"), sender(&t, &letter)),
        Item::new(t.get("replied-letter"), subject(&t, &letter)),
        Item::new(t.get("replied-at"), words::date_time(locale, receipt.recorded_at.as_ref())),
    ];
    // What stands in the receipt is shown only if its signature holds.
    let verified = keys.as_ref().and_then(|keys| receipts::verify(&receipt.file, keys).ok());
    let reply = verified.and_then(|verified| verified.body.reply);
    let (mut late, mut sent) = (None, None);
    if let Some(reply) = reply {
        sent = own(&who, (&id, &place), &reply.reply_id).await;
        items.push(Item::new(t.get("replied-id"), reply.reply_id));
        items.push(Item::new(t.get("replied-files"), reply.attachment_digests.len().to_string()));
        items.push(Item::new(t.get("replied-digest"), reply.content_digest));
        late = reply.due_on.filter(|_| reply.late);
    }
    let body = Replied {
        facts: DescriptionList::new(locale, items),
        own: sent,
        receipt: receipts::shown(&who.view, &receipt, keys.as_ref(), (&id, &place)),
        back: Link::secondary(path(&id, "/read", &place), t.get("letter-read")),
    };
    let page = who.page(t.get("replied")).lead(t.get("replied-text"));
    Ok(match late {
        Some(day) => {
            let text = t.with("replied-late-text", [("day", words::day(locale, &day).into())]);
            page.notice(Alert::warning(t.get("replied-late")).text(text)).show(&body)
        }
        None => page.show(&body),
    })
}
