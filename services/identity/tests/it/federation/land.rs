//! An identity service that trusts providers, and browsers that visit it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use siegel_config::Profile;
use siegel_crypto::sha256;
use siegel_db::Db;
use siegel_egress::{Egress, EgressSettings};
use siegel_identity::app::{deliver_outbox, sessions, upstreams};
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::store::sessions as stored;
use siegel_identity::upstream_config::{Registration, Source, UpstreamConfig};
use siegel_testkit::TestClock;
use tower::ServiceExt as _;
use url::{Url, form_urlencoded};

use super::provider::Provider;
use crate::world::{ORIGIN, World, cookie, encoded, request};

/// What came back.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    pub location: String,
}

pub struct Land {
    pub world: World,
    pub provider: Provider,
    router: Router,
}

/// The settings of a provider that is called `id` here.
pub fn settings(provider: &Provider, id: &str) -> Value {
    json!({
        "id": id,
        "name": format!("Servicekonto {id}"),
        "issuer": provider.issuer,
        "client_id": "land-a",
        "auth": "client_secret_basic",
        "client_secret": "s:cret/+",
        "level_cap": "substantial",
        "acr_table": { "low": "low", "substantial": "substantial", "high": "high" },
        "acr_request": { "low": "low", "substantial": "substantial", "high": "high" },
        "attributes": [
            { "claim": "given_name", "attribute": "given_name" },
            { "claim": "family_name", "attribute": "family_name" },
            { "claim": "birthdate", "attribute": "date_of_birth" },
        ],
    })
}

pub fn registration(settings: Value) -> Registration {
    let config: UpstreamConfig = serde_json::from_value(settings).unwrap();
    config.registration(Source::Applied, false).unwrap()
}

impl Land {
    /// Trusts one provider, `land-b`.
    pub async fn new(db: Db) -> Self {
        Self::with(db, |_| {}).await
    }

    /// As [`Land::new`], with its settings changed.
    pub async fn with(db: Db, change: impl FnOnce(&mut Value)) -> Self {
        let mut world = World::new(db).await;
        let provider = Provider::start(world.clock.clone()).await;
        world.state.outside.egress = egress(&[&provider]);
        let router = siegel_identity::router(&world.state);
        let mut own = settings(&provider, "land-b");
        change(&mut own);
        let land = Self { world, provider, router };
        land.applies(own).await;
        land
    }

    /// Trusts another provider as well.
    pub async fn trusts(&mut self, other: &Provider, id: &str) {
        self.world.state.outside.egress = egress(&[&self.provider, other]);
        self.router = siegel_identity::router(&self.world.state);
        self.applies(settings(other, id)).await;
    }

    pub async fn applies(&self, settings: Value) {
        let registration = registration(settings);
        upstreams::apply(&self.world.state, &registration, "operator:test").await.unwrap();
    }

    /// Serves the state as it was changed.
    pub fn renewed(&mut self) {
        self.router = siegel_identity::router(&self.world.state);
    }

    pub fn clock(&self) -> &Arc<TestClock> {
        &self.world.clock
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser { land: self, cookies: BTreeMap::new(), csrf: String::new() }
    }

    /// A browser of this session.
    pub fn browser_of(&self, session: &SessionView) -> Browser<'_> {
        let mut browser = self.browser();
        browser.cookies.insert("siegel_session".into(), cookie(session.id));
        browser
    }

    /// A request of the portal: the first of its pages.
    pub async fn asks<const N: usize>(&self, changes: [(&str, &str); N]) -> String {
        let path = format!("/authorize?{}", encoded(&request(changes)));
        self.world.get(&path).await.header("location")
    }

    /// Does what waits in the outbox.
    pub async fn delivers(&self) {
        let state = &self.world.state;
        let handle = |job| deliver_outbox::handle(state.clone(), job);
        while state.outbox.step(&handle).await.unwrap() {}
    }

    /// Logs in with the account elsewhere, in a new browser.
    pub async fn logs_in(&self) -> (Page, Browser<'_>) {
        let first = self.asks([]).await;
        let mut browser = self.browser();
        let page = browser.through(&first).await;
        (page, browser)
    }

    pub async fn refusals(&self) -> Vec<String> {
        let all = self.world.audited().await;
        let refused = |(kind, outcome): (String, String)| {
            (kind == "identity.upstream.refused").then_some(outcome)
        };
        all.into_iter().filter_map(refused).collect()
    }
}

