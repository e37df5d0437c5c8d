//! What the suite's own services get.

use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::Caller;
use siegel_grpc::testing::serve;
use siegel_identity::store::revocations::{NotBefore, set_not_before};
use siegel_identity::store::sessions;
use siegel_kernel::TrustLevel;
use siegel_oidc::{AccessToken, TokenKind};
use siegel_proto::convert;
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::key_service_client::KeyServiceClient;
use siegel_proto::identity::v1::revocation::Target;
use siegel_proto::identity::v1::sibling_service_client::SiblingServiceClient;
use siegel_testkit::on_each_backend;
use tonic::Code;
use tonic::transport::Channel;

use crate::world::{World, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_service_token_is_bound_to_the_certificate_and_stays_within_reach,
    a_grant_is_resolved_to_its_account_until_it_ends,
    a_token_is_checked_against_grant_session_client_and_subject,
    a_revocation_reaches_a_follower_within_a_second,
    a_follower_that_comes_back_misses_nothing,
    the_published_keys_are_those_of_the_key_set,
}

fn siblings(world: &World) -> SiblingServiceClient<Channel> {
    let services = siegel_identity::grpc_services(&world.state);
    SiblingServiceClient::new(serve(&services, Caller::Sibling("postbox".into())))
}

async fn token(world: &World) -> (AccessToken, siegel_identity::domain::interaction::SessionView) {
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let answer = world.token("portal", redemption(&code)).await;
    let keys = world.state.keys.published();
    (keys.verify(&answer.text("access_token"), AccessToken::TYP).unwrap(), session)
}

async fn a_service_token_is_bound_to_the_certificate_and_stays_within_reach(db: Db) {
    let world = World::new(db).await;
    let mut client = siblings(&world);
    let ask = |to: &str| pb::IssueServiceTokenRequest { audience: to.to_owned() };
    let answer = client.issue_service_token(ask("organisation")).await.unwrap().into_inner();
    let keys = world.state.keys.published();
    let claims: AccessToken = keys.verify(&answer.access_token, AccessToken::TYP).unwrap();
    assert_eq!((claims.kind, claims.sub.as_str()), (TokenKind::Service, "postbox"));
    assert_eq!((claims.aud.as_str(), claims.scope.as_str()), ("urn:siegel:organisation", ""));
    assert_eq!(claims.cnf.unwrap().x5t_s256.as_deref(), Some("test"));
    let expires = convert::instant(&answer.expires_at.unwrap());
    assert_eq!(expires.as_seconds(), claims.exp);
    let refused = client.issue_service_token(ask("eid")).await.unwrap_err();
    assert_eq!(siegel_grpc::reason(&refused).as_deref(), Some("OUT_OF_REACH"));
    let kinds = world.audited().await;
    assert!(kinds.contains(&("identity.service_token.issued".into(), "done".into())));
}

async fn a_grant_is_resolved_to_its_account_until_it_ends(db: Db) {
    let world = World::new(db).await;
    let (claims, session) = token(&world).await;
    let mut client = siblings(&world);
    let ask = |id: &str| pb::ResolveGrantRequest { grant_id: id.to_owned() };
    let found = client.resolve_grant(ask(&claims.gid)).await.unwrap().into_inner();
    assert_eq!(found.account_id, session.account.to_string());
    for unknown in ["gnt_00000000000000000000000000000000", "nonsense", ""] {
        let refused = client.resolve_grant(ask(unknown)).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{unknown}");
        assert_eq!(siegel_grpc::reason(&refused).as_deref(), Some("GRANT_UNKNOWN"));
    }
    end(&world, &session).await;
    assert!(client.resolve_grant(ask(&claims.gid)).await.is_err());
}

async fn end(world: &World, session: &siegel_identity::domain::interaction::SessionView) {
    let mut tx = world.state.outside.db.begin().await.unwrap();
    let stored = sessions::find(&mut tx, session.id).await.unwrap().unwrap();
    let now = world.now();
    siegel_identity::app::sessions::end(&mut tx, &stored, "TEST", now).await.unwrap();
    tx.commit().await.unwrap();
    world.state.feed.committed();
}

