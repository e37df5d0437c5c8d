//! The stylesheet, our mark and one script, embedded. The stylesheet's name changes with its content.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};

const STYLESHEET: &str = include_str!("../assets/siegel.css");
const FAVICON: &str = include_str!("../assets/favicon.svg");
const AUTO_SUBMIT: &str = include_str!("../assets/auto-submit.js");
const FOREVER: &str = "public, max-age=31536000, immutable";
const SHORT: &str = "public, max-age=300";

/// `siegel-<hash>.css`. FNV-1a over 64 bits: it tells versions apart, it proves nothing.
static STYLESHEET_NAME: LazyLock<String> = LazyLock::new(|| {
    let hash = STYLESHEET.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("siegel-{hash:016x}.css")
});

static STYLESHEET_HREF: LazyLock<String> =
    LazyLock::new(|| format!("/assets/{}", *STYLESHEET_NAME));

/// Where pages find the stylesheet on their own origin.
pub fn stylesheet_href() -> &'static str {
    &STYLESHEET_HREF
}

/// A script that presses the button of the page's `form[data-auto-submit]`: for pages that only
/// lead on. They must work without it.
pub const fn auto_submit_href() -> &'static str {
    "/assets/auto-submit.js"
}

/// Serves `/assets/*`. One service per origin does this (the portal's path).
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{name}", get(asset))
}

async fn asset(Path(name): Path<String>) -> Response {
    let (media_type, text, keep) = match name.as_str() {
        "auto-submit.js" => ("text/javascript; charset=utf-8", AUTO_SUBMIT, SHORT),
        "favicon.svg" => ("image/svg+xml", FAVICON, SHORT),
        name if name == *STYLESHEET_NAME => ("text/css; charset=utf-8", STYLESHEET, FOREVER),
        // While a release rolls out, pages of the other version ask for their own stylesheet.
        name if name.starts_with("siegel-") && has_extension(name, "css") => {
            ("text/css; charset=utf-8", STYLESHEET, SHORT)
        }
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CACHE_CONTROL, HeaderValue::from_static(keep)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, text).into_response()
}

fn has_extension(name: &str, extension: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case(extension))
}
