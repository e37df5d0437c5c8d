//! One request to a page of a person's own credentials.

use axum::RequestPartsExt as _;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{Method, StatusCode};
use siegel_kernel::TrustLevel;
use siegel_web::forms::{Button, Errors, Input, Link};
use siegel_web::{Problem, Texts, View};

use super::FormPage;
use crate::app::credentials::{NotChanged, Person};
use crate::app::failure::Failure;
use crate::app::{own_page, sessions};
use crate::domain::factors::Forbidden;
use crate::domain::interaction::SessionView;
use crate::http::LOCALES;
use crate::http::pages::visit::failed;
use crate::state::Identity;

/// Where all these pages begin.
pub const HOME: &str = "/login/credentials";

/// What every such page knows. Who has no session logs in first.
pub struct Desk {
    pub state: Identity,
    pub view: View,
    pub t: Texts,
    pub session: SessionView,
}

#[derive(askama::Template)]
#[template(path = "dead_end.html")]
struct DeadEnd {
    text: String,
    back: Link,
}

impl FromRequestParts<Identity> for Desk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &Identity) -> Result<Self, Response> {
        let view: View = parts.extract().await?;
        let t = view.texts(&LOCALES);
        let state = state.clone();
        match sessions::any_from_cookie(&state, &parts.headers).await {
            Ok(Some(session)) => Ok(Self { state, view, t, session }),
            Ok(None) => {
                let page = if parts.method == Method::GET { view.path() } else { HOME };
                let page = page.to_owned();
                Err(to_log_in(&state, &view, &page, TrustLevel::Basic).await)
            }
            Err(error) => Err(failed(&view, &error.into())),
        }
    }
}

/// To the list, which says what was `done`.
pub fn done(done: &str) -> Response {
    Redirect::to(&format!("{HOME}?done={done}")).into_response()
}

/// To the log-in pages, and from there to `page`.
async fn to_log_in(state: &Identity, view: &View, page: &str, level: TrustLevel) -> Response {
    match own_page::begin(state, page, level).await {
        Ok(id) => Redirect::to(&format!("/login/{id}")).into_response(),
        Err(failure) => failed(view, &failure),
    }
}

impl Desk {
    pub fn person(&self) -> Person<'_> {
        Person::of(&self.session)
    }

    /// To `page`, by way of the log-in pages when the session has less than `needed`.
    pub async fn step_up(&self, page: &str, needed: TrustLevel) -> Response {
        to_log_in(&self.state, &self.view, page, needed).await
    }

    pub fn home(&self) -> Link {
        Link::secondary(HOME, self.t.get("desk-back"))
    }

    /// A page with one form.
    pub fn form(
        &self,
        heading: &str,
        texts: Vec<String>,
        action: &str,
        fields: Vec<Input>,
        errors: &Errors,
    ) -> Response {
        let body = FormPage {
            texts,
            csrf: self.view.csrf_field(),
            action: action.to_owned(),
            fields,
            submit: Button::primary(self.t.get("desk-submit")),
            back: self.home(),
        };
        self.view.page(self.t.get(heading)).narrow().errors(errors).show(&body)
    }

    pub fn failed(&self, failure: &Failure) -> Response {
        failed(&self.view, failure)
    }

    /// What is left to say when a change was not made. `page`: where to go on after a step-up.
    pub async fn refused(&self, page: &str, why: NotChanged) -> Response {
        let (status, key) = match why {
            NotChanged::Forbidden(Forbidden::TooLow(needed)) => {
                return self.step_up(page, needed).await;
            }
            NotChanged::Failure(failure) => return self.failed(&failure),
            NotChanged::Unknown => return self.view.problem(Problem::NotFound),
            NotChanged::Forbidden(Forbidden::LastOne) => (StatusCode::CONFLICT, "desk-last"),
            NotChanged::Blocked => (StatusCode::TOO_MANY_REQUESTS, "desk-blocked"),
            NotChanged::Passkey => (StatusCode::UNPROCESSABLE_ENTITY, "desk-passkey"),
            NotChanged::Certificate => (StatusCode::CONFLICT, "desk-certificate"),
            NotChanged::PasskeyModel => (StatusCode::UNPROCESSABLE_ENTITY, "desk-model"),
            NotChanged::NothingBegun
            | NotChanged::WrongCode
            | NotChanged::WrongPassword
            | NotChanged::Weak(_) => (StatusCode::GONE, "desk-over"),
        };
        let body = DeadEnd { text: self.t.get(key), back: self.home() };
        self.view.page(self.t.get(&format!("{key}-title"))).narrow().status(status).show(&body)
    }
}
