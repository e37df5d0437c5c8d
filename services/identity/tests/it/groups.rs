//! Tenants of one connection group share their log-ins, when the group says so.

use std::time::Duration;

use siegel_db::Db;
use siegel_identity::app::sessions::{self as app, LogIn};
use siegel_identity::app::upstreams;
use siegel_identity::domain::connection_group::ConnectionGroup;
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::domain::passkey_models::Attestation;
use siegel_identity::domain::tenant::Tenant;
use siegel_identity::store::interactions;
use siegel_identity::upstream_config::{Source, UpstreamConfig};
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::world::{Fields, World, encoded, redemption, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_log_in_at_one_tenant_of_a_group_counts_at_the_others,
    a_group_that_does_not_say_so_shares_nothing,
    a_log_in_is_shared_with_no_tenant_outside_the_group,
    a_shared_level_ages_where_it_is_used,
    tenants_of_a_group_know_a_person_by_different_subjects,
    a_forced_log_in_starts_the_level_anew_and_leaves_the_other_tenant_alone,
    a_passkey_of_another_tenant_does_not_count_where_makers_have_to_vouch,
    a_provider_counts_only_at_the_tenants_that_it_is_offered_to,
    a_code_does_not_count_where_its_password_does_not,
}

/// The portal of each of these tenants, each a sector of its own, in these groups.
async fn land(db: Db, groups: &[(&[&str], bool)]) -> World {
    let group = |(tenants, single_sign_on): &(&[&str], bool)| ConnectionGroup {
        id: "kreis-musterland".to_owned(),
        tenants: tenants.iter().map(|&t| t.to_owned()).collect(),
        upstreams: Vec::new(),
        single_sign_on: *single_sign_on,
    };
    let groups = groups.iter().map(group).collect();
    World::with(db, |config| {
        config.connection_groups = groups;
        let portal = config.clients[0].clone();
        for name in ["kreis", "dorf", "stadt"] {
            let mut client = portal.clone();
            name.clone_into(&mut client.client_id);
            client.tenant = Some(name.to_owned());
            client.sector = Some(format!("{name}-portal"));
            config.clients.push(client);
        }
    })
    .await
}

/// A browser with the cookie of one session.
struct Browser {
    token: Option<String>,
    person: SessionView,
}

impl Browser {
    async fn new(world: &World) -> Self {
        Self { token: None, person: world.session(TrustLevel::Basic).await }
    }

    /// Logs in for a client.
    async fn logs_in(&mut self, world: &World, client: &str, how: (&str, TrustLevel), again: bool) {
        let answer = world.authorize([("client_id", client)]).await;
        let id = answer.header("location").strip_prefix("/login/").unwrap().parse().unwrap();
        let mut tx = world.state.outside.db.begin().await.unwrap();
        let found = interactions::find(&mut tx, id, world.now()).await.unwrap().unwrap();
        let login = LogIn {
            account: self.person.account,
            method: how.0,
            level: how.1,
            request: &found.request,
            again,
            presented: self.token.as_deref(),
        };
        let done = app::log_in(&world.state, &mut tx, &login, world.now()).await.unwrap();
        tx.commit().await.unwrap();
        self.token = Some(done.token);
    }

    /// What a client is answered without any page.
    async fn silently(&self, world: &World, client: &str) -> Fields {
        let mut asked = request([("client_id", client), ("scope", "openid")]);
        asked.insert("prompt".into(), "none".into());
        let cookie = format!("siegel_session={}", self.token.as_deref().unwrap());
        let get = http::Request::get(format!("/authorize?{}", encoded(&asked)));
        let get = get.header("cookie", cookie).body(axum::body::Body::empty()).unwrap();
        world.send(get).await.location()
    }

    async fn is_asked_to_log_in(&self, world: &World, client: &str) -> bool {
        self.silently(world, client).await.get("error").is_some_and(|e| e == "login_required")
    }

