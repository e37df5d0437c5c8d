//! Logging in with the account of another: to its provider, back from it, and the question whether
//! to link it.

use axum::extract::{Path, Query, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use siegel_crypto::sha256;
use siegel_kernel::TrustLevel;
use siegel_web::forms::{Button, Hidden, Link};
use siegel_web::{CheckedForm, CsrfField, ImageSource, Texts, View, format};

use super::visit::{BROWSER, Visit, failed};
use crate::app::sessions::{self, LoggedIn};
use crate::app::upstream::{self, Came, Fault, Outcome, Return, Start};
use crate::domain::decide::{ConsentState, LogIn, Step};
use crate::domain::interaction::SessionView;
use crate::domain::linking::Refusal;
use crate::domain::upstream::{METHOD, Upstream, is_logo};
use crate::http::LOCALES;
use crate::state::Identity;
use crate::store::upstream_logins::{Purpose, UpstreamLoginId};

/// Where a request comes from, as the browser says (Fetch Metadata §2.3).
pub(super) const SITE: &str = "sec-fetch-site";

/// The question whether to link, and the page that begins a link.
#[derive(askama::Template)]
#[template(path = "upstream_ask.html")]
pub(super) struct AskPage {
    pub t: Texts,
    pub text: String,
    pub csrf: CsrfField,
    pub action: String,
    pub answer: Option<Hidden>,
    pub submit: Button,
    pub back: Link,
}

#[derive(askama::Template)]
#[template(path = "dead_end.html")]
pub(super) struct EndPage {
    pub text: String,
    pub back: Link,
}

#[derive(Deserialize)]
pub struct UpstreamQuery {
    /// The provider to go to.
    #[serde(default)]
    to: String,
    /// The log-in that was answered.
    #[serde(default)]
    pub answer: String,
}

#[derive(Deserialize)]
pub struct AskForm {
    #[serde(default)]
    pub answer: String,
}

/// A way to a provider.
pub struct Offer {
    pub link: Link,
    pub logo: Option<String>,
}

/// Lets a page show the logos of what it offers.
pub fn with_logos(response: Response, offers: &[Offer]) -> Response {
    let sources = offers.iter().filter_map(|o| ImageSource::of(o.logo.as_deref()?));
    sources.fold(response, |response, source| source.on(response))
}

/// What may stand in a page: `data:` images, and those of an origin that a policy can name.
fn shown(uri: &str) -> bool {
    is_logo(uri) && (uri.starts_with("data:") || ImageSource::of(uri).is_some())
}

/// The providers that reach a level, for the pages that offer them.
pub fn offers(visit: &Visit, needed: TrustLevel) -> Vec<Offer> {
    let taken = visit.interaction.request.takes(METHOD);
    let reach = visit.upstreams.iter().filter(|u| taken && u.reach() >= needed);
    let link = |upstream: &Upstream| {
        let path = visit.path("upstream");
        let mark = if path.contains('?') { '&' } else { '?' };
        let text = visit.t.with("upstream-with", [("name", upstream.name.as_str().into())]);
        let logo = upstream.logo_uri.clone().filter(|uri| shown(uri));
        Offer { link: Link::secondary(format!("{path}{mark}to={}", upstream.id), text), logo }
    };
    reach.map(link).collect()
}

/// To a provider, or back from it.
pub async fn show(visit: Visit, Query(query): Query<UpstreamQuery>) -> Response {
    let session = match visit.session().await {
        Ok(session) => session,
        Err(error) => return visit.failed(&error.into()),
    };
    if !query.to.is_empty() {
        return go(&visit, session.as_ref(), &query.to).await;
    }
    let Ok(answer) = query.answer.parse() else { return visit.go("") };
    let presented = visit.presented();
    let back = back(&visit, answer, session.as_ref(), presented.as_deref());
    let outcome = match back {
        Some(back) => upstream::finish(&visit.state, back).await,
        None => Ok(Outcome::Unknown),
    };
    ended(&visit, outcome, answer)
}

/// The person wants the account linked.
pub async fn confirm(visit: Visit, CheckedForm(sent): CheckedForm<AskForm>) -> Response {
    let session = match visit.session().await {
        Ok(session) => session,
        Err(error) => return visit.failed(&error.into()),
    };
    let Ok(answer) = sent.answer.parse() else { return visit.go("") };
    let presented = visit.presented();
    let word = back(&visit, answer, session.as_ref(), presented.as_deref());
    let outcome = match word {
        Some(word) => upstream::confirm(&visit.state, word).await,
        None => Ok(Outcome::Unknown),
    };
    ended(&visit, outcome, answer)
}

/// A provider's callback: keeps what belongs to this browser, and leads to the page it is for.
pub async fn callback(
    State(state): State<Identity>,
    view: View,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let hash = |cookie: Option<String>| cookie.map(|c| sha256(c.as_bytes()));
    let came = Came {
        upstream: &id,
        query: query.as_deref().unwrap_or_default(),
        browser: hash(view.cookie(BROWSER)),
        session: hash(sessions::presented(&state, &headers)),
    };
    match upstream::keep(&state, came).await {
        Ok(Some((login, Purpose::Request(interaction)))) => {
            Redirect::to(&format!("/login/{interaction}/upstream?answer={login}")).into_response()
        }
        Ok(Some((login, Purpose::Link(_)))) => {
            Redirect::to(&format!("/login/upstream/{id}/link?answer={login}")).into_response()
        }
        Ok(Some((login, Purpose::Claim(_, claim)))) => {
            let page = format!("/login/upstream/{id}/claim?claim={claim}&answer={login}");
            Redirect::to(&page).into_response()
        }
        Ok(None) => {
            let t = view.texts(&LOCALES);
            let back = Link::secondary("/", t.get("home"));
            let body = EndPage { text: t.get("upstream-unknown"), back };
            let page = view.page(t.get("upstream-unknown-title")).narrow();
            page.status(StatusCode::FORBIDDEN).show(&body)
        }
        Err(failure) => failed(&view, &failure),
    }
}

/// The keys that prove us to a provider (RFC 7517 §5).
pub async fn keys(State(state): State<Identity>, view: View, Path(id): Path<String>) -> Response {
    match upstream::public_keys(&state, &id).await {
        Ok(Some(jwks)) => ([(CONTENT_TYPE, "application/jwk-set+json")], jwks).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(fault) => own(&view, &fault),
    }
}

/// Begins a log-in there. From pages of this origin only: nobody sends a person to log in.
async fn go(visit: &Visit, session: Option<&SessionView>, to: &str) -> Response {
    let site = visit.headers.get(SITE).and_then(|v| v.to_str().ok());
    let Some(browser) = visit.interaction.browser.filter(|_| is_own(site)) else {
        return visit.go("");
    };
    let request = &visit.interaction.request;
    let step = visit.decide(session, ConsentState::Given);
    let reach = visit.upstreams.iter().find(|u| u.id == to).map(Upstream::reach);
    let needed = match step {
        Step::StepUp { needed, .. } => needed,
        _ => request.aim.min(reach.unwrap_or(request.aim)).max(request.floor),
    };
    let start = Start {
        upstream: to,
        purpose: Purpose::Request(visit.interaction.id),
        browser: &browser,
        tenant: Some(&request.tenant),
        needed,
        again: step == Step::LogIn(LogIn::Again),
        max_age: request.max_age,
        locale: visit.view.locale.as_str(),
    };
    match upstream::begin(&visit.state, start).await {
        Ok(url) => visit.dressed(Redirect::to(url.as_str()).into_response()),
        Err(fault) => faulty(visit, &fault),
    }
}

/// Not sent by a page of another origin; old browsers do not say.
pub(super) fn is_own(site: Option<&str>) -> bool {
    matches!(site, None | Some("same-origin" | "none"))
}

fn back<'a>(
    visit: &'a Visit,
    login: UpstreamLoginId,
    session: Option<&'a SessionView>,
    presented: Option<&'a str>,
) -> Option<Return<'a>> {
    let step = visit.decide(session, ConsentState::Given);
    Some(Return {
        login,
        purpose: Purpose::Request(visit.interaction.id),
        browser: visit.interaction.browser.as_ref()?,
        session,
        request: Some(&visit.interaction.request),
        again: step == Step::LogIn(LogIn::Again),
        presented,
        locale: visit.view.locale.as_str(),
    })
}

