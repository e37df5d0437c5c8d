use http::StatusCode;
use serde_json::json;
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;
use uuid::Uuid;

use super::super::house::{Browser, House};
use super::device::Device;
use super::maker::Maker;
use super::passkeys::{begin_adding, begin_using, finish_adding, finish_using};
use super::{ERIKA, level};
use crate::domain::client::{Client, GrantType};
use crate::domain::grant::{Grant, Granted, Holder};
use crate::domain::interaction::{AuthRequest, SessionView};
use crate::domain::passkey_models::{Attestation, PasskeyModels};
use crate::domain::tenant::Tenant;
use crate::store::{clients, grants, tenants};

on_each_backend! { &crate::MIGRATIONS =>
    a_tenant_asks_the_maker_and_takes_its_models_only,
    a_model_nobody_vouches_for_is_none,
    without_a_demand_nobody_asks_for_the_model,
    a_passkey_made_elsewhere_does_not_count_for_a_tenant_with_models,
}

const ORIGIN: &str = "http://localhost:8080";
const MODEL: [u8; 16] = [7; 16];

/// A house that trusts a maker, and the file with its root.
fn trusting(db: Db, maker: &Maker) -> (House, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), maker.root()).unwrap();
    let people = json!({ "passkeys": { "attestation_roots_file": file.path() } });
    (House::with(db, &people), file)
}

/// A person with a session in which the client `portal` of a tenant got a grant.
async fn person_of<'a>(house: &'a House, models: &[[u8; 16]], how: Attestation) -> Browser<'a> {
    let browser = house.has_account(ERIKA).await;
    let (session, account, _) = house.session_of(&browser).await.unwrap();
    let now = house.state.now();
    let tenant = Tenant {
        id: "musterstadt".to_owned(),
        passkey_attestation: how,
        passkey_aaguids: models.iter().map(|m| Uuid::from_bytes(*m)).collect(),
        ..Tenant::default()
    };
    let client = Client { tenant: tenant.id.clone(), ..Client::named("portal") };
    let client = Client { grant_types: vec![GrantType::AuthorizationCode], ..client };
    let view = SessionView {
        id: session,
        account,
        level: TrustLevel::Basic,
        authenticated_at: now,
        started_at: now,
        amr: Vec::new(),
        guest: false,
    };
    let request = AuthRequest { sector: "musterstadt".to_owned(), ..AuthRequest::default() };
    let granted = Granted { request, session: view, refresh_jkt: None, refresh_x5t: None };
    let outside = &house.state.outside;
    let grant = Grant {
        id: siegel_kernel::GrantId::new(&*outside.clock, &*outside.entropy).unwrap(),
        client_id: "portal".to_owned(),
        subject: "subject".to_owned(),
        holder: Holder::Person { account, session: Some(session), granted: Box::new(granted) },
        created_at: now,
        revoked_at: None,
        expires_at: now.plus(std::time::Duration::from_hours(1)),
    };
    let mut tx = outside.db.begin().await.unwrap();
    tenants::put(&mut tx, &tenant, now).await.unwrap();
    clients::put(&mut tx, &client, now).await.unwrap();
    grants::insert(&mut tx, &grant).await.unwrap();
    tx.commit().await.unwrap();
    browser
}

async fn a_tenant_asks_the_maker_and_takes_its_models_only(db: Db) {
    let maker = Maker::new();
    let (house, _root) = trusting(db, &maker);
    let mut browser = person_of(&house, &[MODEL], Attestation::Direct).await;
    let options = begin_adding(&mut browser).await;
    assert_eq!(options["attestation"], "direct");
    let answer = Device::default().makes(ORIGIN, &options).await.unwrap();
    let page = finish_adding(&mut browser, &answer).await;
    assert_eq!(page.status.as_u16(), 422, "nobody vouches for it");
    assert!(page.body.contains("Dieses Gerät wird hier nicht angenommen"), "{}", page.body);

    let options = begin_adding(&mut browser).await;
    let answer = Device::default().makes(ORIGIN, &options).await.unwrap();
    let page = finish_adding(&mut browser, &maker.vouches(&answer, [8; 16])).await;
    assert_eq!(page.status.as_u16(), 422, "another model");

    let options = begin_adding(&mut browser).await;
    let mut device = Device::default();
    let answer = device.makes(ORIGIN, &options).await.unwrap();
    let page = finish_adding(&mut browser, &maker.vouches(&answer, MODEL)).await;
    assert_eq!(page.location, "/login/credentials?done=added", "{}", page.body);
    let refused = house.audit().await.iter().filter(|(_, why)| why == "PASSKEY_MODEL").count();
    assert_eq!(refused, 2);

    let these = PasskeyModels::These(vec![Uuid::from_bytes(MODEL)]);
    let id = house.asks_with(|request| request.passkeys = these).await;
    let mut elsewhere = house.browser();
    let options = begin_using(&mut elsewhere, id).await;
    let answer = device.uses(ORIGIN, &options, true).await.unwrap();
    finish_using(&mut elsewhere, id, &answer).await;
    assert_eq!(level(&house, &elsewhere).await, Some(TrustLevel::Low), "and it counts there");
}

async fn a_model_nobody_vouches_for_is_none(db: Db) {
    let (house, _root) = trusting(db, &Maker::new());
    let mut browser = person_of(&house, &[], Attestation::Direct).await;
    let options = begin_adding(&mut browser).await;
    let answer = Device::default().makes(ORIGIN, &options).await.unwrap();
    let stranger = Maker::new().vouches(&answer, MODEL);
    let page = finish_adding(&mut browser, &stranger).await;
    assert_eq!(page.status.as_u16(), 422, "a maker nobody trusts");
}

async fn without_a_demand_nobody_asks_for_the_model(db: Db) {
    let (house, _root) = trusting(db, &Maker::new());
    let mut browser = person_of(&house, &[], Attestation::None).await;
    let options = begin_adding(&mut browser).await;
    assert_eq!(options["attestation"], "none");
    let answer = Device::default().makes(ORIGIN, &options).await.unwrap();
    let page = finish_adding(&mut browser, &answer).await;
    assert_eq!(page.location, "/login/credentials?done=added", "{}", page.body);
}

async fn a_passkey_made_elsewhere_does_not_count_for_a_tenant_with_models(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let options = begin_adding(&mut browser).await;
    let mut device = Device::default();
    let answer = device.makes(ORIGIN, &options).await.unwrap();
    finish_adding(&mut browser, &answer).await;
    for (models, expected) in [
        (PasskeyModels::Vouched, StatusCode::FORBIDDEN),
        (PasskeyModels::Any, StatusCode::SEE_OTHER),
    ] {
        let id = house.asks_with(|request| request.passkeys = models.clone()).await;
        let mut elsewhere = house.browser();
        let options = begin_using(&mut elsewhere, id).await;
        let answer = device.uses(ORIGIN, &options, true).await.unwrap();
        let page = finish_using(&mut elsewhere, id, &answer).await;
        assert_eq!(page.status, expected, "{models:?}");
    }
}
