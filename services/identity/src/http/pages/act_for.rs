//! `/login/{interaction}/act-for`: for whom somebody acts at the client.

use axum::extract::Query;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use siegel_web::forms::{Button, Choice as Radio, Errors, Link, Radios};
use siegel_web::{CheckedForm, CsrfField, Texts, format};

use super::visit::Visit;
use super::who::{Cancel, Who};
use crate::app::acting::Verdict;
use crate::app::acting::choose::{self, MYSELF, Outcome};
use crate::app::acting::settle::{Offer, Offers, Settled, offers};
use crate::app::failure::Failure;
use crate::domain::acting::{Hint, Kind};
use crate::domain::decide::{ConsentState, Step};
use crate::domain::interaction::SessionView;

/// Parties on one page.
const SHOWN: usize = 50;

#[derive(askama::Template)]
#[template(path = "act_for.html")]
struct ActForPage {
    t: Texts,
    who: Who,
    told: String,
    csrf: CsrfField,
    action: String,
    radios: Radios,
    go_on: Button,
    /// To those behind these, by number: the address names nobody.
    more: Option<Link>,
    cancel: Cancel,
}

#[derive(Deserialize)]
pub struct PageQuery {
    /// From 1.
    #[serde(default)]
    page: usize,
}

#[derive(Deserialize)]
pub struct ActForForm {
    #[serde(default)]
    party: String,
}

/// Asks for whom the person acts.
pub async fn show(visit: Visit, Query(query): Query<PageQuery>) -> Response {
    ask(visit, query.page.clamp(1, 1_000), None).await
}

/// The page, when the choice is indeed the next step.
async fn ask(mut visit: Visit, number: usize, error: Option<&'static str>) -> Response {
    let session = match at_choice(&visit).await {
        Ok(Some(session)) => session,
        Ok(None) => return visit.go(""),
        Err(failure) => return visit.failed(&failure),
    };
    let (state, interaction) = (&visit.state, &mut visit.interaction);
    match choose::without_asking(state, interaction, &session).await {
        Ok(Settled::Choice(_)) => return visit.go(""),
        Ok(Settled::Nobody) => return nobody(&visit),
        Ok(Settled::Open) => {}
        Err(failure) => return visit.failed(&failure),
    }
    let skipped = (number - 1) * SHOWN;
    match offers(&visit.state, &visit.interaction.request, &session, skipped, SHOWN).await {
        Ok(found) => page(&visit, &found, number, error),
        Err(failure) => visit.failed(&failure),
    }
}

/// The session, when it is to be said for whom it acts.
async fn at_choice(visit: &Visit) -> Result<Option<SessionView>, Failure> {
    let session = visit.visitor().await?;
    let step = visit.decide(session.as_ref(), ConsentState::Given);
    Ok(session.filter(|_| step == Step::ActFor))
}

/// Somebody is needed, and there is nobody.
fn nobody(visit: &Visit) -> Response {
    let back = Link::primary(visit.path_of_another_account(), visit.t.get("act-for-other"));
    visit.dead_end(StatusCode::FORBIDDEN, "act-for-nobody-title", "act-for-nobody", back)
}

fn page(visit: &Visit, found: &Offers, number: usize, error: Option<&'static str>) -> Response {
    let (t, request) = (visit.t, &visit.interaction.request);
    let acting = &request.acting;
    let mut errors = Errors::new();
    if let Some(key) = error {
        errors.add("party", t.get(key));
    }
    let myself = (!acting.is_required()).then(|| Radio::new(MYSELF, t.get("act-for-myself")));
    let choices = myself.into_iter().chain(found.offers.iter().map(|offer| radio(visit, offer)));
    let mut radios = Radios::new("party", t.get("act-for-legend"), choices).error_in(&errors);
    if let Some(Hint::Known(name)) = &acting.hint {
        radios = radios.selected(name);
    }
    let claims = acting.rules.claims.iter().map(|name| t.get(&claim_key(name)));
    let claims: Vec<String> = std::iter::once(t.get("act-for-claim-name")).chain(claims).collect();
    let next = number + 1;
    let more = || {
        let address = format!("/login/{}/act-for?page={next}", visit.interaction.id);
        Link::text(address, t.get("act-for-more"))
    };
    let told =
        [("client", request.client_name.as_str().into()), ("claims", claims.join(", ").into())];
    let body = ActForPage {
        t,
        who: visit.who(),
        told: t.with("act-for-told", told),
        csrf: visit.view.csrf_field(),
        action: visit.path("act-for"),
        radios,
        go_on: Button::primary(t.get("act-for-submit")).id("submit"),
        more: found.more.then(more),
        cancel: visit.cancel(),
    };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = visit.page(t.get("act-for-title")).errors(&errors).status(status);
    visit.dressed(page.show(&body))
}

/// One answer: what it is, and what it needs when the session is too low for it.
fn radio(visit: &Visit, offer: &Offer) -> Radio {
    let t = visit.t;
    let kind = t.get(match offer.party.kind() {
        Kind::Organisation => "act-for-organisation",
        Kind::Person => "act-for-person",
    });
    let hint = match &offer.verdict {
        Verdict::TooLow(needed) => {
            let level = format::level(visit.view.locale, *needed);
            format!("{kind}. {}", t.with("act-for-too-low", [("level", level.into())]))
        }
        _ => kind,
    };
    Radio::new(&offer.value, &offer.name).hint(hint)
}

/// Message names hold no underscores.
pub(super) fn claim_key(claim: &str) -> String {
    format!("act-for-claim-{}", claim.replace('_', "-"))
}

pub async fn submit(mut visit: Visit, CheckedForm(sent): CheckedForm<ActForForm>) -> Response {
    let session = match at_choice(&visit).await {
        Ok(Some(session)) => session,
        Ok(None) => return visit.out_of_turn().await,
        Err(failure) => return visit.failed(&failure),
    };
    if session.guest {
        return nobody(&visit);
    }
    let error = if sent.party.is_empty() {
        "act-for-missing"
    } else {
        let (state, interaction) = (&visit.state, &mut visit.interaction);
        match choose::choose(state, interaction, &session, &sent.party).await {
            Ok(Outcome::Done | Outcome::StepUp) => return visit.go(""),
            Ok(Outcome::NotAllowed) => "act-for-not-allowed",
            Err(failure) => return visit.failed(&failure),
        }
    };
    ask(visit, 1, Some(error)).await
}
