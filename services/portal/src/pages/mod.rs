//! The pages. All of them work without script; the one that verifies receipts says how to do it then.

mod accesses;
mod account;
mod acting;
mod answer;
mod asked;
mod attachment;
mod attributes;
mod consents;
mod data;
mod disclosures;
mod documents;
mod export;
mod folders;
mod home;
mod invitation;
mod keep;
mod legal_form;
mod letter;
mod letter_routes;
mod login;
mod mailboxes;
mod mandate;
mod mandate_new;
mod mandate_words;
mod mandates;
mod names;
mod organisation;
mod organisation_members;
mod organisation_record;
mod postbox;
mod programs;
mod receipts;
mod reply;
mod revocation;
mod rich;
mod rights;
mod scripts;
mod search;
mod sections;
mod security;
mod settings;
mod substitutions;
mod trouble;
mod units;
mod verify;
mod visitor;
mod words;

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use siegel_web::{Branding, Csrf, Face};

use crate::app::App;

pub use visitor::{Signed, Visitor};

/// A page must be there within this time, with all its calls.
const DEADLINE: Duration = Duration::from_secs(10);
/// Forms are small.
const FORM_BYTES: usize = 64 << 10;

/// All pages of the portal and `/assets/*`.
pub fn router(app: App) -> Router {
    let outside = &app.outside;
    let mut branding = Branding::new(app.config.operator.clone());
    for link in &app.config.footer {
        branding = branding.footer_link(&link.de, &link.en, &link.href);
    }
    let face = Face::new(&outside.origin, Csrf::new(&app.csrf_key, outside.entropy.clone()))
        .branding(branding)
        .sandbox(!outside.profile.is_production());
    let pages = pages().route_layer(from_fn(bounded)).layer(DefaultBodyLimit::max(FORM_BYTES));
    let router = pages.merge(replies()).merge(safe()).merge(downloads()).with_state(app);
    siegel_web::protect(router, &face).merge(siegel_web::assets::router()).merge(scripts::router())
}

fn pages() -> Router<App> {
    Router::new()
        .route("/", get(home::show))
        .route("/account", get(account::show))
        .route("/account/login", get(login::begin))
        .route("/account/login/failed", get(login::explain))
        .route("/account/callback", get(login::finish))
        .route("/account/logout", get(login::to_account).post(login::end))
        .route("/account/edit", get(attributes::show).post(attributes::save))
        .route("/account/consents", get(consents::show).post(consents::withdraw))
        .route("/account/consents/{consent}", get(data::receipt::show))
        .route("/account/disclosures", get(disclosures::show))
        .route("/account/offers", get(data::offers::show).post(data::offers::decide))
        .route("/account/change", get(data::change::show).post(data::change::decide))
        .route(data::second::HERE, get(data::second::show))
        .route(data::shared::HERE, get(data::shared::show))
        .route("/account/history", get(data::history::show))
        .route("/account/staff", get(data::staff::show))
        .route("/account/documents/{document}", get(data::document::show).post(data::document::act))
        .route("/account/export", get(export::show))
        .route("/account/security", get(security::show).post(security::end_session))
        .route(acting::PAGE, get(acting::show).post(acting::switch))
        .route("/account/mandates", get(mandates::list).post(mandates::answer))
        .route("/account/mandates/new", get(mandate_new::form).post(mandate_new::give))
        .route("/account/mandates/{mandate}", get(mandate::show))
        .route("/account/mandates/{mandate}/end", get(mandate::again).post(mandate::end))
        .route("/account/mandates/{mandate}/review", get(mandate::again).post(mandate::review))
        .route("/organisation", get(organisation::list))
        .route("/organisation/new", get(organisation::form).post(organisation::create))
        .route("/organisation/{organisation}", get(organisation::show))
        .merge(of_organisations())
        .merge(organisations())
        .route("/postbox", get(postbox::list))
        .route("/postbox/accesses", get(accesses::mailbox))
        .route("/postbox/choose", get(mailboxes::choose))
        .route("/postbox/settings", get(settings::show))
        .route("/postbox/settings/choice", get(settings::again).post(settings::choose))
        .route("/postbox/settings/handle", get(settings::again).post(settings::revoke))
        .route("/postbox/{letter}", get(letter::preview))
        .route("/postbox/{letter}/open", get(letter::to_preview).post(letter::open))
        .route("/postbox/{letter}/read", get(letter::read))
        .route("/postbox/{letter}/confirm", get(letter::to_preview).post(answer::confirm))
        .route("/postbox/{letter}/refuse", get(answer::ask).post(answer::refuse))
        .route("/postbox/{letter}/accesses", get(accesses::letter))
        .route("/postbox/{letter}/move", get(letter::to_preview).post(folders::put))
        .route("/postbox/{letter}/replies/{receipt}", get(reply::confirmation))
        .route("/postbox/{letter}/receipts", get(receipts::list))
        .route("/postbox/{letter}/receipts/{receipt}", get(receipts::download))
        .route("/postbox/{letter}/receipts/{receipt}/pdf", get(documents::receipt))
        .route("/verify", get(verify::show))
}

