//! A person's own credentials over gRPC, as the account pages use them.

use siegel_db::Db;
use siegel_grpc::testing::serve;
use siegel_grpc::{Caller, Person, reason};
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::domain::totp::Generator;
use siegel_identity::people::PeopleKeys;
use siegel_identity::store::{accounts, credentials};
use siegel_kernel::TrustLevel;
use siegel_oidc::AccessToken;
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::self_service_client::SelfServiceClient;
use siegel_testkit::on_each_backend;
use tonic::Code;
use tonic::transport::Channel;

use crate::world::{World, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_generator_is_added_named_and_removed_only_at_its_level,
    a_token_made_at_a_lower_level_does_not_use_what_the_session_has,
    a_session_that_is_over_changes_nothing,
    another_password_needs_the_old_one,
    recovery_codes_are_told_once,
    what_is_malformed_is_refused,
}

/// A person with a password and a session, calling with a token of level `told`.
struct Desk {
    world: World,
    session: SessionView,
    api: SelfServiceClient<Channel>,
}

const PASSWORD: &str = "vier lange Pferde singen";

impl Desk {
    async fn new(db: Db, level: TrustLevel, told: TrustLevel) -> Self {
        let world = World::new(db).await;
        let session = world.session(level).await;
        let code = world.code([], &session).await;
        let answer = world.token("portal", redemption(&code)).await;
        let token: AccessToken = world
            .state
            .keys
            .published()
            .verify(&answer.text("access_token"), AccessToken::TYP)
            .unwrap();
        let address = address(&world.state.people.keys);
        let mut tx = world.state.outside.db.begin().await.unwrap();
        let (hash, sealed) = address;
        assert!(accounts::change_address(&mut tx, session.account, &hash, &sealed).await.unwrap());
        let phc = world.state.people.passwords.hash(PASSWORD.into()).await.unwrap();
        let id = credentials::CredentialId::new(
            &*world.state.outside.clock,
            &*world.state.outside.entropy,
        )
        .unwrap();
        let now = world.now();
        credentials::add_password(&mut tx, id, session.account, &phc, now).await.unwrap();
        tx.commit().await.unwrap();
        let person = Person {
            account: session.account,
            client_id: "portal".into(),
            subject: token.sub.clone(),
            level: told,
            authenticated_at: now,
            grant: token.gid.parse().unwrap(),
            session: token.sid.clone(),
            scopes: vec!["identity.self".into()],
            acting_for: None,
        };
        let services = siegel_identity::grpc_services(&world.state);
        let api = SelfServiceClient::new(serve(&services, Caller::Person(person)));
        Self { world, session, api }
    }

    async fn listed(&mut self) -> Vec<pb::Credential> {
        let asked = self.api.list_credentials(pb::ListCredentialsRequest {}).await;
        asked.unwrap().into_inner().credentials
    }

    async fn adds_generator(&mut self) -> Result<(), tonic::Status> {
        let begun = self.api.begin_totp(pb::BeginTotpRequest { request_id: "b".into() }).await?;
        let address = begun.into_inner().address;
        let secret = address.split("secret=").nth(1).unwrap().split('&').next().unwrap();
        let code = generator(secret).code(self.world.now());
        let request = pb::FinishTotpRequest { request_id: "f".into(), code, label: "App".into() };
        self.api.finish_totp(request).await?;
        Ok(())
    }
}

fn address(keys: &PeopleKeys) -> ([u8; 32], Vec<u8>) {
    let address = siegel_identity::domain::email::EmailAddress::parse("erika@example.org").unwrap();
    (keys.address_hash(&address), keys.seal_address(&address).unwrap())
}

/// RFC 4648 §6.
fn generator(base32: &str) -> Generator {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bytes, mut bits, mut have) = (Vec::new(), 0_u32, 0);
    for letter in base32.chars() {
        let value = alphabet.find(letter).expect("base32");
        bits = (bits << 5) | u32::try_from(value).unwrap();
        have += 5;
        if have >= 8 {
            have -= 8;
            bytes.push(u8::try_from((bits >> have) & 0xff).unwrap());
        }
    }
    Generator::new(&bytes, "app", "app").unwrap()
}

