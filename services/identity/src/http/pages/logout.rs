//! Ending the session (OpenID Connect RP-Initiated Logout 1.0).

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use siegel_db::StoreError;
use siegel_web::forms::{Button, Hidden, Link};
use siegel_web::{CheckedForm, CsrfField, FormAction, Texts, View};
use url::Url;

use super::visit::failed;
use crate::app::failure::Failure;
use crate::app::sessions;
use crate::http::LOCALES;
use crate::state::Identity;
use crate::store::clients;

#[derive(askama::Template)]
#[template(path = "logout.html")]
struct LogoutPage {
    t: Texts,
    csrf: CsrfField,
    client_id: Hidden,
    redirect: Hidden,
    state: Hidden,
    submit: Button,
    stay: Link,
}

#[derive(askama::Template)]
#[template(path = "dead_end.html")]
struct DonePage {
    text: String,
    back: Link,
}

/// What a client may say (§2). All of it is optional.
#[derive(Deserialize, Serialize, Default)]
pub struct LogoutRequest {
    #[serde(default, skip_serializing)]
    id_token_hint: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    post_logout_redirect_uri: String,
    #[serde(default)]
    state: String,
}

/// The claims of a hint that say whose it is. Expired hints are accepted (§2).
#[derive(Deserialize)]
struct Hint {
    aud: String,
}

impl LogoutRequest {
    /// The client that asks: by name, or by the ID token it got from us.
    fn client(&self, identity: &Identity) -> String {
        let hint = || identity.keys.published().verify::<Hint>(&self.id_token_hint, "JWT").ok();
        match hint() {
            Some(hint) => hint.aud,
            None => self.client_id.clone(),
        }
    }
}

/// Where the person may be sent afterwards: exactly a registered address, with `state`.
async fn allowed_target(
    identity: &Identity,
    request: &LogoutRequest,
) -> Result<Option<String>, StoreError> {
    let uri = request.post_logout_redirect_uri.as_str();
    if uri.is_empty() {
        return Ok(None);
    }
    let mut tx = identity.outside.db.read().await?;
    let client = clients::find(&mut tx, &request.client(identity)).await?;
    if !client.is_some_and(|c| c.allows_logout_redirect(uri)) {
        tracing::info!("a log-out asked for an address that is not registered");
        return Ok(None);
    }
    let Ok(mut target) = Url::parse(uri) else { return Ok(None) };
    if !request.state.is_empty() {
        target.query_pairs_mut().append_pair("state", &request.state);
    }
    Ok(Some(target.into()))
}

/// `POST /logout` of a client: changes nothing, leads to the question.
pub async fn forward(
    State(identity): State<Identity>,
    Form(sent): Form<LogoutRequest>,
) -> Response {
    let client_id = sent.client(&identity);
    let kept = LogoutRequest { client_id, ..sent };
    let query = serde_urlencoded(&kept);
    Redirect::to(&format!("/logout?{query}")).into_response()
}

/// Everything but the hint, which is a token and stays out of addresses.
fn serde_urlencoded(request: &LogoutRequest) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let fields = [
        ("client_id", &request.client_id),
        ("post_logout_redirect_uri", &request.post_logout_redirect_uri),
        ("state", &request.state),
    ];
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    query.finish()
}

/// `GET /logout`: the question, or straight on when nobody is signed in.
pub async fn show(
    State(identity): State<Identity>,
    view: View,
    headers: HeaderMap,
    Query(request): Query<LogoutRequest>,
) -> Response {
    match ask(&identity, &view, &headers, &request).await {
        Ok(response) => response,
        Err(error) => failed(&view, &Failure::from(error)),
    }
}

async fn ask(
    identity: &Identity,
    view: &View,
    headers: &HeaderMap,
    request: &LogoutRequest,
) -> Result<Response, StoreError> {
    let target = allowed_target(identity, request).await?;
    if sessions::any_from_cookie(identity, headers).await?.is_none() {
        return Ok(gone(target.as_deref()));
    }
    let t = view.texts(&LOCALES);
    let body = LogoutPage {
        t,
        csrf: view.csrf_field(),
        client_id: Hidden::new("client_id", request.client(identity)),
        redirect: Hidden::new("post_logout_redirect_uri", &request.post_logout_redirect_uri),
        state: Hidden::new("state", &request.state),
        submit: Button::primary(t.get("logout-submit")),
        stay: Link::secondary("/", t.get("logout-stay")),
    };
    let page = view.page(t.get("logout-title")).narrow().show(&body);
    Ok(match target.as_deref().and_then(FormAction::of) {
        Some(client) => client.on(page),
        None => page,
    })
}

/// `POST /login/logout`: ends the session of this browser and revokes what was granted in it.
pub async fn submit(
    State(identity): State<Identity>,
    view: View,
    headers: HeaderMap,
    CheckedForm(request): CheckedForm<LogoutRequest>,
) -> Response {
    let presented = sessions::presented(&identity, &headers);
    let ended = async {
        sessions::log_out(&identity, presented.as_deref()).await?;
        allowed_target(&identity, &request).await
    };
    match ended.await {
        Ok(target) => {
            let expired = view.scheme().expire(sessions::COOKIE);
            (expired, gone(target.as_deref())).into_response()
        }
        Err(error) => failed(&view, &Failure::from(error)),
    }
}

fn gone(target: Option<&str>) -> Response {
    Redirect::to(target.unwrap_or("/login/logout")).into_response()
}

/// `GET /login/logout`: it is done.
pub async fn done(view: View) -> Response {
    let t = view.texts(&LOCALES);
    let body = DonePage { text: t.get("logged-out"), back: Link::secondary("/", t.get("home")) };
    view.page(t.get("logged-out-title")).narrow().show(&body)
}
