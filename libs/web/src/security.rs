//! Response headers, the cross-origin check and the language switch: one layer around a face.

use std::sync::Arc;

use axum::Router;
use axum::extract::{OriginalUri, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION,
    REFERRER_POLICY, SET_COOKIE, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use url::{Origin, Url};

use crate::csrf::{self, Browser};
use crate::face::Face;
use crate::i18n::Locale;
use crate::problem::Problem;
use crate::view::View;

/// An origin to which the form on this page may lead after redirects. Chromium applies
/// `form-action` to them too (CSP 3 §6.4.2), so a login page names its client's redirect URI.
/// Put it into the response's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormAction(String);

/// Several of them, if a page needs more than one.
#[derive(Clone, Debug, Default)]
pub(crate) struct FormActions(Vec<FormAction>);

impl FormAction {
    /// The origin of `url`; for a scheme of its own (`com.example.app:/cb`) the scheme; `None`
    /// for what no form may lead to.
    pub fn of(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        if matches!(url.scheme(), "javascript" | "data" | "blob" | "file" | "about") {
            return None;
        }
        match url.origin() {
            // CSP has no syntax for IPv6 addresses; RFC 8252 §7.3 allows them on loopback only.
            Origin::Tuple(scheme, url::Host::Ipv6(host), _) if host.is_loopback() => {
                Some(Self(format!("{scheme}:")))
            }
            Origin::Tuple(_, url::Host::Ipv6(_), _) => None,
            origin @ Origin::Tuple(..) => Some(Self(origin.ascii_serialization())),
            Origin::Opaque(_) => Some(Self(format!("{}:", url.scheme()))),
        }
    }

    /// Adds this origin to what the page in `response` may lead to.
    #[must_use]
    pub fn on(self, mut response: Response) -> Response {
        response.extensions_mut().get_or_insert_default::<FormActions>().0.push(self);
        response
    }
}

/// An origin whose images this page may show, such as the logo of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSource(String);

/// All of a page.
#[derive(Clone, Debug, Default)]
struct ImageSources(Vec<ImageSource>);

impl ImageSource {
    /// The origin of `url`; `None` for anything but https.
    pub fn of(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok().filter(|url| url.scheme() == "https")?;
        // CSP has no syntax for IPv6 addresses.
        (!matches!(url.host(), Some(url::Host::Ipv6(_))))
            .then(|| Self(url.origin().ascii_serialization()))
    }

    /// Lets the page in `response` show them.
    #[must_use]
    pub fn on(self, mut response: Response) -> Response {
        let all = &mut response.extensions_mut().get_or_insert_default::<ImageSources>().0;
        if !all.contains(&self) {
            all.push(self);
        }
        response
    }
}

/// No cookie of ours goes with this response: it is met under another name than our origin's. Put
/// it into the response's extensions.
#[derive(Clone, Copy, Debug)]
pub struct WithoutCookies;

/// Puts `face` around `router`: security headers on every response, refusal of POSTs from other
/// origins, `?lang=`, friendly pages for bare errors, and everything [`View`] needs. Adds no
/// fallback, so protected routers can be merged.
pub fn protect<S>(router: Router<S>, face: &Face) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let face = Arc::new(face.clone());
    let exempt = Arc::clone(&face);
    let layer = CsrfLayer::new()
        .with_insecure_bypass(move |_: &Method, uri: &Uri| exempt.is_exempt(uri.path()));
    // Behind an ingress the Host may be rewritten; our own origin is always right.
    let layer = layer.clone().add_trusted_origin(&face.origin).unwrap_or(layer);
    router.layer(layer).layer(from_fn_with_state(face, around))
}

