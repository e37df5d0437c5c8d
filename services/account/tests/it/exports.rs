//! The log that people read and take with them.

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::account::v1::support_service_client::SupportServiceClient;
use siegel_proto::account::v1::{
    ExportAccountRequest, ExportDisclosuresRequest, LookUpAccountRequest, ReleaseAttributesRequest,
};
use siegel_testkit::on_each_backend;

use crate::office::{Office, TABLES};
use crate::whole::whole;

on_each_backend! { super::TABLES =>
    the_export_is_one_document_with_consents_disclosures_and_staff,
    the_archive_of_an_account_holds_everything_that_the_account_does,
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

async fn archive(office: &Office, account: AccountId) -> serde_json::Value {
    let stream = office.exports(account).export_account(ExportAccountRequest {}).await;
    let mut stream = stream.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = stream.message().await.unwrap() {
        bytes.extend(piece.chunk);
    }
    serde_json::from_slice(&bytes).unwrap()
}

async fn the_archive_of_an_account_holds_everything_that_the_account_does(db: Db) {
    let mut office = Office::open(db).await;
    let account = whole(&mut office, "erika@example.org").await;
    whole(&mut office, "max@example.org").await;
    let document = archive(&office, account).await;
    assert_eq!(document["format"], "siegel-account/1");
    assert!(!document.to_string().contains("max@"), "nothing of others");
    let attributes = document["attributes"].as_array().unwrap();
    let absent = attributes.iter().find(|a| a["name"] == "birth_name").unwrap();
    assert_eq!(absent["not_applicable"], true);
    let city = attributes.iter().find(|a| a["name"] == "city").unwrap();
    assert_eq!((&city["value"], &city["not_applicable"]), (&"Köln".into(), &false.into()));
    let pending = &document["pending_change"];
    assert_eq!(pending["level"], "high");
    let waits = pending["attributes"].as_array().unwrap();
    assert!(waits.iter().any(|a| a["name"] == "city" && a["value"] == "Kiel"), "{pending}");
    let consent = &document["consents"][0];
    assert_eq!(
        (&consent["attributes"], &consent["purpose"]),
        (&"given_name".into(), &"Antrag".into())
    );
    assert_eq!(consent["receipt"]["text_version"], "v7");
    assert_eq!(consent["receipt"]["attributes"][1]["label"], "Telefon");
    let [kept] = &document["documents"].as_array().unwrap()[..] else { unreachable!("one") };
    assert_eq!((&kept["name"], &kept["origin"]), (&"Bescheid.pdf".into(), &"person".into()));
    let [grant] = &document["document_grants"].as_array().unwrap()[..] else { unreachable!("one") };
    assert_eq!((&grant["document_id"], &grant["fetches"]), (&kept["document_id"], &1.into()));
    assert_eq!((&grant["client_id"], &grant["purpose"]), (&"bauamt".into(), &"Bauantrag".into()));
    let lines = document["disclosures"].as_array().unwrap();
    assert_eq!(lines.len(), 2);
    assert!(lines[0]["document"].is_null(), "attributes and no document");
    assert_eq!(lines[1]["document"]["document_id"], kept["document_id"]);
    assert_eq!(lines[1]["document"]["name"], "Bescheid.pdf");
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
