//! Cookies named and flagged by the origin's scheme (RFC 6265bis §4.1.3.2: `__Host-`).

use std::convert::Infallible;
use std::time::Duration;

use axum::response::{IntoResponseParts, ResponseParts};
use axum_extra::extract::CookieJar;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

/// How the browser reaches the origin. Plain http exists only in the sandbox, on loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

/// A `Set-Cookie` header: `Path=/; HttpOnly; SameSite=Lax`, and `Secure` on https.
/// Put it into a response like any other part: `(cookie, Redirect::to("/"))`.
#[derive(Clone, Debug)]
#[must_use]
pub struct SetCookie {
    name: String,
    value: String,
    max_age: Option<Duration>,
    secure: bool,
}

impl Scheme {
    /// The scheme of an origin such as `https://portal.example`; anything but `https` counts as http.
    pub fn of(origin: &str) -> Self {
        let https = origin.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://"));
        if https { Self::Https } else { Self::Http }
    }

    pub fn is_https(self) -> bool {
        self == Self::Https
    }

    /// `__Host-siegel_session` on https, `siegel_session` on http.
    pub fn cookie_name(self, name: &str) -> String {
        match self {
            Self::Https => format!("__Host-siegel_{name}"),
            Self::Http => format!("siegel_{name}"),
        }
    }

    /// A cookie for this browser session. Characters a cookie value may not hold are dropped
    /// (RFC 6265 §4.1.1), so encode anything that is not base64url or plain text yourself.
    pub fn cookie(self, name: &str, value: impl Into<String>) -> SetCookie {
        let mut value = value.into();
        value.retain(|c| c.is_ascii_graphic() && !matches!(c, '"' | ',' | ';' | '\\'));
        SetCookie { name: self.cookie_name(name), value, max_age: None, secure: self.is_https() }
    }

    /// Tells the browser to forget the cookie.
    pub fn expire(self, name: &str) -> SetCookie {
        self.cookie(name, "").max_age(Duration::ZERO)
    }

    /// The value the browser sent for `name`, if any.
    pub fn read(self, headers: &HeaderMap, name: &str) -> Option<String> {
        let jar = CookieJar::from_headers(headers);
        jar.get(&self.cookie_name(name)).map(|c| c.value().to_owned())
    }
}

impl SetCookie {
    /// Keeps the cookie beyond the browser session, for whole seconds of `span`.
    pub fn max_age(mut self, span: Duration) -> Self {
        self.max_age = Some(span);
        self
    }

    /// The header's value.
    pub fn to_header(&self) -> HeaderValue {
        let mut text = format!("{}={}; Path=/; HttpOnly; SameSite=Lax", self.name, self.value);
        if self.secure {
            text.push_str("; Secure");
        }
        if let Some(age) = self.max_age {
            text.push_str("; Max-Age=");
            text.push_str(&age.as_secs().to_string());
        }
        // Name and value were cut to visible ASCII above.
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

impl IntoResponseParts for SetCookie {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.headers_mut().append(SET_COOKIE, self.to_header());
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_on_https_is_bound_to_the_host() {
        let cookie = Scheme::of("https://portal.example").cookie("session", "abc");
        assert_eq!(
            cookie.to_header(),
            "__Host-siegel_session=abc; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
    }

    #[test]
    fn a_cookie_on_http_has_another_name_and_is_not_secure() {
        let cookie = Scheme::of("http://localhost:8080").expire("session");
        assert_eq!(
            cookie.to_header(),
            "siegel_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }

    #[test]
    fn a_value_cannot_add_attributes() {
        let cookie = Scheme::Https.cookie("lang", "de; Domain=evil.example\r\nX: y");
        assert_eq!(
            cookie.to_header(),
            "__Host-siegel_lang=deDomain=evil.exampleX:y; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
    }
}