fn ended(visit: &Visit, outcome: Result<Outcome, Fault>, answer: UpstreamLoginId) -> Response {
    match outcome {
        Ok(Outcome::In { logged_in, level }) if level < visit.interaction.request.floor => {
            too_low(visit, logged_in, level)
        }
        Ok(Outcome::In { logged_in, .. }) => visit.go_logged_in(logged_in),
        Ok(Outcome::Ask { upstream }) => ask(visit, &upstream, answer),
        Ok(outcome) => {
            let (status, key) = words(&outcome);
            visit.dead_end(status, &format!("{key}-title"), key, way_back(visit))
        }
        Err(fault) => faulty(visit, &fault),
    }
}

/// Logged in, at less than the service demands.
fn too_low(visit: &Visit, logged_in: LoggedIn, level: TrustLevel) -> Response {
    let (t, locale) = (visit.t, visit.view.locale);
    let needed = format::level(locale, visit.interaction.request.floor);
    let level = format::level(locale, level);
    let text = t.with("upstream-low", [("level", level.into()), ("needed", needed.into())]);
    let body = EndPage { text, back: way_back(visit) };
    let page = visit.view.page(t.get("upstream-low-title")).narrow().show(&body);
    let cookie = visit.view.scheme().cookie(sessions::COOKIE, logged_in.token);
    (cookie, visit.dressed(page)).into_response()
}

