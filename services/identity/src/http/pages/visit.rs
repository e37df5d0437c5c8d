//! One request to a page of an authorization request: whose browser, which request, which session.

use std::error::Error;
use std::time::Duration;

use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, Path};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{RETRY_AFTER, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use siegel_crypto::{b64, random_token, same_bytes, sha256};
use siegel_db::StoreError;
use siegel_kernel::Timestamp;
use siegel_web::forms::{Alert, Link};
use siegel_web::{FormAction, ImageSource, Locale, Page, Problem, SetCookie, Texts, View};

use crate::app::authorize::{self, CompleteError};
use crate::app::devices;
use crate::app::failure::Failure;
use crate::app::guests;
use crate::app::refusal;
use crate::app::sessions::{self, LoggedIn};
use crate::app::upstreams;
use crate::domain::answer::RedirectTarget;
use crate::domain::decide::{ConsentState, Question, Step, decide};
use crate::domain::interaction::{AuthRequest, Interaction, InteractionId, SessionView};
use crate::domain::oauth::{OAuthError, Refused as Refusal};
use crate::domain::upstream::Upstream;
use crate::http::LOCALES;
use crate::state::Identity;
use crate::store::interactions;

/// Short name of the cookie that ties an authorization request to one browser.
pub const BROWSER: &str = "browser";

/// What every page of an authorization request knows.
pub struct Visit {
    pub state: Identity,
    pub view: View,
    pub t: Texts,
    pub interaction: Interaction,
    pub headers: HeaderMap,
    pub now: Timestamp,
    /// Providers that the log-in pages of the client's tenant offer.
    pub upstreams: Vec<Upstream>,
    /// The person chose to go on with less than the client prefers (`?enough=1`).
    settled: bool,
    /// The person wants to log in with another account than the one signed in (`?other=1`).
    other: bool,
    /// To be set when this was the first page.
    cookie: Option<SetCookie>,
}

impl FromRequestParts<Identity> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &Identity) -> Result<Self, Response> {
        let view: View = parts.extract().await?;
        let id = parts.extract::<Path<String>>().await.ok();
        let id = id.and_then(|Path(text)| text.parse::<InteractionId>().ok());
        let t = view.texts(&LOCALES);
        let Some(id) = id else { return Err(over(&view, t)) };
        match Self::open(parts, state, view.clone(), id).await {
            Ok(Some(visit)) => Ok(visit),
            Ok(None) => Err(over(&view, t)),
            Err(Refused::OtherBrowser) => Err(other_browser(&view, t)),
            Err(Refused::Failure(failure)) => Err(failed(&view, &failure)),
        }
    }
}

/// Why a page does not open.
enum Refused {
    OtherBrowser,
    Failure(Failure),
}

impl<E: Into<Failure>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

impl Visit {
    async fn open(
        parts: &Parts,
        state: &Identity,
        view: View,
        id: InteractionId,
    ) -> Result<Option<Self>, Refused> {
        let now = state.now();
        let mut tx = state.outside.db.glance().await?;
        let Some(interaction) = interactions::find(&mut tx, id, now).await? else {
            return Ok(None);
        };
        let upstreams = upstreams::offered(state, &mut tx, &interaction.request.tenant).await?;
        drop(tx);
        let first_page = parts.method == Method::GET && view.path() == format!("/login/{id}");
        let cookie = match &interaction.browser {
            Some(bound) => {
                let sent = view.cookie(BROWSER).map(|c| sha256(c.as_bytes()));
                if !sent.is_some_and(|sent| same_bytes(&sent, bound)) {
                    return Err(Refused::OtherBrowser);
                }
                None
            }
            None if first_page => Some(bind(state, &view, id).await?),
            None => return Err(Refused::OtherBrowser),
        };
        let view = spoken(view, &interaction);
        let says = |what| parts.uri.query().is_some_and(|q| q.split('&').any(|p| p == what));
        let (settled, other) = (says("enough=1"), says("other=1"));
        let t = view.texts(&LOCALES);
        let (state, headers) = (state.clone(), parts.headers.clone());
        Ok(Some(Self {
            state,
            view,
            t,
            interaction,
            headers,
            now,
            upstreams,
            settled,
            other,
            cookie,
        }))
    }

    /// The session of this browser, if it counts for the client's sector.
    pub async fn session(&self) -> Result<Option<SessionView>, StoreError> {
        sessions::from_cookie(&self.state, &self.headers, &self.interaction.request).await
    }