    /// The ID token that a client gets without any page.
    async fn id_token(&self, world: &World, client: &str) -> serde_json::Value {
        let told = self.silently(world, client).await;
        let answer = world.token(client, redemption(&told["code"])).await;
        world.claims(&answer.text("id_token"), "JWT")
    }
}

const PASSWORD: (&str, TrustLevel) = ("pwd", TrustLevel::Basic);
const CARD: (&str, TrustLevel) = ("sc", TrustLevel::High);

/// Trusts a provider whose log-ins these tenants offer.
async fn trusts(world: &World, tenants: &[&str]) {
    let settings = serde_json::json!({
        "id": "land-b",
        "name": "Servicekonto Land B",
        "issuer": "https://land-b.example",
        "client_id": "land-a",
        "auth": "client_secret_basic",
        "client_secret": "s:cret/+",
        "level_cap": "substantial",
        "tenants": tenants,
    });
    let config: UpstreamConfig = serde_json::from_value(settings).unwrap();
    let registration = config.registration(Source::Applied, false).unwrap();
    upstreams::apply(&world.state, &registration, "operator:test").await.unwrap();
}

async fn a_log_in_at_one_tenant_of_a_group_counts_at_the_others(db: Db) {
    let world = land(db, &[(&["kreis", "dorf"], true)]).await;
    let mut browser = Browser::new(&world).await;
    browser.logs_in(&world, "kreis", PASSWORD, false).await;
    assert!(browser.silently(&world, "kreis").await.contains_key("code"), "where it was made");
    assert!(browser.silently(&world, "dorf").await.contains_key("code"), "inside the group");
    let mut back = Browser::new(&world).await;
    back.logs_in(&world, "dorf", PASSWORD, false).await;
    assert!(back.silently(&world, "kreis").await.contains_key("code"), "and the other way round");
}

async fn a_group_that_does_not_say_so_shares_nothing(db: Db) {
    let world = land(db, &[(&["kreis", "dorf"], false)]).await;
    let mut browser = Browser::new(&world).await;
    browser.logs_in(&world, "kreis", PASSWORD, false).await;
    assert!(browser.silently(&world, "kreis").await.contains_key("code"));
    assert!(browser.is_asked_to_log_in(&world, "dorf").await);
}

async fn a_log_in_is_shared_with_no_tenant_outside_the_group(db: Db) {
    let groups: [(&[&str], bool); 2] = [(&["kreis", "dorf"], true), (&["dorf", "stadt"], true)];
    let world = land(db, &groups).await;
    let mut browser = Browser::new(&world).await;
    browser.logs_in(&world, "kreis", PASSWORD, false).await;
    assert!(browser.is_asked_to_log_in(&world, "stadt").await);
    assert!(browser.silently(&world, "dorf").await.contains_key("code"));
    assert!(browser.is_asked_to_log_in(&world, "stadt").await, "groups do not chain");
    assert!(browser.is_asked_to_log_in(&world, "portal").await, "a tenant of no group");
}

async fn a_shared_level_ages_where_it_is_used(db: Db) {
    let world = land(db, &[(&["kreis", "dorf"], true)]).await;
    let mut browser = Browser::new(&world).await;
    browser.logs_in(&world, "kreis", CARD, false).await;
    let then = world.now().as_seconds();
    world.clock.advance(Duration::from_mins(4));
    let token = browser.id_token(&world, "dorf").await;
    assert_eq!((&token["trust_level"], &token["auth_time"]), (&4.into(), &then.into()));
    world.clock.advance(Duration::from_mins(6));
    let token = browser.id_token(&world, "dorf").await;
    assert_eq!(token["trust_level"], 3, "five idle minutes end high");
    world.clock.advance(Duration::from_hours(1));
    assert!(browser.is_asked_to_log_in(&world, "dorf").await, "an idle hour ends all");
}

