//! What people allowed clients, and taking it back.

use siegel_db::Db;
use siegel_grpc::testing::serve;
use siegel_grpc::{Caller, Person};
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::store::scope_consents;
use siegel_kernel::TrustLevel;
use siegel_oidc::AccessToken;
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::client_access_service_client::ClientAccessServiceClient;
use siegel_proto::identity::v1::self_service_client::SelfServiceClient;
use siegel_testkit::on_each_backend;
use tonic::transport::Channel;

use crate::world::{World, fields, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    withdrawing_kills_the_clients_grants_and_it_must_ask_again,
    withdrawing_kills_the_codes_that_wait_to_be_redeemed,
    nobody_withdraws_for_another,
    a_withdrawal_at_the_account_service_ends_what_the_client_holds,
    a_withdrawal_at_the_account_service_ends_nothing_of_others,
}

fn person(world: &World, session: &SessionView, token: &AccessToken) -> SelfServiceClient<Channel> {
    let services = siegel_identity::grpc_services(&world.state);
    let person = Person {
        account: session.account,
        client_id: token.client_id.clone(),
        subject: token.sub.clone(),
        level: TrustLevel::Basic,
        authenticated_at: world.now(),
        grant: token.gid.parse().unwrap(),
        session: token.sid.clone(),
        scopes: vec!["identity.self".into()],
        acting_for: None,
    };
    SelfServiceClient::new(serve(&services, Caller::Person(person)))
}

async fn allows(world: &World, session: &SessionView) {
    let scopes = ["account.read", "postbox"].map(str::to_owned);
    let mut tx = world.state.outside.db.begin().await.unwrap();
    let now = world.now();
    scope_consents::give(&mut tx, session.account, "portal", &scopes, now).await.unwrap();
    tx.commit().await.unwrap();
}

fn withdrawal(id: &str) -> pb::WithdrawClientConsentRequest {
    pb::WithdrawClientConsentRequest { request_id: id.into(), client_id: "portal".into() }
}

const WISH: [(&str, &str); 1] = [("scope", "openid account.read postbox")];

async fn withdrawing_kills_the_clients_grants_and_it_must_ask_again(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    allows(&world, &session).await;
    let code = world.silently(WISH, session.id).await["code"].clone();
    let answer = world.token("portal", redemption(&code)).await;
    let keys = world.state.keys.published();
    let token: AccessToken = keys.verify(&answer.text("access_token"), AccessToken::TYP).unwrap();
    let mut client = person(&world, &session, &token);
    let listed = client.list_client_consents(pb::ListClientConsentsRequest {}).await.unwrap();
    let listed = listed.into_inner().consents;
    assert_eq!((listed.len(), listed[0].client_name.as_str()), (1, "Bürgerportal"));
    assert_eq!(listed[0].scopes, ["account.read", "postbox"]);

    client.withdraw_client_consent(withdrawal("1")).await.unwrap();
    client.withdraw_client_consent(withdrawal("1")).await.unwrap();
    let form =
        fields([("grant_type", "refresh_token"), ("refresh_token", &answer.text("refresh_token"))]);
    assert_eq!(world.token("portal", form).await.error(), "invalid_grant");
    assert_eq!(world.silently(WISH, session.id).await["error"], "consent_required");
    let again = client.withdraw_client_consent(withdrawal("2")).await.unwrap_err();
    assert_eq!(siegel_grpc::reason(&again).as_deref(), Some("CONSENT_UNKNOWN"));
    let kinds = world.audited().await;
    assert!(kinds.contains(&("identity.consent.withdrawn".into(), "done".into())), "{kinds:?}");
}