    /// The same, or that of a guest: where it does not matter whether there is an account.
    pub async fn visitor(&self) -> Result<Option<SessionView>, StoreError> {
        match self.session().await? {
            Some(session) => Ok(Some(session)),
            None => {
                guests::from_cookie(&self.state, &self.headers, &self.interaction.request).await
            }
        }
    }

    /// The session whose account a credential shown now is for: by any method, also one that does
    /// not count for the client.
    pub async fn owner(&self) -> Result<Option<SessionView>, StoreError> {
        let request = AuthRequest { methods: Vec::new(), ..self.interaction.request.clone() };
        sessions::from_cookie(&self.state, &self.headers, &request).await
    }

    /// The address of the account that is signed in in this browser, for whatever: what the form
    /// is filled with when a credential is asked for again.
    pub async fn known_address(&self) -> Result<Option<String>, StoreError> {
        if self.other {
            return Ok(None);
        }
        let session = sessions::any_from_cookie(&self.state, &self.headers).await?;
        let Some(session) = session else { return Ok(None) };
        sessions::address(&self.state, session.account).await
    }

    /// The first page, for somebody else than the one signed in.
    pub fn path_of_another_account(&self) -> String {
        format!("/login/{}?other=1", self.interaction.id)
    }

    /// The session cookie, whatever it is worth.
    pub fn presented(&self) -> Option<String> {
        sessions::presented(&self.state, &self.headers)
    }

    /// The cookie by which this browser is known, whatever it is worth.
    pub fn device(&self) -> Option<String> {
        self.view.cookie(devices::COOKIE)
    }

    pub fn decide(&self, session: Option<&SessionView>, consent: ConsentState) -> Step {
        decide(&Question {
            request: &self.interaction.request,
            session,
            consent,
            somebody_else: session.is_some_and(|s| {
                authorize::is_somebody_else(&self.state, &self.interaction.request, s)
            }),
            asked_at: self.interaction.created_at,
            settled: self.settled,
            now: self.now,
        })
    }

    /// The path of one of this request's pages; `""` is the first, which knows the next step.
    pub fn path(&self, page: &str) -> String {
        let slash = if page.is_empty() { "" } else { "/" };
        let enough = if self.settled { "?enough=1" } else { "" };
        format!("/login/{}{slash}{page}{enough}", self.interaction.id)
    }

    /// To one of this request's pages.
    pub fn go(&self, page: &str) -> Response {
        self.dressed(Redirect::to(&self.path(page)).into_response())
    }

    /// To the next step after a form of another one was sent: by a second tab, or to get around what
    /// comes before it. Written down, because it cannot be told apart.
    pub async fn out_of_turn(&self) -> Response {
        let text = "a step of the log-in was called out of turn";
        let refused = Refusal::new(OAuthError::AccessDenied, text);
        refusal::record(&self.state, "identity.step.refused", refused).await;
        self.go("")
    }

    /// Past an optional step.
    pub fn go_settled(&self) -> Response {
        let path = format!("/login/{}?enough=1", self.interaction.id);
        self.dressed(Redirect::to(&path).into_response())
    }

    /// On with a session whose cookie is new.
    pub fn go_logged_in(&self, logged_in: LoggedIn) -> Response {
        let cookie = self.view.scheme().cookie(sessions::COOKIE, logged_in.token);
        let device = logged_in.device.map(|token| {
            self.view.scheme().cookie(devices::COOKIE, token).max_age(devices::KNOWN_FOR)
        });
        (cookie, device, self.go("")).into_response()
    }

    /// Adds to a response what every page of this request needs: the browser's cookie, and leave
    /// for its forms to end at the client (Chromium applies `form-action` to redirects).
    pub fn dressed(&self, mut response: Response) -> Response {
        if let Some(cookie) = &self.cookie {
            response.headers_mut().append(SET_COOKIE, cookie.to_header());
        }
        let request = &self.interaction.request;
        if let Some(logo) = request.face.logo_uri.as_deref().and_then(ImageSource::of) {
            response = logo.on(response);
        }
        match FormAction::of(&request.redirect_uri) {
            Some(client) => client.on(response),
            None => response,
        }
    }

    /// A page of this request, with a mark when its client is for tests only.
    pub fn page(&self, heading: String) -> Page {
        let page = self.view.page(heading).narrow();
        if !self.interaction.request.face.test {
            return page;
        }
        page.notice(Alert::warning(self.t.get("test-title")).text(self.t.get("test-text")))
    }

