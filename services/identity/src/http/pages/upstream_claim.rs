//! `/login/upstream/{id}/claim`: proving a claim of an organisation by a log-in with its account
//! elsewhere. Begun from the organisation's pages, ended in the same session, or not at all.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use siegel_crypto::sha256;
use siegel_kernel::TrustLevel;
use siegel_web::forms::{Button, Link};
use siegel_web::{CheckedForm, CsrfField, FormAction, Texts, View};

use super::upstream::{EndPage, fault_words, own};
use super::upstream_link::{Caller, Nothing, begins, caller};
use super::visit::failed;
use crate::app::upstream::{self, Fault, Proved, Return, Start};
use crate::domain::upstream::Upstream;
use crate::http::LOCALES;
use crate::state::Identity;
use crate::store::upstream_logins::{ClaimId, Purpose};

/// Where the pages of organisations are.
const ORGANISATIONS: &str = "/organisation";
/// Where people raise the level of their session, and come back to the pages of organisations.
const RAISE: &str = "/account/login?level=substantial&return=/organisation";

#[derive(askama::Template)]
#[template(path = "upstream_claim.html")]
struct ClaimPage {
    t: Texts,
    text: String,
    csrf: CsrfField,
    action: String,
    submit: Button,
    back: Link,
}

#[derive(Deserialize)]
pub struct ClaimQuery {
    /// The claim that is to be proven.
    #[serde(default)]
    claim: String,
    /// The log-in that was answered.
    #[serde(default)]
    answer: String,
}

/// The page that begins a proof, or the end of one.
pub async fn show(
    State(state): State<Identity>,
    view: View,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<ClaimQuery>,
) -> Response {
    let (caller, claim) = match claimant(&state, &view, &headers, &query).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    if let Ok(login) = query.answer.parse() {
        let back = Return {
            login,
            purpose: Purpose::Claim(caller.session.id, claim),
            browser: &sha256(caller.cookie.as_bytes()),
            session: Some(&caller.session),
            request: None,
            again: true,
            presented: Some(&caller.cookie),
            locale: view.locale.as_str(),
        };
        return match upstream::prove_claim(&state, back).await {
            Ok(proved) => ended(&view, &proved),
            Err(fault) => faulty(&view, &fault),
        };
    }
    match begins(&state, &id, true).await {
        Ok((upstream, action)) => form(&view, &upstream, claim, action),
        Err(fault) => faulty(&view, &fault),
    }
}

/// Sends the person to the provider.
pub async fn submit(
    State(state): State<Identity>,
    view: View,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<ClaimQuery>,
    CheckedForm(Nothing {}): CheckedForm<Nothing>,
) -> Response {
    let (caller, claim) = match claimant(&state, &view, &headers, &query).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let start = Start {
        upstream: &id,
        purpose: Purpose::Claim(caller.session.id, claim),
        browser: &sha256(caller.cookie.as_bytes()),
        tenant: None,
        // How its levels count is said by its words for them.
        needed: TrustLevel::Basic,
        // Somebody else may still be logged in there, for another organisation.
        again: true,
        max_age: None,
        locale: view.locale.as_str(),
    };
    match upstream::begin_claim(&state, start, caller.session.account).await {
        Ok(url) => Redirect::to(url.as_str()).into_response(),
        Err(fault) => faulty(&view, &fault),
    }
}

/// Who came, for which claim; or the page for who may not.
async fn claimant(
    state: &Identity,
    view: &View,
    headers: &HeaderMap,
    query: &ClaimQuery,
) -> Result<(Caller, ClaimId), Response> {
    let Ok(claim) = query.claim.parse() else {
        return Err(end(view, StatusCode::NOT_FOUND, "upstream-claim-unknown"));
    };
    match caller(state, headers).await {
        Ok(Some(caller)) if !caller.session.guest && caller.session.level >= upstream::NEEDED => {
            Ok((caller, claim))
        }
        Ok(_) => Err(too_low(view)),
        Err(error) => Err(failed(view, &error.into())),
    }
}

fn form(view: &View, upstream: &Upstream, claim: ClaimId, action: Option<FormAction>) -> Response {
    let t = view.texts(&LOCALES);
    let body = ClaimPage {
        t,
        text: t.with("upstream-claim", [("name", upstream.name.as_str().into())]),
        csrf: view.csrf_field(),
        action: format!("/login/upstream/{}/claim?claim={claim}", upstream.id),
        submit: Button::primary(t.get("upstream-link-submit")),
        back: Link::secondary(ORGANISATIONS, t.get("upstream-claim-decline")),
    };
    let page = view.page(t.get("upstream-claim-title")).narrow().show(&body);
    match action {
        Some(action) => action.on(page),
        None => page,
    }
}

fn ended(view: &View, proved: &Proved) -> Response {
    let (status, key) = match proved {
        Proved::Done(organisation) => {
            let target = format!("{ORGANISATIONS}/{organisation}/record");
            return end_at(view, StatusCode::OK, "upstream-claim-done", target);
        }
        Proved::Unknown => (StatusCode::GONE, "upstream-unknown"),
        Proved::SessionTooLow => return too_low(view),
        Proved::LevelUnknown => (StatusCode::FORBIDDEN, "upstream-claim-level"),
        Proved::Refused("UPSTREAM_OF_ANOTHER") => (StatusCode::FORBIDDEN, "upstream-claim-another"),
        // Of another account, over, or of an organisation that the person left: told alike.
        Proved::Refused(_) => (StatusCode::NOT_FOUND, "upstream-claim-unknown"),
    };
    end(view, status, key)
}

fn faulty(view: &View, fault: &Fault) -> Response {
    match fault_words(fault) {
        Some((status, key)) => end(view, status, key),
        None => own(view, fault),
    }
}

/// Nobody is logged in, or not surely enough.
fn too_low(view: &View) -> Response {
    end_at(view, StatusCode::FORBIDDEN, "upstream-claim-low", RAISE.to_owned())
}

fn end(view: &View, status: StatusCode, key: &str) -> Response {
    end_at(view, status, key, ORGANISATIONS.to_owned())
}

fn end_at(view: &View, status: StatusCode, key: &str, target: String) -> Response {
    let t = view.texts(&LOCALES);
    let text = if target == RAISE { "upstream-claim-raise" } else { "upstream-claim-back" };
    let back = Link::primary(target, t.get(text));
    let body = EndPage { text: t.get(key), back };
    view.page(t.get(&format!("{key}-title"))).narrow().status(status).show(&body)
}