async fn withdrawing_kills_the_codes_that_wait_to_be_redeemed(db: Db) {
    let world = World::new(db).await;
    let (ada, bob) =
        (world.session(TrustLevel::Basic).await, world.session(TrustLevel::Basic).await);
    allows(&world, &ada).await;
    allows(&world, &bob).await;
    let code = world.silently(WISH, ada.id).await["code"].clone();
    let answer = world.token("portal", redemption(&code)).await;
    let keys = world.state.keys.published();
    let token: AccessToken = keys.verify(&answer.text("access_token"), AccessToken::TYP).unwrap();
    let waiting = world.silently(WISH, ada.id).await["code"].clone();
    let at_another = world.code([("client_id", "other")], &ada).await;
    let of_another = world.silently(WISH, bob.id).await["code"].clone();
    person(&world, &ada, &token).withdraw_client_consent(withdrawal("1")).await.unwrap();
    assert_eq!(world.token("portal", redemption(&waiting)).await.error(), "invalid_grant");
    let other = world.token("other", redemption(&at_another)).await;
    assert_eq!(other.error(), "", "of another client");
    let other = world.token("portal", redemption(&of_another)).await;
    assert_eq!(other.error(), "", "of another person");
}

async fn nobody_withdraws_for_another(db: Db) {
    let world = World::new(db).await;
    let (ada, bob) =
        (world.session(TrustLevel::Basic).await, world.session(TrustLevel::Basic).await);
    allows(&world, &ada).await;
    let code = world.silently(WISH, ada.id).await["code"].clone();
    let answer = world.token("portal", redemption(&code)).await;
    let keys = world.state.keys.published();
    let token: AccessToken = keys.verify(&answer.text("access_token"), AccessToken::TYP).unwrap();
    let refused = person(&world, &bob, &token).withdraw_client_consent(withdrawal("1")).await;
    assert_eq!(siegel_grpc::reason(&refused.unwrap_err()).as_deref(), Some("CONSENT_UNKNOWN"));
    assert!(world.silently(WISH, ada.id).await.contains_key("code"));
}

/// As the account service tells it.
async fn account_says(world: &World, id: &str, session: &SessionView) {
    let services = siegel_identity::grpc_services(&world.state);
    let channel = serve(&services, Caller::Sibling("account".into()));
    let request = pb::EndClientAccessRequest {
        request_id: id.into(),
        account_id: session.account.to_string(),
        client_id: "portal".into(),
    };
    ClientAccessServiceClient::new(channel).end_client_access(request).await.unwrap();
}

async fn a_withdrawal_at_the_account_service_ends_what_the_client_holds(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    allows(&world, &session).await;
    let code = world.silently(WISH, session.id).await["code"].clone();
    let answer = world.token("portal", redemption(&code)).await;
    let waiting = world.silently(WISH, session.id).await["code"].clone();
    for _ in 0..2 {
        account_says(&world, "withdrawn-1", &session).await;
    }
    let form =
        fields([("grant_type", "refresh_token"), ("refresh_token", &answer.text("refresh_token"))]);
    assert_eq!(world.token("portal", form).await.error(), "invalid_grant");
    assert_eq!(world.token("portal", redemption(&waiting)).await.error(), "invalid_grant");
    let kinds = world.audited().await;
    let ended = ("identity.client_access.ended".into(), "done".into());
    assert_eq!(kinds.iter().filter(|kind| **kind == ended).count(), 1, "{kinds:?}");
}

async fn a_withdrawal_at_the_account_service_ends_nothing_of_others(db: Db) {
    let world = World::new(db).await;
    let (ada, bob) =
        (world.session(TrustLevel::Basic).await, world.session(TrustLevel::Basic).await);
    allows(&world, &ada).await;
    allows(&world, &bob).await;
    let at_another = world.code([("client_id", "other")], &ada).await;
    let of_another = world.silently(WISH, bob.id).await["code"].clone();
    account_says(&world, "withdrawn-1", &ada).await;
    assert_eq!(world.token("other", redemption(&at_another)).await.error(), "");
    assert_eq!(world.token("portal", redemption(&of_another)).await.error(), "");
}
