//! Opened letters and the bytes of their attachments, as messages.

use siegel_proto::postbox::v1::download_attachment_response::Part;
use siegel_proto::postbox::v1::{Attachment, Body, DownloadAttachmentResponse, OpenResponse};
use tonic::Status;

use super::{actions, convert, status, upload};
use crate::app::Postbox;
use crate::app::download::Download;
use crate::app::open::Opened;
use crate::domain::AttachmentId;
use crate::domain::canon::AttachmentPart;
use crate::domain::upload::Scan;

/// The next message of a download.
pub async fn step(
    (postbox, mut download): (Postbox, Download),
) -> Result<Option<(DownloadAttachmentResponse, (Postbox, Download))>, Status> {
    let bytes = postbox.next_bytes(&mut download).await.map_err(|e| status::read(&e))?;
    Ok(bytes.map(|bytes| {
        let part = Some(Part::Chunk(bytes.to_vec()));
        (DownloadAttachmentResponse { part }, (postbox, download))
    }))
}

/// An opened letter as it is answered.
pub fn response(opened: Opened) -> OpenResponse {
    let bodies = opened.content.bodies.iter().map(|b| Body {
        language: b.language.clone(),
        plain_text: b.plain_text.clone(),
        easy_text: b.easy_text.clone(),
        html: b.html.clone(),
    });
    let known = opened.attachments.iter().zip(&opened.scans);
    let files = known.zip(&opened.content.attachments);
    OpenResponse {
        bodies: bodies.collect(),
        attachments: files.map(|((id, scan), part)| attachment((*id, *scan), part)).collect(),
        receipt: opened.receipt.as_ref().map(convert::receipt),
        letter: Some(convert::summary(opened.summary)),
        content_json: opened.content_json,
        actions: opened.content.actions.iter().map(actions::to_wire).collect(),
    }
}

/// An attachment as it is named in answers.
pub fn attachment((id, scan): (AttachmentId, Scan), part: &AttachmentPart) -> Attachment {
    Attachment {
        attachment_id: id.to_string(),
        name: part.name.clone(),
        media_type: part.media_type.clone(),
        size_bytes: i64::try_from(part.size_bytes).unwrap_or(i64::MAX),
        sha256: siegel_crypto::b64::decode(&part.sha256).unwrap_or_default(),
        scan: upload::scan(scan).into(),
    }
}
