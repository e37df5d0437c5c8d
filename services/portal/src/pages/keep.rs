//! Putting an attachment into the document safe.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_proto::postbox::v1::{Attachment, DepositAttachmentRequest, ScanState};
use siegel_web::forms::{Button, Hidden};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};

use super::letter::path;
use super::postbox::Place;
use super::words::{self, Ident};
use super::{Signed, trouble};

/// The offer beside an attachment.
pub struct Keep {
    pub csrf: CsrfField,
    pub action: String,
    pub nonce: Hidden,
    pub button: Button,
}

/// Offered to owners of the mailbox only: an organisation has no safe, and nobody fills another's.
pub fn offer(
    who: &Signed,
    t: &Texts,
    (id, place): (&Ident, &Place),
    attachment: &Attachment,
) -> Result<Option<Keep>, Response> {
    if !place.is_own() || attachment.scan() == ScanState::Blocked {
        return Ok(None);
    }
    let nonce = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    Ok(Some(Keep {
        csrf: who.view.csrf_field(),
        action: path(id, &format!("/attachments/{}/keep", attachment.attachment_id), place),
        nonce: Hidden::new("nonce", nonce),
        button: Button::tertiary(t.get("attachment-keep")),
    }))
}

#[derive(Deserialize)]
pub struct Form {
    nonce: String,
}

/// Stores it and leads to the document; the same form sent again stores it once.
pub async fn keep(
    who: Signed,
    Path((letter, attachment)): Path<(Ident, Ident)>,
    CheckedForm(form): CheckedForm<Form>,
) -> Result<Response, Response> {
    let (letter_id, attachment_id) = (letter.to_string(), attachment.to_string());
    let request = DepositAttachmentRequest {
        request_id: words::form_request_id("keep", &[&form.nonce, &letter_id, &attachment_id]),
        letter_id,
        attachment_id,
    };
    match who.mailbox().await?.deposit_attachment(request).await {
        Ok(stored) => {
            let way = format!("/account/documents/{}", stored.into_inner().document_id);
            Ok(Redirect::to(&way).into_response())
        }
        Err(status) => match siegel_grpc::reason(&status).as_deref() {
            Some("SAFE_FULL") => Ok(trouble::not_kept(&who, "safe-full")),
            Some("NOT_FOR_THE_SAFE" | "DOCUMENTS_OFF") => {
                Ok(trouble::not_kept(&who, "safe-file-bad"))
            }
            _ => Err(who.refuse("postbox", &status)),
        },
    }
}
