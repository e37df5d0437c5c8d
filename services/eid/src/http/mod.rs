//! The page of the simulated card. Exists only where the simulated card does.

mod simulated;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use siegel_kernel::Entropy;
use siegel_web::{Branding, Csrf, Face};

use crate::app::App;
use crate::ports::simulated::SimulatedCard;

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "de",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// Bytes of a form; ours has under 500.
const FORM_MAX: usize = 4096;

/// What the handlers work with.
#[derive(Clone)]
struct State {
    app: Arc<App>,
    card: Arc<SimulatedCard>,
    recipient: Arc<str>,
}

/// `/eid/simulated/{session}`.
pub fn routes(
    app: &Arc<App>,
    card: Arc<SimulatedCard>,
    recipient: &str,
    entropy: Arc<dyn Entropy>,
) -> Router {
    let face = Face::new(&app.origin(), Csrf::new(&card.form_key(), entropy))
        .branding(Branding::new(recipient))
        .sandbox(true);
    let state = State { app: app.clone(), card, recipient: recipient.into() };
    let router = Router::new()
        .route("/eid/simulated/{session}", get(simulated::show).post(simulated::submit))
        .layer(DefaultBodyLimit::max(FORM_MAX))
        .with_state(state);
    siegel_web::protect(router, &face)
}
