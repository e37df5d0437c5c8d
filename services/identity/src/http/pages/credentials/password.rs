//! Choosing another password.

use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use siegel_kernel::TrustLevel;
use siegel_web::CheckedForm;
use siegel_web::forms::{Errors, Input};

use super::desk::{Desk, done};
use crate::app::credentials::{NotChanged, password};
use crate::http::pages::register::weak_key;

const PAGE: &str = "/login/credentials/password";

#[derive(Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    old: String,
    #[serde(default)]
    password: String,
}

fn form(desk: &Desk, errors: &Errors) -> Response {
    let t = desk.t;
    let mut old = Input::password("old", t.get("password-old")).error_in(errors);
    if desk.session.level > TrustLevel::Basic {
        old = old.optional(desk.view.locale);
    }
    let new = Input::password("password", t.get("password-new"))
        .autocomplete("new-password")
        .hint(t.get("register-password-hint"))
        .error_in(errors);
    desk.form("change-password", vec![t.get("password-text")], PAGE, vec![old, new], errors)
}

pub async fn ask(desk: Desk) -> Response {
    form(&desk, &Errors::new())
}

pub async fn change(desk: Desk, CheckedForm(sent): CheckedForm<PasswordForm>) -> Response {
    let t = desk.t;
    let mut errors = Errors::new();
    if sent.old.is_empty() && desk.session.level <= TrustLevel::Basic {
        errors.add("old", t.get("password-old-missing"));
        return form(&desk, &errors);
    }
    let old = (!sent.old.is_empty()).then(|| SecretString::from(sent.old));
    let new = SecretString::from(sent.password);
    match password::change(&desk.state, &desk.person(), old, new).await {
        Ok(()) => done("password"),
        Err(NotChanged::WrongPassword) => {
            errors.add("old", t.get("password-old-wrong"));
            form(&desk, &errors)
        }
        Err(NotChanged::Weak(weak)) => {
            errors.add("password", t.get(weak_key(weak)));
            form(&desk, &errors)
        }
        Err(NotChanged::Blocked) => {
            errors.add_general(t.get("totp-blocked"));
            let mut response = form(&desk, &errors);
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response
        }
        Err(why) => desk.refused(PAGE, why).await,
    }
}
