//! A forgotten password: a code by mail, then another password.

use axum::response::Response;
use secrecy::SecretString;
use serde::Deserialize;
use siegel_web::CheckedForm;
use siegel_web::forms::{Button, Errors, Input, Link};

use super::FormPage;
use super::by_mail::{AddressForm, ByMail, code_field};
use crate::app::mailed_code::What;
use crate::app::recovery::{self, Choice, Outcome};
use crate::http::pages::register::weak_key;
use crate::http::pages::visit::Visit;

const RESET: ByMail = ByMail {
    what: What::Reset,
    title: "reset-title",
    text: "reset-text",
    page: "reset",
    next: "new-password",
};

pub async fn ask(visit: Visit) -> Response {
    RESET.ask(&visit, &Errors::new(), "")
}

pub async fn order(visit: Visit, CheckedForm(sent): CheckedForm<AddressForm>) -> Response {
    RESET.order(&visit, &sent.email).await
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
            code_field(visit, errors),
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
    match RESET.waits(&visit).await {
        Ok(true) => choice_form(&visit, &Errors::new()),
        Ok(false) => RESET.spent(&visit),
        Err(failure) => visit.failed(&failure),
    }
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
        Ok(Outcome::Spent) => RESET.spent(&visit),
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
