//! What a handler knows about the request it answers with a page.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use fluent_templates::StaticLoader;
use http::StatusCode;
use http::request::Parts;
use siegel_kernel::EntropyUnavailable;

use crate::cookies::Scheme;
use crate::csrf::{Browser, CsrfField};
use crate::face::Face;
use crate::i18n::{Locale, Texts};
use crate::page::Page;
use crate::problem::Problem;

/// The request as pages see it. Take it as an argument in any handler behind [`crate::protect`].
#[derive(Clone, Debug)]
pub struct View {
    pub locale: Locale,
    pub(crate) face: Arc<Face>,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) csrf_token: String,
    browser: Arc<Browser>,
    cookies: CookieJar,
}

impl View {
    pub(crate) fn new(
        face: Arc<Face>,
        browser: Arc<Browser>,
        parts: &Parts,
    ) -> Result<Self, EntropyUnavailable> {
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        Ok(Self {
            locale: Locale::negotiate(parts),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            csrf_token: browser.token(&face.csrf)?,
            cookies: CookieJar::from_headers(&parts.headers),
            face,
            browser,
        })
    }

    /// The same request in another language, such as the one a client asked for.
    #[must_use]
    pub fn with_locale(mut self, locale: Option<Locale>) -> Self {
        self.locale = locale.unwrap_or(self.locale);
        self
    }

    /// A page whose h1 and title are `heading`.
    pub fn page(&self, heading: impl Into<String>) -> Page {
        Page::new(self.clone(), heading.into())
    }

    /// One crate's texts in this request's language.
    pub fn texts(&self, loader: &'static StaticLoader) -> Texts {
        Texts::new(loader, self.locale)
    }

    /// The hidden field for a form of ours.
    pub fn csrf_field(&self) -> CsrfField {
        CsrfField { token: self.csrf_token.clone() }
    }

    /// Refuses a token that was not made for this browser, with a page. `CheckedForm` does this
    /// by itself; handlers that read multipart bodies must call it.
    pub fn check_csrf(&self, token: &str) -> Result<(), Response> {
        if self.browser.sent_with(&self.face.csrf, token) {
            return Ok(());
        }
        tracing::info!(path = %self.path, "a form was refused: its token is missing or wrong");
        Err(self.problem(Problem::FormExpired))
    }

    /// The origin's scheme, which names and flags cookies.
    pub fn scheme(&self) -> Scheme {
        self.face.scheme
    }

    /// The value of our cookie `name` (without prefix), if the browser sent it.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.get(&self.face.scheme.cookie_name(name)).map(|c| c.value().to_owned())
    }

    /// The origin of this face, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.face.origin
    }

    /// The path of this request.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A page that says what went wrong in everyday words.
    pub fn problem(&self, problem: Problem) -> Response {
        problem.page(self, problem.status())
    }

    /// An error page with texts of the caller. `reference` is what a person may quote to the
    /// help desk; it must not be a secret.
    pub fn error_page(
        &self,
        status: StatusCode,
        title: &str,
        text: &str,
        reference: Option<&str>,
    ) -> Response {
        crate::problem::error_page(self, status, title, text, reference)
    }
}

impl<S: Sync> FromRequestParts<S> for View {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        let face = parts.extensions.get::<Arc<Face>>().cloned();
        let browser = parts.extensions.get::<Arc<Browser>>().cloned();
        let (Some(face), Some(browser)) = (face, browser) else {
            tracing::error!("a page was asked for outside of siegel_web::protect");
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        Self::new(face, browser, parts).map_err(|error| {
            tracing::error!(%error, "no form token could be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        })
    }
}
