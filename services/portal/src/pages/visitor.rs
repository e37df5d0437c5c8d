//! Who is looking at a page.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Redirect, Response};
use http::Method;
use http::request::Parts;
use siegel_grpc::AuthChannel;
use siegel_kernel::TrustLevel;
use siegel_proto::account::v1::account_service_client::AccountServiceClient;
use siegel_proto::identity::v1::self_service_client::SelfServiceClient;
use siegel_proto::organisation::v1::mailbox_rights_service_client::MailboxRightsServiceClient;
use siegel_proto::organisation::v1::mandate_service_client::MandateServiceClient;
use siegel_proto::organisation::v1::organisation_service_client::OrganisationServiceClient;
use siegel_proto::postbox::v1::evidence_service_client::EvidenceServiceClient;
use siegel_proto::postbox::v1::mailbox_choice_service_client::MailboxChoiceServiceClient;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use siegel_proto::postbox::v1::mailbox_settings_service_client::MailboxSettingsServiceClient;
use siegel_web::forms::Link;
use siegel_web::{NavItem, Page, Person, Problem, Texts, View};

use super::{acting, trouble};
use crate::LOCALES;
use crate::app::App;
use crate::oidc::OidcError;
use crate::session::{COOKIE, Party, Session};

/// Anybody, signed in or not.
pub struct Visitor {
    pub app: App,
    pub view: View,
    pub session: Option<Session>,
}

/// A signed-in person. Others are sent to log in and come back.
pub struct Signed {
    pub app: App,
    pub view: View,
    pub session: Session,
    /// This page's path and query.
    pub here: String,
    /// For whom this page acts, as its address says; `None` for the person themself.
    pub acts_for: Option<Party>,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let view = View::from_request_parts(parts, app).await?;
        let session = match view.cookie(COOKIE) {
            None => None,
            Some(cookie) => match app.session(&cookie).await {
                Ok(session) => session,
                Err(error) => return Err(trouble::oidc(&view, &error, "/")),
            },
        };
        Ok(Self { app: app.clone(), view, session })
    }
}

impl FromRequestParts<App> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Visitor { app, view, session } = Visitor::from_request_parts(parts, app).await?;
        let here = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let here = here.to_owned();
        match session {
            Some(session) => {
                let acts_for = acting::acts_for(&app, &session, &here).await;
                Ok(Self { app, view, session, here, acts_for })
            }
            None if parts.method == Method::GET || parts.method == Method::HEAD => {
                Err(Redirect::to(&login_path(None, &here)).into_response())
            }
            // What was sent is lost: say so instead of silently asking to log in.
            None => Err(trouble::sign_in_again(&view, &here)),
        }
    }
}

/// Where to log in at a level and come back to `target`.
pub fn login_path(level: Option<TrustLevel>, target: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(level) = level {
        query.append_pair("level", level.as_str());
    }
    query.append_pair("return", target);
    format!("/account/login?{}", query.finish())
}

/// The main navigation of a signed-in person, and for whom they act on the page at this address.
fn signed_page(
    view: &View,
    session: &Session,
    title: String,
    (acts_for, here): (Option<&Party>, &str),
) -> Page {
    let t = view.texts(&LOCALES);
    let name = if session.name.is_empty() { t.get("my-account") } else { session.name.clone() };
    let chosen = session.acting.as_ref();
    let whose = acts_for.or(chosen).map(Party::query).unwrap_or_default();
    view.page(title)
        .acting(acting::header(&t, acts_for, chosen, here))
        .nav([
            NavItem::new("/account", t.get("nav-account")),
            NavItem::new(format!("/postbox{whose}"), t.get("nav-postbox")),
            NavItem::new("/organisation", t.get("nav-organisation")),
            NavItem::new("/verify", t.get("nav-verify")),
        ])
        .person(Person::new(name).account("/account").logout("/account/logout"))
}

impl Visitor {
    pub fn texts(&self) -> Texts {
        self.view.texts(&LOCALES)
    }

    pub fn page(&self, title: String) -> Page {
        if let Some(session) = &self.session {
            let acting = (session.acting.as_ref(), self.view.path());
            return signed_page(&self.view, session, title, acting);
        }
        let t = self.texts();
        self.view.page(title).nav([
            NavItem::new("/", t.get("nav-home")),
            NavItem::new("/account", t.get("nav-account")),
            NavItem::new("/postbox", t.get("nav-postbox")),
            NavItem::new("/verify", t.get("nav-verify")),
        ])
    }
}

impl Signed {
    pub fn texts(&self) -> Texts {
        self.view.texts(&LOCALES)
    }

    pub fn page(&self, title: String) -> Page {
        signed_page(&self.view, &self.session, title, (self.acts_for.as_ref(), &self.here))
    }

    pub async fn account(&self) -> Result<AccountServiceClient<AuthChannel>, Response> {
        Ok(AccountServiceClient::new(self.channel("account").await?))
    }

    pub async fn organisation(&self) -> Result<OrganisationServiceClient<AuthChannel>, Response> {
        Ok(OrganisationServiceClient::new(self.channel("organisation").await?))
    }

    pub async fn mandates(&self) -> Result<MandateServiceClient<AuthChannel>, Response> {
        Ok(MandateServiceClient::new(self.channel("organisation").await?))
    }

    pub async fn rights(&self) -> Result<MailboxRightsServiceClient<AuthChannel>, Response> {
        Ok(MailboxRightsServiceClient::new(self.channel("organisation").await?))
    }

    pub async fn choice(&self) -> Result<MailboxChoiceServiceClient<AuthChannel>, Response> {
        Ok(MailboxChoiceServiceClient::new(self.channel("postbox").await?))
    }

    pub async fn identity(&self) -> Result<SelfServiceClient<AuthChannel>, Response> {
        Ok(SelfServiceClient::new(self.channel("identity").await?))
    }

    pub async fn mailbox(&self) -> Result<MailboxServiceClient<AuthChannel>, Response> {
        Ok(MailboxServiceClient::new(self.channel("postbox").await?))
    }

    pub async fn settings(&self) -> Result<MailboxSettingsServiceClient<AuthChannel>, Response> {
        Ok(MailboxSettingsServiceClient::new(self.channel("postbox").await?))
    }

    pub async fn evidence(&self) -> Result<EvidenceServiceClient<AuthChannel>, Response> {
        Ok(EvidenceServiceClient::new(self.channel("postbox").await?))
    }

    pub async fn channel(&self, service: &'static str) -> Result<AuthChannel, Response> {
        let channel = self.app.channel(&self.session, service).await;
        channel.map_err(|error| self.oidc(&error))
    }

    pub fn oidc(&self, error: &OidcError) -> Response {
        trouble::oidc(&self.view, error, &self.here)
    }

    /// The page for a call that a service refused.
    pub fn refuse(&self, service: &'static str, status: &tonic::Status) -> Response {
        if status.code() == tonic::Code::Unauthenticated {
            self.app.channels.drop_one(self.session.key, service);
        }
        trouble::refused(self, status)
    }

    pub fn problem(&self, problem: Problem) -> Response {
        self.view.problem(problem)
    }
}

/// A link to reach `level` and come back to `target`.
pub fn raise(level: TrustLevel, target: &str, text: String) -> Link {
    Link::primary(login_path(Some(level), target), text)
}
