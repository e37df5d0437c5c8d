//! A portal, its surroundings, and one browser.

use std::sync::Arc;

use axum::Router;
use siegel_crypto::load_signing_key;
use siegel_db::Db;
use siegel_grpc::{Outside, testing};
use siegel_testkit::{Backend, CountingEntropy, TestClock, test_db};

use super::browser::Browser;
use super::identity::{FakeIdentity, ISSUER};
use super::services::Services;
use crate::app::App;
use crate::{Config, MIGRATIONS, pages};

pub struct World {
    pub app: App,
    pub router: Router,
    pub clock: Arc<TestClock>,
    pub identity: Arc<FakeIdentity>,
    pub services: Arc<Services>,
    pub browser: Browser,
    _keep: (tempfile::TempDir, siegel_testkit::TestDb),
}

impl World {
    pub async fn new() -> Self {
        Self::at(ISSUER).await
    }

    pub async fn at(origin: &str) -> Self {
        let test = test_db(Backend::Sqlite, &MIGRATIONS).await.unwrap();
        let clock = Arc::new(TestClock::default());
        let services = Services::new();
        let identity = FakeIdentity::start(clock.clone(), origin).await;
        let dir = tempfile::tempdir().unwrap();
        let outside = outside(test.db.clone(), &clock, &services);
        let outside = Outside { origin: origin.to_owned(), ..outside };
        let config = Config {
            identity_url: Some(identity.url.clone()),
            ..Config::new(dir.path().join("client.pem"), dir.path().join("session-key"))
        };
        let app = App::new(config.clone(), outside).unwrap();
        identity.register(&load_signing_key(&config.client_key_file, false).unwrap());
        let router = pages::router(app.clone());
        let browser = Browser::new(router.clone(), origin);
        Self { app, router, clock, identity, services, browser, _keep: (dir, test) }
    }

    /// Another browser at the same portal.
    pub fn stranger(&self) -> Browser {
        Browser::new(self.router.clone(), &self.app.outside.origin)
    }

    /// The parameters of a good answer to the latest log-in.
    pub fn answer(&self) -> String {
        let state = self.identity.said().pushed["state"].clone();
        let iss: String =
            url::form_urlencoded::byte_serialize(self.identity.issuer.as_bytes()).collect();
        format!("/account/callback?state={state}&code=good&iss={iss}")
    }

    /// Brings an answer to the browser, which must end at a page that says why (`why=…`).
    pub async fn fails(&mut self, answer: &str, why: &str) -> super::browser::Page {
        let page = self.browser.get(answer).await;
        let way = page.location.unwrap_or_else(|| panic!("{} {}", page.status, page.body));
        assert!(way.starts_with(&format!("/account/login/failed?why={why}&")), "{way}");
        assert!(!self.browser.cookies.contains_key("siegel_portal"));
        let page = self.browser.get(&way).await;
        assert_eq!(page.status, 400);
        page
    }

    /// Logs the browser in and comes back to `target`.
    pub async fn log_in(&mut self, target: &str) {
        let begun = self.browser.get(&crate::tests::login_path(target)).await;
        assert_eq!(begun.status, 303, "{}", begun.body);
        let answer = self.answer();
        let back = self.browser.get(&answer).await;
        assert_eq!((back.status, back.location.as_deref()), (303, Some(target)), "{}", back.body);
    }
}

pub fn outside(db: Db, clock: &Arc<TestClock>, services: &Arc<Services>) -> Outside {
    let entropy = Arc::new(CountingEntropy::default());
    testing::outside("portal", db, clock.clone(), entropy, &services.fakes())
}