    /// Answers the client and leaves the pages.
    pub async fn finish(&self, session: &SessionView) -> Response {
        match authorize::complete(&self.state, &self.interaction, session).await {
            Ok(target) => self.leave(target),
            Err(CompleteError::AlreadyAnswered) => over(&self.view, self.t),
            Err(CompleteError::NotEnough) => self.go(""),
            Err(CompleteError::Store(error)) => self.failed(&error.into()),
            Err(CompleteError::Entropy(error)) => self.failed(&error.into()),
        }
    }

    /// Tells the client that this came to nothing.
    pub async fn refuse(&self, error: OAuthError, description: &'static str) -> Response {
        match authorize::refuse(&self.state, &self.interaction, error, description).await {
            Ok(target) => self.leave(target),
            Err(error) => self.failed(&error.into()),
        }
    }

    fn leave(&self, target: RedirectTarget) -> Response {
        let mut response = crate::http::answer::show(&self.view, target);
        if let Some(cookie) = &self.cookie {
            response.headers_mut().append(SET_COOKIE, cookie.to_header());
        }
        response
    }

    /// A page for what went wrong on our side.
    pub fn failed(&self, failure: &Failure) -> Response {
        self.dressed(failed(&self.view, failure))
    }

    /// A page that says why it does not go on here, and leads to another.
    pub fn dead_end(&self, status: StatusCode, title: &str, text: &str, back: Link) -> Response {
        let body = DeadEnd { text: self.t.get(text), back };
        let page = self.page(self.t.get(title)).status(status);
        self.dressed(page.show(&body))
    }
}

#[derive(askama::Template)]
#[template(path = "dead_end.html")]
struct DeadEnd {
    text: String,
    back: Link,
}

/// Whether a cookie is one of those that [`BROWSER`] has.
pub fn is_browser(token: &str) -> bool {
    b64::decode(token).is_some_and(|bytes| bytes.len() == 32)
}

/// Binds the request to this browser, by the cookie it has or a new one.
async fn bind(state: &Identity, view: &View, id: InteractionId) -> Result<SetCookie, Refused> {
    let token = match view.cookie(BROWSER).filter(|token| is_browser(token)) {
        Some(token) => token,
        None => random_token(&*state.outside.entropy)?,
    };
    let mut tx = state.outside.db.begin().await?;
    let bound = interactions::bind_browser(&mut tx, id, &sha256(token.as_bytes())).await?;
    tx.commit().await?;
    if !bound {
        // Another browser opened the page in this very moment.
        return Err(Refused::OtherBrowser);
    }
    Ok(view.scheme().cookie(BROWSER, token))
}

/// The person's own choice of language comes before the client's.
fn spoken(view: View, interaction: &Interaction) -> View {
    let wanted = interaction.request.ui_locales.as_deref().and_then(Locale::from_ui_locales);
    if view.cookie("lang").is_some() { view } else { view.with_locale(wanted) }
}

fn over(view: &View, t: Texts) -> Response {
    view.error_page(StatusCode::GONE, &t.get("over-title"), &t.get("over"), None)
}

fn other_browser(view: &View, t: Texts) -> Response {
    tracing::info!("a log-in page was opened in another browser");
    let (title, text) = (t.get("other-browser-title"), t.get("other-browser"));
    view.error_page(StatusCode::FORBIDDEN, &title, &text, None)
}

/// Logs the failure once and answers without details.
pub fn failed(view: &View, failure: &Failure) -> Response {
    if matches!(failure, Failure::AccountDisabled) {
        let t = view.texts(&LOCALES);
        let (title, text) = (t.get("account-disabled-title"), t.get("account-disabled"));
        return view.error_page(StatusCode::FORBIDDEN, &title, &text, None);
    }
    let error = failure as &dyn Error;
    if failure.passes() {
        tracing::warn!(error, "a log-in page has to be tried again");
        let mut response = match failure {
            Failure::Password(_) => {
                let t = view.texts(&LOCALES);
                let (title, text) = (t.get("login-busy-title"), t.get("login-busy"));
                view.error_page(StatusCode::SERVICE_UNAVAILABLE, &title, &text, None)
            }
            _ => view.problem(Problem::Unavailable),
        };
        let seconds = HeaderValue::from(Duration::from_secs(5).as_secs());
        response.headers_mut().insert(RETRY_AFTER, seconds);
        return response;
    }
    tracing::error!(error, "a log-in page failed");
    view.problem(Problem::Internal)
}
