//! Pages for what does not work: in everyday words, and with the next step.

use axum::response::{IntoResponse, Response};
use http::header::{HeaderName, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use siegel_kernel::TrustLevel;
use siegel_web::forms::{LevelBadge, Link};
use siegel_web::{Page, Problem, Texts, View, format};
use tonic::{Code, Status};

use super::visitor::{Signed, login_path, raise};
use crate::LOCALES;
use crate::oidc::OidcError;

/// One paragraph and one thing to do.
#[derive(askama::Template)]
#[template(path = "next.html")]
pub struct Next {
    pub text: String,
    pub link: Link,
}

#[derive(askama::Template)]
#[template(path = "step_up.html")]
struct StepUp {
    t: Texts,
    needed: LevelBadge,
    /// Nothing when the level ran out while this page was asked for.
    held: Option<LevelBadge>,
    why: String,
    link: Link,
    back: Link,
}

/// A log-in or token that did not come about. `target`: where the person wanted to go.
pub fn oidc(view: &View, error: &OidcError, target: &str) -> Response {
    match error {
        OidcError::SessionEnded => sign_in_again(view, target),
        passing if passing.is_passing() => {
            tracing::warn!(error = %error.chain(), "identity did not answer");
            unavailable(view, target)
        }
        _ => {
            tracing::error!(error = %error.chain(), "a log-in or a token did not come about");
            view.problem(Problem::Internal)
        }
    }
}

/// 401: signed out meanwhile. What was sent with a form is lost.
pub fn sign_in_again(view: &View, target: &str) -> Response {
    let t = view.texts(&LOCALES);
    let body = Next {
        text: t.get("sign-in-again-text"),
        link: Link::primary(login_path(None, target), t.get("sign-in-again-link")),
    };
    view.page(t.get("sign-in-again")).narrow().status(StatusCode::UNAUTHORIZED).show(&body)
}

/// 503: out of reach; trying again leads to the same page.
pub fn unavailable(view: &View, target: &str) -> Response {
    let t = view.texts(&LOCALES);
    let body = Next {
        text: t.get("unavailable-text"),
        link: Link::primary(target, t.get("unavailable-link")),
    };
    let page = view.page(t.get("unavailable")).narrow().status(StatusCode::SERVICE_UNAVAILABLE);
    (retry_after(), page.show(&body)).into_response()
}

fn retry_after() -> [(HeaderName, HeaderValue); 1] {
    [(RETRY_AFTER, HeaderValue::from_static("5"))]
}

/// 403: the person must identify better; says how, and comes back.
pub fn step_up(who: &Signed, needed: TrustLevel, target: &str, why: String) -> Response {
    let t = who.texts();
    let locale = who.view.locale;
    let args = [("level", format::level(locale, needed).into())];
    let body = StepUp {
        needed: LevelBadge::new(needed, locale),
        held: Some(who.session.level)
            .filter(|held| *held < needed)
            .map(|held| LevelBadge::new(held, locale)),
        why,
        link: raise(needed, target, t.get("step-up-link")),
        back: Link::secondary(target, t.get("step-up-back")),
        t,
    };
    let page: Page = who.page(t.with("step-up", args));
    page.narrow().status(StatusCode::FORBIDDEN).show(&body)
}

/// 409: the document safe did not take an attachment; `why` is a text's name.
pub fn not_kept(who: &Signed, why: &str) -> Response {
    let t = who.texts();
    let body = Next { text: t.get(why), link: Link::primary("/account/documents", t.get("safe")) };
    let page = who.page(t.get("attachment-not-kept")).narrow();
    page.status(StatusCode::CONFLICT).show(&body)
}

/// The level that a refusal asks for.
pub fn needed_level(status: &Status) -> Option<TrustLevel> {
    if siegel_grpc::reason(status).as_deref() != Some("TRUST_TOO_LOW") {
        return None;
    }
    let needed = siegel_grpc::fact(status, "needed").and_then(|level| level.parse().ok());
    Some(needed.unwrap_or(TrustLevel::High))
}

/// The page for a call that a service refused.
pub fn refused(who: &Signed, status: &Status) -> Response {
    if let Some(needed) = needed_level(status) {
        return step_up(who, needed, &who.here, who.texts().get("step-up-why-page"));
    }
    let problem = match status.code() {
        Code::Unauthenticated => return sign_in_again(&who.view, &who.here),
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => {
            return unavailable(&who.view, &who.here);
        }
        Code::NotFound => Problem::NotFound,
        Code::InvalidArgument | Code::OutOfRange => Problem::Invalid,
        Code::PermissionDenied => Problem::Forbidden,
        Code::FailedPrecondition | Code::Aborted | Code::AlreadyExists => Problem::Conflict,
        Code::ResourceExhausted => Problem::TooMany,
        _ => Problem::Internal,
    };
    if problem == Problem::Internal {
        let reason = siegel_grpc::reason(status).unwrap_or_default();
        tracing::error!(code = ?status.code(), reason, "a service failed");
    }
    who.problem(problem)
}
