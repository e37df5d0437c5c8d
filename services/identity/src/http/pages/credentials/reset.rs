//! A forgotten password: a code by mail, then another password.

use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use siegel_web::CheckedForm;
use siegel_web::forms::{Button, Errors, Input, Link};

use super::FormPage;
use crate::app::failure::Failure;
use crate::app::recovery::{self, Choice, Outcome};
use crate::app::register::{CODE_DIGITS, Started};
use crate::domain::email::EmailAddress;
use crate::http::pages::register::weak_key;
use crate::http::pages::visit::Visit;
use crate::store::resets;

#[derive(Deserialize)]
pub struct AddressForm {
    #[serde(default)]
    email: String,
}

fn address_form(visit: &Visit, errors: &Errors, email: &str) -> Response {
    let t = visit.t;
    let field = Input::email("email", t.get("login-email"))
        .value(email)
        .autocomplete("username")
        .error_in(errors);
    let body = FormPage {
        texts: vec![t.get("reset-text")],
        csrf: visit.view.csrf_field(),
        action: visit.path("reset"),
        fields: vec![field],
        submit: Button::primary(t.get("register-submit")),
        back: Link::secondary(visit.path(""), t.get("option-other")),
    };
    visit.dressed(visit.view.page(t.get("reset-title")).narrow().errors(errors).show(&body))
}

pub async fn ask(visit: Visit) -> Response {
    address_form(&visit, &Errors::new(), "")
}

/// Orders the mail. What is answered does not depend on whether the address has an account.
pub async fn order(visit: Visit, CheckedForm(sent): CheckedForm<AddressForm>) -> Response {
    let t = visit.t;
    let mut errors = Errors::new();
    let Ok(address) = EmailAddress::parse(&sent.email) else {
        errors.add("email", t.get("login-email-missing"));
        return address_form(&visit, &errors, &sent.email);
    };
    let locale = visit.view.locale.as_str();
    match recovery::start(&visit.state, &visit.interaction, &address, locale).await {
        Ok(Started::Mailed) => visit.go("new-password"),
        Ok(Started::TooManyMails) => {
            errors.add_general(t.get("register-too-many"));
            let mut response = address_form(&visit, &errors, &sent.email);
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response
        }
        Err(failure) => visit.failed(&failure),
    }
}

#[derive(Deserialize)]
pub struct ChoiceForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    password: String,
}

fn choice_form(visit: &Visit, errors: &Errors) -> Response {
    let t = visit.t;
    let body = FormPage {
        texts: vec![t.get("reset-choose"), t.get("reset-limits")],
        csrf: visit.view.csrf_field(),
        action: visit.path("new-password"),
        fields: vec![
            Input::code("code", t.get("confirm-code"), CODE_DIGITS)
                .hint(t.get("confirm-code-hint"))
                .error_in(errors),
            Input::password("password", t.get("password-new"))
                .autocomplete("new-password")
                .hint(t.get("register-password-hint"))
                .error_in(errors),
        ],
        submit: Button::primary(t.get("password-submit")),
        back: Link::secondary(visit.path("reset"), t.get("confirm-again")),
    };
    visit.dressed(visit.view.page(t.get("reset-title")).narrow().errors(errors).show(&body))
}

pub async fn choose(visit: Visit) -> Response {
    match waits(&visit).await {
        Ok(true) => choice_form(&visit, &Errors::new()),
        Ok(false) => spent(&visit),
        Err(failure) => visit.failed(&failure),
    }
}

async fn waits(visit: &Visit) -> Result<bool, Failure> {
    let mut tx = visit.state.outside.db.read().await?;
    Ok(resets::waits(&mut tx, visit.interaction.id, visit.now).await?)
}

fn spent(visit: &Visit) -> Response {
    let back = Link::primary(visit.path("reset"), visit.t.get("confirm-again"));
    visit.dead_end(StatusCode::GONE, "confirm-spent-title", "confirm-spent", back)
}

pub async fn set(visit: Visit, CheckedForm(sent): CheckedForm<ChoiceForm>) -> Response {
    let (presented, device) = (visit.presented(), visit.device());
    let choice = Choice {
        interaction: &visit.interaction,
        code: &sent.code,
        password: SecretString::from(sent.password),
        presented: presented.as_deref(),
        device: device.as_deref(),
    };
    let mut errors = Errors::new();
    match recovery::finish(&visit.state, choice).await {
        Ok(Outcome::In(logged_in)) => visit.go_logged_in(logged_in),
        Ok(Outcome::Spent) => spent(&visit),
        Ok(Outcome::Wrong) => {
            errors.add("code", visit.t.get("confirm-wrong"));
            choice_form(&visit, &errors)
        }
        Ok(Outcome::Weak(weak)) => {
            errors.add("password", visit.t.get(weak_key(weak)));
            choice_form(&visit, &errors)
        }
        Err(failure) => visit.failed(&failure),
    }
}
