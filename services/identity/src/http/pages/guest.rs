//! Coming once, with the card and without an account; and making an account of it after all.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use siegel_crypto::{random_token, sha256};
use siegel_kernel::TrustLevel;
use siegel_web::forms::{Button, Link};
use siegel_web::{CheckedForm, Texts, View};

use super::credentials::HOME;
use super::login::Nothing;
use super::step_up::{BackQuery, not_raised, to_card};
use super::visit::{BROWSER, Visit, failed, is_browser};
use crate::app::failure::Failure;
use crate::app::guest_keep::{self, Kept};
use crate::app::guests::{self, Return};
use crate::app::identify::{Errand, Outcome};
use crate::app::{own_page, sessions};
use crate::http::LOCALES;
use crate::state::Identity;

#[derive(askama::Template)]
#[template(path = "dead_end.html")]
struct DeadEnd {
    text: String,
    back: Link,
}

/// The button of the log-in page, for clients that may have guests.
pub fn offer(visit: &Visit) -> Option<Button> {
    let button = || {
        let button = Button::secondary(visit.t.get("guest-submit")).id("guest");
        button.sends("method", "guest").block()
    };
    visit.interaction.request.takes_guests().then(button)
}

/// What a guest is offered instead of leaving nothing behind.
pub fn keep_button(t: Texts) -> Button {
    Button::secondary(t.get("guest-keep")).id("keep")
}

/// Starts an identification that ends without an account.
pub async fn begin(visit: &Visit) -> Response {
    if visit.interaction.request.takes_guests() {
        to_card(visit, Errand::Guest, "eid-purpose-guest").await
    } else {
        visit.out_of_turn().await
    }
}

/// The browser is back from the card.
pub async fn back(visit: Visit, Query(query): Query<BackQuery>) -> Response {
    let presented = visit.presented();
    let back = Return {
        interaction: &visit.interaction,
        eid_session: &query.eid_session,
        ticket: &query.eid_ticket,
        presented: presented.as_deref(),
    };
    match guests::finish(&visit.state, back).await {
        Ok(Outcome::In(logged_in)) => visit.go_logged_in(logged_in),
        Ok(outcome) => not_raised(&visit, &outcome),
        Err(failure) => visit.failed(&failure),
    }
}

/// `POST /login/{interaction}/keep`: the person goes on with an account at the same client.
pub async fn keep_here(visit: Visit, CheckedForm(Nothing {}): CheckedForm<Nothing>) -> Response {
    let presented = visit.presented();
    let id = visit.interaction.id;
    let expired = visit.view.scheme().expire(sessions::COOKIE);
    match guest_keep::keep(&visit.state, presented.as_deref(), id).await {
        Ok(Kept::Waits) => (expired, visit.go("register")).into_response(),
        Ok(Kept::HasAccount) => {
            let back = Link::primary(visit.path(""), visit.t.get("guest-has-account-go"));
            let (title, text) = ("guest-has-account-title", "guest-has-account");
            (expired, visit.dead_end(StatusCode::OK, title, text, back)).into_response()
        }
        Ok(Kept::Over) => visit.go(""),
        Err(failure) => visit.failed(&failure),
    }
}

/// `POST /login/keep`: from the page that asks before the log-out.
pub async fn keep(
    State(identity): State<Identity>,
    view: View,
    headers: HeaderMap,
    CheckedForm(Nothing {}): CheckedForm<Nothing>,
) -> Response {
    match begin_account(&identity, &view, &headers).await {
        Ok(response) => response,
        Err(failure) => failed(&view, &failure),
    }
}

async fn begin_account(
    identity: &Identity,
    view: &View,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    if !guests::is_here(identity, headers).await? {
        return Ok(Redirect::to(HOME).into_response());
    }
    // Bound at once: what a guest keeps opens in no other browser.
    let token = match view.cookie(BROWSER).filter(|token| is_browser(token)) {
        Some(token) => token,
        None => random_token(&*identity.outside.entropy)?,
    };
    let browser = sha256(token.as_bytes());
    let bound = view.scheme().cookie(BROWSER, token);
    let id = own_page::begin_in(identity, HOME, TrustLevel::Basic, Some(browser)).await?;
    let presented = sessions::presented(identity, headers);
    let expired = view.scheme().expire(sessions::COOKIE);
    let first = format!("/login/{id}");
    Ok(match guest_keep::keep(identity, presented.as_deref(), id).await? {
        Kept::Waits => {
            let to = Redirect::to(&format!("/login/{id}/register"));
            (expired, bound, to).into_response()
        }
        Kept::HasAccount => {
            let t = view.texts(&LOCALES);
            let back = Link::primary(first, t.get("guest-has-account-go"));
            let body = DeadEnd { text: t.get("guest-has-account"), back };
            let page = view.page(t.get("guest-has-account-title")).narrow().show(&body);
            (expired, bound, page).into_response()
        }
        Kept::Over => (bound, Redirect::to(&first)).into_response(),
    })
}