async fn around(State(face): State<Arc<Face>>, request: Request, next: Next) -> Response {
    if let Some(mut redirect) = switch_language(&face, &request) {
        set_headers(&face, &mut redirect);
        return redirect;
    }
    let browser = Arc::new(Browser::new(face.scheme.read(request.headers(), csrf::COOKIE)));
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(Arc::clone(&face));
    parts.extensions.insert(Arc::clone(&browser));
    let before = parts.clone();

    let mut response = next.run(Request::from_parts(parts, body)).await;
    // A POST from elsewhere comes without our Lax cookie: a new one would spoil the forms that
    // this browser has open.
    let from_elsewhere = response.extensions().get::<ProtectionError>().is_some()
        || (before.method == Method::POST && face.is_exempt(before.uri.path()));
    if let Some(problem) = unfriendly(&before.headers, &response)
        && let Ok(view) = View::new(Arc::clone(&face), Arc::clone(&browser), &before)
    {
        response = problem.page(&view, response.status());
    }
    let unwanted = from_elsewhere || response.extensions().get::<WithoutCookies>().is_some();
    if let Some(secret) = browser.minted().filter(|_| !unwanted) {
        let cookie = face.scheme.cookie(csrf::COOKIE, secret).to_header();
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    set_headers(&face, &mut response);
    response
}

/// The page to show instead of a bare error, when a browser asked.
fn unfriendly(request: &HeaderMap, response: &Response) -> Option<Problem> {
    if response.extensions().get::<ProtectionError>().is_some() {
        tracing::info!("a request from another origin was refused");
        return Some(Problem::CrossOrigin);
    }
    let status = response.status();
    let text = |headers: &HeaderMap, name| {
        headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).unwrap_or("").to_owned()
    };
    let bare = text(response.headers(), CONTENT_TYPE);
    let bare = bare.is_empty() || bare.starts_with("text/plain");
    let browser = text(request, ACCEPT).contains("text/html");
    (bare && browser && (status.is_client_error() || status.is_server_error()))
        .then(|| Problem::of(status))
}

/// `?lang=en`: keeps the choice in a cookie and leads back to the same page on this origin.
fn switch_language(face: &Face, request: &Request) -> Option<Response> {
    let uri = request.extensions().get::<OriginalUri>().map_or(request.uri(), |uri| &uri.0);
    if request.method() != Method::GET || face.is_exempt(uri.path()) {
        return None;
    }
    let pairs = || uri.query().unwrap_or_default().split('&');
    let chosen = pairs().find_map(|p| Locale::from_tag(p.strip_prefix("lang=")?))?;
    let kept: Vec<_> =
        pairs().filter(|p| !p.starts_with("lang=") && !p.starts_with("ui_locales=")).collect();
    // One slash and no backslash at the start: `//host` would lead to another origin.
    let mut target = format!("/{}", uri.path().trim_start_matches(['/', '\\']));
    if !kept.is_empty() {
        target.push('?');
        target.push_str(&kept.join("&"));
    }
    let year = std::time::Duration::from_hours(365 * 24);
    let cookie = face.scheme.cookie("lang", chosen.as_str()).max_age(year);
    let location = HeaderValue::from_str(&target).ok()?;
    Some((StatusCode::SEE_OTHER, cookie, [(LOCATION, location)]).into_response())
}

fn set_headers(face: &Face, response: &mut Response) {
    let policy = policy(face, response.extensions());
    let headers = response.headers_mut();
    // A handler may have set its own: assets are cached, downloads are sandboxed.
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if face.scheme.is_https() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

const FIXED: [(HeaderName, &str); 6] = [
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("x-frame-options"), "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

fn policy(face: &Face, extensions: &http::Extensions) -> HeaderValue {
    let one = extensions.get::<FormAction>().into_iter();
    let many = extensions.get::<FormActions>().into_iter().flat_map(|f| &f.0);
    let mut targets = String::new();
    for FormAction(target) in face.form_action.iter().chain(one).chain(many) {
        targets.push(' ');
        targets.push_str(target);
    }
    let mut images = String::new();
    for ImageSource(origin) in extensions.get::<ImageSources>().into_iter().flat_map(|all| &all.0) {
        images.push(' ');
        images.push_str(origin);
    }
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:{images}; script-src 'self'; \
         font-src 'self'; form-action 'self'{targets}; frame-ancestors 'none'; base-uri 'none'"
    );
    // Origins were serialised by `url`: ASCII, no semicolon, no space.
    HeaderValue::from_str(&policy)
        .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))
}

#[cfg(test)]
#[path = "security_tests.rs"]
mod tests;
