//! Creating an account: address and password, then the code from the mail.

use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use siegel_web::forms::{Alert, Button, Errors, Input, Link, Steps};
use siegel_web::{CheckedForm, CsrfField, Texts};

use super::visit::Visit;
use crate::app::failure::Failure;
use crate::app::guest_keep;
use crate::app::passwords;
use crate::app::register::{self, Application, CODE_DIGITS, Confirmed, Started};
use crate::domain::email::EmailAddress;
use crate::domain::password::WeakPassword;
use crate::store::mail_codes;

#[derive(askama::Template)]
#[template(path = "register.html")]
struct RegisterPage {
    t: Texts,
    steps: Steps,
    /// Whose card the account will have.
    card: Option<Alert>,
    csrf: CsrfField,
    action: String,
    email: Input,
    password: Input,
    submit: Button,
    login: Link,
}

#[derive(askama::Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    t: Texts,
    steps: Steps,
    csrf: CsrfField,
    action: String,
    code: Input,
    submit: Button,
    again: Link,
}

#[derive(Deserialize)]
pub struct RegisterForm {
    email: String,
    password: String,
}

#[derive(Deserialize)]
pub struct CodeForm {
    code: String,
}

fn steps(visit: &Visit, current: usize) -> Steps {
    let names = ["register-step-1", "register-step-2"].map(|key| visit.t.get(key));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Steps::new(visit.view.locale, current, &names)
}

async fn form(visit: &Visit, errors: &Errors, email: &str) -> Response {
    let t = visit.t;
    let card = match guest_keep::waiting(&visit.state, &visit.interaction).await {
        Ok(name) => name,
        Err(failure) => return visit.failed(&failure),
    };
    let told = |name: String| {
        let title = t.get("register-card-title");
        Alert::info(title).text(t.with("register-card", [("name", name.into())]))
    };
    let body = RegisterPage {
        t,
        steps: steps(visit, 1),
        card: card.map(told),
        csrf: visit.view.csrf_field(),
        action: visit.path("register"),
        email: Input::email("email", t.get("register-email"))
            .value(email)
            .hint(t.get("register-email-hint"))
            .error_in(errors),
        password: Input::password("password", t.get("register-password"))
            .autocomplete("new-password")
            .hint(t.get("register-password-hint"))
            .error_in(errors),
        submit: Button::primary(t.get("register-submit")).block(),
        login: Link::text(visit.path(""), t.get("login-submit")),
    };
    let page = visit.view.page(t.get("register-title")).narrow().errors(errors);
    visit.dressed(page.show(&body))
}

pub async fn show(visit: Visit) -> Response {
    form(&visit, &Errors::new(), "").await
}

/// Orders the mail. What is answered does not depend on whether the address has an account.
pub async fn submit(visit: Visit, CheckedForm(sent): CheckedForm<RegisterForm>) -> Response {
    let t = visit.t;
    let mut errors = Errors::new();
    let address = EmailAddress::parse(&sent.email);
    if address.is_err() {
        errors.add("email", t.get("register-email-bad"));
    }
    let login = address.as_ref().map(EmailAddress::lookup).unwrap_or_default();
    let password = SecretString::from(sent.password);
    if let Err(weak) = passwords::acceptable(&visit.state, &password, &login).await {
        errors.add("password", t.get(weak_key(weak)));
    }
    let address = match address {
        Ok(address) if errors.is_empty() => address,
        _ => return form(&visit, &errors, &sent.email).await,
    };
    let application = Application {
        interaction: &visit.interaction,
        address: &address,
        password,
        locale: visit.view.locale.as_str(),
    };
    match register::start(&visit.state, application).await {
        Ok(Started::Mailed) => visit.go("confirm"),
        Ok(Started::TooManyMails) => {
            errors.add_general(t.get("register-too-many"));
            super::credentials::too_many_mails(form(&visit, &errors, &sent.email).await)
        }
        Err(failure) => visit.failed(&failure),
    }
}

/// The text that says why a password is not taken.
pub(super) fn weak_key(weak: WeakPassword) -> &'static str {
    match weak {
        WeakPassword::TooShort => "register-password-short",
        WeakPassword::TooLong => "register-password-long",
        WeakPassword::Common => "register-password-common",
        WeakPassword::Breached => "register-password-breached",
    }
}

fn code_form(visit: &Visit, errors: &Errors) -> Response {
    let t = visit.t;
    let body = ConfirmPage {
        t,
        steps: steps(visit, 2),
        csrf: visit.view.csrf_field(),
        action: visit.path("confirm"),
        code: Input::code("code", t.get("confirm-code"), CODE_DIGITS)
            .hint(t.get("confirm-code-hint"))
            .error_in(errors),
        submit: Button::primary(t.get("confirm-submit")).block(),
        again: Link::text(visit.path("register"), t.get("confirm-again")),
    };
    let page = visit.view.page(t.get("confirm-title")).narrow().errors(errors);
    visit.dressed(page.show(&body))
}

fn spent(visit: &Visit) -> Response {
    let back = Link::primary(visit.path("register"), visit.t.get("confirm-again"));
    visit.dead_end(StatusCode::GONE, "confirm-spent-title", "confirm-spent", back)
}

pub async fn code(visit: Visit) -> Response {
    match waits(&visit).await {
        Ok(true) => code_form(&visit, &Errors::new()),
        Ok(false) => spent(&visit),
        Err(failure) => visit.failed(&failure),
    }
}

async fn waits(visit: &Visit) -> Result<bool, Failure> {
    let mut tx = visit.state.outside.db.read().await?;
    Ok(mail_codes::waits(&mut tx, visit.interaction.id, visit.now).await?)
}

pub async fn confirm(visit: Visit, CheckedForm(sent): CheckedForm<CodeForm>) -> Response {
    let (presented, device) = (visit.presented(), visit.device());
    let confirmed = register::confirm(
        &visit.state,
        &visit.interaction,
        &sent.code,
        presented.as_deref(),
        device.as_deref(),
    );
    match confirmed.await {
        Ok(Confirmed::In(logged_in)) => visit.go_logged_in(logged_in),
        Ok(Confirmed::Wrong) => {
            let mut errors = Errors::new();
            errors.add("code", visit.t.get("confirm-wrong"));
            code_form(&visit, &errors)
        }
        Ok(Confirmed::Spent) => spent(&visit),
        Err(failure) => visit.failed(&failure),
    }
}
