use axum::Json;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::{Deserialize, Serialize};
use siegel_kernel::berlin::LegalDay;
use siegel_kernel::{Clock as _, Timestamp};
use siegel_web::{CheckedForm, Problem, View};

use super::{Sandbox, SandboxClock, SandboxError};

/// Where the legal clock stands: `/sandbox/clock.json` and the answer to a move.
#[derive(Serialize)]
pub struct ClockJson {
    /// RFC 3339.
    now: String,
    /// The legal day in Berlin.
    day: String,
    moved: bool,
}

/// One of both: whole days forward, or an instant (RFC 3339) or day (`YYYY-MM-DD`, its start).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveJson {
    days: Option<i64>,
    to: Option<String>,
}

/// The form of the index page.
#[derive(Deserialize)]
struct MoveForm {
    days: String,
}

pub async fn read(State(sandbox): State<Sandbox>) -> Json<ClockJson> {
    Json(state(&sandbox.clock))
}

/// Moves the clock. JSON from machines (browsers send it across origins only when we allow it,
/// and we do not), a form with its token from the page.
pub async fn set(State(sandbox): State<Sandbox>, view: View, request: Request) -> Response {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    if kind.is_some_and(|kind| kind.starts_with("application/json")) {
        return match Json::<MoveJson>::from_request(request, &()).await {
            Ok(Json(order)) => by_machine(&sandbox.clock, &order),
            Err(refused) => refused.into_response(),
        };
    }
    let order = match CheckedForm::<MoveForm>::from_request(request, &()).await {
        Ok(CheckedForm(order)) => order,
        Err(page) => return page,
    };
    let moved = order.days.trim().parse().map(|days| sandbox.clock.move_by_days(days));
    match moved {
        Ok(Ok(_)) => Redirect::to("/sandbox").into_response(),
        Ok(Err(SandboxError::ClockMove(_))) | Err(_) => view.problem(Problem::Invalid),
        Ok(Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the clock did not move");
            view.problem(Problem::Internal)
        }
    }
}

fn by_machine(clock: &SandboxClock, order: &MoveJson) -> Response {
    let moved = match (order.days, order.to.as_deref()) {
        (Some(days), None) => clock.move_by_days(days),
        (None, Some(to)) => match instant(to) {
            Some(to) => clock.move_to(to),
            None => return refuse("to is neither an instant nor a day"),
        },
        _ => return refuse("say either days or to"),
    };
    match moved {
        Ok(_) => Json(state(clock)).into_response(),
        Err(error @ SandboxError::ClockMove(_)) => refuse(&error.to_string()),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the clock did not move");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn refuse(why: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, why.to_owned()).into_response()
}

fn instant(text: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(text).or_else(|| LegalDay::parse(text).map(LegalDay::start))
}

fn state(clock: &SandboxClock) -> ClockJson {
    let now = clock.now();
    ClockJson { now: now.to_rfc3339(), day: LegalDay::of(now).to_string(), moved: clock.is_moved() }
}
