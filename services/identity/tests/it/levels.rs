//! Trust levels: what is asked for, what is demanded, what can be reached.

use std::time::Duration;

use siegel_db::Db;
use siegel_identity::domain::client::GrantType;
use siegel_identity::domain::tenant::Tenant;
use siegel_identity::store::{interactions, sessions, tenants};
use siegel_kernel::TrustLevel::{self, Basic, High, Low, Substantial};
use siegel_testkit::on_each_backend;

use crate::world::{Fields, World, cookie, encoded, fields, redemption, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_level_that_no_method_reaches_is_refused_before_any_page,
    the_first_reachable_value_is_aimed_at_and_the_lowest_is_the_floor,
    client_tenant_and_resource_minimum_hold_without_the_parameter,
    a_token_for_a_resource_is_refused_once_the_session_fell_below_its_level,
    an_exchange_does_not_lead_past_the_level_of_a_resource,
    only_the_methods_a_client_takes_count,
    the_challenge_of_a_resource_server_is_honoured,
    the_list_sent_back_whole_asks_for_nothing,
    a_client_registered_without_pkce_may_leave_it_out_and_a_verifier_then_fails,
}

impl World {
    pub async fn tenant(&self, tenant: Tenant) {
        let mut tx = self.state.outside.db.begin().await.unwrap();
        tenants::put(&mut tx, &tenant, self.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The parameters of the answer to `prompt=none` in the browser of this session.
    pub async fn silently<const N: usize>(
        &self,
        changes: [(&str, &str); N],
        session: siegel_kernel::SessionId,
    ) -> Fields {
        let mut asked = request(changes);
        asked.insert("prompt".into(), "none".into());
        let request = http::Request::get(format!("/authorize?{}", encoded(&asked)))
            .header("cookie", format!("siegel_session={}", cookie(session)));
        self.send(request.body(axum::body::Body::empty()).unwrap()).await.location()
    }

    /// Floor and aim of a request that came to the pages, or the error it was answered with.
    async fn levels<const N: usize>(
        &self,
        changes: [(&str, &str); N],
    ) -> Result<(TrustLevel, TrustLevel), String> {
        let answer = self.authorize(changes).await;
        let location = answer.header("location");
        let Some(id) = location.strip_prefix("/login/") else {
            return Err(answer.location()["error"].clone());
        };
        let mut tx = self.state.outside.db.read().await.unwrap();
        let found = interactions::find(&mut tx, id.parse().unwrap(), self.now()).await.unwrap();
        let request = found.unwrap().request;
        Ok((request.floor, request.aim))
    }
}

const UNMET: &str = "unmet_authentication_requirements";

async fn a_level_that_no_method_reaches_is_refused_before_any_page(db: Db) {
    let world = World::with(db, |c| c.people.methods = vec!["pwd".into()]).await;
    let essential = r#"{"id_token":{"acr":{"essential":true,"value":"high"}}}"#;
    assert_eq!(world.levels([("claims", essential)]).await, Err(UNMET.into()));
    assert_eq!(
        world.levels([("acr_values", "high")]).await,
        Err(UNMET.into()),
        "a floor is a floor"
    );
    let both = world.levels([("acr_values", "high basic")]).await;
    assert_eq!(both, Ok((TrustLevel::Basic, TrustLevel::Basic)));
}

async fn the_first_reachable_value_is_aimed_at_and_the_lowest_is_the_floor(db: Db) {
    let world = World::new(db).await;
    for (wanted, expected) in [
        ("high substantial", (Substantial, High)),
        ("level3 http://eidas.europa.eu/LoA/high", (Substantial, Substantial)),
        ("gold", (Basic, Basic)),
        ("4 1", (Basic, High)),
    ] {
        assert_eq!(world.levels([("acr_values", wanted)]).await, Ok(expected), "{wanted}");
    }
}

async fn client_tenant_and_resource_minimum_hold_without_the_parameter(db: Db) {
    let world = World::with(db, |c| {
        c.resource_levels.insert("urn:siegel:account".into(), TrustLevel::High);
    })
    .await;
    assert_eq!(world.levels([]).await, Ok((Basic, Basic)));
    let resource = ("resource", "urn:siegel:account");
    assert_eq!(world.levels([resource, ("acr_values", "basic")]).await, Ok((High, High)));
    let implied = [("scope", "openid account.read")];
    assert_eq!(world.levels(implied).await, Ok((High, High)), "by the scope alone");
    let tenant = Tenant { id: "musterstadt".into(), min_level: Some(Low), ..Tenant::default() };
    world.tenant(tenant).await;
    assert_eq!(world.levels([]).await, Ok((Low, Low)));
    world.registers("portal", |c| c.min_level = Substantial).await;
    assert_eq!(world.levels([("acr_values", "gold")]).await, Ok((Substantial, Substantial)));
}

async fn a_token_for_a_resource_is_refused_once_the_session_fell_below_its_level(db: Db) {
    let world = World::with(db, |c| {
        c.resource_levels.insert("urn:siegel:account".into(), TrustLevel::High);
    })
    .await;
    let session = world.session(TrustLevel::High).await;
    let code = world.code([("scope", "openid account.read")], &session).await;
    let first = world.token("portal", redemption(&code)).await;
    let refresh = |resource: &str| {
        fields([
            ("grant_type", "refresh_token"),
            ("refresh_token", &first.text("refresh_token")),
            ("resource", resource),
        ])
    };
    let form = refresh("urn:siegel:account");
    let held = world.token("portal", form.clone()).await;
    assert_eq!(held.status, http::StatusCode::OK, "{}", held.body);
    world.clock.advance(Duration::from_mins(5));
    let form = fields([
        ("grant_type", "refresh_token"),
        ("refresh_token", &held.text("refresh_token")),
        ("resource", "urn:siegel:account"),
    ]);
    assert_eq!(world.token("portal", form).await.error(), UNMET);
}

async fn an_exchange_does_not_lead_past_the_level_of_a_resource(db: Db) {
    let world = World::with(db, |c| {
        c.resource_levels.insert("urn:siegel:account".into(), TrustLevel::High);
    })
    .await;
    world.registers("portal", |c| c.grant_types.push(GrantType::TokenExchange)).await;
    let session = world.session(TrustLevel::High).await;
    let code = world.code([("scope", "openid account.read")], &session).await;
    let first = world.token("portal", redemption(&code)).await;
    let exchange = |answer: &crate::world::Answer| {
        crate::exchange::form(&answer.text("access_token"), "account")
    };
    let onward = world.token("portal", exchange(&first)).await;
    assert_eq!(onward.status, http::StatusCode::OK, "{}", onward.body);
    world.clock.advance(Duration::from_mins(5));
    let form = fields([
        ("grant_type", "refresh_token"),
        ("refresh_token", &first.text("refresh_token")),
        ("resource", "urn:siegel:identity"),
    ]);
    let lower = world.token("portal", form).await;
    assert_eq!(lower.status, http::StatusCode::OK, "{}", lower.body);
    assert_eq!(world.token("portal", exchange(&lower)).await.error(), UNMET);
}

async fn only_the_methods_a_client_takes_count(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    assert!(world.silently([], session.id).await.contains_key("code"));
    world.registers("portal", |c| c.allowed_methods = vec!["sc".into()]).await;
    assert_eq!(world.silently([], session.id).await["error"], "login_required");
    world.registers("portal", |c| c.allowed_methods = vec!["pwd".into()]).await;
    assert!(world.silently([], session.id).await.contains_key("code"));
    let high = world.levels([("acr_values", "high")]).await;
    assert_eq!(high, Err(UNMET.into()), "a password never reaches it");
}

/// RFC 9470 §§ 3, 5: the client repeats what the API said in its challenge.
async fn the_challenge_of_a_resource_server_is_honoured(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    world.clock.advance(Duration::from_mins(10));
    let level = [("acr_values", "substantial")];
    assert_eq!(world.silently(level, session.id).await["error"], "interaction_required");
    let age = [("max_age", "300")];
    assert_eq!(world.silently(age, session.id).await["error"], "login_required");

    let mut tx = world.state.outside.db.begin().await.unwrap();
    let proof = siegel_identity::domain::ageing::Proof::new(TrustLevel::High, "sc", world.now());
    sessions::prove(&mut tx, session.id, "musterstadt", &proof).await.unwrap();
    tx.commit().await.unwrap();
    let both = [("acr_values", "substantial"), ("max_age", "300")];
    let code = world.silently(both, session.id).await["code"].clone();
    let answer = world.token("portal", redemption(&code)).await;
    let token = world.claims(&answer.text("id_token"), "JWT");
    assert_eq!(token["acr"], "substantial");
    assert_eq!(token["auth_time"], world.now().as_seconds());
}

async fn the_list_sent_back_whole_asks_for_nothing(db: Db) {
    let world = World::new(db).await;
    let metadata = world.get("/.well-known/openid-configuration").await.json();
    let values = metadata["acr_values_supported"].as_array().unwrap();
    let values: Vec<&str> = values.iter().map(|v| v.as_str().unwrap()).collect();
    assert_eq!(values[..4], ["basic", "low", "substantial", "high"]);
    let all = values.join(" ");
    let levels = world.levels([("acr_values", &all)]).await;
    assert_eq!(levels, Ok((TrustLevel::Basic, TrustLevel::Basic)));
}

async fn a_client_registered_without_pkce_may_leave_it_out_and_a_verifier_then_fails(db: Db) {
    let world = World::new(db).await;
    world.registers("portal", |c| c.require_pkce = false).await;
    let session = world.session(TrustLevel::Basic).await;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = world.code(without, &session).await;
    let downgraded = world.token("portal", redemption(&code)).await;
    assert_eq!(downgraded.error(), "invalid_grant", "a verifier nobody asked for");
    let code = world.code(without, &session).await;
    let mut form = redemption(&code);
    form.remove("code_verifier");
    assert_eq!(world.token("portal", form).await.status, http::StatusCode::OK);
    for half in [[("code_challenge", "")], [("code_challenge_method", "plain")]] {
        let told = world.authorize(half).await.location();
        assert_eq!(told["error"], "invalid_request", "{half:?}");
    }
    let public =
        [("client_id", "app"), ("redirect_uri", "http://127.0.0.1:1/cb"), ("code_challenge", "")];
    assert_eq!(world.authorize(public).await.location()["error"], "invalid_request");
}
