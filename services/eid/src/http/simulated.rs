//! Stands in for the AusweisApp: who asks, for what, which data; then card and PIN.

use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use siegel_web::forms::{Alert, Button, Choice, DescriptionList, Errors, Input, Item, Select};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts, View};

use super::LOCALES;
use crate::app::{EndError, WrongPin};
use crate::domain::{Ending, Session, SessionId};
use crate::ports::simulated::{CardState, PIN_TRIES, Persona, PinAnswer, SimulatedCard};

/// Like that of every page, without `form-action`: the POST may lead by redirects to the client's
/// own redirect URI, which this service does not know, and Chromium applies `form-action` to
/// redirects too (CSP 3 §6.4.2). The real card's client is no web page and needs no such thing.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; \
     font-src 'self'; frame-ancestors 'none'; base-uri 'none'",
);

#[derive(askama::Template)]
#[template(path = "simulated.html")]
struct Body {
    t: Texts,
    csrf: CsrfField,
    simulation: Alert,
    request: DescriptionList,
    data: Vec<String>,
    persona: Select,
    pin: Input,
    identify: Button,
    cancel: Button,
}

#[derive(Deserialize)]
pub struct Answer {
    action: String,
    #[serde(default)]
    persona: String,
    #[serde(default)]
    pin: String,
}

pub async fn show(
    State(state): State<super::State>,
    view: View,
    Path(session): Path<String>,
) -> Response {
    match open(&state, &session).await {
        Ok(session) => page(&state, &view, &session, &Errors::new(), "erika"),
        Err(error) => refused(&view, &error),
    }
}

pub async fn submit(
    State(state): State<super::State>,
    Path(session): Path<String>,
    view: View,
    CheckedForm(answer): CheckedForm<Answer>,
) -> Response {
    let done = answered(&state, &view, &session, &answer).await;
    done.unwrap_or_else(|error| refused(&view, &error))
}

async fn answered(
    state: &super::State,
    view: &View,
    session: &str,
    answer: &Answer,
) -> Result<Response, EndError> {
    let session = open(state, session).await?;
    let ending = match answer.action.as_str() {
        "cancel" => Ending::Cancelled,
        "identify" => match read_card(state, view, &session, answer).await? {
            Read::Ended(ending) => ending,
            Read::Answered(response) => return Ok(response),
        },
        _ => return Ok(view.problem(Problem::Invalid)),
    };
    let way_back = state.app.end(session.id, ending).await?;
    Ok(leave(way_back.as_str()))
}

enum Read {
    Ended(Ending),
    Answered(Response),
}

async fn read_card(
    state: &super::State,
    view: &View,
    session: &Session,
    answer: &Answer,
) -> Result<Read, EndError> {
    let t = view.texts(&LOCALES);
    let again = |field, text| {
        let mut errors = Errors::new();
        errors.add(field, text);
        Ok(Read::Answered(page(state, view, session, &errors, &answer.persona)))
    };
    let Some(persona) = state.card.persona(&answer.persona) else {
        return again("persona", t.get("persona-missing"));
    };
    match SimulatedCard::enter_pin(persona, &answer.pin) {
        PinAnswer::Opens => Ok(Read::Ended(Ending::Identified { reference: persona.id.clone() })),
        PinAnswer::Unusable => Ok(Read::Ended(Ending::Failed)),
        PinAnswer::Malformed => again("pin", t.get("pin-malformed")),
        PinAnswer::Wrong => match state.app.wrong_pin(session.id, PIN_TRIES).await? {
            WrongPin::TriesLeft(n) => again("pin", t.with("pin-wrong", [("n", n.into())])),
            WrongPin::Blocked(way_back) => Ok(Read::Answered(leave(way_back.as_str()))),
        },
    }
}

async fn open(state: &super::State, session: &str) -> Result<Session, EndError> {
    let id: SessionId = session.parse().map_err(|_| EndError::NotOpen)?;
    state.app.open_session(id).await
}

/// 303: the way back is under our own origin, checked when the session began.
fn leave(way_back: &str) -> Response {
    ([(CONTENT_SECURITY_POLICY, POLICY)], Redirect::to(way_back)).into_response()
}

fn refused(view: &View, error: &EndError) -> Response {
    match error {
        EndError::NotOpen => view.problem(Problem::Expired),
        EndError::Entropy(_) | EndError::Store(_) => {
            tracing::error!(error = error as &dyn std::error::Error, "an identification failed");
            view.problem(Problem::Internal)
        }
    }
}

fn page(
    state: &super::State,
    view: &View,
    session: &Session,
    errors: &Errors,
    persona: &str,
) -> Response {
    let t = view.texts(&LOCALES);
    let first = errors.is_empty() && session.wrong_pins == 0;
    let pin = Input::code("pin", t.get("pin"), 6).hint(t.get("pin-hint")).autocomplete("off");
    let pin = if first { pin.value("123456") } else { pin };
    let choices = state.card.personas().iter().map(|p| Choice::new(&p.id, label(&t, p)));
    let body = Body {
        csrf: view.csrf_field(),
        simulation: Alert::warning(t.get("simulation")).text(t.get("simulation-text")),
        request: DescriptionList::new(
            view.locale,
            [
                Item::new(t.get("recipient"), &*state.recipient),
                Item::new(t.get("purpose"), &session.purpose),
            ],
        ),
        data: data(&t, session),
        persona: Select::new("persona", t.get("persona"), choices)
            .hint(t.get("persona-hint"))
            .selected(persona)
            .error_in(errors),
        pin: pin.error_in(errors),
        identify: Button::primary(t.get("identify")).sends("action", "identify"),
        cancel: Button::secondary(t.get("cancel")).sends("action", "cancel").skip_validation(),
        t,
    };
    let shown = view.page(t.get("title")).narrow().errors(errors).show(&body);
    ([(CONTENT_SECURITY_POLICY, POLICY)], shown).into_response()
}

/// What would be sent, in words; the pseudonym always is.
fn data(t: &Texts, session: &Session) -> Vec<String> {
    let claims = session.claims.iter().map(|claim| t.get(&format!("claim-{}", claim.as_str())));
    claims.chain([t.get("claim-pseudonym")]).collect()
}

/// `Erika Mustermann – Personalausweis`.
fn label(t: &Texts, persona: &Persona) -> String {
    let card = t.get(match persona.document_type() {
        "AR" => "card-residence-permit",
        "UB" => "card-union-citizen",
        _ => "card-id",
    });
    let name = persona.display_name();
    match persona.state {
        CardState::Valid => format!("{name} – {card}"),
        CardState::Expired => format!("{name} – {card}, {}", t.get("card-expired")),
        CardState::Blocked => format!("{name} – {card}, {}", t.get("card-blocked")),
    }
}
