use siegel_db::Db;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::access_service_client::AccessServiceClient;
use siegel_proto::organisation::v1::representation_service_client::RepresentationServiceClient;
use siegel_testkit::on_each_backend;

use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    the_parties_of_somebody_are_their_organisations_page_by_page,
    nobody_lists_what_is_anothers,
    an_organisation_is_described_without_its_id,
    a_change_of_membership_is_told_live,
}

async fn page(office: &Office, account: &str, token: &str) -> pb::ListAuthorisedPartiesResponse {
    let request = pb::ListAuthorisedPartiesRequest {
        account_id: account.into(),
        page_size: 2,
        page_token: token.into(),
    };
    let mut client = AccessServiceClient::new(office.sibling("identity"));
    client.list_authorised_parties(request).await.unwrap().into_inner()
}

async fn the_parties_of_somebody_are_their_organisations_page_by_page(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    for name in ["Cedrus", "Abies", "Betula"] {
        office.founded(erika, name).await;
    }
    let first = page(&office, &erika.to_string(), "").await;
    let names = |page: &pb::ListAuthorisedPartiesResponse| {
        page.parties.iter().map(|party| party.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&first), ["Abies", "Betula"]);
    assert!(first.parties.iter().all(|p| p.kinds == ["member"]));
    let second = page(&office, &erika.to_string(), &first.next_page_token).await;
    assert_eq!((names(&second), second.next_page_token.as_str()), (vec!["Cedrus".into()], ""));
}

async fn nobody_lists_what_is_anothers(db: Db) {
    let office = Office::open(db).await;
    office.founded(office.somebody(), "Abies").await;
    let stranger = office.somebody().to_string();
    assert_eq!(page(&office, &stranger, "").await.parties, []);
    let mut client = AccessServiceClient::new(office.sibling("identity"));
    let bent = pb::ListAuthorisedPartiesRequest {
        account_id: stranger,
        page_size: 2,
        page_token: "x".into(),
    };
    let status = client.list_authorised_parties(bent).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
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

async fn a_change_of_membership_is_told_live(db: Db) {
    let office = Office::open(db).await;
    office.founded(office.somebody(), "Earlier").await;
    let mut client = RepresentationServiceClient::new(office.sibling("identity"));
    office.settled().await;
    let request = pb::WatchAccessChangesRequest { after_position: 0 };
    let mut stream = client.watch_access_changes(request).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    assert_eq!(first.change, None, "what was before is not told");
    let made = office.founded(office.somebody(), "Muster GmbH").await;
    let change = loop {
        if let Some(change) = stream.message().await.unwrap().unwrap().change {
            break change;
        }
    };
    assert_eq!(change.organisation_id, made.organisation_id);
}
