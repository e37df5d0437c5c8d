//! Recovery codes: the page that takes one, and the page that shows new ones.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use siegel_web::forms::{Button, Errors, Input, Link};
use siegel_web::{CheckedForm, Texts};

use super::FormPage;
use super::desk::{Desk, HOME};
use crate::app::credentials::recovery::{self, Attempt, Outcome};
use crate::app::failure::Failure;
use crate::domain::email::EmailAddress;
use crate::http::pages::visit::Visit;

#[derive(Deserialize)]
pub struct RecoveryForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    code: String,
}

fn form(visit: &Visit, errors: &Errors, email: &str) -> Response {
    let t = visit.t;
    let body = FormPage {
        texts: vec![t.get("recovery-ask"), t.get("recovery-limits")],
        csrf: visit.view.csrf_field(),
        action: visit.path("recovery"),
        fields: vec![
            Input::email("email", t.get("login-email"))
                .value(email)
                .autocomplete("username")
                .error_in(errors),
            Input::text("code", t.get("recovery-code"))
                .hint(t.get("recovery-code-hint"))
                .autocomplete("off")
                .max_length(24)
                .error_in(errors),
        ],
        submit: Button::primary(t.get("login-submit")),
        back: Link::secondary(visit.path(""), t.get("option-other")),
    };
    visit.dressed(visit.view.page(t.get("recovery-title")).narrow().errors(errors).show(&body))
}

pub async fn ask(visit: Visit) -> Response {
    form(&visit, &Errors::new(), "")
}

pub async fn check(visit: Visit, CheckedForm(sent): CheckedForm<RecoveryForm>) -> Response {
    match checked(&visit, &sent).await {
        Ok(response) => response,
        Err(failure) => visit.failed(&failure),
    }
}

async fn checked(visit: &Visit, sent: &RecoveryForm) -> Result<Response, Failure> {
    let t = visit.t;
    let mut errors = Errors::new();
    let Ok(address) = EmailAddress::parse(&sent.email) else {
        errors.add("email", t.get("login-email-missing"));
        return Ok(form(visit, &errors, &sent.email));
    };
    let (presented, device) = (visit.presented(), visit.device());
    let attempt = Attempt {
        address: &address,
        code: &sent.code,
        request: &visit.interaction.request,
        presented: presented.as_deref(),
        device: device.as_deref(),
    };
    Ok(match recovery::log_in(&visit.state, attempt).await? {
        Outcome::In(logged_in) => visit.go_logged_in(logged_in),
        Outcome::Wrong => {
            errors.add_general(t.get("recovery-wrong"));
            form(visit, &errors, &sent.email)
        }
        Outcome::Blocked => {
            errors.add_general(t.get("totp-blocked"));
            let mut response = form(visit, &errors, &sent.email);
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response
        }
    })
}

#[derive(askama::Template)]
#[template(path = "credentials/codes.html")]
struct CodesPage {
    t: Texts,
    codes: Vec<String>,
    back: Link,
}

/// Anything; only the form token counts.
#[derive(Deserialize)]
pub struct Nothing {}

/// Makes new codes and shows them in this answer: there is no page to come back to, for they are
/// not kept.
pub async fn create(desk: Desk, CheckedForm(Nothing {}): CheckedForm<Nothing>) -> Response {
    let made = match recovery::create(&desk.state, &desk.person()).await {
        Ok(made) => made,
        Err(why) => return desk.refused(HOME, why).await,
    };
    let t = desk.t;
    let codes = made.iter().map(|code| code.to_string()).collect();
    let body = CodesPage { t, codes, back: Link::primary(HOME, t.get("recovery-kept")) };
    desk.view.page(t.get("recovery-new-title")).narrow().show(&body)
}
