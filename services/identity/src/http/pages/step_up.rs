//! Raising the level with the eID card, and coming back from it.

use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;
use siegel_web::forms::{Button, Link};
use siegel_web::{CheckedForm, CsrfField, Texts, format};

use super::credentials;
use super::upstream::{Offer, with_logos};
use super::visit::Visit;
use super::who::{Cancel, Who};
use crate::app::failure::Failure;
use crate::app::identify::{self, Errand, Outcome, Return};
use crate::app::offers;
use crate::domain::cards::Refusal;
use crate::domain::decide::{ConsentState, LogIn, Step};

#[derive(askama::Template)]
#[template(path = "step_up.html")]
struct StepUpPage {
    t: Texts,
    who: Who,
    have: String,
    csrf: CsrfField,
    action: String,
    /// Nothing this person has, or could show, reaches the level.
    hopeless: bool,
    card: Option<Button>,
    upstreams: Vec<Offer>,
    skip: Option<Button>,
    /// What else reaches the level, as HTML.
    others: String,
    cancel: Cancel,
}

#[derive(Deserialize)]
pub struct StepUpForm {
    /// `eid`, or `skip` where the level is only preferred.
    #[serde(default)]
    method: String,
}

#[derive(Deserialize)]
pub struct BackQuery {
    #[serde(default)]
    pub(super) eid_session: String,
    #[serde(default)]
    pub(super) eid_ticket: String,
}

/// Says why a higher level is needed and offers what reaches it, and nothing else.
pub async fn show(visit: Visit) -> Response {
    let session = match visit.session().await {
        Ok(session) => session,
        Err(error) => return visit.failed(&error.into()),
    };
    let step = visit.decide(session.as_ref(), ConsentState::Given);
    let (Step::StepUp { optional, needed }, Some(session)) = (step, session) else {
        return visit.go("");
    };
    let request = &visit.interaction.request;
    let offers = match offers::reaching(&visit.state, request, session.account, needed).await {
        Ok(offers) => offers,
        Err(error) => return visit.failed(&error.into()),
    };
    let upstreams = super::upstream::offers(&visit, needed);
    if offers.is_empty() && upstreams.is_empty() && optional {
        return visit.go_settled();
    }
    let others = match credentials::step_up(&visit, &session, needed).await {
        Ok(others) => others,
        Err(failure) => return visit.failed(&failure),
    };
    let t = visit.t;
    let level = format::level(visit.view.locale, session.level);
    let have = if optional { "step-up-offer" } else { "step-up-have" };
    let skip = || Button::secondary(t.get("step-up-skip")).sends("method", "skip");
    let body = StepUpPage {
        t,
        who: visit.who(),
        have: t.with(have, [("level", level.into())]),
        csrf: visit.view.csrf_field(),
        action: visit.path("step-up"),
        hopeless: offers.is_empty() && upstreams.is_empty(),
        card: offers
            .contains(&"sc")
            .then(|| Button::primary(t.get("step-up-card")).id("submit").sends("method", "eid")),
        upstreams,
        skip: optional.then(skip),
        others,
        cancel: visit.cancel(),
    };
    let page = visit.page(t.get("step-up-title")).script(credentials::SCRIPT);
    visit.dressed(with_logos(page.show(&body), &body.upstreams))
}

pub async fn submit(visit: Visit, CheckedForm(sent): CheckedForm<StepUpForm>) -> Response {
    match sent.method.as_str() {
        "eid" => to_card(&visit, Errand::Account, "eid-purpose-raise").await,
        "skip" => skip(&visit).await,
        _ => visit.go("step-up"),
    }
}

/// On without the level, where it is only preferred.
async fn skip(visit: &Visit) -> Response {
    let session = match visit.session().await {
        Ok(session) => session,
        Err(error) => return visit.failed(&error.into()),
    };
    match visit.decide(session.as_ref(), ConsentState::Given) {
        Step::StepUp { optional: true, .. } => visit.go_settled(),
        _ => visit.out_of_turn().await,
    }
}

/// Starts an identification and sends the browser there.
pub async fn to_card(visit: &Visit, errand: Errand, purpose: &str) -> Response {
    let client = visit.interaction.request.client_name.as_str();
    let purpose = visit.t.with(purpose, [("client", client.into())]);
    let locale = visit.view.locale.as_str();
    let started = identify::start(&visit.state, &visit.interaction, errand, &purpose, locale);
    match started.await {
        Ok(browser_url) => visit.dressed(Redirect::to(&browser_url).into_response()),
        Err(failure) => visit.failed(&failure),
    }
}

/// The browser is back from the card.
pub async fn back(visit: Visit, Query(query): Query<BackQuery>) -> Response {
    match finish(&visit, &query).await {
        Ok(Outcome::In(logged_in)) => visit.go_logged_in(logged_in),
        Ok(outcome) => not_raised(&visit, &outcome),
        Err(failure) => visit.failed(&failure),
    }
}

async fn finish(visit: &Visit, query: &BackQuery) -> Result<Outcome, Failure> {
    let session = visit.session().await?;
    let step = visit.decide(session.as_ref(), ConsentState::Given);
    let again = step == Step::LogIn(LogIn::Again);
    let presented = visit.presented();
    // The card of another account is welcome where another person is asked for.
    let other = step == Step::LogIn(LogIn::SomebodyElse)
        || (again && visit.interaction.request.has_prompt("select_account"));
    let owner = if other { None } else { visit.owner().await? };
    let back = Return {
        interaction: &visit.interaction,
        eid_session: &query.eid_session,
        ticket: &query.eid_ticket,
        session: owner.as_ref(),
        again,
        presented: presented.as_deref(),
    };
    identify::finish(&visit.state, back).await
}

/// Why a card did not lead on.
pub(super) fn not_raised(visit: &Visit, outcome: &Outcome) -> Response {
    let (status, key) = match outcome {
        Outcome::In(_) | Outcome::Cancelled => (StatusCode::OK, "card-cancelled"),
        Outcome::Failed => (StatusCode::UNPROCESSABLE_ENTITY, "card-failed"),
        Outcome::Open => (StatusCode::CONFLICT, "card-open"),
        Outcome::Unknown => (StatusCode::GONE, "card-unknown"),
        Outcome::Refused(why) => (
            StatusCode::FORBIDDEN,
            match why {
                Refusal::OfAnotherAccount => "card-other-account",
                Refusal::OfAnotherPerson => "card-other-person",
                Refusal::NotBound => "card-not-bound",
                Refusal::NotProven => "card-not-proven",
            },
        ),
    };
    let back = Link::primary(visit.path(""), visit.t.get("card-back"));
    visit.dead_end(status, &format!("{key}-title"), key, back)
}
