//! Two of us: each the other's provider, over TLS.

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::json;
use siegel_crypto::sha256;
use siegel_db::Db;
use siegel_grpc::Outside;
use siegel_identity::app::{clients, sessions, upstreams};
use siegel_identity::config::ClientConfig;
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::store::{accounts, sessions as stored};
use siegel_identity::{Identity, Keys, MIGRATIONS};
use siegel_kernel::TrustLevel::{self, High, Low, Substantial};
use siegel_testkit::{Backend, on_each_backend, test_db};
use tower::ServiceExt as _;

use super::land::{egress_to, registration};
use super::provider::Place;
use crate::world::{World, cookie, encoded, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    two_lands_log_in_each_others_people_and_keep_their_caps,
}

/// One of the two.
struct Siegel {
    world: World,
    state: Identity,
    router: Router,
    origin: String,
}

/// A browser at one of the two; each has its own cookies.
#[derive(Default)]
struct Jar(Vec<(String, String)>);

impl Siegel {
    /// At `place`, with the other as provider `other` (capped) and as client of the same name.
    async fn new(db: Db, place: &Place, other: &Place, name: &str, cap: TrustLevel) -> Self {
        let world = World::new(db).await;
        let origin = format!("https://{}", place.pair);
        let outside = Outside {
            origin: origin.clone(),
            egress: egress_to(&[(&other.pair, &other.root_pem)]),
            ..world.state.outside.clone()
        };
        let config = (*world.state.config).clone();
        let keys = Keys::load(&config, true, &*outside.entropy).unwrap();
        let secret = world.state.config.token_signing_key_file.with_file_name("peer.secret");
        std::fs::write(&secret, "of-both-sides").unwrap();
        let peer: ClientConfig = serde_json::from_value(json!({
            "client_id": name,
            "name": name,
            "tenant": "musterstadt",
            "sector": "beispielau",
            "redirect_uris": [format!("https://{}/login/upstream/{name}/callback", other.pair)],
            "auth_method": "client_secret_basic",
            "secret_file": secret,
            "grant_types": ["authorization_code"],
            "scopes": ["openid", "profile"],
        }))
        .unwrap();
        let config = siegel_identity::Config {
            clients: config.clients.iter().cloned().chain([peer]).collect(),
            ..config
        };
        let registrations = config.registrations().unwrap();
        let state = Identity::new(config, outside, keys);
        clients::register(&state, &registrations).await.unwrap();
        let provider = registration(json!({
            "id": name,
            "name": name,
            "issuer": format!("https://{}", other.pair),
            "client_id": name,
            "auth": "client_secret_basic",
            "client_secret": "of-both-sides",
            "scopes": ["profile"],
            "userinfo": true,
            "level_cap": cap,
            "acr_table": { "low": "low", "substantial": "substantial", "high": "high" },
            "acr_request": { "low": "low", "substantial": "substantial", "high": "high" },
            "attributes": [{ "claim": "given_name", "attribute": "given_name" }],
        }));
        upstreams::apply(&state, &provider, "operator:test").await.unwrap();
        let router = siegel_identity::router(&state);
        Self { world, state, router, origin }
    }

    /// Where a GET leads, and the page.
    async fn get(&self, jar: &mut Jar, path: &str) -> (String, String) {
        let cookies: Vec<_> = jar.0.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let request = Request::get(path.strip_prefix(&self.origin).unwrap_or(path))
            .header("accept", "text/html")
            .header("cookie", cookies.join("; "));
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await;
        let (parts, body) = response.unwrap().into_parts();
        for set in parts.headers.get_all("set-cookie") {
            let (name, value) =
                set.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            jar.0.retain(|(n, _)| n != name);
            jar.0.push((name.to_owned(), value.to_owned()));
        }
        let location = parts.headers.get("location").map(|l| l.to_str().unwrap().to_owned());
        let body = body.collect().await.unwrap().to_bytes();
        (location.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    }

    /// A person of this land, logged in at this level.
    async fn person(&self, level: TrustLevel) -> Jar {
        let session = self.world.session(level).await;
        let mut tx = self.state.outside.db.begin().await.unwrap();
        accounts::open(&mut tx, session.account, self.state.now()).await.unwrap();
        tx.commit().await.unwrap();
        Jar(vec![("__Host-siegel_session".into(), cookie(session.id))])
    }

    /// The session behind a jar.
    async fn session(&self, jar: &Jar) -> Option<SessionView> {
        let (_, token) = jar.0.iter().find(|(n, _)| n == "__Host-siegel_session")?;
        let mut tx = self.state.outside.db.read().await.unwrap();
        let found = stored::by_token(&mut tx, &sha256(token.as_bytes())).await.unwrap()?;
        sessions::view(&mut tx, found.id, self.state.now()).await.unwrap()
    }
}

/// A person of `home` logs in at `here`, whose portal wants `acr`: the last page, the session.
async fn visits(here: &Siegel, home: &Siegel, at_home: &mut Jar, id: &str, acr: &str) -> Visited {
    let mut jar = Jar::default();
    let path = format!("/authorize?{}", encoded(&request([("acr_values", acr)])));
    let (first, _) = here.get(&mut jar, &path).await;
    here.get(&mut jar, &first).await;
    let (there, page) = here.get(&mut jar, &format!("{first}/upstream?to={id}")).await;
    assert!(there.starts_with(&home.origin), "{there} {page}");
    let (login, page) = home.get(at_home, &there).await;
    assert!(login.starts_with("/login/int_"), "{login} {page}");
    let (back, page) = home.get(at_home, &login).await;
    assert!(back.starts_with(&here.origin), "{back} {page}");
    let (kept, page) = here.get(&mut jar, &back).await;
    assert!(kept.starts_with(&first), "{kept} {page}");
    let (_, page) = here.get(&mut jar, &kept).await;
    Visited { page, session: here.session(&jar).await }
}

struct Visited {
    page: String,
    session: Option<SessionView>,
}

async fn two_lands_log_in_each_others_people_and_keep_their_caps(db: Db) {
    let second = test_db(Backend::Sqlite, &MIGRATIONS).await.unwrap();
    let (here, there) = (Place::found().await, Place::found().await);
    let a = Siegel::new(db, &here, &there, "peer", Substantial).await;
    let b = Siegel::new(second.db.clone(), &there, &here, "peer", Low).await;
    here.serve(a.router.clone());
    there.serve(b.router.clone());

    let mut erika = b.person(Substantial).await;
    let visited = visits(&a, &b, &mut erika, "peer", "substantial").await;
    let first = visited.session.expect(&visited.page);
    assert_eq!((first.level, first.amr), (Substantial, vec!["fed".to_owned()]));
    let again = visits(&a, &b, &mut erika, "peer", "low").await.session.unwrap();
    assert_eq!(again.account, first.account, "the same person, the same account");

    let mut max = b.person(High).await;
    let visited = visits(&a, &b, &mut max, "peer", "substantial high").await;
    let capped = visited.session.expect(&visited.page);
    assert_eq!(capped.level, Substantial, "above the cap nothing comes out");
    assert_ne!(capped.account, first.account);

    let mut ada = a.person(High).await;
    let visited = visits(&b, &a, &mut ada, "peer", "low").await;
    assert_eq!(visited.session.expect(&visited.page).level, Low, "nor the other way round");
}