fn ask(visit: &Visit, name: &str, answer: UpstreamLoginId) -> Response {
    let t = visit.t;
    let body = AskPage {
        t,
        text: t.with("upstream-ask", [("name", name.into())]),
        csrf: visit.view.csrf_field(),
        action: visit.path("upstream"),
        answer: Some(Hidden::new("answer", answer.to_string())),
        submit: Button::primary(t.get("upstream-ask-submit")),
        back: Link::secondary(visit.path(""), t.get("upstream-ask-decline")),
    };
    visit.dressed(visit.view.page(t.get("upstream-ask-title")).narrow().show(&body))
}

fn way_back(visit: &Visit) -> Link {
    Link::primary(visit.path(""), visit.t.get("upstream-back"))
}

/// Status and text of an end that is none of success.
pub(super) fn words(outcome: &Outcome) -> (StatusCode, &'static str) {
    match outcome {
        Outcome::In { .. } | Outcome::Ask { .. } | Outcome::Linked => {
            (StatusCode::OK, "upstream-linked")
        }
        Outcome::Unknown => (StatusCode::GONE, "upstream-unknown"),
        Outcome::AddressTaken => (StatusCode::CONFLICT, "upstream-address"),
        Outcome::NotFresh => (StatusCode::FORBIDDEN, "upstream-not-fresh"),
        Outcome::OtherPerson => (StatusCode::FORBIDDEN, "upstream-other-person"),
        Outcome::Refused(Refusal::OfAnotherAccount) => {
            (StatusCode::FORBIDDEN, "upstream-other-account")
        }
        Outcome::Refused(Refusal::Recycled) => (StatusCode::FORBIDDEN, "upstream-recycled"),
    }
}

/// Status and text of a log-in that failed there; `None` for what is ours.
pub(super) fn fault_words(fault: &Fault) -> Option<(StatusCode, &'static str)> {
    let error = fault as &dyn std::error::Error;
    match fault {
        Fault::Own(_) | Fault::Key(_) => return None,
        Fault::Refused(code) if code == "access_denied" => {
            return Some((StatusCode::OK, "upstream-cancelled"));
        }
        Fault::NotOffered | Fault::WrongKind => {
            tracing::info!("a log-in at a provider that is not offered");
        }
        _ => tracing::warn!(error, "a log-in at an upstream provider failed"),
    }
    Some(match fault {
        Fault::NotOffered | Fault::WrongKind => (StatusCode::FORBIDDEN, "upstream-off"),
        Fault::Unreachable(_) => (StatusCode::SERVICE_UNAVAILABLE, "upstream-down"),
        _ => (StatusCode::BAD_GATEWAY, "upstream-failed"),
    })
}

fn faulty(visit: &Visit, fault: &Fault) -> Response {
    match fault_words(fault) {
        Some((status, key)) => {
            visit.dead_end(status, &format!("{key}-title"), key, way_back(visit))
        }
        None => visit.dressed(own(&visit.view, fault)),
    }
}

/// What went wrong on our side.
pub(super) fn own(view: &View, fault: &Fault) -> Response {
    match fault {
        Fault::Own(failure) => failed(view, failure),
        other => {
            let error = other as &dyn std::error::Error;
            tracing::error!(error, "an upstream provider cannot be used");
            view.problem(siegel_web::Problem::Internal)
        }
    }
}
