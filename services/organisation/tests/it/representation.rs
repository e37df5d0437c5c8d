use siegel_db::Db;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::representation_service_client::RepresentationServiceClient;
use siegel_testkit::on_each_backend;

use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    an_organisation_is_described_without_its_id,
}

async fn an_organisation_is_described_without_its_id(db: Db) {
    let office = Office::open(db).await;
    let made = office.founded(office.somebody(), "Muster GmbH").await;
    let mut client = RepresentationServiceClient::new(office.sibling("identity"));
    let mut ask = async |id: &str| {
        let organisation_id = id.to_owned();
        client.describe_party(pb::DescribePartyRequest { organisation_id }).await
    };
    let told = ask(&made.organisation_id).await.unwrap().into_inner();
    assert_eq!(told.name, "Muster GmbH");
    let has = |name: &str, value: &str| {
        told.attributes.iter().any(|a| a.name == name && a.value == value)
    };
    assert!(has("register_court", "Schwerin") && has("register_number", "1234B"));
    assert_eq!(told.identification_level, made.identification_level);
    let unknown = ask("org_00000000000000000000000000000000").await.unwrap_err();
    assert_eq!(reason(&unknown).as_deref(), Some("ORGANISATION_UNKNOWN"));
}
