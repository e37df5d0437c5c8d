//! The log that people read and take with them.

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::account::v1::support_service_client::SupportServiceClient;
use siegel_proto::account::v1::{
    ExportDisclosuresRequest, LookUpAccountRequest, ReleaseAttributesRequest,
};
use siegel_testkit::on_each_backend;

use crate::office::{Office, TABLES};

on_each_backend! { super::TABLES =>
    the_export_is_one_document_with_consents_disclosures_and_staff,
    the_export_of_more_than_a_piece_holds_every_line_once,
    the_export_of_an_empty_account_is_a_document_too,
}

async fn export(office: &Office, account: AccountId) -> serde_json::Value {
    let stream = office.privacy(account).export_disclosures(ExportDisclosuresRequest {}).await;
    let mut stream = stream.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = stream.message().await.unwrap() {
        bytes.extend(piece.chunk);
    }
    serde_json::from_slice(&bytes).unwrap()
}

fn release(id: &str, account: AccountId) -> ReleaseAttributesRequest {
    ReleaseAttributesRequest {
        request_id: id.into(),
        account_id: account.to_string(),
        client_id: "portal".into(),
        client_name: "Bürgerportal".into(),
        attributes: vec!["email".into()],
        purpose: "Antrag".into(),
        session_level: 3,
    }
}

async fn the_export_is_one_document_with_consents_disclosures_and_staff(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    office.consent(account, "portal", &["email"]).await;
    office.registry.release_attributes(release("1", account)).await.unwrap();
    let mut staff = SupportServiceClient::new(office.client("land", "auskunft"));
    let look = LookUpAccountRequest {
        request_id: "1".into(),
        account_id: account.to_string(),
        reason: "Auskunft".into(),
        reference: String::new(),
    };
    staff.look_up_account(look).await.unwrap();
    let document = export(&office, account).await;
    assert_eq!(document["format"], "siegel-disclosures/1");
    assert_eq!(document["account_id"], account.to_string());
    assert_eq!(document["consents"][0]["client_id"], "portal");
    let line = &document["disclosures"][0];
    assert_eq!(line["attributes"], serde_json::json!(["email"]));
    assert_eq!(
        (line["purpose"].as_str(), line["level"].as_str()),
        (Some("Antrag"), Some("substantial"))
    );
    assert_eq!(document["staff_accesses"][0]["reason"], "Auskunft");
    assert!(!document.to_string().contains("erika@"), "who got what, not what it was");
}

async fn the_export_of_more_than_a_piece_holds_every_line_once(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    office.consent(account, "portal", &["email"]).await;
    for n in 0..401 {
        office.registry.release_attributes(release(&n.to_string(), account)).await.unwrap();
    }
    let document = export(&office, account).await;
    assert_eq!(document["disclosures"].as_array().unwrap().len(), 401);
}

async fn the_export_of_an_empty_account_is_a_document_too(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let document = export(&office, account).await;
    for list in ["consents", "disclosures", "staff_accesses"] {
        assert_eq!(document[list], serde_json::json!([]), "{list}");
    }
}