fn egress(providers: &[&Provider]) -> Egress {
    egress_to(&providers.iter().map(|p| (&*p.pair, &*p.root_pem)).collect::<Vec<_>>())
}

/// A way to these pairs of host and port, each with its certificate.
pub fn egress_to(places: &[(&str, &str)]) -> Egress {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("roots.pem");
    let roots: String = places.iter().map(|(_, root)| *root).collect();
    std::fs::write(&file, roots).unwrap();
    let allow = places.iter().map(|(pair, _)| (*pair).to_owned()).collect();
    let settings = EgressSettings { allow, extra_root_file: Some(file) };
    Egress::new(&settings, Profile::Sandbox).unwrap()
}

/// A browser with its cookies.
#[derive(Clone)]
pub struct Browser<'a> {
    land: &'a Land,
    pub cookies: BTreeMap<String, String>,
    csrf: String,
}

impl Browser<'_> {
    pub async fn get(&mut self, path: &str) -> Page {
        let path = path.strip_prefix(ORIGIN).unwrap_or(path);
        self.send(Request::get(path), Body::empty()).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf_token", &self.csrf).extend_pairs(fields);
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", ORIGIN);
        self.send(request, Body::from(form.finish())).await
    }

    async fn send(&mut self, request: http::request::Builder, body: Body) -> Page {
        let cookies: Vec<_> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let request = request
            .header("host", "localhost:8080")
            .header("accept", "text/html")
            .header("cookie", cookies.join("; "));
        let request = request.body(body).unwrap();
        let response = self.land.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        if let Some((_, rest)) = body.split_once("name=\"csrf_token\" value=\"") {
            rest.split('"').next().unwrap().clone_into(&mut self.csrf);
        }
        let location = parts.headers.get("location");
        let location = location.map(|l| l.to_str().unwrap().to_owned()).unwrap_or_default();
        Page { status: parts.status, headers: parts.headers, body, location }
    }

    /// To the provider: where it sends the browser back to.
    pub async fn goes(&mut self, first: &str) -> String {
        self.goes_to(first, "land-b", &self.land.provider).await
    }

    pub async fn goes_to(&mut self, first: &str, id: &str, provider: &Provider) -> String {
        self.get(first).await;
        let page = self.get(&format!("{first}/upstream?to={id}")).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
        provider.logs_in(&page.location)
    }

    /// Back from the provider, through the callback, to the page at its end.
    pub async fn comes(&mut self, back: &str) -> Page {
        let page = self.get(back).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
        assert!(!page.location.contains("code="), "no code stays in an address");
        self.get(&page.location).await
    }

    /// To the callback once more.
    pub async fn comes_again(&mut self, back: &str) -> Page {
        self.get(back).await
    }

    /// There and back.
    pub async fn through(&mut self, first: &str) -> Page {
        let back = self.goes(first).await;
        self.comes(&back).await
    }

    /// Its session as it stands.
    pub async fn session(&self) -> Option<SessionView> {
        let state = &self.land.world.state;
        let hash = sha256(self.cookies.get("siegel_session")?.as_bytes());
        let mut tx = state.outside.db.read().await.unwrap();
        let session = stored::by_token(&mut tx, &hash).await.unwrap()?;
        sessions::view(&mut tx, session.id, state.now()).await.unwrap()
    }
}

/// A parameter of an address.
pub fn parameter(address: &str, name: &str) -> Option<String> {
    let url = Url::parse(address).unwrap();
    url.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
}

/// The hidden value of a form.
pub fn hidden(body: &str, name: &str) -> String {
    let (_, rest) = body.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}
