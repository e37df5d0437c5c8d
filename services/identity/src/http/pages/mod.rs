//! The log-in pages. Every step works without script; every POST carries a form token and answers
//! 303 to a GET (RFC 9700 §4.12).

mod act_for;
mod consent;
mod credentials;
mod guest;
mod login;
mod logout;
mod register;
mod step_up;
mod upstream;
mod upstream_claim;
mod upstream_link;
mod visit;
mod who;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use siegel_web::protect;

use crate::app::connection;
use crate::state::Identity;

/// `/login/*` and `/logout`.
pub fn router(state: Identity) -> Router {
    let face = state.people.face.clone();
    let pages = Router::new()
        .route("/logout", get(logout::show).post(logout::forward))
        .route("/login/logout", get(logout::done).post(logout::submit))
        .route("/login/{interaction}", get(login::show).post(login::submit))
        .route("/login/{interaction}/cancel", post(login::cancel))
        .route("/login/{interaction}/register", get(register::show).post(register::submit))
        .route("/login/{interaction}/confirm", get(register::code).post(register::confirm))
        .route("/login/{interaction}/step-up", get(step_up::show).post(step_up::submit))
        .route("/login/{interaction}/eid", get(step_up::back))
        .route("/login/{interaction}/guest", get(guest::back))
        .route("/login/{interaction}/keep", post(guest::keep_here))
        .route("/login/keep", post(guest::keep))
        .route("/login/{interaction}/upstream", get(upstream::show).post(upstream::confirm))
        .route("/login/upstream/{id}/callback", get(upstream::callback))
        .route("/login/upstream/{id}/jwks", get(upstream::keys))
        .route("/login/upstream/{id}/link", get(upstream_link::show).post(upstream_link::submit))
        .route("/login/upstream/{id}/claim", get(upstream_claim::show).post(upstream_claim::submit))
        .route("/login/{interaction}/act-for", get(act_for::show).post(act_for::submit))
        .route("/login/{interaction}/consent", get(consent::show).post(consent::submit))
        .merge(credentials::router())
        .with_state(state);
    protect(pages, &face).layer(from_fn(connection::known))
}

#[cfg(test)]
mod tests;