async fn a_token_is_checked_against_grant_session_client_and_subject(db: Db) {
    let world = World::new(db).await;
    let (claims, session) = token(&world).await;
    let mut client = siblings(&world);
    let facts = |claims: &AccessToken| pb::CheckTokenRequest {
        grant_id: claims.gid.clone(),
        session_id: claims.sid.clone().unwrap_or_default(),
        client_id: claims.client_id.clone(),
        subject: claims.sub.clone(),
        issued_at: Some(convert::timestamp(siegel_kernel::Timestamp::from_seconds(claims.iat))),
    };
    let active = async |client: &mut SiblingServiceClient<Channel>, request| {
        client.check_token(request).await.unwrap().into_inner().active
    };
    assert!(active(&mut client, facts(&claims)).await);
    let other = pb::CheckTokenRequest { client_id: "other".into(), ..facts(&claims) };
    assert!(!active(&mut client, other).await);
    let other = pb::CheckTokenRequest { subject: "other".into(), ..facts(&claims) };
    assert!(!active(&mut client, other).await);
    end(&world, &session).await;
    assert!(!active(&mut client, facts(&claims)).await);

    let (claims, _) = token(&world).await;
    let mut tx = world.state.outside.db.begin().await.unwrap();
    set_not_before(&mut tx, NotBefore::Client("portal"), world.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!active(&mut client, facts(&claims)).await, "issued before the client was stopped");
    world.clock.advance(Duration::from_secs(1));
    let (claims, _) = token(&world).await;
    assert!(active(&mut client, facts(&claims)).await, "issued after it");
}

async fn a_revocation_reaches_a_follower_within_a_second(db: Db) {
    let world = World::new(db).await;
    let (claims, session) = token(&world).await;
    let numbering = tokio::spawn(world.state.feed.clone().run(world.clock.clone()));
    let request = pb::WatchRevocationsRequest { after_position: 0 };
    let mut stream = siblings(&world).watch_revocations(request).await.unwrap().into_inner();
    let start = stream.message().await.unwrap().unwrap();
    assert!(start.revocation.is_none(), "the first message says where it starts");
    end(&world, &session).await;
    let next = tokio::time::timeout(Duration::from_secs(1), stream.message()).await;
    let next = next.expect("within a second").unwrap().unwrap();
    let revocation = next.revocation.unwrap();
    assert_eq!(revocation.target, Some(Target::GrantId(claims.gid)));
    assert!(next.position > start.position);
    numbering.abort();
}

async fn a_follower_that_comes_back_misses_nothing(db: Db) {
    let world = World::new(db).await;
    let mut gone = Vec::new();
    for _ in 0..3 {
        let (claims, session) = token(&world).await;
        end(&world, &session).await;
        gone.push(Target::GrantId(claims.gid));
    }
    world.state.feed.number(&*world.clock).await.unwrap();
    let follow = async |after_position: i64, count: usize| {
        let request = pb::WatchRevocationsRequest { after_position };
        let mut stream = siblings(&world).watch_revocations(request).await.unwrap().into_inner();
        let mut seen = Vec::new();
        while seen.len() < count {
            let message = stream.message().await.unwrap().unwrap();
            seen.extend(message.revocation.map(|r| (message.position, r.target.unwrap())));
        }
        seen
    };
    let all = follow(0, 3).await;
    assert_eq!(all.iter().map(|(_, t)| t.clone()).collect::<Vec<_>>(), gone);
    let rest = follow(all[0].0, 2).await;
    assert_eq!(rest, all[1..]);
}

async fn the_published_keys_are_those_of_the_key_set(db: Db) {
    let world = World::new(db).await;
    let services = siegel_identity::grpc_services(&world.state);
    let mut client = KeyServiceClient::new(serve(&services, Caller::Anyone));
    let answer = client.list_signing_keys(pb::ListSigningKeysRequest {}).await.unwrap();
    assert_eq!(answer.into_inner().jwks, world.get("/.well-known/jwks.json").await.body);
}
