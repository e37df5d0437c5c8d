//! Asking for a code by mail, the same way whatever it is for.

use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use siegel_web::forms::{Button, Errors, Input, Link};

use super::FormPage;
use crate::app::failure::Failure;
use crate::app::mailed_code::{self, Wanted, What};
use crate::app::register::{CODE_DIGITS, Started};
use crate::domain::email::EmailAddress;
use crate::domain::throttle::MAIL_WINDOW;
use crate::http::pages::visit::Visit;
use crate::store::resets;

/// The page that asks for the address, and the one that takes the code.
pub struct ByMail {
    pub what: What,
    /// Keys of its texts.
    pub title: &'static str,
    pub text: &'static str,
    pub page: &'static str,
    pub next: &'static str,
}

#[derive(Deserialize)]
pub struct AddressForm {
    #[serde(default)]
    pub email: String,
}

impl ByMail {
    pub fn ask(&self, visit: &Visit, errors: &Errors, email: &str) -> Response {
        let t = visit.t;
        let field = Input::email("email", t.get("login-email"))
            .value(email)
            .autocomplete("username")
            .error_in(errors);
        let body = FormPage {
            texts: vec![t.get(self.text)],
            csrf: visit.view.csrf_field(),
            action: visit.path(self.page),
            fields: vec![field],
            submit: Button::primary(t.get("register-submit")),
            back: Link::secondary(visit.path(""), t.get("option-other")),
        };
        visit.dressed(visit.view.page(t.get(self.title)).narrow().errors(errors).show(&body))
    }

    /// Orders the mail. What is answered does not depend on whether the address has an account.
    pub async fn order(&self, visit: &Visit, email: &str) -> Response {
        let t = visit.t;
        let mut errors = Errors::new();
        let Ok(address) = EmailAddress::parse(email) else {
            errors.add("email", t.get("login-email-missing"));
            return self.ask(visit, &errors, email);
        };
        let wanted = Wanted {
            interaction: &visit.interaction,
            address: &address,
            locale: visit.view.locale.as_str(),
            what: self.what,
        };
        match mailed_code::order(&visit.state, wanted).await {
            Ok(Started::Mailed) => visit.go(self.next),
            Ok(Started::TooManyMails) => {
                errors.add_general(t.get("register-too-many"));
                too_many_mails(self.ask(visit, &errors, email))
            }
            Err(failure) => visit.failed(&failure),
        }
    }

    pub async fn waits(&self, visit: &Visit) -> Result<bool, Failure> {
        let mut tx = visit.state.outside.db.read().await?;
        let word = self.what.word();
        Ok(resets::waits(&mut tx, visit.interaction.id, word, visit.now).await?)
    }

    pub fn spent(&self, visit: &Visit) -> Response {
        let back = Link::primary(visit.path(self.page), visit.t.get("confirm-again"));
        visit.dead_end(StatusCode::GONE, "confirm-spent-title", "confirm-spent", back)
    }
}

/// The field for a mailed code.
pub fn code_field(visit: &Visit, errors: &Errors) -> Input {
    Input::code("code", visit.t.get("confirm-code"), CODE_DIGITS)
        .hint(visit.t.get("confirm-code-hint"))
        .error_in(errors)
}

/// A page that says that enough mails were ordered for now, and for how long at the most.
pub fn too_many_mails(mut response: Response) -> Response {
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(MAIL_WINDOW.as_secs()));
    response
}
