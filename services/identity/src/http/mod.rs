//! The public face: OpenID Connect and the log-in pages.

pub mod answer;
pub mod op;
pub mod pages;

fluent_templates::static_loader! {
    pub(crate) static LOCALES = {
        locales: "./locales",
        fallback_language: "de",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}
