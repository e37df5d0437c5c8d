//! Ends of sessions and who hears of them.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use siegel_db::Db;
use siegel_grpc::{Caller, Person};
use siegel_identity::app::security_events::{self, Change, SecurityEvent};
use siegel_identity::app::{deliver_outbox, sessions};
use siegel_identity::domain::client::{AuthMethod, Client, GrantType};
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::store::{clients, sessions as stored};
use siegel_kernel::{GrantId, TrustLevel};
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::self_service_client::SelfServiceClient;
use siegel_testkit::on_each_backend;

use crate::party::{Call, Party};
use crate::world::{Answer, CALLBACK, World, cookie, encoded, fields, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    every_client_of_a_session_hears_of_its_end_and_no_other,
    an_offline_grant_survives_a_plain_log_out,
    a_client_that_fails_is_tried_again_with_the_same_id_and_given_up_at_last,
    a_client_that_refuses_is_not_asked_again,
    an_address_inside_is_never_called,
    a_client_that_never_answers_holds_no_other_up,
    logging_out_everywhere_kills_every_token_and_tells_the_clients,
    a_security_event_names_the_clients_own_subject_only,
}

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A public client with this name and its address for being told.
pub fn client(id: &str, sector: &str, party: &Party) -> Client {
    let scopes = ["openid", "email", "offline_access"];
    Client {
        tenant: "musterstadt".to_owned(),
        sector: sector.to_owned(),
        redirect_uris: vec![CALLBACK.to_owned()],
        backchannel_logout_uri: Some(party.url(&format!("/{id}"))),
        security_events_uri: Some(party.url(&format!("/{id}/events"))),
        auth_method: AuthMethod::None,
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scopes: scopes.map(str::to_owned).to_vec(),
        ..Client::named(id)
    }
}

pub async fn world(db: Db, party: &Party) -> World {
    let mut world = World::new(db).await;
    world.state.outside.egress = Party::egress(&[party]);
    for (id, sector) in [("a", "musterstadt"), ("b", "beispielau"), ("c", "app")] {
        put(&world, &client(id, sector, party)).await;
    }
    world
}

