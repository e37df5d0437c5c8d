//! Switching providers off, ending links, and who is offered what.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;
use siegel_db::Db;
use siegel_grpc::testing::serve;
use siegel_grpc::{Caller, Person};
use siegel_identity::app::upstreams;
use siegel_identity::domain::connection_group::ConnectionGroup;
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::store::grants;
use siegel_kernel::GrantId;
use siegel_kernel::TrustLevel::{Basic, Low, Substantial};
use siegel_oidc::AccessToken;
use siegel_proto::common::v1::TrustLevel as Wire;
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::self_service_client::SelfServiceClient;
use siegel_testkit::on_each_backend;
use tonic::transport::Channel;

use super::land::{Browser, Land, hidden, parameter, registration, settings};
use crate::world::redemption;

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_provider_that_is_switched_off_ends_at_once,
    a_session_that_has_another_proof_falls_to_it,
    a_log_in_under_way_ends_with_the_switch,
    a_switched_off_provider_stays_so_when_its_settings_come_again,
    a_lower_cap_ends_what_was_above_it,
    settings_that_no_longer_name_a_provider_remove_it,
    a_provider_is_offered_to_its_tenants_only,
    a_connection_group_shares_its_providers,
    only_providers_that_reach_the_level_are_offered,
    a_person_sees_and_ends_links,
    the_last_way_in_cannot_be_ended,
    a_link_is_ended_only_at_its_level,
    a_link_of_somebody_else_does_not_exist,
}

/// Logged in elsewhere at substantial, with a token of the portal.
async fn with_token(land: &Land) -> (Browser<'_>, AccessToken) {
    land.provider.says(json!({ "acr": "substantial" }));
    let first = land.asks([("acr_values", "substantial")]).await;
    let mut browser = land.browser();
    browser.through(&first).await;
    land.delivers().await;
    let done = browser.get(&first).await;
    let code = parameter(&done.location, "code").unwrap();
    let token = land.world.token("portal", redemption(&code)).await.text("access_token");
    let claims = land.world.state.keys.published().verify(&token, AccessToken::TYP).unwrap();
    (browser, claims)
}

async fn is_live(land: &Land, token: &AccessToken) -> bool {
    let mut tx = land.world.state.outside.db.read().await.unwrap();
    let id: GrantId = token.gid.parse().unwrap();
    grants::find(&mut tx, id).await.unwrap().unwrap().is_live(land.world.now())
}

async fn disable(land: &Land) {
    let state = &land.world.state;
    assert!(upstreams::disable(state, "land-b", "operator:test").await.unwrap());
}

async fn a_provider_that_is_switched_off_ends_at_once(db: Db) {
    let land = Land::new(db).await;
    let (browser, token) = with_token(&land).await;
    assert!(is_live(&land, &token).await);
    disable(&land).await;
    assert!(browser.session().await.is_none());
    assert!(!is_live(&land, &token).await);
    let first = land.asks([]).await;
    let mut next = land.browser();
    let page = next.get(&first).await;
    assert!(!page.body.contains("Servicekonto land-b"), "nor is it offered: {}", page.body);
    let page = next.get(&format!("{first}/upstream?to=land-b")).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("derzeit nicht angenommen"), "{}", page.body);
    assert!(!upstreams::disable(&land.world.state, "land-b", "operator:test").await.unwrap());
    assert!(upstreams::enable(&land.world.state, "land-b", "operator:test").await.unwrap());
    let (page, _) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
}

async fn a_session_that_has_another_proof_falls_to_it(db: Db) {
    let land = Land::new(db).await;
    let session = land.world.session(Basic).await;
    let browser = link(&land, &session).await;
    assert_eq!(browser.session().await.unwrap().level, Substantial);
    disable(&land).await;
    let after = browser.session().await.unwrap();
    assert_eq!((after.account, after.level), (session.account, Basic));
    assert_eq!(after.amr, ["pwd"]);
}

