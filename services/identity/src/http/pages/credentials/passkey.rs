//! Passkeys: the pages on which the browser makes or uses one. The ceremony itself needs the
//! page's script; everything else is forms.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_web::forms::{Button, Errors, Input, Link};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};

use super::SCRIPT;
use super::answered::answered;
use super::desk::{Desk, HOME, done};
use crate::app::credentials::passkey;
use crate::app::credentials::{label, level_to_add};
use crate::domain::factors::Kind;
use crate::http::pages::visit::Visit;
use crate::store::ceremonies::Owner;

const PAGE: &str = "/login/credentials/passkey";

#[derive(askama::Template)]
#[template(path = "credentials/passkey.html")]
struct CeremonyPage {
    t: Texts,
    text: String,
    csrf: CsrfField,
    action: String,
    /// `create` or `get`.
    kind: &'static str,
    /// Members of `publicKey`, JSON.
    options: String,
    go: Button,
    back: Link,
}

/// Anything; only the form token counts.
#[derive(Deserialize)]
pub struct Nothing {}

#[derive(Deserialize)]
pub struct AnswerForm {
    #[serde(default)]
    credential: String,
}

/// Asks the browser for a passkey.
pub async fn start(visit: Visit, CheckedForm(Nothing {}): CheckedForm<Nothing>) -> Response {
    match passkey::begin_use(&visit.state, visit.interaction.id).await {
        Ok(true) => visit.go("passkey"),
        Ok(false) => visit.go(""),
        Err(failure) => visit.failed(&failure),
    }
}

pub async fn ask(visit: Visit) -> Response {
    let t = visit.t;
    let owner = Owner::Use(visit.interaction.id);
    let begun = match passkey::under_way(&visit.state, owner).await {
        Ok(Some(begun)) => begun,
        Ok(None) => return visit.go(""),
        Err(failure) => return visit.failed(&failure),
    };
    let body = CeremonyPage {
        t,
        text: t.get("passkey-ask"),
        csrf: visit.view.csrf_field(),
        action: visit.path("passkey"),
        kind: "get",
        options: begun.options,
        go: Button::primary(t.get("passkey-use")),
        back: Link::text(visit.path(""), t.get("option-other")),
    };
    let page = visit.view.page(t.get("passkey-title")).narrow().script(SCRIPT);
    visit.dressed(page.show(&body))
}

pub async fn check(visit: Visit, CheckedForm(sent): CheckedForm<AnswerForm>) -> Response {
    match answered(&visit, &sent.credential, Kind::Passkey).await {
        Ok(response) => response,
        Err(failure) => visit.failed(&failure),
    }
}

/// Asks for a name; below the level the account protects, for a step-up first.
pub async fn name(desk: Desk) -> Response {
    if desk.state.people.passkeys.is_none() {
        return desk.view.problem(Problem::NotFound);
    }
    let t = desk.t;
    match level_to_add(&desk.state, desk.session.account, Kind::Passkey).await {
        Ok(needed) if desk.session.level < needed => desk.step_up(PAGE, needed).await,
        Ok(_) => {
            let field = Input::text("label", t.get("credential-label"))
                .hint(t.get("passkey-label-hint"))
                .max_length(60)
                .optional(desk.view.locale);
            let texts = vec![t.get("add-passkey-text")];
            desk.form("add-passkey", texts, PAGE, vec![field], &Errors::new())
        }
        Err(failure) => desk.failed(&failure),
    }
}

#[derive(Deserialize)]
pub struct NameForm {
    #[serde(default)]
    label: String,
}

pub async fn begin(desk: Desk, CheckedForm(sent): CheckedForm<NameForm>) -> Response {
    match passkey::begin_adding(&desk.state, &desk.person(), &label(&sent.label)).await {
        Ok(true) => Redirect::to("/login/credentials/passkey/confirm").into_response(),
        Ok(false) => desk.view.problem(Problem::NotFound),
        Err(why) => desk.refused(PAGE, why).await,
    }
}

pub async fn make(desk: Desk) -> Response {
    let t = desk.t;
    let begun = match passkey::under_way(&desk.state, Owner::Enrol(desk.session.id)).await {
        Ok(Some(begun)) => begun,
        Ok(None) => return Redirect::to(HOME).into_response(),
        Err(failure) => return desk.failed(&failure),
    };
    let body = CeremonyPage {
        t,
        text: t.get("passkey-make-text"),
        csrf: desk.view.csrf_field(),
        action: "/login/credentials/passkey/confirm".to_owned(),
        kind: "create",
        options: begun.options,
        go: Button::primary(t.get("passkey-make")),
        back: desk.home(),
    };
    desk.view.page(t.get("add-passkey")).narrow().script(SCRIPT).show(&body)
}

pub async fn finish(desk: Desk, CheckedForm(sent): CheckedForm<AnswerForm>) -> Response {
    match passkey::finish_adding(&desk.state, &desk.person(), &sent.credential).await {
        Ok(()) => done("added"),
        Err(why) => desk.refused(PAGE, why).await,
    }
}
