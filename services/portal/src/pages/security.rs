//! Credentials and log-in sessions.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use siegel_proto::convert;
use siegel_proto::identity::v1::{EndSessionRequest, ListCredentialsRequest, ListSessionsRequest};
use siegel_web::forms::LevelBadge;
use siegel_web::{CheckedForm, CsrfField, Problem, Texts};

use super::{Signed, words};
use crate::session::COOKIE;

#[derive(askama::Template)]
#[template(path = "security.html")]
struct Security {
    t: Texts,
    current: &'static str,
    csrf: CsrfField,
    credentials: Vec<Credential>,
    sessions: Vec<Session>,
}

struct Credential {
    name: String,
    level: Option<LevelBadge>,
    added: String,
    used: String,
}

struct Session {
    id: String,
    started: String,
    seen: String,
    level: Option<LevelBadge>,
    current: bool,
}

pub async fn show(who: Signed) -> Result<Response, Response> {
    let mut identity = who.identity().await?;
    let refuse = |status: tonic::Status| who.refuse("identity", &status);
    let credentials = identity.list_credentials(ListCredentialsRequest {}).await.map_err(refuse)?;
    let sessions = identity.list_sessions(ListSessionsRequest {}).await.map_err(refuse)?;
    let (t, locale) = (who.texts(), who.view.locale);
    let badge = |level| convert::level(level).map(|level| LevelBadge::new(level, locale));
    let credentials = credentials.into_inner().credentials.into_iter().map(|c| Credential {
        name: credential(&t, &c.kind, &c.label),
        level: badge(c.level),
        added: words::date_time(locale, c.added_at.as_ref()),
        used: words::date_time(locale, c.last_used_at.as_ref()),
    });
    let sessions = sessions.into_inner().sessions.into_iter().map(|s| Session {
        started: words::date_time(locale, s.started_at.as_ref()),
        seen: words::date_time(locale, s.last_seen_at.as_ref()),
        level: badge(s.level),
        current: s.current,
        id: s.session_id,
    });
    let body = Security {
        current: "security",
        csrf: who.view.csrf_field(),
        credentials: credentials.collect(),
        sessions: sessions.collect(),
        t,
    };
    Ok(who.page(t.get("security")).lead(t.get("security-text")).show(&body))
}

fn credential(t: &Texts, kind: &str, label: &str) -> String {
    let kind = match kind {
        "password" => t.get("credential-password"),
        "eid" => t.get("credential-eid"),
        other => other.to_owned(),
    };
    if label.is_empty() || label == kind { kind } else { format!("{kind} – {label}") }
}

#[derive(Deserialize)]
pub struct Ending {
    session_id: String,
    #[serde(default)]
    current: bool,
}

pub async fn end_session(
    who: Signed,
    CheckedForm(form): CheckedForm<Ending>,
) -> Result<Response, Response> {
    let mut identity = who.identity().await?;
    let request_id = words::request_id(&who.app).map_err(|_| who.problem(Problem::Internal))?;
    let request = EndSessionRequest { request_id, session_id: form.session_id };
    let done = identity.end_session(request).await;
    done.map_err(|status| who.refuse("identity", &status))?;
    if form.current {
        who.app.sign_out(&who.session).await.map_err(|error| who.oidc(&error))?;
        return Ok((who.view.scheme().expire(COOKIE), Redirect::to("/")).into_response());
    }
    Ok(Redirect::to("/account/security").into_response())
}
