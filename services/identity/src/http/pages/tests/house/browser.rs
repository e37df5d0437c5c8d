//! Browsers that visit the house.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use siegel_grpc::ClientCertificate;
use tower::ServiceExt as _;

use super::{House, LISTENER};
use crate::domain::interaction::InteractionId;

/// The password of all tests.
pub const PASSWORD: &str = "vier lange Pferde singen";

/// A browser: keeps cookies and the form token of the last page.
#[derive(Clone)]
pub struct Browser<'a> {
    house: &'a House,
    pub cookies: BTreeMap<String, String>,
    pub csrf: String,
    /// Where it calls from, when that can be told.
    pub address: Option<std::net::IpAddr>,
}

/// What came back.
pub struct Page {
    pub status: StatusCode,
    pub location: String,
    pub headers: http::HeaderMap,
    pub body: String,
}

impl Page {
    /// The body without what differs from one rendering to the next.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        for (i, part) in self.body.split("name=\"csrf_token\" value=\"").enumerate() {
            out.push_str(if i == 0 { part } else { part.split_once('"').map_or("", |p| p.1) });
        }
        out
    }
}

impl<'a> Browser<'a> {
    /// Without any cookie.
    pub(super) const fn of(house: &'a House) -> Self {
        Self { house, cookies: BTreeMap::new(), csrf: String::new(), address: None }
    }

    /// The same browser, whose next request another replica answers.
    pub fn at<'b>(&self, house: &'b House) -> Browser<'b> {
        Browser {
            house,
            cookies: self.cookies.clone(),
            csrf: self.csrf.clone(),
            address: self.address,
        }
    }

    /// Time passes, seconds.
    pub fn later(&self, seconds: u64) {
        self.house.clock.advance(Duration::from_secs(seconds));
    }

    /// Without its session and without what it is known by.
    pub fn stranger(&self) -> Browser<'a> {
        self.house.browser()
    }

    pub async fn get(&mut self, path: &str) -> Page {
        let path = path.strip_prefix("http://localhost:8080").unwrap_or(path);
        self.send(Request::get(path), Body::empty()).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf_token", &self.csrf);
        form.extend_pairs(fields);
        let request = Request::post(path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(form.finish())).await
    }

    /// With an access token.
    pub async fn get_with(&mut self, path: &str, token: &str) -> Page {
        let bearer = format!("Bearer {token}");
        self.send(Request::get(path).header(header::AUTHORIZATION, bearer), Body::empty()).await
    }

    /// By a link of another site.
    pub async fn get_from(&mut self, site: &str, path: &str) -> Page {
        self.send(Request::get(path).header("sec-fetch-site", site), Body::empty()).await
    }

    /// Opens an address of the listener for certificates, where there are no cookies of ours and
    /// none are set.
    pub async fn at_listener(&self, url: &str, shown: Option<&ClientCertificate>) -> Page {
        self.at_listener_with(url, shown, "x-nothing", "").await
    }

    /// The same with a header.
    pub async fn at_listener_with(
        &self,
        url: &str,
        shown: Option<&ClientCertificate>,
        name: &'static str,
        value: &str,
    ) -> Page {
        let path = url.strip_prefix(LISTENER).expect("an address of the listener");
        let mut request = Request::get(path).header(name, value);
        if let (Some(shown), Some(extensions)) = (shown, request.extensions_mut()) {
            extensions.insert(shown.clone());
        }
        let page = self.house.browser().send(request, Body::empty()).await;
        assert!(page.headers.get(header::SET_COOKIE).is_none(), "{:?}", page.headers);
        page
    }

    async fn send(&mut self, request: http::request::Builder, body: Body) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let request = request
            .header(header::HOST, "localhost:8080")
            .header(header::ACCEPT, "text/html")
            .header(header::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0")
            .header(header::COOKIE, cookies.join("; "));
        let request = match self.address {
            Some(address) => request.extension(siegel_grpc::ClientAddress(address)),
            None => request,
        };
        let response =
            self.house.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        for set in response.headers().get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        if let Some((_, rest)) = body.split_once("name=\"csrf_token\" value=\"") {
            self.csrf = rest.split('"').next().unwrap().to_owned();
        }
        let location = headers.get(header::LOCATION).map(|v| v.to_str().unwrap().to_owned());
        Page { status, location: location.unwrap_or_default(), headers, body }
    }

    /// Registers on the pages of this request, with the code from the mail.
    pub async fn registers(&mut self, id: InteractionId, email: &str) -> Page {
        self.get(&format!("/login/{id}/register")).await;
        let fields = [("email", email), ("password", PASSWORD)];
        let sent = self.post(&format!("/login/{id}/register"), &fields).await;
        assert_eq!(sent.location, format!("/login/{id}/confirm"), "{}", sent.body);
        self.house.delivers().await;
        self.get(&format!("/login/{id}/confirm")).await;
        let code = self.house.last_mail().code;
        self.post(&format!("/login/{id}/confirm"), &[("code", &code)]).await
    }

    /// Opens the first page of a request and logs in there.
    pub async fn logs_in(&mut self, id: InteractionId, email: &str) -> Page {
        self.get(&format!("/login/{id}")).await;
        self.tries(id, email, PASSWORD).await
    }

    pub async fn tries(&mut self, id: InteractionId, email: &str, password: &str) -> Page {
        let fields = [("email", email), ("password", password)];
        self.post(&format!("/login/{id}"), &fields).await
    }

    /// Identifies with the card before the reader, from the page `page`.
    pub async fn identifies(&mut self, id: InteractionId, page: &str) -> Page {
        let sent = self.post(&format!("/login/{id}{page}"), &[("method", "eid")]).await;
        let eid = sent.location.rsplit('/').next().unwrap().to_owned();
        self.get(&format!("/login/{id}/eid?eid_session={eid}")).await
    }
}