/// A person with a password links the account elsewhere in this session.
pub async fn link<'a>(land: &'a Land, session: &SessionView) -> Browser<'a> {
    land.provider.says(json!({ "acr": "substantial" }));
    let first = land.asks([("acr_values", "substantial")]).await;
    let mut browser = land.browser_of(session);
    let page = browser.through(&first).await;
    let answer = hidden(&page.body, "answer");
    let page = browser.post(&format!("{first}/upstream"), &[("answer", &answer)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    browser
}

async fn a_log_in_under_way_ends_with_the_switch(db: Db) {
    let land = Land::new(db).await;
    let first = land.asks([]).await;
    let mut browser = land.browser();
    let back = browser.goes(&first).await;
    disable(&land).await;
    let page = browser.comes(&back).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    assert!(browser.session().await.is_none());
    assert_eq!(land.refusals().await, ["UPSTREAM_NOT_OFFERED"]);
}

async fn a_switched_off_provider_stays_so_when_its_settings_come_again(db: Db) {
    let land = Land::new(db).await;
    disable(&land).await;
    land.applies(settings(&land.provider, "land-b")).await;
    let listed = upstreams::list(&land.world.state).await.unwrap();
    assert_eq!((listed.len(), listed[0].registered, listed[0].switched_on), (1, true, false));
    let first = land.asks([]).await;
    let page = land.browser().get(&first).await;
    assert!(!page.body.contains("Servicekonto land-b"));
}

async fn a_lower_cap_ends_what_was_above_it(db: Db) {
    let land = Land::new(db).await;
    let (browser, token) = with_token(&land).await;
    land.applies(settings(&land.provider, "land-b")).await;
    assert!(browser.session().await.is_some(), "the same settings change nothing");
    let mut lower = settings(&land.provider, "land-b");
    lower["level_cap"] = "low".into();
    land.applies(lower).await;
    assert!(browser.session().await.is_none());
    assert!(!is_live(&land, &token).await);
    let (_, browser) = land.logs_in().await;
    assert_eq!(browser.session().await.unwrap().level, Low);
}

async fn settings_that_no_longer_name_a_provider_remove_it(db: Db) {
    let land = Land::new(db).await;
    let state = &land.world.state;
    let of_settings = registration(settings(&land.provider, "land-c"));
    upstreams::register(state, &[of_settings]).await.unwrap();
    let ids = || async {
        let listed = upstreams::list(state).await.unwrap();
        listed.into_iter().map(|l| l.id).collect::<Vec<_>>()
    };
    assert_eq!(ids().await, ["land-b", "land-c"]);
    upstreams::register(state, &[]).await.unwrap();
    assert_eq!(ids().await, ["land-b"], "what was applied stays");
}

async fn a_provider_is_offered_to_its_tenants_only(db: Db) {
    let land = Land::with(db, |s| s["tenants"] = json!(["beispielau"])).await;
    let first = land.asks([]).await;
    let mut browser = land.browser();
    let page = browser.get(&first).await;
    assert!(!page.body.contains("Servicekonto land-b"), "{}", page.body);
    let page = browser.get(&format!("{first}/upstream?to=land-b")).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "nor by its address");
}

async fn a_connection_group_shares_its_providers(db: Db) {
    let mut land = Land::with(db, |s| s["tenants"] = json!(["beispielau"])).await;
    let mut config = (*land.world.state.config).clone();
    config.connection_groups = vec![ConnectionGroup {
        id: "kreis".into(),
        tenants: vec!["beispielau".into(), "musterstadt".into()],
        upstreams: vec!["land-b".into()],
        single_sign_on: false,
    }];
    land.world.state.config = Arc::new(config);
    land.renewed();
    let (page, _) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
}

async fn only_providers_that_reach_the_level_are_offered(db: Db) {
    let land = Land::new(db).await;
    for (level, offered) in [("low", true), ("substantial", true), ("high", false)] {
        let first = land.asks([("acr_values", level)]).await;
        let page = land.browser().get(&first).await;
        assert_eq!(page.body.contains("Servicekonto land-b"), offered, "{level}");
    }
}

/// The portal, with the token of a person.
pub fn portal(
    land: &Land,
    session: &SessionView,
    token: &AccessToken,
) -> SelfServiceClient<Channel> {
    let person = Person {
        account: session.account,
        client_id: "portal".into(),
        subject: token.sub.clone(),
        level: session.level,
        authenticated_at: session.authenticated_at,
        grant: token.gid.parse().unwrap(),
        session: None,
        scopes: vec!["identity.self".into()],
        acting_for: None,
    };
    let services = siegel_identity::grpc_services(&land.world.state);
    SelfServiceClient::new(serve(&services, Caller::Person(person)))
}

