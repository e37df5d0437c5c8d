//! The end of a log-in with something the browser showed: a passkey or a certificate.

use axum::response::Response;
use http::StatusCode;
use siegel_web::forms::Link;

use crate::app::credentials::attempt::{Attempt, Outcome};
use crate::app::credentials::{certificate, passkey};
use crate::app::failure::Failure;
use crate::domain::decide::{ConsentState, LogIn, Step};
use crate::domain::factors::Kind;
use crate::http::pages::visit::Visit;

/// On with the session, or a page that says why not. `kind`: what was shown.
pub async fn answered(visit: &Visit, answer: &str, kind: Kind) -> Result<Response, Failure> {
    let session = visit.session().await?;
    let step = visit.decide(session.as_ref(), ConsentState::Given);
    let raises = matches!(step, Step::StepUp { .. });
    let (presented, device) = (visit.presented(), visit.device());
    let attempt = Attempt {
        interaction: visit.interaction.id,
        answer,
        raises: session.as_ref().filter(|_| raises),
        request: &visit.interaction.request,
        again: step == Step::LogIn(LogIn::Again),
        presented: presented.as_deref(),
        device: device.as_deref(),
    };
    let (outcome, word) = if kind == Kind::X509 {
        (certificate::log_in(&visit.state, attempt).await?, "certificate")
    } else {
        (passkey::log_in(&visit.state, attempt).await?, "passkey")
    };
    let dead_end = |status, how: &str| {
        let (title, text) = (format!("{word}-{how}-title"), format!("{word}-{how}"));
        let back = Link::primary(visit.path(""), visit.t.get("option-other"));
        visit.dead_end(status, &title, &text, back)
    };
    Ok(match outcome {
        Outcome::In(logged_in) => visit.go_logged_in(logged_in),
        Outcome::Refused => dead_end(StatusCode::FORBIDDEN, "refused"),
        Outcome::NothingBegun => dead_end(StatusCode::GONE, "over"),
    })
}
