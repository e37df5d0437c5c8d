//! The OpenID Provider's endpoints.

mod answer;
mod authorize;
mod cors;
mod register;
mod tokens;
mod userinfo;
mod well_known;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use siegel_web::protect;

use crate::app::connection;
use crate::state::Identity;

/// No request of the protocol is larger, bytes.
const LARGEST: usize = 64 * 1024;

/// `/authorize /token /par /userinfo /revoke /introspect /register /.well-known/*`
pub fn router(state: Identity) -> Router {
    let face = state.people.face.clone();
    let browser = Router::new()
        .route("/authorize", get(authorize::get).post(authorize::post))
        .with_state(state.clone());
    let clients = Router::new()
        .route("/token", post(tokens::token).fallback(tokens::only_post))
        .route("/userinfo", get(userinfo::answer).post(userinfo::answer))
        .route("/.well-known/openid-configuration", get(well_known::metadata))
        .route("/.well-known/oauth-authorization-server", get(well_known::metadata))
        .route("/.well-known/jwks.json", get(well_known::keys))
        .layer(from_fn(cors::allow))
        .route("/par", post(tokens::par).fallback(tokens::only_post))
        .route("/revoke", post(tokens::revoke).fallback(tokens::only_post))
        .route("/introspect", post(tokens::introspect).fallback(tokens::only_post))
        .merge(register::router(&state))
        .with_state(state);
    let all = protect(browser, &face).merge(clients).layer(DefaultBodyLimit::max(LARGEST));
    all.layer(from_fn(connection::known))
}