pub fn ask(link: &str) -> pb::UnlinkRequest {
    pb::UnlinkRequest { request_id: format!("r-{link}"), link_id: link.to_owned() }
}

/// A person with a password and a link, in a session of both, with a token.
pub async fn person(land: &Land) -> (SessionView, AccessToken) {
    let session = land.world.session(Basic).await;
    link(land, &session).await;
    let code = land.world.code([], &session).await;
    let token = land.world.token("portal", redemption(&code)).await.text("access_token");
    let claims = land.world.state.keys.published().verify(&token, AccessToken::TYP).unwrap();
    (session, claims)
}

async fn a_person_sees_and_ends_links(db: Db) {
    let land = Land::new(db).await;
    let (session, token) = person(&land).await;
    add_password(&land, &session).await;
    let mut portal = portal(&land, &session, &token);
    let links = portal.list_links(pb::ListLinksRequest {}).await.unwrap().into_inner().links;
    assert_eq!((links.len(), links[0].upstream_name.as_str()), (1, "Servicekonto land-b"));
    assert_eq!((links[0].level(), links[0].disabled), (Wire::Substantial, false));
    portal.unlink(ask(&links[0].link_id)).await.unwrap();
    portal.unlink(ask(&links[0].link_id)).await.expect("a retry is safe");
    let links = portal.list_links(pb::ListLinksRequest {}).await.unwrap().into_inner().links;
    assert!(links.is_empty());
    let (_, alone) = land.logs_in().await;
    assert_ne!(alone.session().await.unwrap().account, session.account, "it is nobody's again");
    let kinds = land.world.audited().await;
    assert!(kinds.contains(&("identity.upstream.unlinked".into(), "done".into())));
}

async fn add_password(land: &Land, session: &SessionView) {
    use siegel_identity::store::credentials::{CredentialId, add_password};
    let state = &land.world.state;
    let id = CredentialId::new(&*state.outside.clock, &*state.outside.entropy).unwrap();
    let mut tx = state.outside.db.begin().await.unwrap();
    assert!(add_password(&mut tx, id, session.account, "phc", state.now()).await.unwrap());
    tx.commit().await.unwrap();
}

async fn the_last_way_in_cannot_be_ended(db: Db) {
    let land = Land::new(db).await;
    let (browser, token) = with_token(&land).await;
    let session = browser.session().await.unwrap();
    let mut portal = portal(&land, &session, &token);
    let links = portal.list_links(pb::ListLinksRequest {}).await.unwrap().into_inner().links;
    let refused = portal.unlink(ask(&links[0].link_id)).await.unwrap_err();
    assert_eq!(siegel_grpc::reason(&refused).as_deref(), Some("LAST_WAY_IN"));
    assert!(browser.session().await.is_some());
}

async fn a_link_is_ended_only_at_its_level(db: Db) {
    let land = Land::new(db).await;
    let (session, token) = person(&land).await;
    add_password(&land, &session).await;
    land.clock().advance(std::time::Duration::from_mins(31));
    let mut portal = portal(&land, &session, &token);
    let links = portal.list_links(pb::ListLinksRequest {}).await.unwrap().into_inner().links;
    let refused = portal.unlink(ask(&links[0].link_id)).await.unwrap_err();
    assert_eq!(siegel_grpc::reason(&refused).as_deref(), Some("TRUST_TOO_LOW"), "it aged");
}

async fn a_link_of_somebody_else_does_not_exist(db: Db) {
    let land = Land::new(db).await;
    let (session, token) = person(&land).await;
    let mut owner = portal(&land, &session, &token);
    let links = owner.list_links(pb::ListLinksRequest {}).await.unwrap().into_inner().links;
    let other = land.world.session(Substantial).await;
    let mut stranger = portal(&land, &other, &token);
    assert!(
        stranger.list_links(pb::ListLinksRequest {}).await.unwrap().into_inner().links.is_empty()
    );
    let refused = stranger.unlink(ask(&links[0].link_id)).await.unwrap_err();
    assert_eq!(siegel_grpc::reason(&refused).as_deref(), Some("LINK_UNKNOWN"));
}