async fn a_generator_is_added_named_and_removed_only_at_its_level(db: Db) {
    let mut desk = Desk::new(db, TrustLevel::Basic, TrustLevel::Basic).await;
    desk.adds_generator().await.unwrap();
    let listed = desk.listed().await;
    let app = listed.iter().find(|c| c.kind == "totp").unwrap().clone();
    assert_eq!((app.label.as_str(), app.level), ("App", 2));
    let rename = pb::RenameCredentialRequest {
        request_id: "r".into(),
        credential_id: app.credential_id.clone(),
        label: "Telefon".into(),
    };
    desk.api.rename_credential(rename).await.unwrap();
    let named = desk.listed().await;
    assert!(named.iter().any(|c| c.label == "Telefon"));
    let remove =
        pb::RemoveCredentialRequest { request_id: "x".into(), credential_id: app.credential_id };
    let status = desk.api.remove_credential(remove).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(reason(&status).as_deref(), Some("TRUST_TOO_LOW"));
    let status = desk.adds_generator().await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("TRUST_TOO_LOW"), "nor is another one added");
    assert_eq!(desk.listed().await.len(), 2);
    let trail = desk.world.audited().await;
    for (kind, outcome) in [
        ("identity.credential.added", "done"),
        ("identity.credential.renamed", "done"),
        ("identity.credential.refused", "TRUST_TOO_LOW"),
    ] {
        assert!(trail.contains(&(kind.into(), outcome.into())), "{kind}: {trail:?}");
    }
}

async fn a_token_made_at_a_lower_level_does_not_use_what_the_session_has(db: Db) {
    let mut desk = Desk::new(db, TrustLevel::High, TrustLevel::Basic).await;
    let change = pb::ChangePasswordRequest {
        request_id: "p".into(),
        old_password: String::new(),
        new_password: "acht graue Esel tanzen".into(),
    };
    let status = desk.api.change_password(change).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("TRUST_TOO_LOW"));
}

async fn a_session_that_is_over_changes_nothing(db: Db) {
    let mut desk = Desk::new(db, TrustLevel::High, TrustLevel::High).await;
    let mut tx = desk.world.state.outside.db.begin().await.unwrap();
    let now = desk.world.now();
    siegel_identity::store::sessions::end(&mut tx, desk.session.id, now).await.unwrap();
    tx.commit().await.unwrap();
    let status = desk.adds_generator().await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}

async fn another_password_needs_the_old_one(db: Db) {
    let mut desk = Desk::new(db, TrustLevel::Basic, TrustLevel::Basic).await;
    let change = |old: &str, new: &str| pb::ChangePasswordRequest {
        request_id: "p".into(),
        old_password: old.into(),
        new_password: new.into(),
    };
    let new = "acht graue Esel tanzen";
    let status = desk.api.change_password(change("falsch", new)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("PASSWORD_WRONG"));
    let status = desk.api.change_password(change(PASSWORD, "passwort")).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    desk.api.change_password(change(PASSWORD, new)).await.unwrap();
    let status = desk.api.change_password(change(PASSWORD, new)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("PASSWORD_WRONG"));
}

async fn recovery_codes_are_told_once(db: Db) {
    let mut desk = Desk::new(db, TrustLevel::Basic, TrustLevel::Basic).await;
    let create = || pb::CreateRecoveryCodesRequest { request_id: "c".into() };
    let first = desk.api.create_recovery_codes(create()).await.unwrap().into_inner().codes;
    let second = desk.api.create_recovery_codes(create()).await.unwrap().into_inner().codes;
    assert_eq!((first.len(), second.len()), (10, 10));
    assert!(first.iter().all(|code| !second.contains(code)));
}

async fn what_is_malformed_is_refused(db: Db) {
    let mut desk = Desk::new(db, TrustLevel::Basic, TrustLevel::Basic).await;
    let none = pb::BeginTotpRequest { request_id: String::new() };
    assert_eq!(desk.api.begin_totp(none).await.unwrap_err().code(), Code::InvalidArgument);
    let unknown = pb::RenameCredentialRequest {
        request_id: "r".into(),
        credential_id: "crd_1".into(),
        label: "x".into(),
    };
    assert_eq!(
        desk.api.rename_credential(unknown).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let nothing = pb::FinishTotpRequest {
        request_id: "f".into(),
        code: "123456".into(),
        label: String::new(),
    };
    let status = desk.api.finish_totp(nothing).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("NOTHING_BEGUN"));
}
