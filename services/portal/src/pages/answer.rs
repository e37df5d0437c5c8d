//! Answering formal service: acknowledging receipt, or refusing to accept, which asks first.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use siegel_proto::postbox::v1::{ConfirmRequest, LetterSummary, RefuseRequest};
use siegel_web::forms::{Button, Link};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};
use tonic::Status;

use super::letter::{Nothing, fetch, path};
use super::postbox::{Place, subject};
use super::words::{self, Ident};
use super::{Signed, trouble};

/// What a letter that waits for an answer offers.
pub struct Answer {
    pub csrf: CsrfField,
    pub action: String,
    pub confirm: Button,
    pub refuse: Link,
}

/// The offer, while the letter waits and the person may answer.
pub fn offer(who: &Signed, id: &Ident, place: &Place, letter: &LetterSummary) -> Option<Answer> {
    let t = who.texts();
    (letter.needs_answer && letter.can_open).then(|| Answer {
        csrf: who.view.csrf_field(),
        action: path(id, "/confirm", place),
        confirm: Button::secondary(t.get("letter-confirm")),
        refuse: Link::tertiary(path(id, "/refuse", place), t.get("letter-refuse")),
    })
}

/// Confirms the receipt, which opens the letter; again, without a further effect.
pub async fn confirm(
    who: Signed,
    Path(id): Path<Ident>,
    Query(place): Query<Place>,
    CheckedForm(Nothing {}): CheckedForm<Nothing>,
) -> Result<Response, Response> {
    let request = ConfirmRequest {
        request_id: words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?,
        letter_id: id.to_string(),
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
    };
    let answer = who.mailbox().await?.confirm(request).await;
    answer.map_err(|status| refused(&who, &status, &path(&id, "", &place)))?;
    Ok(Redirect::to(&path(&id, "/read", &place)).into_response())
}

#[derive(askama::Template)]
#[template(path = "refuse.html")]
struct Ask {
    t: Texts,
    csrf: CsrfField,
    action: String,
    refuse: Button,
    back: Link,
}

/// Asks before a letter is refused.
pub async fn ask(
    who: Signed,
    Path(id): Path<Ident>,
    Query(place): Query<Place>,
) -> Result<Response, Response> {
    let (letter, _) = fetch(&who, &id, &place).await?;
    if !(letter.needs_answer && letter.can_open) {
        return Ok(Redirect::to(&path(&id, "", &place)).into_response());
    }
    let t = who.texts();
    let body = Ask {
        csrf: who.view.csrf_field(),
        action: path(&id, "/refuse", &place),
        refuse: Button::primary(t.get("letter-refuse")),
        back: Link::secondary(path(&id, "", &place), t.get("letter-refuse-back")),
        t,
    };
    let page = who.page(t.get("letter-refuse-title")).lead(subject(&t, &letter));
    Ok(page.back(path(&id, "", &place)).show(&body))
}

/// Refuses to accept the letter; again, without a further effect.
pub async fn refuse(
    who: Signed,
    Path(id): Path<Ident>,
    Query(place): Query<Place>,
    CheckedForm(Nothing {}): CheckedForm<Nothing>,
) -> Result<Response, Response> {
    let request = RefuseRequest {
        request_id: words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?,
        letter_id: id.to_string(),
        organisation_id: place.id(),
        mailbox_id: place.mailbox_id(),
        principal_account_id: place.principal_id(),
    };
    let answer = who.mailbox().await?.refuse(request).await;
    answer.map_err(|status| refused(&who, &status, &path(&id, "", &place)))?;
    Ok(Redirect::to(&path(&id, "", &place)).into_response())
}

fn refused(who: &Signed, status: &Status, back: &str) -> Response {
    match trouble::needed_level(status) {
        Some(needed) => {
            let why = who.texts().get("step-up-why-letter");
            trouble::step_up(who, needed, back, why)
        }
        None => who.refuse("postbox", status),
    }
}
