//! Cookies, redirects seen but not followed, forms with their tokens.

use std::collections::HashMap;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

pub struct Browser {
    router: Router,
    origin: String,
    pub cookies: HashMap<String, String>,
    /// `Set-Cookie` headers of the latest answer.
    pub set: Vec<String>,
    /// The form token of the latest page.
    pub token: String,
}

pub struct Page {
    pub status: u16,
    pub location: Option<String>,
    pub headers: HeaderMap,
    pub body: String,
    /// The same, for what is no text.
    pub bytes: axum::body::Bytes,
}

impl Browser {
    pub fn new(router: Router, origin: &str) -> Self {
        Self {
            router,
            origin: origin.to_owned(),
            cookies: HashMap::new(),
            set: Vec::new(),
            token: String::new(),
        }
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path), Body::empty()).await
    }

    /// Asks for some bytes only.
    pub async fn get_range(&mut self, path: &str, range: &str) -> Page {
        self.send(Request::get(path).header(header::RANGE, range), Body::empty()).await
    }

    /// Sends a form with the token of the latest page.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf_token", &self.token).extend_pairs(fields);
        let kind = "application/x-www-form-urlencoded";
        let request = Request::post(path).header(header::CONTENT_TYPE, kind);
        self.send(request, Body::from(form.finish())).await
    }

    /// Sends a form with files under one name, with the token of the latest page.
    pub async fn post_files(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        (name, files): (&str, &[(&str, &str)]),
    ) -> Page {
        use std::fmt::Write as _;
        let mut body = String::new();
        for (name, value) in fields.iter().chain([&("csrf_token", self.token.as_str())]) {
            let head = format!("Content-Disposition: form-data; name=\"{name}\"");
            write!(body, "--b\r\n{head}\r\n\r\n{value}\r\n").unwrap();
        }
        for (file, content) in files {
            let head = format!("form-data; name=\"{name}\"; filename=\"{file}\"");
            write!(body, "--b\r\nContent-Disposition: {head}\r\n\r\n{content}\r\n").unwrap();
        }
        body.push_str("--b--\r\n");
        let kind = "multipart/form-data; boundary=b";
        let request = Request::post(path).header(header::CONTENT_TYPE, kind);
        self.send(request, Body::from(body)).await
    }

    async fn send(&mut self, request: http::request::Builder, body: Body) -> Page {
        let cookies: Vec<_> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let request = request
            .header(header::COOKIE, cookies.join("; "))
            .header(header::ACCEPT, "text/html")
            .header(header::ACCEPT_LANGUAGE, "de")
            .header(header::HOST, self.origin.split("//").nth(1).unwrap())
            .header(header::ORIGIN, &self.origin)
            .body(body)
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
        self.set = parts.headers.get_all(header::SET_COOKIE).iter().map(text).collect();
        for line in &self.set {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some((_, rest)) = body.split_once("name=\"csrf_token\" value=\"") {
            rest.split('"').next().unwrap().clone_into(&mut self.token);
        }
        Page {
            status: parts.status.as_u16(),
            location: parts.headers.get(header::LOCATION).map(text),
            headers: parts.headers,
            body,
            bytes,
        }
    }
}
