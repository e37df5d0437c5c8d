//! Ending the session (OpenID Connect RP-Initiated Logout 1.0).

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use siegel_web::forms::{Button, Hidden, Link};
use siegel_web::{CheckedForm, CsrfField, FormAction, Locale, Texts, View};

use super::guest::keep_button;
use super::visit::failed;
use crate::app::failure::Failure;
use crate::app::logout::{self, Asked, LogoutError};
use crate::app::{guests, refusal, sessions};
use crate::domain::oauth::Refused;
use crate::domain::params::Params;
use crate::http::LOCALES;
use crate::state::Identity;

#[derive(askama::Template)]
#[template(path = "logout.html")]
struct LogoutPage {
    t: Texts,
    text: String,
    csrf: CsrfField,
    fields: Vec<Hidden>,
    /// For guests.
    keep: Option<Button>,
}

#[derive(askama::Template)]
#[template(path = "dead_end.html")]
struct DonePage {
    text: String,
    back: Link,
}

/// `GET /logout`: straight on when the client proved which session it means or nobody is signed
/// in, else the question.
pub async fn show(
    State(identity): State<Identity>,
    view: View,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let read = Params::parse(&query.unwrap_or_default());
    match ask(&identity, view.clone(), &headers, read).await {
        Ok(response) => response,
        Err(error) => unfollowed(&identity, &view, error).await,
    }
}

/// `POST /logout`: the browser sent no cookie of ours with it (`SameSite=Lax`), so the page is
/// fetched anew. Nothing ends here.
pub async fn forward(State(identity): State<Identity>, view: View, body: String) -> Response {
    let now = identity.now();
    let read = async { logout::read(&identity, Params::parse(&body)?, now).await };
    match read.await {
        Ok(asked) => Redirect::to(&asked.page(&identity, now)).into_response(),
        Err(error) => unfollowed(&identity, &view, error).await,
    }
}

async fn ask(
    identity: &Identity,
    view: View,
    headers: &HeaderMap,
    read: Result<Params, Refused>,
) -> Result<Response, LogoutError> {
    let asked = logout::read(identity, read?, identity.now()).await?;
    let spoken = asked.ui_locales.as_deref().and_then(Locale::from_ui_locales);
    let view = if view.cookie("lang").is_some() { view } else { view.with_locale(spoken) };
    // A guest is always asked: it is the last moment at which something could be kept.
    let guest = match sessions::any_from_cookie(identity, headers).await? {
        Some(session) if asked.knows(identity, &session) => {
            return Ok(end(identity, &view, headers, &asked).await?);
        }
        Some(_) => false,
        None if guests::is_here(identity, headers).await? => true,
        None => return Ok(gone(&asked)),
    };
    let t = view.texts(&LOCALES);
    let client = asked.client.as_ref().map(|c| c.client_id.as_str());
    let kept = [
        ("client_id", client),
        ("post_logout_redirect_uri", asked.post_logout_redirect_uri.as_deref()),
        ("state", asked.state.as_deref()),
    ];
    let fields = kept.into_iter().filter_map(|(name, value)| Some(Hidden::new(name, value?)));
    let body = LogoutPage {
        t,
        text: t.get(if guest { "guest-logout" } else { "logout-text" }),
        csrf: view.csrf_field(),
        fields: fields.collect(),
        keep: guest.then(|| keep_button(t)),
    };
    let page = view.page(t.get("logout-title")).narrow().show(&body);
    Ok(match asked.target().as_deref().and_then(FormAction::of) {
        Some(client) => client.on(page),
        None => page,
    })
}

/// `POST /login/logout`: ends the session of this browser and revokes what was granted in it.
pub async fn submit(
    State(identity): State<Identity>,
    view: View,
    headers: HeaderMap,
    CheckedForm(sent): CheckedForm<Vec<(String, String)>>,
) -> Response {
    let sent = sent.into_iter().filter(|(name, _)| name != "csrf_token");
    let params =
        sent.fold(Params::default(), |all, (name, value)| all.with(&name, Some(value.as_str())));
    let ended = async {
        let asked = logout::read(&identity, params, identity.now()).await?;
        Ok(end(&identity, &view, &headers, &asked).await?)
    };
    match ended.await {
        Ok(response) => response,
        Err(error) => unfollowed(&identity, &view, error).await,
    }
}

async fn end(
    identity: &Identity,
    view: &View,
    headers: &HeaderMap,
    asked: &Asked,
) -> Result<Response, siegel_db::StoreError> {
    let presented = sessions::presented(identity, headers);
    sessions::log_out(identity, presented.as_deref()).await?;
    let expired = view.scheme().expire(sessions::COOKIE);
    Ok((expired, gone(asked)).into_response())
}

fn gone(asked: &Asked) -> Response {
    Redirect::to(asked.target().as_deref().unwrap_or("/login/logout")).into_response()
}

/// An error page and never a redirect; the session goes on.
async fn unfollowed(identity: &Identity, view: &View, error: LogoutError) -> Response {
    let refused = match error {
        LogoutError::Refused(refused) => refused,
        LogoutError::Store(error) => return failed(view, &Failure::from(error)),
    };
    tracing::info!(reason = refused.description, "a log-out request was not acceptable");
    refusal::record(identity, "identity.logout.refused", refused).await;
    let t = view.texts(&LOCALES);
    let (title, text) = (t.get("logout-bad-title"), t.get("logout-bad"));
    let text = format!("{text} {}: {}.", t.get("logout-bad-detail"), refused.description);
    view.error_page(StatusCode::BAD_REQUEST, &title, &text, None)
}

/// `GET /login/logout`: it is done.
pub async fn done(view: View) -> Response {
    let t = view.texts(&LOCALES);
    let body = DonePage { text: t.get("logged-out"), back: Link::secondary("/", t.get("home")) };
    view.page(t.get("logged-out-title")).narrow().show(&body)
}
