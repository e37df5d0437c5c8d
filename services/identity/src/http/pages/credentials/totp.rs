//! One-time codes: the page that asks for one, and the pages that add a generator.

use axum::response::{IntoResponse, Redirect, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Deserialize;
use siegel_web::forms::{Button, Errors, Input, Link};
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};

use super::FormPage;
use super::desk::{Desk, HOME, done};
use crate::app::credentials::totp::{self, Outcome};
use crate::app::credentials::{NotChanged, label};
use crate::app::failure::Failure;
use crate::domain::interaction::SessionView;
use crate::domain::totp::DIGITS;
use crate::http::pages::visit::Visit;

const PAGE: &str = "/login/credentials/totp";

#[derive(Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    label: String,
}

fn form(visit: &Visit, errors: &Errors) -> Response {
    let t = visit.t;
    let code = Input::code("code", t.get("totp-code"), DIGITS)
        .hint(t.get("totp-code-hint"))
        .focus()
        .error_in(errors);
    let body = FormPage {
        texts: vec![t.get("totp-ask")],
        csrf: visit.view.csrf_field(),
        action: visit.path("totp"),
        fields: vec![code],
        submit: Button::primary(t.get("totp-submit")),
        back: Link::secondary(visit.path(""), t.get("option-other")),
    };
    visit.dressed(visit.view.page(t.get("totp-title")).narrow().errors(errors).show(&body))
}

/// Asks for a code: in a session, never to start one.
pub async fn ask(visit: Visit) -> Response {
    match visit.session().await {
        Ok(Some(_)) => form(&visit, &Errors::new()),
        Ok(None) => visit.go(""),
        Err(error) => visit.failed(&error.into()),
    }
}

pub async fn check(visit: Visit, CheckedForm(sent): CheckedForm<CodeForm>) -> Response {
    match checked(&visit, &sent).await {
        Ok(response) => response,
        Err(failure) => visit.failed(&failure),
    }
}

async fn checked(visit: &Visit, sent: &CodeForm) -> Result<Response, Failure> {
    let session: Option<SessionView> = visit.session().await?;
    let Some(session) = session else { return Ok(visit.go("")) };
    let request = &visit.interaction.request;
    let mut errors = Errors::new();
    Ok(match totp::raise(&visit.state, &session, &sent.code, request).await? {
        Outcome::In(logged_in) => visit.go_logged_in(logged_in),
        Outcome::NotAlone => visit.go(""),
        Outcome::Wrong => {
            errors.add("code", visit.t.get("totp-wrong"));
            form(visit, &errors)
        }
        Outcome::Blocked => {
            errors.add_general(visit.t.get("totp-blocked"));
            let mut response = form(visit, &errors);
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response
        }
    })
}

#[derive(askama::Template)]
#[template(path = "credentials/totp.html")]
struct EnrolPage {
    t: Texts,
    csrf: CsrfField,
    secret: String,
    code: Input,
    label: Input,
    submit: Button,
    back: Link,
}

/// Anything; only the form token counts.
#[derive(Deserialize)]
pub struct Nothing {}

pub async fn begin(desk: Desk, CheckedForm(Nothing {}): CheckedForm<Nothing>) -> Response {
    match totp::begin(&desk.state, &desk.person()).await {
        Ok(()) => Redirect::to(PAGE).into_response(),
        Err(why) => desk.refused(HOME, why).await,
    }
}

pub async fn enrol(desk: Desk) -> Response {
    enrol_page(&desk, &Errors::new(), "").await
}

async fn enrol_page(desk: &Desk, errors: &Errors, label: &str) -> Response {
    let t = desk.t;
    let generator = match totp::pending(&desk.state, desk.session.account).await {
        Ok(Some(generator)) => generator,
        Ok(None) => return Redirect::to(HOME).into_response(),
        Err(failure) => return desk.failed(&failure),
    };
    let body = EnrolPage {
        t,
        csrf: desk.view.csrf_field(),
        secret: generator.written().to_string(),
        code: Input::code("code", t.get("totp-code"), DIGITS)
            .hint(t.get("totp-code-hint"))
            .error_in(errors),
        label: Input::text("label", t.get("credential-label"))
            .value(label)
            .max_length(60)
            .optional(desk.view.locale),
        submit: Button::primary(t.get("add-totp")),
        back: desk.home(),
    };
    desk.view.page(t.get("totp-enrol-title")).narrow().errors(errors).show(&body)
}

/// The QR code of the generator that is being added.
pub async fn picture(desk: Desk) -> Response {
    let generator = match totp::pending(&desk.state, desk.session.account).await {
        Ok(Some(generator)) => generator,
        Ok(None) => return desk.view.problem(Problem::NotFound),
        Err(failure) => return desk.failed(&failure),
    };
    let address = match generator.address() {
        Ok(address) => address,
        Err(error) => return desk.failed(&error.into()),
    };
    let Ok(code) = QrCode::new(address.as_bytes()) else {
        tracing::error!("an address of a generator does not fit into a QR code");
        return desk.view.problem(Problem::Internal);
    };
    let svg = code.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    ([(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"))], svg).into_response()
}

pub async fn finish(desk: Desk, CheckedForm(sent): CheckedForm<CodeForm>) -> Response {
    let named = label(&sent.label);
    match totp::finish(&desk.state, &desk.person(), &sent.code, &named).await {
        Ok(()) => done("added"),
        Err(NotChanged::WrongCode) => {
            let mut errors = Errors::new();
            errors.add("code", desk.t.get("totp-wrong"));
            enrol_page(&desk, &errors, &named).await
        }
        Err(why) => desk.refused(PAGE, why).await,
    }
}
