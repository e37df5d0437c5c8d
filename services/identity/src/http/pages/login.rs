//! `/login/{interaction}`: the page that knows the next step, and the log-in form.

use axum::response::Response;
use http::header::REFRESH;
use http::{HeaderValue, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use siegel_telemetry::metric;
use siegel_web::forms::{Alert, Button, Errors, Input, Link};
use siegel_web::{CheckedForm, CsrfField, Texts};

use super::upstream::{Offer, with_logos};
use super::visit::Visit;
use super::who::{Cancel, Who};
use super::{credentials, guest, step_up};
use crate::app::acting::choose;
use crate::app::acting::settle::Settled;
use crate::app::consent::{self, Asked};
use crate::app::failure::Failure;
use crate::app::guest_keep;
use crate::app::identify::{self, Errand};
use crate::app::login::{Attempt, Outcome, with_password};
use crate::domain::decide::{ConsentState, LogIn, Step, is_made_for};
use crate::domain::email::EmailAddress;
use crate::domain::interaction::SessionView;
use crate::domain::oauth::OAuthError;
use crate::store::accounts::{self, AccountState};

#[derive(askama::Template)]
#[template(path = "login.html")]
struct LoginPage {
    t: Texts,
    who: Who,
    csrf: CsrfField,
    action: String,
    /// The way past a lock that strangers caused.
    release: Option<Link>,
    /// Absent when the client takes no password.
    by_password: Option<ByPassword>,
    register: Option<Link>,
    card: Option<Button>,
    guest: Option<Button>,
    upstreams: Vec<Offer>,
    /// The other ways in, as HTML.
    others: String,
    cancel: Cancel,
}

struct ByPassword {
    /// Who is signed in here already.
    known: Option<Known>,
    email: Input,
    password: Input,
    submit: Button,
}

struct Known {
    text: String,
    other: Link,
}

#[derive(askama::Template)]
#[template(path = "waiting.html")]
struct WaitingPage {
    t: Texts,
    go_on: Link,
}

#[derive(Deserialize)]
pub struct LoginForm {
    /// `username` is what drivers that know no e-mail addresses call it.
    #[serde(default, alias = "username")]
    email: String,
    #[serde(default)]
    password: String,
    /// `eid`: with the card alone; `guest`: with the card and without an account.
    #[serde(default)]
    method: String,
}

/// The next step of this request: a form, another page, or the way back to the client.
pub async fn show(mut visit: Visit) -> Response {
    metric::LOGIN_STARTED.count(["pwd"]);
    match next(&mut visit).await {
        Ok(Next::Page(response)) => response,
        Ok(Next::Finish(done)) => {
            let (session, asked) = *done;
            asked.cut(&mut visit.interaction.request);
            visit.finish(&session).await
        }
        Ok(Next::WrongPerson) => {
            let text = "another person logged in than was asked for";
            visit.refuse(OAuthError::LoginRequired, text).await
        }
        Err(failure) => visit.failed(&failure),
    }
}

enum Next {
    Page(Response),
    /// Somebody logged in for this request who is not the one it names.
    WrongPerson,
    Finish(Box<(SessionView, Asked)>),
}

async fn next(visit: &mut Visit) -> Result<Next, Failure> {
    let session = visit.visitor().await?;
    // Consent is looked up last: it costs a call to another service.
    let step = visit.decide(session.as_ref(), ConsentState::Given);
    let session = match (step, session) {
        (Step::LogIn(LogIn::SomebodyElse), Some(session))
            if is_made_for(&session, visit.interaction.created_at) =>
        {
            return Ok(Next::WrongPerson);
        }
        (Step::LogIn(why), _) => {
            let hint = visit.interaction.request.login_hint.clone().unwrap_or_default();
            return Ok(Next::Page(form(visit, why, &Errors::new(), &hint).await?));
        }
        (_, None) => return Ok(Next::Page(visit.go(""))), // not reached: no session logs in
        (_, Some(session)) => session,
    };
    if !session.guest {
        let mut tx = visit.state.outside.db.read().await?;
        let account = accounts::state(&mut tx, session.account).await?;
        drop(tx);
        if account != Some(AccountState::Open) {
            return Ok(Next::Page(waiting(visit)));
        }
        let request = &visit.interaction;
        if let Some(why) = guest_keep::settle(&visit.state, request, &session).await? {
            return Ok(Next::Page(step_up::not_raised(visit, &identify::Outcome::Refused(why))));
        }
    }
    if let Step::StepUp { .. } = step {
        return Ok(Next::Page(visit.go("step-up")));
    }
    if step == Step::ActFor {
        let (state, interaction) = (&visit.state, &mut visit.interaction);
        if let Settled::Open | Settled::Nobody =
            choose::without_asking(state, interaction, &session).await?
        {
            return Ok(Next::Page(visit.go("act-for")));
        }
    }
    let asked = consent::asked(&visit.state, &visit.interaction.request, &session).await?;
    match visit.decide(Some(&session), asked.state) {
        Step::Finish => Ok(Next::Finish(Box::new((session, asked)))),
        _ => Ok(Next::Page(visit.go("consent"))),
    }
}

/// The account is known here and not yet everywhere. Reloads by itself, without script.
fn waiting(visit: &Visit) -> Response {
    let go_on = Link::primary(visit.path(""), visit.t.get("waiting-go-on"));
    let body = WaitingPage { t: visit.t, go_on };
    let mut response = visit.page(visit.t.get("waiting-title")).show(&body);
    response.headers_mut().insert(REFRESH, HeaderValue::from_static("2"));
    visit.dressed(response)
}

async fn form(
    visit: &Visit,
    why: LogIn,
    errors: &Errors,
    email: &str,
) -> Result<Response, Failure> {
    form_with(visit, why, errors, email, None).await
}

async fn form_with(
    visit: &Visit,
    why: LogIn,
    errors: &Errors,
    email: &str,
    release: Option<Link>,
) -> Result<Response, Failure> {
    let (t, request) = (visit.t, &visit.interaction.request);
    let known = if why == LogIn::SomebodyElse { None } else { visit.known_address().await? };
    let heading = match why {
        LogIn::NoSession | LogIn::SomebodyElse => "login-title",
        LogIn::Again if request.has_prompt("select_account") => "login-select-title",
        LogIn::Again => "login-again-title",
    };
    let body = LoginPage {
        t,
        who: visit.who(),
        csrf: visit.view.csrf_field(),
        action: visit.path(""),
        release,
        by_password: request.takes("pwd").then(|| by_password(visit, known, errors, email)),
        register: Some(Link::text(visit.path("register"), t.get("login-register"))),
        card: request
            .takes("sc")
            .then(|| Button::secondary(t.get("login-card")).sends("method", "eid").block()),
        guest: guest::offer(visit),
        upstreams: super::upstream::offers(visit, request.floor),
        others: credentials::log_in(visit),
        cancel: visit.cancel(),
    };
    let mut page = visit.page(t.get(heading)).script(credentials::SCRIPT).errors(errors);
    if why == LogIn::SomebodyElse {
        let title = t.get("login-somebody-else-title");
        page = page.notice(Alert::info(title).text(t.get("login-somebody-else")));
    }
    Ok(visit.dressed(with_logos(page.show(&body), &body.upstreams)))
}

fn by_password(visit: &Visit, known: Option<String>, errors: &Errors, email: &str) -> ByPassword {
    let t = visit.t;
    // What was typed, then who is here, then what the client suggests.
    let value =
        if errors.is_empty() { known.as_deref().unwrap_or(email) } else { email }.to_owned();
    let known = known.map(|address| Known {
        text: t.with("login-known", [("address", address.as_str().into())]),
        other: Link::text(visit.path_of_another_account(), t.get("login-other")),
    });
    ByPassword {
        known,
        email: Input::email("email", t.get("login-email"))
            .id("username")
            .value(value)
            .autocomplete("username")
            .error_in(errors),
        password: Input::password("password", t.get("login-password")).error_in(errors),
        submit: Button::primary(t.get("login-submit")).id("submit").block(),
    }
}

/// Checks address and password, or sends the browser to the card.
pub async fn submit(visit: Visit, CheckedForm(sent): CheckedForm<LoginForm>) -> Response {
    match sent.method.as_str() {
        "eid" => {
            return step_up::to_card(&visit, Errand::Account, "eid-purpose-login").await;
        }
        "guest" => return guest::begin(&visit).await,
        _ => {}
    }
    match check(&visit, sent).await {
        Ok(response) => response,
        Err(failure) => visit.failed(&failure),
    }
}

async fn check(visit: &Visit, sent: LoginForm) -> Result<Response, Failure> {
    let session = visit.session().await?;
    let why = match visit.decide(session.as_ref(), ConsentState::Given) {
        Step::LogIn(why) => why,
        // A second tab was faster, or the person came back: a password typed is a password checked.
        _ => LogIn::NoSession,
    };
    let t = visit.t;
    let mut errors = Errors::new();
    if !visit.interaction.request.takes("pwd") {
        errors.add_general(t.get("login-no-password"));
        return form(visit, why, &errors, &sent.email).await;
    }
    let address = EmailAddress::parse(&sent.email);
    if address.is_err() {
        errors.add("username", t.get("login-email-missing"));
    }
    if sent.password.is_empty() {
        errors.add("password", t.get("login-password-missing"));
    }
    let Ok(address) = address else { return form(visit, why, &errors, &sent.email).await };
    if !errors.is_empty() {
        return form(visit, why, &errors, &sent.email).await;
    }
    let (presented, device) = (visit.presented(), visit.device());
    let attempt = Attempt {
        address: &address,
        password: SecretString::from(sent.password),
        request: &visit.interaction.request,
        again: why == LogIn::Again,
        presented: presented.as_deref(),
        device: device.as_deref(),
    };
    Ok(match with_password(&visit.state, attempt).await? {
        Outcome::In(logged_in) => visit.go_logged_in(logged_in),
        Outcome::Wrong => {
            errors.add_general(t.get("login-wrong"));
            form(visit, why, &errors, &sent.email).await?
        }
        Outcome::Blocked => {
            errors.add_general(t.get("login-blocked"));
            let release = Link::text(visit.path("release"), t.get("login-release"));
            let mut response = form_with(visit, why, &errors, &sent.email, Some(release)).await?;
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response
        }
    })
}

/// Anything; only the form token counts.
#[derive(Deserialize)]
pub struct Nothing {}

/// Back to the client: with `unmet_authentication_requirements` when it could not do with less than
/// what the person gave up reaching, else with `access_denied`.
pub async fn cancel(visit: Visit, CheckedForm(Nothing {}): CheckedForm<Nothing>) -> Response {
    let session = match visit.session().await {
        Ok(session) => session,
        Err(error) => return visit.failed(&error.into()),
    };
    match visit.decide(session.as_ref(), ConsentState::Given) {
        Step::StepUp { optional: false, .. } => {
            let text = "the person did not reach the level";
            visit.refuse(OAuthError::UnmetAuthenticationRequirements, text).await
        }
        _ => visit.refuse(OAuthError::AccessDenied, "the person cancelled").await,
    }
}
