//! What only the sandbox has: a mail sink with pages, a clock that can be moved, an index. Only
//! `siegel up` makes it, and that refuses to run when the profile is production.

mod clock;
mod clock_pages;
mod index;
mod mail_pages;
mod mail_sink;
mod mail_text;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use siegel_crypto::SystemEntropy;
use siegel_web::{Csrf, Face};

pub use clock::SandboxClock;
pub use mail_sink::SandboxMailSink;

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./src/sandbox/locales",
        fallback_language: "de",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// A part of the sandbox cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("the sandbox's mail sink cannot listen")]
    Listen(#[source] std::io::Error),
    #[error("the state of the sandbox's clock in {0} cannot be read or written")]
    ClockFile(String, #[source] std::io::Error),
    #[error("{0} does not hold the state of the sandbox's clock")]
    ClockState(String),
    #[error("the sandbox's clock only moves forward, and at most {0} years ahead")]
    ClockMove(i64),
}

/// Everything below `/sandbox`.
#[derive(Clone)]
pub struct Sandbox {
    /// Without a slash at the end.
    origin: String,
    mails: SandboxMailSink,
    clock: Arc<SandboxClock>,
    /// Name and address of people who have an account.
    people: Vec<(String, String)>,
}

impl Sandbox {
    pub fn new(
        origin: &str,
        mails: SandboxMailSink,
        clock: Arc<SandboxClock>,
        people: Vec<(String, String)>,
    ) -> Self {
        Self { origin: origin.to_owned(), mails, clock, people }
    }

    /// The pages. Their form tokens hold for this process.
    pub fn router(&self) -> Router {
        let entropy = SystemEntropy::new();
        let Ok(key) = siegel_kernel::Entropy::bytes::<32>(&entropy) else {
            tracing::error!("the sandbox has no pages: there are no random bytes");
            return Router::new();
        };
        let face = Face::new(&self.origin, Csrf::new(&key, Arc::new(entropy))).sandbox(true);
        let router = Router::new()
            .route("/sandbox", get(index::show))
            .route("/sandbox/clock", post(clock_pages::set))
            .route("/sandbox/clock.json", get(clock_pages::read))
            .route("/sandbox/mail", get(mail_pages::list))
            .route("/sandbox/mail.json", get(mail_pages::json))
            .route("/sandbox/mail/{id}", get(mail_pages::one))
            .layer(DefaultBodyLimit::max(4096))
            .with_state(self.clone());
        let own = url::Url::parse(&self.origin).ok();
        let own = own.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        siegel_web::protect(router, &face).layer(from_fn_with_state(own, from_this_machine))
    }
}

/// Refuses requests that name another host: a page elsewhere whose name leads to this machine would
/// read the mails and move the clock as if it were ours (DNS rebinding).
async fn from_this_machine(State(own): State<String>, request: Request, next: Next) -> Response {
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let named = header.or_else(|| request.uri().authority().map(Authority::as_str));
    let named = named.and_then(|host| host.parse::<Authority>().ok());
    let ours = ["localhost", "127.0.0.1", "[::1]", own.as_str()];
    if named.is_some_and(|host| ours.iter().any(|name| host.host().eq_ignore_ascii_case(name))) {
        return next.run(request).await;
    }
    StatusCode::MISDIRECTED_REQUEST.into_response()
}

#[cfg(test)]
mod tests;
