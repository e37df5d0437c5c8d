//! What a person sees of providers, is told of links, and does not get here.

use http::StatusCode;
use serde_json::json;
use siegel_db::Db;
use siegel_identity::app::notices::{self, Change};
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::store::credentials::{CredentialId, add_password};
use siegel_kernel::TrustLevel;
use siegel_proto::notification::v1::Template;
use siegel_testkit::on_each_backend;

use super::land::Land;
use super::operation::{ask, link, person, portal};
use crate::world::redemption;

on_each_backend! { &siegel_identity::MIGRATIONS =>
    the_logo_of_a_provider_stands_beside_its_name,
    an_image_that_a_policy_cannot_name_is_not_shown,
    a_link_and_its_end_are_mailed_to_the_owner,
    who_has_no_address_is_mailed_nothing,
    who_has_a_mailbox_elsewhere_gets_none_here,
    who_has_another_way_in_gets_a_mailbox_here,
}

async fn the_logo_of_a_provider_stands_beside_its_name(db: Db) {
    let logo = "https://land-b.example:8443/logo.svg";
    let land = Land::with(db, |s| s["logo_uri"] = json!(logo)).await;
    let page = land.browser().get(&land.asks([]).await).await;
    let image = format!("<img src=\"{logo}\" alt=\"\"");
    assert!(page.body.contains(&image) && page.body.contains("Servicekonto land-b"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("img-src 'self' data: https://land-b.example:8443;"), "{policy}");
}

async fn an_image_that_a_policy_cannot_name_is_not_shown(db: Db) {
    let land = Land::with(db, |s| s["logo_uri"] = json!("https://[::1]/logo.svg")).await;
    let page = land.browser().get(&land.asks([]).await).await;
    assert!(page.body.contains("Servicekonto land-b") && !page.body.contains("<img src=\"https"));
    let mut changed = super::land::settings(&land.provider, "land-b");
    changed["logo_uri"] = json!("data:image/png;base64,iVBORw0KGgo=");
    land.applies(changed).await;
    let page = land.browser().get(&land.asks([]).await).await;
    assert!(page.body.contains("<img src=\"data:image/png;base64,iVBORw0KGgo=\" alt=\"\""));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("img-src 'self' data:;"), "{policy}");
}

fn told(land: &Land) -> Vec<(String, Template)> {
    let notices = land.world.account.notices.lock().unwrap();
    notices.iter().map(|n| (n.recipient.clone(), n.template())).collect()
}

async fn waiting(land: &Land) -> i64 {
    const SQL: &str = "SELECT COUNT(*) FROM outbox";
    let mut tx = land.world.state.outside.db.read().await.unwrap();
    siegel_db::on!(&mut tx, c => sqlx::query_scalar(SQL).fetch_one(c).await.unwrap())
}

async fn a_link_and_its_end_are_mailed_to_the_owner(db: Db) {
    let land = Land::new(db).await;
    let (session, token) = person(&land).await;
    land.delivers().await;
    let owner = session.account.to_string();
    assert_eq!(told(&land), [(owner.clone(), Template::AccountLinked)]);
    has_password(&land, &session).await;
    let mut portal = portal(&land, &session, &token);
    let request = siegel_proto::identity::v1::ListLinksRequest {};
    let links = portal.list_links(request).await.unwrap().into_inner().links;
    portal.unlink(ask(&links[0].link_id)).await.unwrap();
    portal.unlink(ask(&links[0].link_id)).await.unwrap();
    land.delivers().await;
    assert_eq!(told(&land)[1..], [(owner, Template::AccountUnlinked)], "once, for a retry too");
}

async fn who_has_no_address_is_mailed_nothing(db: Db) {
    let land = Land::new(db).await;
    let (page, browser) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    let account = browser.session().await.unwrap().account;
    let state = &land.world.state;
    let mut tx = state.outside.db.begin().await.unwrap();
    notices::order(state, &mut tx, account, Change::CredentialAdded, state.now()).await.unwrap();
    tx.commit().await.unwrap();
    land.delivers().await;
    assert!(told(&land).is_empty());
    assert_eq!(waiting(&land).await, 0, "and nothing is tried again");
}

async fn has_password(land: &Land, session: &SessionView) {
    let state = &land.world.state;
    let id = CredentialId::new(&*state.outside.clock, &*state.outside.entropy).unwrap();
    let mut tx = state.outside.db.begin().await.unwrap();
    assert!(add_password(&mut tx, id, session.account, "phc", state.now()).await.unwrap());
    tx.commit().await.unwrap();
}

/// Scopes of a token of this person, and whether userinfo names a handle.
async fn granted(land: &Land, session: &SessionView) -> (String, bool) {
    let world = &land.world;
    let code = world.code([("scope", "openid postbox")], session).await;
    let tokens = world.token("portal", redemption(&code)).await;
    let request = http::Request::get("/userinfo")
        .header("authorization", format!("Bearer {}", tokens.text("access_token")));
    let info = world.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(info.status, StatusCode::OK, "{}", info.body);
    (tokens.text("scope"), info.json().get("postbox_handle").is_some())
}

async fn who_has_a_mailbox_elsewhere_gets_none_here(db: Db) {
    let land = Land::with(db, |s| s["mailbox"] = json!(true)).await;
    let (_, browser) = land.logs_in().await;
    land.delivers().await;
    let session = browser.session().await.unwrap();
    assert_eq!(granted(&land, &session).await, ("openid".to_owned(), false));
    has_password(&land, &session).await;
    let both = ("openid postbox".to_owned(), true);
    assert_eq!(granted(&land, &session).await, both, "with a way in of its own");
}

async fn who_has_another_way_in_gets_a_mailbox_here(db: Db) {
    let land = Land::with(db, |s| s["mailbox"] = json!(true)).await;
    let session = land.world.session(TrustLevel::Basic).await;
    has_password(&land, &session).await;
    link(&land, &session).await;
    assert_eq!(granted(&land, &session).await, ("openid postbox".to_owned(), true));
    let mut plain = super::land::settings(&land.provider, "land-b");
    plain["mailbox"] = json!(false);
    land.applies(plain).await;
    let (_, browser) = land.logs_in().await;
    let session = browser.session().await.unwrap();
    assert_eq!(granted(&land, &session).await.0, "openid postbox", "a provider without mailboxes");
}
