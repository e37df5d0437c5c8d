//! Log-in, its answer, and log-out.

use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;
use siegel_kernel::TrustLevel;
use siegel_proto::account::v1::GetAccountRequest;
use siegel_proto::account::v1::account_service_client::AccountServiceClient;
use siegel_proto::identity::v1::self_service_client::SelfServiceClient;
use siegel_proto::identity::v1::{EndSessionRequest, ListSessionsRequest};
use siegel_web::forms::Link;
use siegel_web::{CheckedForm, View};

use super::visitor::{Visitor, login_path};
use super::{trouble, words};
use crate::LOCALES;
use crate::app::App;
use crate::oidc::OidcError;
use crate::session::{ATTEMPT, COOKIE, LOGIN_COOKIE, Session};

#[derive(Deserialize)]
pub struct Wish {
    level: Option<String>,
    #[serde(rename = "return")]
    target: Option<String>,
}

/// Parameters of the answer (RFC 6749 §4.1.2, RFC 9207 §2).
#[derive(Deserialize)]
pub struct Answer {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "next.html")]
struct Next {
    text: String,
    link: Link,
}

/// Begins a log-in at `level` (basic unless told) that comes back to `return`.
pub async fn begin(visitor: Visitor, Query(wish): Query<Wish>) -> Response {
    let level = wish.level.and_then(|l| l.parse().ok()).unwrap_or(TrustLevel::Basic);
    let target = safe_target(wish.target.as_deref());
    match start(&visitor, level, &target).await {
        Ok(response) => response,
        Err(error) => trouble::oidc(&visitor.view, &error, &login_path(Some(level), &target)),
    }
}

async fn start(visitor: &Visitor, level: TrustLevel, target: &str) -> Result<Response, OidcError> {
    let Visitor { app, view, .. } = visitor;
    let (url, attempt) = app.provider.begin(level, view.locale.as_str()).await?;
    // One value for all log-ins of this browser, so that two tabs do not spoil each other.
    let browser = match view.cookie(LOGIN_COOKIE) {
        Some(value) if value.len() == 43 => value,
        _ => siegel_crypto::random_token(&*app.outside.entropy)?,
    };
    app.remember(&attempt, level, target, &browser).await?;
    let cookie = view.scheme().cookie(LOGIN_COOKIE, browser).max_age(ATTEMPT);
    Ok((cookie, Redirect::to(url.as_str())).into_response())
}

/// Where identity's answer arrives.
pub async fn finish(visitor: Visitor, Query(answer): Query<Answer>) -> Response {
    let Visitor { app, view, session } = visitor;
    match redeem(&app, &view, answer).await {
        Ok((new, cookie, target)) => {
            let name = display_name(&app, &new).await;
            if let Err(error) = app.rename(&new, &name).await {
                tracing::warn!(error = %error.chain(), "a session could not be named");
            }
            // Who only identified themself better still acts for whom they did.
            if let Some(old) = session.as_ref().filter(|old| old.is_of_same_person(&new))
                && let Err(error) = app.act_for(&new, old.acting.as_ref()).await
            {
                tracing::warn!(error = %error.chain(), "for whom a session acts was not kept");
            }
            // The session before this one, of a lower level or another person.
            if let Some(old) = session
                && let Err(error) = app.sign_out(&old).await
            {
                tracing::warn!(error = %error.chain(), "an older session could not be ended");
            }
            let cookie = view.scheme().cookie(COOKIE, cookie);
            (cookie, Redirect::to(&target)).into_response()
        }
        Err(Failed { error, target }) => failed(&view, &error, &target),
    }
}

struct Failed {
    error: OidcError,
    target: String,
}

async fn redeem(
    app: &App,
    view: &View,
    answer: Answer,
) -> Result<(Session, String, String), Failed> {
    let home = |error| Failed { error, target: "/".to_owned() };
    // RFC 9207 §2.4: before anything else is believed.
    if answer.iss.as_deref() != Some(app.outside.origin.as_str()) {
        return Err(home(OidcError::OtherIssuer));
    }
    let (Some(state), Some(browser)) = (answer.state, view.cookie(LOGIN_COOKIE)) else {
        return Err(home(OidcError::UnknownState));
    };
    let back = app.recall(&state, &browser).await.map_err(home)?;
    let target = back.target;
    let failed = |error| Failed { error, target: target.clone() };
    if let Some(code) = answer.error {
        return Err(failed(OidcError::Refused(crate::oidc::plain_code(&code))));
    }
    let code = answer.code.ok_or_else(|| failed(OidcError::Refused("invalid_request".into())))?;
    let granted = app.provider.finish(code, &back.attempt, back.asked).await.map_err(failed)?;
    let (session, cookie) = app.sign_in(granted, &back.attempt.dpop_key).await.map_err(failed)?;
    Ok((session, cookie, target))
}

