//! A running service with its clock, and a browser.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use siegel_db::Db;
use siegel_grpc::testing::{Fakes, outside, serve};
use siegel_grpc::{Caller, Outside, Running, reason};
use siegel_proto::eid::v1::identification_service_client::IdentificationServiceClient;
use siegel_proto::eid::v1::{
    FetchIdentificationRequest, FetchIdentificationResponse, StartIdentificationRequest,
};
use siegel_testkit::{CountingEntropy, TestClock};
use tonic::Status;
use tonic::transport::Channel;
use tower::ServiceExt as _;

use super::super::*;

pub const RETURN: &str = "http://localhost:8080/login/int_1/eid?x=1";

/// A running service with its clock, and the browser of one person.
pub struct House {
    pub running: Running,
    pub clock: Arc<TestClock>,
    pub _keys: tempfile::TempDir,
    /// What the browser that was last sent back carries.
    pub ticket: std::sync::Mutex<String>,
}

impl House {
    pub async fn new(db: Db) -> Self {
        let (clock, keys) = (Arc::new(TestClock::default()), tempfile::tempdir().unwrap());
        let config = Config {
            source: Source::Simulated,
            pseudonym_key_file: Some(keys.path().join("eid/pseudonym-key")),
            recipient: "Stadt Musterstadt".to_owned(),
        };
        let running = start(config, surroundings(db, clock.clone())).await.unwrap();
        Self { running, clock, _keys: keys, ticket: std::sync::Mutex::default() }
    }

    pub fn client_of(&self, sibling: &str) -> IdentificationServiceClient<Channel> {
        let caller = Caller::Sibling(sibling.to_owned());
        IdentificationServiceClient::new(serve(&self.running.grpc, caller))
    }

    /// Starts an identification and gives its id and the path of its page.
    pub async fn starts(
        &self,
        change: impl FnOnce(&mut StartIdentificationRequest),
    ) -> (String, String) {
        let started = self.tries_to_start(change).await.unwrap();
        let path = started.1.strip_prefix("http://localhost:8080").unwrap().to_owned();
        (started.0, path)
    }

    pub async fn tries_to_start(
        &self,
        change: impl FnOnce(&mut StartIdentificationRequest),
    ) -> Result<(String, String), Status> {
        let mut request = StartIdentificationRequest {
            request_id: "r1".to_owned(),
            attributes: vec!["family_name".into(), "birth_name".into()],
            purpose: "Vertrauensniveau hoch".to_owned(),
            return_url: RETURN.to_owned(),
            locale: "de".to_owned(),
        };
        change(&mut request);
        let started = self.client_of("identity").start_identification(request).await?.into_inner();
        Ok((started.session_id, started.browser_url))
    }

    pub async fn fetches(&self, id: &str) -> Result<FetchIdentificationResponse, Status> {
        let ticket = self.ticket.lock().unwrap().clone();
        let request = FetchIdentificationRequest { session_id: id.to_owned(), ticket };
        Ok(self.client_of("identity").fetch_identification(request).await?.into_inner())
    }

    /// Opens the page: status, HTML and the cookie to send with the form.
    pub async fn opens(&self, path: &str) -> (StatusCode, String, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = self.running.http.clone().oneshot(request).await.unwrap();
        let cookie = response.headers().get(header::SET_COOKIE);
        let cookie = cookie.map(|c| c.to_str().unwrap().split(';').next().unwrap().to_owned());
        let status = response.status();
        let html = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(html.to_vec()).unwrap(), cookie.unwrap_or_default())
    }

    /// Opens the page, fills in and sends: status, `Location`, HTML.
    pub async fn answers(&self, path: &str, fields: &str) -> (StatusCode, String, String) {
        let (_, html, cookie) = self.opens(path).await;
        let token = html.split("name=\"csrf_token\" value=\"").nth(1).unwrap_or_default();
        let token = token.split('"').next().unwrap().to_owned();
        self.posts(path, &cookie, &format!("csrf_token={token}&{fields}")).await
    }

    pub async fn posts(
        &self,
        path: &str,
        cookie: &str,
        body: &str,
    ) -> (StatusCode, String, String) {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, cookie)
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = self.running.http.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let to = response.headers().get(header::LOCATION).map(|l| l.to_str().unwrap().to_owned());
        if let Some((_, ticket)) = to.as_deref().and_then(|to| to.split_once("eid_ticket=")) {
            ticket.clone_into(&mut self.ticket.lock().unwrap());
        }
        let html = response.into_body().collect().await.unwrap().to_bytes();
        (status, to.unwrap_or_default(), String::from_utf8(html.to_vec()).unwrap())
    }
}

pub fn surroundings(db: Db, clock: Arc<TestClock>) -> Outside {
    outside("eid", db, clock, Arc::new(CountingEntropy::default()), &Fakes::new())
}

pub fn identify(persona: &str) -> String {
    format!("action=identify&persona={persona}&pin=123456")
}

pub fn refused_as<T>(answer: Result<T, Status>) -> String {
    answer.err().and_then(|status| reason(&status)).unwrap_or_default()
}
