//! Deleting the account: what that means and what is still open, a second question, the end.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_kernel::Timestamp;
use siegel_web::forms::{Alert, Button, Checkbox, Errors, Link};
use siegel_web::{CheckedForm, CsrfField, View, format};

use super::desk::{Desk, HOME, done};
use super::list::Nothing;
use crate::app::credentials::NotChanged;
use crate::app::deletion::matters::{self, Matters};
use crate::app::deletion::{self, Asked};
use crate::domain::factors::Forbidden;
use crate::http::LOCALES;

const PAGE: &str = "/login/credentials/delete";
const CONFIRM: &str = "/login/credentials/delete/confirm";
const CANCEL: &str = "/login/credentials/delete/cancel";
const OVER: &str = "/login/deleted";

#[derive(askama::Template)]
#[template(path = "credentials/delete.html")]
struct DeletePage {
    csrf: CsrfField,
    texts: Vec<String>,
    understood: Option<Checkbox>,
    action: &'static str,
    submit: Button,
    back: Link,
}

/// Below the level of the best credential a step-up comes first. `None`: go on.
async fn stepped_up(desk: &Desk, page: &str) -> Option<Response> {
    match deletion::level_needed(&desk.state, desk.session.account).await {
        Ok(needed) if desk.session.level < needed => Some(desk.step_up(page, needed).await),
        Ok(_) => None,
        Err(failure) => Some(desk.failed(&failure)),
    }
}

/// The first page: what goes, what stays, what is open. When it was ordered: until when it can be
/// called off.
pub async fn show(desk: Desk) -> Response {
    if let Some(response) = stepped_up(&desk, PAGE).await {
        return response;
    }
    match deletion::standing(&desk.state, desk.session.account).await {
        Ok(Some(waits)) => return waiting(&desk, waits.due_at),
        Ok(None) => {}
        Err(failure) => return desk.failed(&failure),
    }
    let open = match matters::open(&desk.state, desk.session.account).await {
        Ok(open) => open,
        // Nobody deletes an account without having seen this.
        Err(failure) => return desk.failed(&failure),
    };
    let t = desk.t;
    let texts = ["delete-goes", "delete-stays", "delete-export"].map(|key| t.get(key));
    let body = DeletePage {
        csrf: desk.view.csrf_field(),
        texts: texts.into(),
        understood: None,
        action: PAGE,
        submit: Button::primary(t.get("desk-submit")),
        back: desk.home(),
    };
    let page = desk.view.page(t.get("delete-title")).narrow();
    if open.is_empty() {
        return page.show(&body);
    }
    let warning = Alert::warning(t.get("delete-open")).text(sentences(&desk, &open).join(" "));
    page.notice(warning).show(&body)
}

fn sentences(desk: &Desk, open: &Matters) -> Vec<String> {
    let t = desk.t;
    let counted = |key: &str, n: i64| (n > 0).then(|| t.with(key, [("n", n.into())]));
    let last = open.last_period_ends_at.map(|at| {
        let date = format::date(desk.view.locale, at);
        t.with("delete-last-period", [("date", date.into())])
    });
    let all = [
        counted("delete-unopened", open.unopened),
        counted("delete-periods", open.legal_periods),
        last,
        counted("delete-due", open.due),
        counted("delete-held", open.held),
    ];
    all.into_iter().flatten().collect()
}

fn waiting(desk: &Desk, due_at: Timestamp) -> Response {
    let t = desk.t;
    let at = format::date_time(desk.view.locale, due_at);
    let body = DeletePage {
        csrf: desk.view.csrf_field(),
        texts: vec![t.with("delete-waits", [("at", at.into())])],
        understood: None,
        action: CANCEL,
        submit: Button::primary(t.get("delete-keep")),
        back: desk.home(),
    };
    desk.view.page(t.get("delete-waits-title")).narrow().show(&body)
}

pub async fn go_on(_: Desk, CheckedForm(Nothing {}): CheckedForm<Nothing>) -> Response {
    Redirect::to(CONFIRM).into_response()
}

fn last_question(desk: &Desk, errors: &Errors) -> Response {
    let t = desk.t;
    let understood = Checkbox::new("understood", t.get("delete-understood"));
    let body = DeletePage {
        csrf: desk.view.csrf_field(),
        texts: vec![t.get("delete-really")],
        understood: Some(understood),
        action: CONFIRM,
        submit: Button::primary(t.get("delete-order")),
        back: desk.home(),
    };
    desk.view.page(t.get("delete-really-title")).narrow().errors(errors).show(&body)
}

pub async fn ask(desk: Desk) -> Response {
    match stepped_up(&desk, CONFIRM).await {
        Some(response) => response,
        None => last_question(&desk, &Errors::new()),
    }
}

#[derive(Deserialize)]
pub struct OrderForm {
    #[serde(default)]
    understood: String,
}

pub async fn order(desk: Desk, CheckedForm(sent): CheckedForm<OrderForm>) -> Response {
    if sent.understood.is_empty() {
        let mut errors = Errors::new();
        errors.add("understood", desk.t.get("delete-understood-missing"));
        return last_question(&desk, &errors);
    }
    match deletion::ask(&desk.state, &desk.person()).await {
        Ok(Asked::Begun) => Redirect::to(OVER).into_response(),
        Ok(Asked::Waits(_)) => Redirect::to(PAGE).into_response(),
        Err(why @ NotChanged::Forbidden(Forbidden::TooLow(_))) => desk.refused(CONFIRM, why).await,
        Err(why) => desk.refused(HOME, why).await,
    }
}

pub async fn cancel(desk: Desk, CheckedForm(Nothing {}): CheckedForm<Nothing>) -> Response {
    match deletion::cancel(&desk.state, &desk.person()).await {
        Ok(()) => done("kept"),
        Err(why) => desk.refused(PAGE, why).await,
    }
}

#[derive(askama::Template)]
#[template(path = "dead_end.html")]
struct OverPage {
    text: String,
    back: Link,
}

/// Where who has no account any more is left. Knows nobody.
pub async fn over(view: View) -> Response {
    let t = view.texts(&LOCALES);
    let body = OverPage { text: t.get("delete-over"), back: Link::text("/", t.get("delete-home")) };
    view.page(t.get("delete-over-title")).narrow().show(&body)
}
