//! "It was me: release this device": a code by mail, and this browser may try the password although
//! strangers guessed at it.

use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use siegel_web::CheckedForm;
use siegel_web::forms::{Button, Errors, Link};

use super::FormPage;
use super::by_mail::{AddressForm, ByMail, code_field};
use crate::app::devices;
use crate::app::mailed_code::What;
use crate::app::release_device::{self, Outcome};
use crate::http::pages::visit::Visit;

const RELEASE: ByMail = ByMail {
    what: What::Release,
    title: "release-title",
    text: "release-text",
    page: "release",
    next: "release-code",
};

pub async fn ask(visit: Visit) -> Response {
    RELEASE.ask(&visit, &Errors::new(), "")
}

pub async fn order(visit: Visit, CheckedForm(sent): CheckedForm<AddressForm>) -> Response {
    RELEASE.order(&visit, &sent.email).await
}

fn code_form(visit: &Visit, errors: &Errors) -> Response {
    let t = visit.t;
    let body = FormPage {
        texts: vec![t.get("release-code-text")],
        csrf: visit.view.csrf_field(),
        action: visit.path(RELEASE.next),
        fields: vec![code_field(visit, errors)],
        submit: Button::primary(t.get("release-submit")),
        back: Link::secondary(visit.path(RELEASE.page), t.get("confirm-again")),
    };
    visit.dressed(visit.view.page(t.get(RELEASE.title)).narrow().errors(errors).show(&body))
}

pub async fn enter(visit: Visit) -> Response {
    match RELEASE.waits(&visit).await {
        Ok(true) => code_form(&visit, &Errors::new()),
        Ok(false) => RELEASE.spent(&visit),
        Err(failure) => visit.failed(&failure),
    }
}

#[derive(Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    code: String,
}

/// Back to the log-in form, known from now on.
pub async fn release(visit: Visit, CheckedForm(sent): CheckedForm<CodeForm>) -> Response {
    let device = visit.device();
    let device = device.as_deref();
    let done = release_device::finish(&visit.state, &visit.interaction, &sent.code, device);
    match done.await {
        Ok(Outcome::Released(token)) => {
            let cookie = visit.view.scheme().cookie(devices::COOKIE, token);
            (cookie.max_age(devices::KNOWN_FOR), visit.go("")).into_response()
        }
        Ok(Outcome::Spent) => RELEASE.spent(&visit),
        Ok(Outcome::Wrong) => {
            let mut errors = Errors::new();
            errors.add("code", visit.t.get("confirm-wrong"));
            code_form(&visit, &errors)
        }
        Err(failure) => visit.failed(&failure),
    }
}
