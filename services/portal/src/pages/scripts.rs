//! The scripts of the page that verifies receipts, embedded: a second verifier of our own, which
//! `tests/clients/node` holds to the first.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};

const SCRIPTS: [(&str, &str); 6] = [
    ("page.mjs", include_str!("../../assets/page.mjs")),
    ("receipt.mjs", include_str!("../../assets/receipt.mjs")),
    ("receipt-claims.mjs", include_str!("../../assets/receipt-claims.mjs")),
    ("receipt-log.mjs", include_str!("../../assets/receipt-log.mjs")),
    ("receipt-words.mjs", include_str!("../../assets/receipt-words.mjs")),
    ("strict-json.mjs", include_str!("../../assets/strict-json.mjs")),
];
const FOREVER: &str = "public, max-age=31536000, immutable";
const SHORT: &str = "public, max-age=300";

/// Of all scripts together, since they import each other from beside them. FNV-1a over 64 bits: it
/// tells versions apart, it proves nothing.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let bytes = SCRIPTS.iter().flat_map(|(_, text)| text.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
});

/// Where the page finds its script on its own origin.
pub fn href() -> String {
    format!("/assets/verify/{}/page.mjs", *VERSION)
}

/// Serves `/assets/verify/<version>/*.mjs`.
pub fn router() -> Router {
    Router::new().route("/assets/verify/{version}/{name}", get(script))
}

async fn script(Path((version, name)): Path<(String, String)>) -> Response {
    let Some((_, text)) = SCRIPTS.into_iter().find(|(known, _)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // While a release rolls out, pages of the other version ask for their own scripts.
    let keep = if version == *VERSION { FOREVER } else { SHORT };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static(keep)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, text).into_response()
}
