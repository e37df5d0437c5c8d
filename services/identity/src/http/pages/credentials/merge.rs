//! Two accounts become one: what that means, a log-in to the other account, what moves, the end.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use siegel_web::forms::{Button, Checkbox, Errors, Link};
use siegel_web::{CheckedForm, CsrfField, Scheme, Texts, View};

use super::desk::{Desk, HOME};
use super::list::Nothing;
use crate::app::credentials::NotChanged;
use crate::app::merge::{self, Comparison, LIFETIME};
use crate::app::sessions;
use crate::domain::factors::Forbidden;
use crate::http::LOCALES;
use crate::state::Identity;

const PAGE: &str = "/login/credentials/merge";
const OTHER: &str = "/login/credentials/merge/other";
const OVER: &str = "/login/merged";
/// Short name of the cookie that holds the code between the two log-ins.
const COOKIE: &str = "merge";

#[derive(askama::Template)]
#[template(path = "credentials/delete.html")]
struct MergePage {
    csrf: CsrfField,
    texts: Vec<String>,
    understood: Option<Checkbox>,
    action: &'static str,
    submit: Button,
    back: Link,
}

#[derive(askama::Template)]
#[template(path = "dead_end.html")]
struct EndPage {
    text: String,
    back: Link,
}

/// What it means, in the account that stays.
pub async fn show(desk: Desk) -> Response {
    let t = desk.t;
    let body = MergePage {
        csrf: desk.view.csrf_field(),
        texts: ["merge-stays", "merge-moves", "merge-ends", "merge-how"].map(|k| t.get(k)).into(),
        understood: None,
        action: PAGE,
        submit: Button::primary(t.get("merge-begin")),
        back: desk.home(),
    };
    desk.view.page(t.get("merge-title")).narrow().show(&body)
}

/// Logs this account out, so that the next log-in is to the other one.
pub async fn begin(
    headers: HeaderMap,
    desk: Desk,
    CheckedForm(Nothing {}): CheckedForm<Nothing>,
) -> Response {
    let code = match merge::begin(&desk.state, &desk.person()).await {
        Ok(code) => code,
        Err(why) => return desk.refused(PAGE, why).await,
    };
    let presented = sessions::presented(&desk.state, &headers);
    if let Err(error) = sessions::log_out(&desk.state, presented.as_deref()).await {
        return desk.failed(&error.into());
    }
    let scheme = desk.view.scheme();
    let expired = scheme.expire(sessions::COOKIE);
    let kept = scheme.cookie(COOKIE, code).max_age(LIFETIME);
    (expired, (kept, Redirect::to(OTHER)).into_response()).into_response()
}

fn code(state: &Identity, headers: &HeaderMap) -> String {
    Scheme::of(&state.outside.origin).read(headers, COOKIE).unwrap_or_default()
}

/// What moves and what hinders it, in the account that ends.
pub async fn compare(headers: HeaderMap, desk: Desk) -> Response {
    question(&headers, &desk, &Errors::new()).await
}

async fn question(headers: &HeaderMap, desk: &Desk, errors: &Errors) -> Response {
    let code = code(&desk.state, headers);
    let merge = match merge::prove(&desk.state, &code, &desk.person()).await {
        Ok(merge) => merge,
        Err(why) => return not_proven(desk, why).await,
    };
    let from = desk.session.account;
    match merge::compare(&desk.state, merge.into_account, from).await {
        Ok(comparison) if comparison.hindrances.is_empty() => asked(desk, &comparison, errors),
        Ok(comparison) => hindered(desk, &comparison),
        Err(failure) => desk.failed(&failure),
    }
}

async fn not_proven(desk: &Desk, why: NotChanged) -> Response {
    match why {
        NotChanged::Unknown => end(desk, StatusCode::CONFLICT, "merge-same"),
        NotChanged::Forbidden(Forbidden::TooLow(_)) => desk.refused(OTHER, why).await,
        why => desk.refused(HOME, why).await,
    }
}

fn end(desk: &Desk, status: StatusCode, key: &str) -> Response {
    let t = desk.t;
    let body = EndPage { text: t.get(key), back: desk.home() };
    desk.view.page(t.get(&format!("{key}-title"))).narrow().status(status).show(&body)
}

fn asked(desk: &Desk, comparison: &Comparison, errors: &Errors) -> Response {
    let t = desk.t;
    let body = MergePage {
        csrf: desk.view.csrf_field(),
        texts: sentences(t, comparison),
        understood: Some(Checkbox::new("understood", t.get("merge-understood"))),
        action: OTHER,
        submit: Button::primary(t.get("merge-order")),
        back: desk.home(),
    };
    desk.view.page(t.get("merge-really-title")).narrow().errors(errors).show(&body)
}

fn sentences(t: Texts, comparison: &Comparison) -> Vec<String> {
    let names = |all: &[String]| {
        let label = |name: &String| t.get(&format!("attribute-{}", name.replace('_', "-")));
        all.iter().map(label).collect::<Vec<_>>().join(", ")
    };
    let mut all = vec![t.get("merge-this-ends")];
    if !comparison.comes.is_empty() {
        all.push(t.with("merge-comes", [("names", names(&comparison.comes).into())]));
    }
    if !comparison.differs.is_empty() {
        all.push(t.with("merge-differs", [("names", names(&comparison.differs).into())]));
    }
    if comparison.documents > 0 {
        all.push(t.with("merge-documents", [("n", comparison.documents.into())]));
    }
    if comparison.consents > 0 {
        all.push(t.with("merge-consents", [("n", comparison.consents.into())]));
    }
    all.extend(["merge-history", "merge-services"].map(|key| t.get(key)));
    all
}

fn hindered(desk: &Desk, comparison: &Comparison) -> Response {
    let t = desk.t;
    let text = |reason: &String| {
        t.get(match reason.as_str() {
            "MERGE_MAILBOX_NOT_EMPTY" => "merge-mailbox",
            "MERGE_ORGANISATIONS_LEFT" => "merge-organisations",
            "MERGE_OFFER_WAITS" => "merge-offer",
            "MERGE_OTHER_PERSON" => "merge-other-person",
            _ => "merge-room",
        })
    };
    let all: Vec<String> = comparison.hindrances.iter().map(text).collect();
    let body = EndPage { text: all.join(" "), back: desk.home() };
    let page = desk.view.page(t.get("merge-hindered-title")).narrow();
    page.status(StatusCode::CONFLICT).show(&body)
}

#[derive(Deserialize)]
pub struct OrderForm {
    #[serde(default)]
    understood: String,
}

pub async fn order(
    State(state): State<Identity>,
    headers: HeaderMap,
    desk: Desk,
    CheckedForm(sent): CheckedForm<OrderForm>,
) -> Response {
    if sent.understood.is_empty() {
        let mut errors = Errors::new();
        errors.add("understood", desk.t.get("merge-understood-missing"));
        return question(&headers, &desk, &errors).await;
    }
    match merge::confirm(&state, &code(&state, &headers), &desk.person()).await {
        Ok(comparison) if comparison.hindrances.is_empty() => {
            (desk.view.scheme().expire(COOKIE), Redirect::to(OVER)).into_response()
        }
        Ok(comparison) => hindered(&desk, &comparison),
        Err(why) => not_proven(&desk, why).await,
    }
}

/// Where who has one account now is left. Knows nobody.
pub async fn over(view: View) -> Response {
    let t = view.texts(&LOCALES);
    let back = Link::text("/account", t.get("merge-log-in"));
    let body = EndPage { text: t.get("merge-over"), back };
    view.page(t.get("merge-over-title")).narrow().show(&body)
}
