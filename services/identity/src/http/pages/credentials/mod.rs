//! `/login/credentials…`: a person's own credentials. And the pages that use a credential other
//! than password and card.

mod address;
mod answered;
mod by_mail;
mod certificate;
mod deletion;
mod desk;
mod list;
mod merge;
mod offers;
mod passkey;
mod password;
mod recovery;
mod release;
mod reset;
mod totp;

pub use by_mail::too_many_mails;
pub use desk::HOME;
pub use offers::{log_in, step_up};

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use siegel_web::CsrfField;
use siegel_web::forms::{Button, Input, Link};

use crate::state::Identity;

/// The script of the passkey pages.
pub const SCRIPT: &str = "/login/passkey.js";

pub fn router() -> Router<Identity> {
    Router::new()
        .route(SCRIPT, get(script))
        .route("/login/{interaction}/totp", get(totp::ask).post(totp::check))
        .route("/login/{interaction}/passkey", get(passkey::ask).post(passkey::check))
        .route("/login/{interaction}/passkey/start", post(passkey::start))
        .route("/login/{interaction}/recovery", get(recovery::ask).post(recovery::check))
        .route("/login/{interaction}/reset", get(reset::ask).post(reset::order))
        .route("/login/{interaction}/new-password", get(reset::choose).post(reset::set))
        .route("/login/{interaction}/certificate", get(certificate::go))
        .route("/login/certificate", get(certificate::show))
        .route("/login/{interaction}/release", get(release::ask).post(release::order))
        .route("/login/{interaction}/release-code", get(release::enter).post(release::release))
        .route("/login/credentials", get(list::show))
        .route("/login/credentials/certificate", get(certificate::name).post(certificate::begin))
        .route("/login/credentials/certificate/confirm", get(certificate::confirm))
        .route("/login/credentials/totp", get(totp::enrol).post(totp::begin))
        .route("/login/credentials/totp/qr.svg", get(totp::picture))
        .route("/login/credentials/totp/confirm", post(totp::finish))
        .route("/login/credentials/passkey", get(passkey::name).post(passkey::begin))
        .route("/login/credentials/passkey/confirm", get(passkey::make).post(passkey::finish))
        .route("/login/credentials/recovery", post(recovery::create))
        .route("/login/credentials/password", get(password::ask).post(password::change))
        .route("/login/credentials/email", get(address::ask).post(address::order))
        .route("/login/credentials/email/confirm", get(address::codes).post(address::confirm))
        .route("/login/credentials/delete", get(deletion::show).post(deletion::go_on))
        .route("/login/credentials/delete/confirm", get(deletion::ask).post(deletion::order))
        .route("/login/credentials/delete/cancel", post(deletion::cancel))
        .route("/login/deleted", get(deletion::over))
        .route("/login/credentials/merge", get(merge::show).post(merge::begin))
        .route("/login/credentials/merge/other", get(merge::compare).post(merge::order))
        .route("/login/merged", get(merge::over))
        .route("/login/credentials/{credential}/rename", get(list::name).post(list::rename))
        .route("/login/credentials/{credential}/remove", get(list::ask).post(list::remove))
}

async fn script() -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, include_str!("../../../../assets/passkey.js")).into_response()
}

/// A page with one form.
#[derive(askama::Template)]
#[template(path = "credentials/form.html")]
struct FormPage {
    texts: Vec<String>,
    csrf: CsrfField,
    action: String,
    fields: Vec<Input>,
    submit: Button,
    back: Link,
}

#[cfg(test)]
pub(super) const SOURCES: &[&str] = &[
    include_str!("address.rs"),
    include_str!("answered.rs"),
    include_str!("certificate.rs"),
    include_str!("by_mail.rs"),
    include_str!("deletion.rs"),
    include_str!("desk.rs"),
    include_str!("list.rs"),
    include_str!("merge.rs"),
    include_str!("offers.rs"),
    include_str!("passkey.rs"),
    include_str!("password.rs"),
    include_str!("recovery.rs"),
    include_str!("release.rs"),
    include_str!("reset.rs"),
    include_str!("totp.rs"),
    include_str!("../../../../templates/credentials/codes.html"),
    include_str!("../../../../templates/credentials/list.html"),
    include_str!("../../../../templates/credentials/options.html"),
    include_str!("../../../../templates/credentials/passkey.html"),
    include_str!("../../../../templates/credentials/totp.html"),
];
