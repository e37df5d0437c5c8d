//! Error pages in everyday words: what happened, and what to do next.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::i18n::shared;
use crate::view::View;

/// What went wrong, as far as the person in front of the page is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// 400: the form or link was incomplete.
    Invalid,
    /// 401: nobody is signed in.
    SignInNeeded,
    /// 403: signed in, and still not allowed.
    Forbidden,
    /// 403: the form's token is missing or was made for another browser.
    FormExpired,
    /// 403: the request came from another website.
    CrossOrigin,
    /// 404.
    NotFound,
    /// 409: somebody or something was faster.
    Conflict,
    /// 410: a link or sign-in that has run out.
    Expired,
    /// 413.
    TooLarge,
    /// 429.
    TooMany,
    /// 503.
    Unavailable,
    /// 500.
    Internal,
}

impl Problem {
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::SignInNeeded => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::FormExpired | Self::CrossOrigin => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Expired => StatusCode::GONE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The problem that `status` usually stands for.
    pub fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::SignInNeeded,
            403 => Self::Forbidden,
            404 | 405 => Self::NotFound,
            409 => Self::Conflict,
            410 => Self::Expired,
            413 => Self::TooLarge,
            429 => Self::TooMany,
            502..=504 => Self::Unavailable,
            500.. => Self::Internal,
            _ => Self::Invalid,
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Invalid => "problem-invalid",
            Self::SignInNeeded => "problem-sign-in",
            Self::Forbidden => "problem-forbidden",
            Self::FormExpired => "problem-form-expired",
            Self::CrossOrigin => "problem-cross-origin",
            Self::NotFound => "problem-not-found",
            Self::Conflict => "problem-conflict",
            Self::Expired => "problem-expired",
            Self::TooLarge => "problem-too-large",
            Self::TooMany => "problem-too-many",
            Self::Unavailable => "problem-unavailable",
            Self::Internal => "problem-internal",
        }
    }

    pub(crate) fn page(self, view: &View, status: StatusCode) -> Response {
        let t = shared(view.locale);
        let text = t.get(&format!("{}-text", self.key()));
        error_page(view, status, &t.get(self.key()), &text, None)
    }
}

#[derive(askama::Template)]
#[template(path = "error.html")]
struct ErrorBody<'a> {
    text: &'a str,
    reference: Option<(String, &'a str)>,
    home: &'a str,
    home_text: String,
}

pub(crate) fn error_page(
    view: &View,
    status: StatusCode,
    title: &str,
    text: &str,
    reference: Option<&str>,
) -> Response {
    let t = shared(view.locale);
    let body = ErrorBody {
        text,
        reference: reference.map(|id| (t.get("error-reference"), id)),
        home: &view.face.branding.home,
        home_text: t.get("error-home"),
    };
    view.page(title).narrow().status(status).show(&body)
}

/// Answers paths that do not exist; for the outermost router's `fallback`, behind
/// [`crate::protect`].
pub async fn fallback(view: View) -> Response {
    view.problem(Problem::NotFound).into_response()
}
