//! Certificates: to the listener at which browsers show them, the page there, and back.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;
use siegel_web::forms::{Errors, Input, Link};
use siegel_web::{CheckedForm, FormAction, Problem, View, WithoutCookies};

use super::answered::answered;
use super::desk::{Desk, HOME, done};
use crate::app::credentials::certificate::{self, Visited};
use crate::app::credentials::{label, level_to_add};
use crate::domain::factors::{CERTIFICATE, Kind};
use crate::http::LOCALES;
use crate::http::pages::upstream::{SITE, is_own};
use crate::http::pages::visit::{Visit, failed};
use crate::state::Identity;

const PAGE: &str = "/login/credentials/certificate";

#[derive(askama::Template)]
#[template(path = "dead_end.html")]
struct DeadEnd {
    text: String,
    back: Link,
}

#[derive(Deserialize)]
pub struct TicketQuery {
    #[serde(default)]
    ticket: String,
}

#[derive(Deserialize)]
pub struct AnswerQuery {
    #[serde(default)]
    answer: String,
}

/// Whether the log-in pages of a request offer certificates.
pub fn offered(visit: &Visit) -> bool {
    visit.interaction.request.takes(CERTIFICATE) && certificate::offered(&visit.state)
}

/// Sends the browser to the listener. By a link, because a form may lead to the client only; and
/// from pages of this origin only: nobody sends a person to log in.
async fn start(visit: &Visit) -> Response {
    let site = visit.headers.get(SITE).and_then(|v| v.to_str().ok());
    if !offered(visit) || !is_own(site) {
        return visit.out_of_turn().await;
    }
    match certificate::begin_use(&visit.state, visit.interaction.id).await {
        Ok(Some(url)) => visit.dressed(Redirect::to(&url).into_response()),
        Ok(None) => visit.go(""),
        Err(failure) => visit.failed(&failure),
    }
}

/// `GET /login/certificate`, at the listener for certificates: keeps what the connection shows and
/// leads back. No cookie is read or set here; what counts is the ticket, and who comes back.
pub async fn show(
    State(identity): State<Identity>,
    view: View,
    Query(query): Query<TicketQuery>,
) -> Response {
    let mut response = shown(&identity, &view, &query).await;
    response.extensions_mut().insert(WithoutCookies);
    response
}

async fn shown(identity: &Identity, view: &View, query: &TicketQuery) -> Response {
    let (key, back) = match certificate::show(identity, &query.ticket).await {
        Ok(Visited::Shown(path)) => return Redirect::to(&identity.url(&path)).into_response(),
        Ok(Visited::Nothing(path)) => ("certificate-none", path),
        Ok(Visited::Untrusted(path)) => ("certificate-untrusted", path),
        Ok(Visited::Unknown) => ("certificate-over", "/".to_owned()),
        Err(failure) => return failed(view, &failure),
    };
    let t = view.texts(&LOCALES);
    let back = Link::primary(identity.url(&back), t.get("certificate-back"));
    let body = DeadEnd { text: t.get(key), back };
    let page = view.page(t.get(&format!("{key}-title"))).narrow();
    page.status(StatusCode::FORBIDDEN).show(&body)
}

/// To the listener, or back from it.
pub async fn go(visit: Visit, Query(query): Query<AnswerQuery>) -> Response {
    if query.answer.is_empty() {
        return start(&visit).await;
    }
    match answered(&visit, &query.answer, Kind::X509).await {
        Ok(response) => response,
        Err(failure) => visit.failed(&failure),
    }
}

/// Asks for a name; below the level the account protects, for a step-up first.
pub async fn name(desk: Desk) -> Response {
    let Some(origin) = desk.state.outside.mtls_origin.clone() else {
        return desk.view.problem(Problem::NotFound);
    };
    let t = desk.t;
    match level_to_add(&desk.state, desk.session.account, Kind::X509).await {
        Ok(needed) if desk.session.level < needed => desk.step_up(PAGE, needed).await,
        Ok(_) => {
            let field = Input::text("label", t.get("credential-label"))
                .hint(t.get("certificate-label-hint"))
                .max_length(60)
                .optional(desk.view.locale);
            let texts = vec![t.get("add-certificate-text")];
            let page = desk.form("add-certificate", texts, PAGE, vec![field], &Errors::new());
            // The form leads to the listener.
            match FormAction::of(&origin) {
                Some(listener) => listener.on(page),
                None => page,
            }
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
    match certificate::begin_adding(&desk.state, &desk.person(), &label(&sent.label)).await {
        Ok(Some(url)) => Redirect::to(&url).into_response(),
        Ok(None) => desk.view.problem(Problem::NotFound),
        Err(why) => desk.refused(PAGE, why).await,
    }
}

/// Back from the listener with a certificate to add.
pub async fn confirm(desk: Desk, Query(query): Query<AnswerQuery>) -> Response {
    match certificate::finish_adding(&desk.state, &desk.person(), &query.answer).await {
        Ok(()) => done("added"),
        Err(why) => desk.refused(HOME, why).await,
    }
}
