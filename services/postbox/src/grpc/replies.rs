//! Replies on the wire.

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use siegel_grpc::{invalid, refusal};
use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::download_reply_attachment_response::Part;
use tonic::{Code, Status};

use super::{convert, inline, status, upload};
use crate::app::Postbox;
use crate::app::reader::{ReadError, Reader};
use crate::app::replies::{Read, RepliesError, Shown};
use crate::app::reply::{ReplyError, ReplyOrder};
use crate::app::submit::SenderClient;
use crate::domain::AttachmentId;
use crate::domain::canon::AttachmentPart;
use crate::domain::upload::Scan;

pub async fn reply(
    postbox: &Postbox,
    reader: &Reader,
    message: pb::ReplyRequest,
) -> Result<pb::ReplyResponse, Status> {
    let letter = convert::id(&message.letter_id);
    let letter = letter.ok_or_else(|| status::read(&ReadError::LetterUnknown))?;
    let limit = postbox.limits.inline_bytes;
    let (attachments, contents) = inline::read(message.attachments, limit)?;
    let uploads = upload::ids(&message.upload_ids)?;
    let (request_id, text) = (message.request_id, message.text);
    let order = ReplyOrder { request_id, letter, text, attachments, uploads };
    let content = stream::iter(contents.into_iter().map(Ok));
    let replied = postbox.reply(reader, &order, content).await.map_err(|e| refused(&e))?;
    Ok(pb::ReplyResponse {
        receipt: Some(convert::receipt(&replied.receipt)),
        reply_id: replied.id.to_string(),
        submitted_at: Some(timestamp(replied.submitted_at)),
        late: replied.late,
        content_json: replied.content_json,
    })
}

fn refused(error: &ReplyError) -> Status {
    match error {
        ReplyError::NotAsked => refusal(Code::FailedPrecondition, "REPLY_NOT_ASKED", error, []),
        ReplyError::TooMany => refusal(Code::ResourceExhausted, "TOO_MANY_REPLIES", error, []),
        ReplyError::Letter(inner) => status::open(inner),
        ReplyError::Content(inner) => status::submit(inner),
    }
}

pub async fn list(
    postbox: &Postbox,
    who: &SenderClient,
    message: &pb::ListRepliesRequest,
) -> Result<pb::ListRepliesResponse, Status> {
    let letter = id(&message.letter_id, &RepliesError::LetterUnknown)?;
    let found = postbox.replies(who, letter).await.map_err(|e| unread(&e))?;
    Ok(pb::ListRepliesResponse { replies: found.iter().map(wire).collect() })
}

pub async fn get(
    postbox: &Postbox,
    who: &SenderClient,
    message: &pb::GetReplyRequest,
) -> Result<pb::GetReplyResponse, Status> {
    let letter = id(&message.letter_id, &RepliesError::LetterUnknown)?;
    let reply = id(&message.reply_id, &RepliesError::ReplyUnknown)?;
    let read = postbox.read_reply(who, letter, reply).await.map_err(|e| unread(&e))?;
    Ok(pb::GetReplyResponse {
        reply: Some(wire(&read.shown)),
        attachments: attachments(&read),
        form_id: read.content.form_id,
        text: read.content.text,
        content_json: read.content_json,
    })
}

pub async fn get_own(
    postbox: &Postbox,
    reader: &Reader,
    message: &pb::GetOwnReplyRequest,
) -> Result<pb::GetOwnReplyResponse, Status> {
    let letter = id(&message.letter_id, &RepliesError::Letter(ReadError::LetterUnknown))?;
    let reply = id(&message.reply_id, &RepliesError::ReplyUnknown)?;
    let read = postbox.own_reply(reader, letter, reply).await.map_err(|e| unread(&e))?;
    Ok(pb::GetOwnReplyResponse {
        reply: Some(wire(&read.shown)),
        attachments: attachments(&read),
        form_id: read.content.form_id,
        text: read.content.text,
        content_json: read.content_json,
    })
}

/// Messages of a download.
pub type Download = BoxStream<'static, Result<pb::DownloadReplyAttachmentResponse, Status>>;

pub async fn download(
    postbox: &Postbox,
    who: &SenderClient,
    message: &pb::DownloadReplyAttachmentRequest,
) -> Result<Download, Status> {
    let letter = id(&message.letter_id, &RepliesError::LetterUnknown)?;
    let reply = id(&message.reply_id, &RepliesError::ReplyUnknown)?;
    let file = id(&message.attachment_id, &RepliesError::AttachmentUnknown)?;
    let offset = u64::try_from(message.offset_bytes)
        .map_err(|_| invalid(&[("offset_bytes", "must not be negative")]))?;
    let download = postbox.download_reply(who, (letter, reply, file), offset).await;
    let download = download.map_err(|e| unread(&e))?;
    let head = Part::Attachment(attachment((download.id, download.scan), &download.part));
    let rest = stream::try_unfold(download, async |mut download| {
        let bytes = download.next().await.map_err(|e| status::trouble(&e))?;
        Ok(bytes.map(|bytes| (Part::Chunk(bytes.to_vec()), download)))
    });
    let parts = stream::iter([Ok(head)]).chain(rest);
    Ok(parts.map_ok(|part| pb::DownloadReplyAttachmentResponse { part: Some(part) }).boxed())
}

/// Reads an id; text that is none names what does not exist.
fn id<T: std::str::FromStr>(text: &str, unknown: &RepliesError) -> Result<T, Status> {
    convert::id(text).ok_or_else(|| unread(unknown))
}

fn unread(error: &RepliesError) -> Status {
    use RepliesError as E;
    match error {
        E::LetterUnknown => refusal(Code::NotFound, "LETTER_UNKNOWN", error, []),
        E::ReplyUnknown => refusal(Code::NotFound, "REPLY_UNKNOWN", error, []),
        E::AttachmentUnknown => refusal(Code::NotFound, "ATTACHMENT_UNKNOWN", error, []),
        E::AttachmentBlocked => refusal(Code::FailedPrecondition, "ATTACHMENT_BLOCKED", error, []),
        E::OffsetBeyondEnd => invalid(&[("offset_bytes", "must be within the attachment")]),
        E::Letter(inner) => status::read(inner),
        E::Trouble(inner) => status::trouble(inner),
    }
}

fn wire(shown: &Shown) -> pb::LetterReply {
    let row = &shown.row;
    pb::LetterReply {
        reply_id: row.id.to_string(),
        letter_id: row.letter_id.to_string(),
        submitted_at: Some(timestamp(row.submitted_at)),
        late: row.late,
        attachment_count: i32::try_from(row.attachment_count).unwrap_or(i32::MAX),
        receipt: Some(convert::receipt(&shown.receipt)),
    }
}

fn attachments(read: &Read) -> Vec<pb::Attachment> {
    let files = read.attachments.iter().zip(&read.content.attachments);
    files.map(|(known, part)| attachment(*known, part)).collect()
}

fn attachment((id, scan): (AttachmentId, Scan), part: &AttachmentPart) -> pb::Attachment {
    pb::Attachment {
        attachment_id: id.to_string(),
        name: part.name.clone(),
        media_type: part.media_type.clone(),
        size_bytes: i64::try_from(part.size_bytes).unwrap_or(i64::MAX),
        sha256: siegel_crypto::b64::decode(&part.sha256).unwrap_or_default(),
        scan: upload::scan(scan).into(),
    }
}
