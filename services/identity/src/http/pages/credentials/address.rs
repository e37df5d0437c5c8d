//! Another e-mail address, confirmed by codes from both mailboxes.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_web::CheckedForm;
use siegel_web::forms::{Errors, Input};

use super::by_mail::too_many_mails;
use super::desk::{Desk, done};
use crate::app::credentials::NotChanged;
use crate::app::email_change;
use crate::app::register::{CODE_DIGITS, Started};
use crate::domain::email::EmailAddress;

const PAGE: &str = "/login/credentials/email";
const CODES: &str = "/login/credentials/email/confirm";

#[derive(Deserialize)]
pub struct AddressForm {
    #[serde(default)]
    email: String,
}

fn form(desk: &Desk, errors: &Errors, email: &str) -> Response {
    let t = desk.t;
    let field = Input::email("email", t.get("email-new")).value(email).error_in(errors);
    desk.form("change-email", vec![t.get("email-text")], PAGE, vec![field], errors)
}

/// Below the level the account protects, a step-up comes first.
pub async fn ask(desk: Desk) -> Response {
    match email_change::level_needed(&desk.state, &desk.person()).await {
        Ok(needed) if desk.session.level < needed => desk.step_up(PAGE, needed).await,
        Ok(_) => form(&desk, &Errors::new(), ""),
        Err(failure) => desk.failed(&failure),
    }
}

/// Orders the mails. What is answered does not depend on whether the address has an account.
pub async fn order(desk: Desk, CheckedForm(sent): CheckedForm<AddressForm>) -> Response {
    let t = desk.t;
    let mut errors = Errors::new();
    let Ok(address) = EmailAddress::parse(&sent.email) else {
        errors.add("email", t.get("register-email-bad"));
        return form(&desk, &errors, &sent.email);
    };
    let locale = desk.view.locale.as_str();
    match email_change::start(&desk.state, &desk.person(), &address, locale).await {
        Ok(Started::Mailed) => Redirect::to(CODES).into_response(),
        Ok(Started::TooManyMails) => {
            errors.add_general(t.get("register-too-many"));
            too_many_mails(form(&desk, &errors, &sent.email))
        }
        Err(why) => desk.refused(PAGE, why).await,
    }
}

/// With a second field where an old mailbox confirms too.
fn code_form(desk: &Desk, errors: &Errors, has_old: bool) -> Response {
    let t = desk.t;
    let code = |name: &str, label: &str| {
        Input::code(name, t.get(label), CODE_DIGITS)
            .hint(t.get("confirm-code-hint"))
            .error_in(errors)
    };
    let mut fields = vec![code("new_code", "email-code-new")];
    fields.extend(has_old.then(|| code("old_code", "email-code-old")));
    let text = if has_old { "email-codes-text" } else { "email-code-text" };
    desk.form("change-email", vec![t.get(text)], CODES, fields, errors)
}

async fn asks_for_codes(desk: &Desk, errors: &Errors) -> Response {
    match email_change::has_address(&desk.state, &desk.person()).await {
        Ok(has_old) => code_form(desk, errors, has_old),
        Err(failure) => desk.failed(&failure),
    }
}

pub async fn codes(desk: Desk) -> Response {
    match email_change::waits(&desk.state, &desk.person()).await {
        Ok(true) => asks_for_codes(&desk, &Errors::new()).await,
        Ok(false) => Redirect::to(PAGE).into_response(),
        Err(failure) => desk.failed(&failure),
    }
}

#[derive(Deserialize)]
pub struct CodesForm {
    #[serde(default)]
    new_code: String,
    #[serde(default)]
    old_code: String,
}

pub async fn confirm(desk: Desk, CheckedForm(sent): CheckedForm<CodesForm>) -> Response {
    let finished =
        email_change::finish(&desk.state, &desk.person(), &sent.new_code, &sent.old_code).await;
    match finished {
        Ok(()) => done("email"),
        Err(NotChanged::WrongCode) => {
            let mut errors = Errors::new();
            errors.add_general(desk.t.get("email-codes-wrong"));
            asks_for_codes(&desk, &errors).await
        }
        Err(why) => desk.refused(CODES, why).await,
    }
}
