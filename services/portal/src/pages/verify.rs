//! Verifies a receipt that anybody uploads; nothing of it is kept.

use axum::extract::Multipart;
use axum::extract::multipart::Field;
use axum::response::Response;
use http::StatusCode;
use siegel_web::forms::{Alert, Button, Errors, Input};
use siegel_web::{CsrfField, Problem, Texts};

use super::receipts::{self, Proof};
use super::{Visitor, trouble};

/// Receipts are a few kilobytes.
pub const LARGEST: usize = 256 << 10;

#[derive(askama::Template)]
#[template(path = "verify.html")]
struct Verify {
    t: Texts,
    csrf: CsrfField,
    file: Input,
    check: Button,
    result: Option<Proof>,
}

pub async fn show(visitor: Visitor) -> Response {
    page(&visitor, &Errors::new(), None, None)
}

/// What was sent with the form.
struct Sent {
    csrf: String,
    receipt: Vec<u8>,
}

pub async fn check(visitor: Visitor, form: Multipart) -> Result<Response, Response> {
    let t = visitor.texts();
    let sent = read(form).await.map_err(|problem| visitor.view.problem(problem))?;
    visitor.view.check_csrf(&sent.csrf)?;
    let mut errors = Errors::new();
    if sent.receipt.is_empty() {
        errors.add("receipt", t.get("verify-missing"));
        return Ok(page(&visitor, &errors, None, None));
    }
    let Some(keys) = receipts::keys(&visitor.app).await else {
        return Err(trouble::unavailable(&visitor.view, "/verify"));
    };
    let text = String::from_utf8_lossy(&sent.receipt);
    Ok(match receipts::verify(&text, &keys) {
        Ok(verified) => {
            let alert = Alert::success(t.get("verify-holds")).text(t.get("verify-holds-text"));
            let proof = Proof::new(visitor.view.locale, &verified);
            page(&visitor, &errors, Some(alert), Some(proof))
        }
        Err(failure) => {
            let why = receipts::complaint(visitor.view.locale, &failure);
            let alert = Alert::danger(t.get("verify-holds-not")).text(why);
            page(&visitor, &errors, Some(alert), None)
        }
    })
}

fn page(
    visitor: &Visitor,
    errors: &Errors,
    notice: Option<Alert>,
    result: Option<Proof>,
) -> Response {
    let t = visitor.texts();
    let body = Verify {
        csrf: visitor.view.csrf_field(),
        file: Input::file("receipt", t.get("verify-file"), ".json,application/json")
            .hint(t.get("verify-file-hint"))
            .error_in(errors),
        check: Button::primary(t.get("verify-check")),
        result,
        t,
    };
    let page = visitor.page(t.get("verify")).lead(t.get("verify-text")).errors(errors);
    match notice {
        Some(alert) => page.notice(alert).show(&body),
        None => page.show(&body),
    }
}

async fn read(mut form: Multipart) -> Result<Sent, Problem> {
    let mut sent = Sent { csrf: String::new(), receipt: Vec::new() };
    loop {
        let field = form.next_field().await.map_err(|e| problem(e.status()))?;
        let Some(field) = field else { return Ok(sent) };
        match field.name() {
            Some("csrf_token") => {
                let bytes = limited(field, 512).await?;
                sent.csrf = String::from_utf8(bytes).map_err(|_| Problem::Invalid)?;
            }
            Some("receipt") => sent.receipt = limited(field, LARGEST).await?,
            _ => {}
        }
    }
}

async fn limited(mut field: Field<'_>, longest: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|e| problem(e.status()))? {
        if bytes.len().saturating_add(chunk.len()) > longest {
            return Err(Problem::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn problem(status: StatusCode) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE { Problem::TooLarge } else { Problem::Invalid }
}