async fn tenants_of_a_group_know_a_person_by_different_subjects(db: Db) {
    let world = land(db, &[(&["kreis", "dorf"], true)]).await;
    let mut browser = Browser::new(&world).await;
    browser.logs_in(&world, "kreis", PASSWORD, false).await;
    let (kreis, dorf) =
        (browser.id_token(&world, "kreis").await, browser.id_token(&world, "dorf").await);
    assert!(kreis["sub"].is_string() && dorf["sub"].is_string());
    assert_ne!(kreis["sub"], dorf["sub"]);
    assert_ne!(kreis["sid"], dorf["sid"]);
}

async fn a_forced_log_in_starts_the_level_anew_and_leaves_the_other_tenant_alone(db: Db) {
    let world = land(db, &[(&["kreis", "dorf"], true)]).await;
    let mut browser = Browser::new(&world).await;
    browser.logs_in(&world, "kreis", CARD, false).await;
    assert_eq!(browser.id_token(&world, "dorf").await["trust_level"], 4);
    world.clock.advance(Duration::from_mins(1));
    browser.logs_in(&world, "dorf", PASSWORD, true).await;
    let token = browser.id_token(&world, "dorf").await;
    assert_eq!(token["trust_level"], 1, "the card of before counts no longer");
    assert_eq!(token["auth_time"], world.now().as_seconds());
    assert_eq!(browser.id_token(&world, "kreis").await["trust_level"], 4);
}

async fn a_passkey_of_another_tenant_does_not_count_where_makers_have_to_vouch(db: Db) {
    let world = land(db, &[(&["kreis", "dorf", "stadt"], true)]).await;
    let passkey_attestation = Attestation::Direct;
    world.tenant(Tenant { id: "dorf".into(), passkey_attestation, ..Tenant::default() }).await;
    let mut browser = Browser::new(&world).await;
    browser.logs_in(&world, "kreis", ("hwk", TrustLevel::Low), false).await;
    assert!(browser.silently(&world, "stadt").await.contains_key("code"), "which takes any");
    assert!(browser.is_asked_to_log_in(&world, "dorf").await);
    browser.logs_in(&world, "kreis", ("otp", TrustLevel::Low), false).await;
    assert!(browser.is_asked_to_log_in(&world, "dorf").await, "nor the code beside it");
    browser.logs_in(&world, "dorf", ("hwk", TrustLevel::Low), false).await;
    assert!(browser.silently(&world, "dorf").await.contains_key("code"), "its own was checked");
}

async fn a_provider_counts_only_at_the_tenants_that_it_is_offered_to(db: Db) {
    let world = land(db, &[(&["kreis", "dorf", "stadt"], true)]).await;
    trusts(&world, &["kreis", "stadt"]).await;
    let mut browser = Browser::new(&world).await;
    browser.logs_in(&world, "kreis", ("fed:land-b", TrustLevel::Substantial), false).await;
    assert!(browser.silently(&world, "kreis").await.contains_key("code"), "where it was made");
    assert_eq!(browser.id_token(&world, "stadt").await["trust_level"], 3);
    assert!(browser.is_asked_to_log_in(&world, "dorf").await);
    browser.logs_in(&world, "kreis", PASSWORD, false).await;
    assert_eq!(browser.id_token(&world, "dorf").await["trust_level"], 1, "the password counts");
}

async fn a_code_does_not_count_where_its_password_does_not(db: Db) {
    let world = land(db, &[(&["kreis", "dorf", "stadt"], true)]).await;
    world.registers("dorf", |c| c.allowed_methods = vec!["sc".into(), "otp".into()]).await;
    let mut browser = Browser::new(&world).await;
    browser.logs_in(&world, "kreis", PASSWORD, false).await;
    browser.logs_in(&world, "kreis", ("otp", TrustLevel::Low), false).await;
    assert_eq!(browser.id_token(&world, "stadt").await["trust_level"], 2);
    assert!(browser.is_asked_to_log_in(&world, "dorf").await);
    browser.logs_in(&world, "kreis", CARD, false).await;
    assert_eq!(browser.id_token(&world, "dorf").await["trust_level"], 4, "the card is taken");
}