/// What to call the person; empty when the account service does not answer.
async fn display_name(app: &App, session: &Session) -> String {
    let Ok(channel) = app.channel(session, "account").await else { return String::new() };
    let answer = AccountServiceClient::new(channel).get_account(GetAccountRequest {}).await;
    answer.map(|a| a.into_inner().display_name).unwrap_or_default()
}

/// A log-in that failed: on to a page whose address holds nothing of the answer.
fn failed(view: &View, error: &OidcError, target: &str) -> Response {
    let why = match error {
        OidcError::UnknownState => "unknown",
        OidcError::Refused(code) if code == "access_denied" => "cancelled",
        OidcError::LevelTooLow { .. } => "level",
        OidcError::Refused(code) if code == "unmet_authentication_requirements" => "level",
        passing if passing.is_passing() => {
            return trouble::oidc(view, error, &login_path(None, target));
        }
        _ => "failed",
    };
    tracing::info!(error = %error.chain(), "a log-in failed");
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("why", why).append_pair("return", target);
    Redirect::to(&format!("/account/login/failed?{}", query.finish())).into_response()
}

#[derive(Deserialize)]
pub struct Failure {
    why: Option<String>,
    #[serde(rename = "return")]
    target: Option<String>,
}

/// What happened, and the way to try again.
pub async fn explain(view: View, Query(failure): Query<Failure>) -> Response {
    let t = view.texts(&LOCALES);
    let (title, text) = match failure.why.as_deref() {
        Some("unknown") => (t.get("login-unknown"), t.get("login-unknown-text")),
        Some("cancelled") => (t.get("login-cancelled"), t.get("login-cancelled-text")),
        Some("level") => (t.get("login-level"), t.get("login-level-text")),
        _ => (t.get("login-failed"), t.get("login-failed-text")),
    };
    let target = safe_target(failure.target.as_deref());
    let link = Link::primary(login_path(None, &target), t.get("login-again"));
    let page = view.page(title).narrow().status(StatusCode::BAD_REQUEST).back("/");
    page.show(&Next { text, link })
}

#[derive(Deserialize)]
pub struct Nothing {}

/// Signs out here and at identity.
pub async fn end(visitor: Visitor, CheckedForm(Nothing {}): CheckedForm<Nothing>) -> Response {
    let Visitor { app, view, session } = visitor;
    let gone = view.scheme().expire(COOKIE);
    let Some(session) = session else { return (gone, Redirect::to("/")).into_response() };
    let ended = end_at_identity(&app, &session).await;
    if let Err(error) = app.sign_out(&session).await {
        return trouble::oidc(&view, &error, "/account");
    }
    if ended {
        return (gone, Redirect::to("/")).into_response();
    }
    // Identity asks the person itself (RP-Initiated Logout 1.0 §2).
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("client_id", &app.config.client_id);
    query.append_pair("post_logout_redirect_uri", &format!("{}/", app.outside.origin));
    (gone, Redirect::to(&format!("/logout?{}", query.finish()))).into_response()
}

/// Ends the log-in session that this browser's token came from.
async fn end_at_identity(app: &App, session: &Session) -> bool {
    let Ok(channel) = app.channel(session, "identity").await else { return false };
    let mut identity = SelfServiceClient::new(channel);
    let Ok(sessions) = identity.list_sessions(ListSessionsRequest {}).await else { return false };
    let Some(current) = sessions.into_inner().sessions.into_iter().find(|s| s.current) else {
        return false;
    };
    let Ok(request_id) = words::request_id(app) else { return false };
    let request = EndSessionRequest { request_id, session_id: current.session_id };
    identity.end_session(request).await.is_ok()
}

/// A log-out address opened by hand.
pub async fn to_account() -> Redirect {
    Redirect::to("/account")
}

/// A path of this face; anything else, another origin above all, becomes the account page.
pub fn safe_target(target: Option<&str>) -> String {
    let target = target.unwrap_or("/account");
    let plain = target.len() <= 512 && target.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let ours = ["/account", "/postbox", "/organisation", "/verify"].into_iter().any(|root| {
        path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let loops = path.starts_with("/account/login") || path.starts_with("/account/callback");
    let dots = path.split('/').any(|part| part == "." || part == "..");
    if plain && (ours || path == "/") && !loops && !dots {
        return target.to_owned();
    }
    "/account".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_leads_to_pages_of_this_face_only() {
        for good in ["/", "/account", "/postbox/ltr_1?organisation=org_2", "/verify"] {
            assert_eq!(safe_target(Some(good)), good);
        }
        for bad in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/account",
            "/login/x",
            "/account/login?return=/account/login",
            "/account/../token",
            "/accounts",
            "/account\r\nx: y",
            "",
        ] {
            assert_eq!(safe_target(Some(bad)), "/account", "{bad:?}");
        }
    }
}
