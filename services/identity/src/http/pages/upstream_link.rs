//! `/login/upstream/{id}/link`: linking an account from one's own account pages, outside of any
//! authorization request. Begun by a form of ours, ended in the same session, or not at all.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use siegel_crypto::sha256;
use siegel_db::StoreError;
use siegel_kernel::TrustLevel;
use siegel_web::forms::{Button, Link};
use siegel_web::{CheckedForm, FormAction, View};

use super::upstream::{AskPage, EndPage, UpstreamQuery, fault_words, own, words};
use super::visit::failed;
use crate::app::sessions;
use crate::app::upstream::{self, Fault, Outcome, Return, Start};
use crate::domain::interaction::SessionView;
use crate::domain::linking::FRESH;
use crate::domain::upstream::Upstream;
use crate::http::LOCALES;
use crate::state::Identity;
use crate::store::upstream_logins::Purpose;
use crate::store::upstreams::{self, Stored};

/// Where the account pages are.
const ACCOUNT: &str = "/account";

/// Anything; only the form token counts.
#[derive(Deserialize)]
pub struct Nothing {}

/// Who came, in which session.
pub(super) struct Caller {
    pub session: SessionView,
    pub cookie: String,
}

/// The page that begins a link, or the end of one.
pub async fn show(
    State(state): State<Identity>,
    view: View,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<UpstreamQuery>,
) -> Response {
    let caller = match caller(&state, &headers).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return end(&view, StatusCode::FORBIDDEN, "upstream-not-fresh"),
        Err(error) => return failed(&view, &error.into()),
    };
    if let Ok(answer) = query.answer.parse() {
        let back = Return {
            login: answer,
            purpose: Purpose::Link(caller.session.id),
            browser: &sha256(caller.cookie.as_bytes()),
            session: Some(&caller.session),
            request: None,
            again: false,
            presented: Some(&caller.cookie),
            locale: view.locale.as_str(),
        };
        return ended(&view, upstream::finish(&state, back).await);
    }
    if state.now().since(caller.session.authenticated_at) > FRESH {
        return end(&view, StatusCode::FORBIDDEN, "upstream-not-fresh");
    }
    match begins(&state, &id, false).await {
        Ok((upstream, action)) => form(&view, &upstream, action),
        Err(fault) => faulty(&view, &fault),
    }
}

/// Sends the person to the provider.
pub async fn submit(
    State(state): State<Identity>,
    view: View,
    headers: HeaderMap,
    Path(id): Path<String>,
    CheckedForm(Nothing {}): CheckedForm<Nothing>,
) -> Response {
    let caller = match caller(&state, &headers).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return end(&view, StatusCode::FORBIDDEN, "upstream-not-fresh"),
        Err(error) => return failed(&view, &error.into()),
    };
    let start = Start {
        upstream: &id,
        purpose: Purpose::Link(caller.session.id),
        browser: &sha256(caller.cookie.as_bytes()),
        tenant: None,
        needed: TrustLevel::Basic,
        // Somebody else may still be logged in there: whose account is linked is shown by a log-in.
        again: true,
        max_age: None,
        locale: view.locale.as_str(),
    };
    match upstream::begin(&state, start).await {
        Ok(url) => Redirect::to(url.as_str()).into_response(),
        Err(fault) => faulty(&view, &fault),
    }
}

pub(super) async fn caller(
    state: &Identity,
    headers: &HeaderMap,
) -> Result<Option<Caller>, StoreError> {
    let Some(cookie) = sessions::presented(state, headers) else { return Ok(None) };
    let session = sessions::any_from_cookie(state, headers).await?;
    Ok(session.map(|session| Caller { session, cookie }))
}

/// The provider, of persons or of organisations, and where its form will lead.
pub(super) async fn begins(
    state: &Identity,
    id: &str,
    organisations: bool,
) -> Result<(Upstream, Option<FormAction>), Fault> {
    let mut tx = state.outside.db.read().await?;
    let found = upstreams::find(&mut tx, id).await?.filter(Stored::is_enabled);
    drop(tx);
    let upstream = found.ok_or(Fault::NotOffered)?.upstream;
    if upstream.organisation.is_some() != organisations {
        return Err(Fault::WrongKind);
    }
    let url = upstream::destination(state, &upstream).await?;
    Ok((upstream, FormAction::of(url.as_str())))
}

fn form(view: &View, upstream: &Upstream, action: Option<FormAction>) -> Response {
    let t = view.texts(&LOCALES);
    let body = AskPage {
        t,
        text: t.with("upstream-link", [("name", upstream.name.as_str().into())]),
        csrf: view.csrf_field(),
        action: format!("/login/upstream/{}/link", upstream.id),
        answer: None,
        submit: Button::primary(t.get("upstream-link-submit")),
        back: Link::secondary(ACCOUNT, t.get("upstream-ask-decline")),
    };
    let page = view.page(t.get("upstream-link-title")).narrow().show(&body);
    match action {
        Some(action) => action.on(page),
        None => page,
    }
}

fn ended(view: &View, outcome: Result<Outcome, Fault>) -> Response {
    match outcome {
        Ok(outcome) => {
            let (status, key) = words(&outcome);
            end(view, status, key)
        }
        Err(fault) => faulty(view, &fault),
    }
}

fn faulty(view: &View, fault: &Fault) -> Response {
    match fault_words(fault) {
        Some((status, key)) => end(view, status, key),
        None => own(view, fault),
    }
}

fn end(view: &View, status: StatusCode, key: &str) -> Response {
    let t = view.texts(&LOCALES);
    let back = Link::primary(ACCOUNT, t.get("upstream-account"));
    let body = EndPage { text: t.get(key), back };
    view.page(t.get(&format!("{key}-title"))).narrow().status(status).show(&body)
}