async fn put(world: &World, client: &Client) {
    let mut tx = world.state.outside.db.begin().await.unwrap();
    clients::put(&mut tx, client, world.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Logs the session in at a client.
pub async fn enters(world: &World, client: &str, scope: &str, session: &SessionView) -> Answer {
    // Staying when the session has ended takes a page (OpenID Connect Core §11).
    let prompt = if scope.contains("offline_access") { "consent" } else { "" };
    let asked = [("client_id", client), ("scope", scope), ("prompt", prompt)];
    let code = world.code(asked, session).await;
    let mut form = redemption(&code);
    form.insert("client_id".to_owned(), client.to_owned());
    let answer = world.post("/token", &encoded(&form), &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer
}

async fn logs_out(world: &World, session: &SessionView) {
    let token = cookie(session.id);
    assert!(sessions::log_out(&world.state, Some(&token)).await.unwrap());
}

/// Does what is due in the outbox.
pub async fn delivers(world: &World) {
    let handle = |job| deliver_outbox::handle(world.state.clone(), job);
    while world.state.outbox.step(&handle).await.unwrap() {}
}

/// The claims of the one logout token that was sent.
fn logout_token(world: &World, calls: &[Call]) -> Value {
    let [(_, kind, body)] = calls else { panic!("not told once: {calls:?}") };
    assert_eq!(kind, "application/x-www-form-urlencoded");
    world.claims(body.strip_prefix("logout_token=").unwrap(), "logout+jwt")
}

async fn every_client_of_a_session_hears_of_its_end_and_no_other(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let (session, other) =
        (world.session(TrustLevel::Basic).await, world.session(TrustLevel::Basic).await);
    let id_token = enters(&world, "a", "openid", &session).await.text("id_token");
    enters(&world, "b", "openid", &session).await;
    enters(&world, "c", "openid", &other).await;
    logs_out(&world, &session).await;
    delivers(&world).await;
    let claims = logout_token(&world, &party.told("/a"));
    let id_token = world.claims(&id_token, "JWT");
    for name in ["iss", "aud", "sub", "sid"] {
        assert_eq!(claims[name], id_token[name], "{name}");
    }
    assert_eq!(claims["events"], serde_json::json!({ EVENT: {} }));
    let (iat, exp) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    assert_eq!(iat, world.now().as_seconds());
    assert!(exp > iat && exp - iat <= 120);
    assert!(claims["jti"].is_string() && claims.get("nonce").is_none());
    let at_b = logout_token(&world, &party.told("/b"));
    assert_ne!(
        (&at_b["sub"], &at_b["sid"], &at_b["jti"]),
        (&claims["sub"], &claims["sid"], &claims["jti"])
    );
    assert_eq!(party.told("/c"), [], "of another session");
}

async fn an_offline_grant_survives_a_plain_log_out(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let session = world.session(TrustLevel::Basic).await;
    let with = enters(&world, "a", "openid", &session).await;
    let offline = enters(&world, "b", "openid offline_access", &session).await;
    logs_out(&world, &session).await;
    delivers(&world).await;
    logout_token(&world, &party.told("/b"));
    assert_eq!(refresh(&world, "a", &with).await.error(), "invalid_grant");
    assert_eq!(refresh(&world, "b", &offline).await.status, StatusCode::OK);
}

pub async fn refresh(world: &World, client: &str, tokens: &Answer) -> Answer {
    let token = tokens.text("refresh_token");
    let form = [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", &token)];
    world.post("/token", &encoded(&fields(form)), &[]).await
}

async fn a_client_that_fails_is_tried_again_with_the_same_id_and_given_up_at_last(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let session = world.session(TrustLevel::Basic).await;
    enters(&world, "a", "openid", &session).await;
    party.answers(StatusCode::BAD_GATEWAY);
    logs_out(&world, &session).await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        delivers(&world).await;
        for call in party.told("/a") {
            ids.push(logout_token(&world, &[call])["jti"].to_string());
        }
        world.clock.advance(Duration::from_mins(11));
    }
    assert_eq!(ids.len(), 10);
    ids.dedup();
    assert_eq!(ids.len(), 1, "it is one message");
    let end = ("identity.logout.told".to_owned(), "CLIENT_NOT_TOLD".to_owned());
    assert_eq!(world.audited().await.last(), Some(&end));
}

async fn a_client_that_refuses_is_not_asked_again(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let session = world.session(TrustLevel::Basic).await;
    enters(&world, "a", "openid", &session).await;
    party.answers(StatusCode::BAD_REQUEST);
    logs_out(&world, &session).await;
    delivers(&world).await;
    world.clock.advance(Duration::from_mins(11));
    delivers(&world).await;
    assert_eq!(party.told("/a").len(), 1);
}

async fn an_address_inside_is_never_called(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let inside = party.url("/a").replace("localhost", "127.0.0.1");
    let bad = Client { backchannel_logout_uri: Some(inside), ..client("a", "musterstadt", &party) };
    put(&world, &bad).await;
    let session = world.session(TrustLevel::Basic).await;
    enters(&world, "a", "openid", &session).await;
    logs_out(&world, &session).await;
    delivers(&world).await;
    assert_eq!(party.told("/a"), []);
    let end = ("identity.logout.told".to_owned(), "CLIENT_NOT_TOLD".to_owned());
    assert_eq!(world.audited().await.last(), Some(&end));
}

async fn a_client_that_never_answers_holds_no_other_up(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let mute = Client {
        backchannel_logout_uri: Some(party.url("/never")),
        ..client("a", "musterstadt", &party)
    };
    put(&world, &mute).await;
    let session = world.session(TrustLevel::Basic).await;
    enters(&world, "a", "openid", &session).await;
    enters(&world, "b", "openid", &session).await;
    let state = world.state.clone();
    let handle = move |job| deliver_outbox::handle(state.clone(), job);
    let worker = tokio::spawn(world.state.outbox.clone().run_pushes(2, handle));
    logs_out(&world, &session).await;
    let told = async {
        while party.told("/b").is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(4), told).await.unwrap();
    worker.abort();
}

fn person(session: &SessionView, grant: GrantId) -> Caller {
    Caller::Person(Person {
        account: session.account,
        client_id: "a".to_owned(),
        subject: "x".to_owned(),
        level: TrustLevel::Basic,
        authenticated_at: session.authenticated_at,
        grant,
        session: None,
        scopes: vec!["identity.self".to_owned()],
        acting_for: None,
    })
}

async fn logging_out_everywhere_kills_every_token_and_tells_the_clients(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let session = world.session(TrustLevel::Basic).await;
    let max = world.session(TrustLevel::Basic).await;
    let with = enters(&world, "a", "openid", &session).await;
    let offline = enters(&world, "b", "openid offline_access", &session).await;
    let of_max = enters(&world, "c", "openid", &max).await;
    world.clock.advance(Duration::from_secs(1));

    let grant = GrantId::new(&*world.state.outside.clock, &*world.state.outside.entropy).unwrap();
    let services = siegel_identity::grpc_services(&world.state);
    let channel = siegel_grpc::testing::serve(&services, person(&session, grant));
    let mut own = SelfServiceClient::new(channel);
    let request = pb::EndAllSessionsRequest { request_id: "1".to_owned() };
    let ended = own.end_all_sessions(request.clone()).await.unwrap().into_inner().ended;
    assert_eq!(ended, 1);
    let again = own.end_all_sessions(request).await.unwrap().into_inner().ended;
    assert_eq!(again, 0, "a repetition ends nothing");

    let mut tx = world.state.outside.db.read().await.unwrap();
    assert_eq!(stored::of_account(&mut tx, session.account).await.unwrap(), []);
    drop(tx);
    for (client, tokens) in [("a", &with), ("b", &offline)] {
        assert_eq!(userinfo(&world, tokens).await, StatusCode::UNAUTHORIZED, "{client}");
        assert_eq!(refresh(&world, client, tokens).await.error(), "invalid_grant", "{client}");
    }
    assert_eq!(userinfo(&world, &of_max).await, StatusCode::OK, "somebody else");

    delivers(&world).await;
    for client in ["a", "b"] {
        logout_token(&world, &party.told(&format!("/{client}")));
        let calls = party.told(&format!("/{client}/events"));
        let uri = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
        assert!(event(&world, &calls)["events"][uri]["event_timestamp"].is_i64());
    }
    assert_eq!(party.calls.lock().unwrap().len(), 0, "nobody else was told");
    let kinds = world.audited().await;
    assert!(kinds.contains(&("identity.sessions.ended".to_owned(), "done".to_owned())));
}

pub async fn userinfo(world: &World, tokens: &Answer) -> StatusCode {
    let bearer = format!("Bearer {}", tokens.text("access_token"));
    world.post("/userinfo", "", &[("authorization", &bearer)]).await.status
}

/// The claims of the one event that was sent.
pub fn event(world: &World, calls: &[Call]) -> Value {
    let [(_, kind, body)] = calls else { panic!("not told once: {calls:?}") };
    assert_eq!(kind, "application/secevent+jwt");
    world.claims(body, "secevent+jwt")
}

async fn a_security_event_names_the_clients_own_subject_only(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let session = world.session(TrustLevel::Basic).await;
    let a = enters(&world, "a", "openid", &session).await;
    enters(&world, "b", "openid", &session).await;
    let changed =
        SecurityEvent::CredentialChanged { kind: "password".to_owned(), change: Change::Update };
    let mut tx = world.state.outside.db.begin().await.unwrap();
    security_events::emit(&mut tx, session.account, &changed, world.now()).await.unwrap();
    tx.commit().await.unwrap();
    delivers(&world).await;
    let (at_a, at_b) =
        (event(&world, &party.told("/a/events")), event(&world, &party.told("/b/events")));
    let id_token = world.claims(&a.text("id_token"), "JWT");
    assert_eq!(at_a["sub_id"]["sub"], id_token["sub"]);
    assert_eq!((&at_a["aud"], &at_b["aud"]), (&"a".into(), &"b".into()));
    assert_ne!(at_a["sub_id"]["sub"], at_b["sub_id"]["sub"]);
    assert_ne!(at_a["jti"], at_b["jti"]);
    // Nothing may take it for an ID token (RFC 8417 §4).
    assert!(at_a.get("sub").is_none() && at_a.get("exp").is_none());
    let uri = "https://schemas.openid.net/secevent/caep/event-type/credential-change";
    assert_eq!(at_a["events"][uri]["credential_type"], "password");
    assert_eq!(at_a["events"][uri]["change_type"], "update");
    assert_eq!(party.told("/c/events"), [], "no grant, no news");
}
