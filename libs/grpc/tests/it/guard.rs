use std::sync::atomic::Ordering;
use std::time::Duration;

use siegel_crypto::SigningKey;
use siegel_grpc::{AuthChannel, fact, reason};
use siegel_kernel::Clock as _;
use siegel_oidc::{AccessToken, Confirmation, TokenKind, dpop};
use siegel_proto::identity::v1 as pb;
use siegel_proto::postbox::v1 as postbox;
use siegel_proto::postbox::v1::evidence_service_client::EvidenceServiceClient;
use siegel_proto::postbox::v1::handle_service_client::HandleServiceClient;
use siegel_proto::postbox::v1::sender_service_client::SenderServiceClient;
use tonic::{Request, Status};

use crate::house::{House, ORIGIN, claims};

pub async fn list(channel: AuthChannel) -> Result<String, Status> {
    let request = postbox::ListReceiptsRequest::default();
    let answer = EvidenceServiceClient::new(channel).list_receipts(request).await?;
    Ok(answer.into_inner().receipts.remove(0).kind)
}

pub async fn refused(channel: AuthChannel) -> String {
    reason(&list(channel).await.unwrap_err()).unwrap()
}

/// A call with headers written by hand.
pub async fn by_hand(house: &House, headers: &[(&'static str, String)]) -> Result<String, Status> {
    let channel = house.siblings("portal", "portal").anonymous("postbox");
    let mut request = Request::new(postbox::ListReceiptsRequest::default());
    for (name, value) in headers {
        request.metadata_mut().append(*name, value.parse().unwrap());
    }
    let answer = EvidenceServiceClient::new(channel).list_receipts(request).await?;
    Ok(answer.into_inner().receipts.remove(0).kind)
}

#[tokio::test]
async fn a_person_with_a_bound_token_is_let_in_and_known_by_level() {
    let (house, key) = (House::new(), SigningKey::generate().unwrap());
    let claims = claims(&house.identity, "postbox", TokenKind::Person);
    assert_eq!(list(house.bound(&claims, &key)).await.unwrap(), "person at substantial");
}

#[tokio::test]
async fn a_token_for_another_service_is_refused() {
    let (house, key) = (House::new(), SigningKey::generate().unwrap());
    let claims = claims(&house.identity, "account", TokenKind::Person);
    assert_eq!(refused(house.bound(&claims, &key)).await, "TOKEN_WRONG_AUDIENCE");
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let (house, key) = (House::new(), SigningKey::generate().unwrap());
    let channel = house.bound(&claims(&house.identity, "postbox", TokenKind::Person), &key);
    house.identity.clock.advance(Duration::from_mins(5));
    assert_eq!(refused(channel).await, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_token_of_a_foreign_issuer_is_refused() {
    let (house, key) = (House::new(), SigningKey::generate().unwrap());
    let mut foreign = House::new();
    foreign.identity.key = SigningKey::generate().unwrap();
    let bound = Confirmation { jkt: Some(key.kid().to_owned()), x5t_s256: None };
    let claims = claims(&house.identity, "postbox", TokenKind::Person);
    let token = foreign.identity.sign(&AccessToken { cnf: Some(bound), ..claims });
    let channel = house.siblings("portal", "portal").person_channel("postbox", token, key);
    assert_eq!(refused(channel).await, "TOKEN_INVALID");
}

#[tokio::test]
async fn an_id_token_is_no_access_token() {
    let house = House::new();
    let claims = claims(&house.identity, "postbox", TokenKind::Person);
    let token = house.identity.key.sign("JWT", &claims).unwrap();
    let status = by_hand(&house, &[("authorization", format!("Bearer {token}"))]).await;
    assert_eq!(reason(&status.unwrap_err()).unwrap(), "TOKEN_INVALID");
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let (house, key) = (House::new(), SigningKey::generate().unwrap());
    let claims = claims(&house.identity, "postbox", TokenKind::Person);
    let channel = house.bound(&AccessToken { scope: "account.read".into(), ..claims }, &key);
    let status = list(channel).await.unwrap_err();
    assert_eq!(reason(&status).unwrap(), "SCOPE_MISSING");
    assert_eq!(fact(&status, "needed").unwrap(), "postbox.read postbox.deliver");
}

#[tokio::test]
async fn a_bearer_token_reads_no_letters() {
    let house = House::new();
    let token = house.identity.sign(&claims(&house.identity, "postbox", TokenKind::Person));
    let status = by_hand(&house, &[("authorization", format!("Bearer {token}"))]).await;
    assert_eq!(reason(&status.unwrap_err()).unwrap(), "TOKEN_NOT_BOUND");
}

#[tokio::test]
async fn a_bound_token_without_its_proof_is_refused() {
    let (house, key) = (House::new(), SigningKey::generate().unwrap());
    let bound = Confirmation { jkt: Some(key.kid().to_owned()), x5t_s256: None };
    let claims = claims(&house.identity, "postbox", TokenKind::Person);
    let token = house.identity.sign(&AccessToken { cnf: Some(bound), ..claims });
    for scheme in ["Bearer", "DPoP"] {
        let status = by_hand(&house, &[("authorization", format!("{scheme} {token}"))]).await;
        assert_eq!(reason(&status.unwrap_err()).unwrap(), "DPOP_PROOF_MISSING", "{scheme}");
    }
}

#[tokio::test]
async fn a_stolen_token_with_the_thiefs_own_key_is_refused() {
    let (house, key) = (House::new(), SigningKey::generate().unwrap());
    let bound = Confirmation { jkt: Some(key.kid().to_owned()), x5t_s256: None };
    let claims = claims(&house.identity, "postbox", TokenKind::Person);
    let token = house.identity.sign(&AccessToken { cnf: Some(bound), ..claims });
    let thief = SigningKey::generate().unwrap();
    let channel = house.siblings("portal", "portal").person_channel("postbox", token, thief);
    assert_eq!(refused(channel).await, "DPOP_PROOF_INVALID");
}

#[tokio::test]
async fn a_proof_is_asked_for_a_nonce_and_accepted_once() {
    let (house, key) = (House::new(), SigningKey::generate().unwrap());
    let bound = Confirmation { jkt: Some(key.kid().to_owned()), x5t_s256: None };
    let claims = claims(&house.identity, "postbox", TokenKind::Person);
    let token = house.identity.sign(&AccessToken { cnf: Some(bound), ..claims });
    let url = format!("{ORIGIN}/siegel.postbox.v1.EvidenceService/ListReceipts");
    let expected =
        dpop::Expected { method: "POST", url: &url, access_token: Some(&token), jkt: None };
    let now = house.identity.clock.now();
    let prove = |nonce: Option<&str>| dpop::prove(&key, &expected, nonce, "1".into(), now).unwrap();
    let headers = |proof: String| [("authorization", format!("DPoP {token}")), ("dpop", proof)];

    let asked = by_hand(&house, &headers(prove(None))).await.unwrap_err();
    assert_eq!(reason(&asked).unwrap(), "USE_DPOP_NONCE");
    let nonce = asked.metadata().get("dpop-nonce").unwrap().to_str().unwrap().to_owned();
    let proof = prove(Some(&nonce));
    assert!(by_hand(&house, &headers(proof.clone())).await.is_ok());
    let again = by_hand(&house, &headers(proof)).await.unwrap_err();
    assert_eq!(reason(&again).unwrap(), "DPOP_PROOF_REPLAYED");
}

#[tokio::test]
async fn a_revoked_grant_is_refused_as_soon_as_the_stream_tells() {
    let (house, key) = (House::new(), SigningKey::generate().unwrap());
    let claims = claims(&house.identity, "postbox", TokenKind::Person);
    let channel = house.bound(&claims, &key);
    assert!(list(channel.clone()).await.is_ok());
    let revocation = pb::Revocation {
        target: Some(pb::revocation::Target::GrantId(claims.gid)),
        revoked_at: None,
    };
    let message = pb::WatchRevocationsResponse { position: 1, revocation: Some(revocation) };
    while house.identity.revocations.receiver_count() < 2 {
        tokio::task::yield_now().await;
    }
    house.identity.revocations.send(message).unwrap();
    let told = async {
        while list(channel.clone()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), told).await.unwrap();
    assert_eq!(refused(channel).await, "TOKEN_REVOKED");
}

#[tokio::test]
async fn without_the_stream_identity_is_asked_and_without_identity_nobody_is_let_in() {
    let key = SigningKey::generate().unwrap();
    let house = House::new();
    house.identity.stream_works.store(false, Ordering::SeqCst);
    let channel = house.bound(&claims(&house.identity, "postbox", TokenKind::Person), &key);
    assert!(list(channel.clone()).await.is_ok());
    house.identity.active.store(false, Ordering::SeqCst);
    assert_eq!(refused(channel.clone()).await, "TOKEN_REVOKED");
    house.registry.register("identity", siegel_grpc_nothing());
    let lost = house.bound(&claims(&house.identity, "postbox", TokenKind::Person), &key);
    let found = refused(lost).await;
    assert!(["REVOCATION_UNKNOWN", "TOKEN_REVOKED"].contains(&found.as_str()), "{found}");
}

fn siegel_grpc_nothing() -> axum::Router {
    axum::Router::new()
}

#[tokio::test]
async fn a_sibling_is_known_by_its_token_and_its_certificate_together() {
    let house = House::new();
    let request = postbox::IssueHandleRequest::default;
    let identity = house.siblings("identity", "identity").channel("postbox");
    let mut client = HandleServiceClient::new(identity);
    assert_eq!(
        client.issue_handle(request()).await.unwrap().into_inner().handle,
        "service:identity"
    );

    let portal = house.siblings("portal", "portal").channel("postbox");
    let status = HandleServiceClient::new(portal).issue_handle(request()).await.unwrap_err();
    assert_eq!(reason(&status).unwrap(), "WRONG_CALLER");
}

#[tokio::test]
async fn a_service_token_on_another_services_connection_is_refused() {
    let house = House::new();
    let mut claims = claims(&house.identity, "postbox", TokenKind::Service);
    claims.sub = "identity".into();
    claims.cnf = Some(Confirmation { jkt: None, x5t_s256: Some("identity".into()) });
    let token = house.identity.sign(&claims);
    let channel = house.siblings("portal", "portal").anonymous("postbox");
    let mut request = Request::new(postbox::IssueHandleRequest::default());
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let status = HandleServiceClient::new(channel).issue_handle(request).await.unwrap_err();
    assert_eq!(reason(&status).unwrap(), "TOKEN_WRONG_HOLDER");
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_no_sibling_from_calling() {
    let house = House::new();
    let identity = house.siblings("identity", "identity").channel("postbox");
    let mut client = HandleServiceClient::new(identity);
    client.issue_handle(postbox::IssueHandleRequest::default()).await.unwrap();
    house.identity.clock.set(house.identity.clock.now().minus(Duration::from_secs(90)));
    // The token at hand would be refused: it is from the future.
    client.issue_handle(postbox::IssueHandleRequest::default()).await.unwrap();
}

#[tokio::test]
async fn a_nonce_from_before_the_clock_was_set_back_is_not_tried() {
    let (house, key) = (House::new(), SigningKey::generate().unwrap());
    let now = house.identity.clock.now();
    let mut claims = claims(&house.identity, "postbox", TokenKind::Person);
    claims.iat -= 200;
    let channel = house.bound(&claims, &key);
    list(channel.clone()).await.unwrap();
    house.identity.clock.set(now.minus(Duration::from_secs(90)));
    assert_eq!(list(channel).await.unwrap(), "person at substantial");
}

#[tokio::test]
async fn a_public_call_needs_no_token_and_a_service_out_of_reach_is_not_called() {
    let house = House::new();
    let request = postbox::ListSigningKeysRequest {};
    let public = house.siblings("portal", "portal").anonymous("postbox");
    let answer = EvidenceServiceClient::new(public).list_signing_keys(request).await.unwrap();
    assert_eq!(answer.into_inner().jwks, "anyone");
    let stranger = house.siblings("eid", "eid").anonymous("postbox");
    let status = EvidenceServiceClient::new(stranger).list_signing_keys(request).await.unwrap_err();
    assert_eq!(reason(&status).unwrap(), "OUT_OF_REACH");
}

#[tokio::test]
async fn two_tokens_at_once_are_refused() {
    let house = House::new();
    let token = house.identity.sign(&claims(&house.identity, "postbox", TokenKind::Person));
    let header = || ("authorization", format!("Bearer {token}"));
    let status = by_hand(&house, &[header(), header()]).await.unwrap_err();
    assert_eq!(reason(&status).unwrap(), "TOKEN_MALFORMED");
}

/// The stream of a client after its first message.
async fn watching(
    house: &House,
    token: &AccessToken,
) -> tonic::Streaming<postbox::WatchEventsResponse> {
    let key = SigningKey::generate().unwrap();
    let mut sender = SenderServiceClient::new(house.bound(token, &key));
    let request = postbox::WatchEventsRequest::default();
    let mut stream = sender.watch_events(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    stream
}

#[tokio::test]
async fn a_stream_ends_when_its_token_expires() {
    let house = House::new();
    let token = claims(&house.identity, "postbox", TokenKind::Client);
    let mut stream = watching(&house, &token).await;
    house.identity.clock.advance(Duration::from_mins(5));
    assert_eq!(reason(&stream.message().await.unwrap_err()).unwrap(), "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked() {
    let house = House::new();
    let token = claims(&house.identity, "postbox", TokenKind::Client);
    let mut stream = watching(&house, &token).await;
    let target = Some(pb::revocation::Target::GrantId(token.gid.clone()));
    let revocation = Some(pb::Revocation { target, revoked_at: None });
    let message = pb::WatchRevocationsResponse { position: 1, revocation };
    house.identity.revocations.send(message).unwrap();
    assert_eq!(reason(&stream.message().await.unwrap_err()).unwrap(), "TOKEN_REVOKED");
}

#[tokio::test]
async fn a_token_bound_to_a_certificate_holds_on_connections_with_it_only() {
    use siegel_grpc::ClientCertificate;
    use tower::ServiceExt as _;

    let house = House::new();
    let own = ClientCertificate::new(b"own", false);
    let mut token = claims(&house.identity, "postbox", TokenKind::Person);
    token.cnf = Some(Confirmation { jkt: None, x5t_s256: Some(own.thumbprint.clone()) });
    let bearer = format!("Bearer {}", house.identity.sign(&token));
    let call = async |shown: Option<ClientCertificate>| {
        let mut request = http::Request::post("/siegel.postbox.v1.EvidenceService/ListReceipts")
            .header("authorization", &bearer)
            .header("content-type", "application/grpc")
            .header("x-forwarded-client-cert", "Hash=own")
            .body(axum::body::Body::from(vec![0; 5]))
            .unwrap();
        if let Some(shown) = shown {
            request.extensions_mut().insert(shown);
        }
        let answer = house.postbox.clone().oneshot(request).await.unwrap();
        answer.headers().get("grpc-status").map(|v| v.to_str().unwrap().to_owned())
    };
    assert_eq!(call(Some(own)).await, None, "the answer has a body");
    let unauthenticated = Some("16".to_owned());
    assert_eq!(call(Some(ClientCertificate::new(b"other", true))).await, unauthenticated);
    assert_eq!(call(None).await, unauthenticated);
}