/// Mailboxes of organisations, who may do what in them, and their units.
fn of_organisations() -> Router<App> {
    let mailboxes = "/organisation/{organisation}/mailboxes";
    let rights = "/organisation/{organisation}/rights";
    let substitutions = "/organisation/{organisation}/substitutions";
    let unit = "/organisation/{organisation}/units/{unit}";
    let close = "/organisation/{organisation}/mailboxes/{mailbox}/close";
    let letters = "/organisation/{organisation}/letters";
    let letter_route = "/organisation/{organisation}/letters/{route}";
    Router::new()
        .route(mailboxes, get(mailboxes::list).post(mailboxes::create))
        .route(close, get(mailboxes::ask).post(mailboxes::close))
        .route(letters, get(letter_routes::list))
        .route(letter_route, get(letter_routes::one).post(letter_routes::set))
        .route(rights, get(rights::show).post(rights::set))
        .route(substitutions, get(substitutions::show).post(substitutions::change))
        .route("/organisation/{organisation}/units", get(units::show).post(units::act))
        .route(unit, get(units::one::show).post(units::one::act))
}

/// Record, members and claims of organisations.
fn organisations() -> Router<App> {
    use {organisation_members as members, organisation_record as record};
    let program = "/organisation/{organisation}/programs/{program}";
    let form = "/organisation/{organisation}/record/legal-form";
    let revoke = "/organisation/{organisation}/programs/{program}/revoke";
    Router::new()
        .route(
            "/organisation/{organisation}/programs",
            get(programs::show).post(programs::register),
        )
        .route(program, get(programs::one))
        .route(revoke, get(programs::ask).post(programs::revoke))
        .route("/organisation/invitation", get(invitation::form).post(invitation::send))
        .route("/organisation/revoke", get(revocation::form).post(revocation::send))
        .route("/organisation/{organisation}/record", get(record::show).post(record::save))
        .route(form, get(record::again).post(legal_form::save))
        .route("/organisation/{organisation}/claim", get(record::again).post(record::claim))
        .route("/organisation/{organisation}/members", get(members::show).post(members::send))
        .route(
            "/organisation/{organisation}/members/role",
            get(members::again).post(members::change),
        )
        .route(
            "/organisation/{organisation}/members/remove",
            get(members::again).post(members::remove),
        )
        .route(
            "/organisation/{organisation}/members/revoke",
            get(members::again).post(members::revoke),
        )
        .route("/organisation/{organisation}/leave", get(members::again).post(members::leave))
}

/// Replies with their files.
fn replies() -> Router<App> {
    Router::new()
        .route("/postbox/{letter}/reply", get(reply::form).post(reply::send))
        .route_layer(from_fn(bounded))
        .layer(DefaultBodyLimit::max(reply::LARGEST + 2 * FORM_BYTES))
}

/// The document safe, which takes files.
fn safe() -> Router<App> {
    Router::new()
        .route("/account/documents", get(data::safe::show).post(data::safe::upload))
        .route_layer(from_fn(bounded))
        .layer(DefaultBodyLimit::max(data::safe::LARGEST + 2 * FORM_BYTES))
}

/// What may take longer than a page.
fn downloads() -> Router<App> {
    let attachment = "/postbox/{letter}/attachments/{attachment}";
    Router::new()
        .route(attachment, get(attachment::download))
        .route("/postbox/{letter}/attachments/{attachment}/keep", post(keep::keep))
        .route("/postbox/{letter}/attachments.zip", get(attachment::all))
        .route("/account/consents/{consent}/receipt.json", get(data::receipt::download))
        .route("/account/disclosures/export", get(data::staff::export))
        .route("/account/documents/{document}/file", get(data::document::download))
        .route("/postbox/export", get(documents::mailbox))
        .route("/account/export.zip", get(export::download))
        .route("/postbox/{letter}/proof", get(documents::proof))
}

/// Ends a page that takes too long, and passes the time that is left on to the services.
async fn bounded(request: Request, next: Next) -> Response {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    let work = siegel_grpc::with_deadline(Some(deadline), next.run(request));
    match tokio::time::timeout_at(deadline, work).await {
        Ok(response) => response,
        // `protect` puts the page around it.
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
