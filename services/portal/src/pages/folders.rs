//! Moving a letter between inbox, archive and trash: order without legal meaning.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_proto::postbox::v1 as pb;
use siegel_web::forms::Button;
use siegel_web::{CheckedForm, CsrfField, Problem};

use super::Signed;
use super::letter::path;
use super::postbox::Place;
use super::words::{self, Ident};

/// Where a letter can be moved from where it lies; template `moves.html`.
pub struct Moves {
    pub csrf: CsrfField,
    pub action: String,
    pub hint: String,
    pub buttons: Vec<Button>,
}

/// What can be done with a letter that lies in this folder.
pub fn offer(who: &Signed, (id, place): (&Ident, &Place), letter: &pb::LetterSummary) -> Moves {
    let t = who.texts();
    let to: &[(&str, &str)] = match letter.folder() {
        pb::Folder::Unspecified | pb::Folder::Inbox => {
            &[("archive", "letter-archive"), ("trash", "letter-trash")]
        }
        pb::Folder::Archive => &[("inbox", "letter-inbox"), ("trash", "letter-trash")],
        pb::Folder::Trash => &[("inbox", "letter-inbox")],
    };
    let button = |(value, text): &(&str, &str)| Button::secondary(t.get(text)).sends("to", *value);
    Moves {
        csrf: who.view.csrf_field(),
        action: path(id, "/move", place),
        hint: t.get("letter-move-hint"),
        buttons: to.iter().map(button).collect(),
    }
}

#[derive(Deserialize)]
pub struct Wish {
    to: To,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum To {
    Inbox,
    Archive,
    Trash,
}

/// Moves the letter; again, nothing more happens.
pub async fn put(
    who: Signed,
    Path(id): Path<Ident>,
    Query(place): Query<Place>,
    CheckedForm(wish): CheckedForm<Wish>,
) -> Result<Response, Response> {
    let request_id = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let (letter_id, organisation_id) = (id.to_string(), place.id());
    let (mailbox_id, principal_account_id) = (place.mailbox_id(), place.principal_id());
    let mut service = who.mailbox().await?;
    let moved = match wish.to {
        To::Archive => {
            let request = pb::ArchiveRequest {
                request_id,
                letter_id,
                organisation_id,
                mailbox_id,
                principal_account_id,
            };
            service.archive(request).await.map(drop)
        }
        To::Trash => {
            let request = pb::TrashRequest {
                request_id,
                letter_id,
                organisation_id,
                mailbox_id,
                principal_account_id,
            };
            service.trash(request).await.map(drop)
        }
        To::Inbox => {
            let request = pb::RestoreRequest {
                request_id,
                letter_id,
                organisation_id,
                mailbox_id,
                principal_account_id,
            };
            service.restore(request).await.map(drop)
        }
    };
    moved.map_err(|status| who.refuse("postbox", &status))?;
    Ok(Redirect::to(&format!("/postbox{}", place.query())).into_response())
}
