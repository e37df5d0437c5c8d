//! Tokens of those who act for others: people for somebody, programs for their organisation.

use siegel_crypto::SigningKey;
use siegel_grpc::reason;
use siegel_oidc::{AccessToken, ActingFor, TokenKind};
use siegel_proto::identity::v1 as pb;
use siegel_proto::postbox::v1 as postbox;
use siegel_proto::postbox::v1::sender_service_client::SenderServiceClient;

use crate::guard::{by_hand, list, refused};
use crate::house::{House, claims};

#[tokio::test]
async fn a_service_is_told_for_whom_a_person_acts_and_at_the_persons_own_level() {
    let (house, key) = (House::new(), SigningKey::generate().unwrap());
    let organisation = "org_0123456789abcdef0123456789abcdef";
    let level = siegel_proto::common::v1::TrustLevel::High.into();
    *house.identity.acting_for.lock().unwrap() = Some(pb::GrantedRepresentation {
        organisation_id: organisation.into(),
        identification_level: level,
        ..pb::GrantedRepresentation::default()
    });
    let mut claims = claims(&house.identity, "postbox", TokenKind::Person);
    claims.acting_for = Some(acting_for());
    let told = list(house.bound(&claims, &key)).await.unwrap();
    assert!(told.starts_with("person at substantial for Organisation"), "{told}");
}

#[tokio::test]
async fn a_token_that_names_somebody_its_grant_does_not_is_refused_and_the_reverse() {
    let key = SigningKey::generate().unwrap();
    let house = House::new();
    let mut claims = claims(&house.identity, "postbox", TokenKind::Person);
    claims.acting_for = Some(acting_for());
    assert_eq!(refused(house.bound(&claims, &key)).await, "TOKEN_MALFORMED");
    let house = House::new();
    let claims = AccessToken { acting_for: None, ..claims };
    *house.identity.acting_for.lock().unwrap() = Some(pb::GrantedRepresentation {
        principal_account_id: "acc_0123456789abcdef0123456789abcdef".into(),
        ..pb::GrantedRepresentation::default()
    });
    assert_eq!(refused(house.bound(&claims, &key)).await, "TOKEN_MALFORMED");
}

/// A program of an organisation, and its token.
fn program(house: &House) -> (String, AccessToken) {
    let organisation_id = "org_0123456789abcdef0123456789abcdef".to_owned();
    let id = "sys_0123456789abcdef0123456789abcdef".to_owned();
    house.identity.system_user.lock().unwrap().clone_from(&id);
    *house.identity.acting_for.lock().unwrap() = Some(pb::GrantedRepresentation {
        organisation_id: organisation_id.clone(),
        ..pb::GrantedRepresentation::default()
    });
    let mut claims = claims(&house.identity, "postbox", TokenKind::Program);
    claims.sub.clone_from(&id);
    claims.acting_for = Some(acting_for());
    (format!("{id} of {organisation_id}"), claims)
}

#[tokio::test]
async fn a_program_is_let_in_where_its_row_says_and_known_with_its_organisation() {
    let (house, key) = (House::new(), SigningKey::generate().unwrap());
    let (name, claims) = program(&house);
    assert_eq!(list(house.bound(&claims, &key)).await.unwrap(), name);
    let wide = AccessToken { scope: "postbox.deliver postbox.read".into(), ..claims };
    let mut sender = SenderServiceClient::new(house.bound(&wide, &key));
    let refused = sender.watch_events(postbox::WatchEventsRequest::default()).await.unwrap_err();
    assert_eq!(reason(&refused).unwrap(), "WRONG_CALLER");
}

#[tokio::test]
async fn a_token_of_a_program_is_none_of_a_person_nor_of_another_program() {
    let (house, key) = (House::new(), SigningKey::generate().unwrap());
    let (_, claims) = program(&house);
    let person = AccessToken { kind: TokenKind::Person, ..claims.clone() };
    assert_eq!(refused(house.bound(&person, &key)).await, "TOKEN_MALFORMED");
    let other = AccessToken { sub: "sys_fedcba9876543210fedcba9876543210".into(), ..claims };
    assert_eq!(refused(house.bound(&other, &key)).await, "TOKEN_MALFORMED");
    let house = House::new();
    assert_eq!(refused(house.bound(&other, &key)).await, "TOKEN_MALFORMED", "a person's grant");
}

#[tokio::test]
async fn a_token_of_a_program_that_is_bound_to_nothing_is_refused() {
    let house = House::new();
    let (_, claims) = program(&house);
    let headers = [("authorization", format!("Bearer {}", house.identity.sign(&claims)))];
    let status = by_hand(&house, &headers).await.unwrap_err();
    assert_eq!(reason(&status).unwrap(), "TOKEN_NOT_BOUND");
}

fn acting_for() -> ActingFor {
    ActingFor {
        sub: "pairwise".into(),
        kind: "organisation".into(),
        mandate: None,
        mandate_version: None,
        path_digest: "digest".into(),
        identification_level: None,
    }
}
