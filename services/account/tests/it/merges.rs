//! Two accounts of one person become one: what the other one lacks moves, and nothing is lost.

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::account::v1::support_service_client::SupportServiceClient;
use siegel_proto::account::v1::{
    CompareAccountsRequest, CompareAccountsResponse, GetConsentReceiptRequest,
    ListAttributesRequest, ListDisclosuresRequest, ListPastConsentsRequest,
    ListStaffAccessesRequest, LookUpAccountRequest, MergeAccountsRequest, SetAttributeRequest,
};
use siegel_proto::common::v1::AttributeSource;
use siegel_testkit::on_each_backend;
use tonic::Status;

use crate::documents::{bytes, fetch, grant, redeem, store};
use crate::imports::import;
use crate::office::{LARGEST, Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    what_the_account_that_stays_lacks_comes_with_source_and_level,
    documents_and_the_permissions_to_fetch_them_go_on_working,
    consents_end_and_what_was_disclosed_stays_readable,
    the_account_that_ended_takes_no_more_writes_and_a_repetition_changes_nothing,
    two_people_are_not_merged,
    documents_that_do_not_fit_hinder_the_whole,
    an_offer_that_waits_hinders_the_whole,
    a_comparison_tells_names_and_numbers_and_no_value,
    an_account_is_not_merged_with_itself_nor_with_none,
}

async fn two(db: Db) -> (Office, AccountId, AccountId) {
    let mut office = Office::open(db).await;
    let stays = office.account("erika@example.org").await;
    let ends = office.account("erika@arbeit.example").await;
    (office, stays, ends)
}

async fn says(office: &Office, account: AccountId, name: &str, value: &str) {
    let (request_id, name, value) = (office.fresh(), name.to_owned(), value.to_owned());
    let typed = SetAttributeRequest { request_id, name, value, not_applicable: false };
    office.person(account).set_attribute(typed).await.unwrap();
}

fn order(into: AccountId, from: AccountId) -> MergeAccountsRequest {
    MergeAccountsRequest {
        request_id: "merge".into(),
        into_account_id: into.to_string(),
        from_account_id: from.to_string(),
    }
}

pub async fn merge(office: &Office, into: AccountId, from: AccountId) -> Result<(), Status> {
    office.merges().merge_accounts(order(into, from)).await.map(drop)
}

async fn compare(office: &Office, into: AccountId, from: AccountId) -> CompareAccountsResponse {
    let request = CompareAccountsRequest {
        into_account_id: into.to_string(),
        from_account_id: from.to_string(),
    };
    office.merges().compare_accounts(request).await.unwrap().into_inner()
}

async fn values(office: &Office, account: AccountId) -> Vec<(String, String, i32, i32)> {
    let listed = office.person(account).list_attributes(ListAttributesRequest {}).await.unwrap();
    let told = |a: siegel_proto::account::v1::Attribute| (a.name, a.value, a.source, a.level);
    listed.into_inner().attributes.into_iter().map(told).collect()
}

async fn what_the_account_that_stays_lacks_comes_with_source_and_level(db: Db) {
    let (mut office, stays, ends) = two(db).await;
    says(&office, stays, "telephone", "+49 30 1").await;
    says(&office, ends, "telephone", "+49 30 2").await;
    says(&office, ends, "title", "Dr.").await;
    office.card(ends, &[("given_name", "Erika"), ("date_of_birth", "1980-01-02")]).await;
    merge(&office, stays, ends).await.unwrap();
    let (own, eid) = (AttributeSource::SelfDeclared as i32, AttributeSource::Eid as i32);
    let confirmed = AttributeSource::Confirmed as i32;
    let line =
        |name: &str, value: &str, source, level| (name.to_owned(), value.to_owned(), source, level);
    let mut found = values(&office, stays).await;
    found.sort();
    let wanted = [
        line("date_of_birth", "1980-01-02", eid, 4),
        line("email", "erika@example.org", confirmed, 1),
        line("given_name", "Erika", eid, 4),
        line("telephone", "+49 30 1", own, 1),
        line("title", "Dr.", own, 1),
    ];
    assert_eq!(found, wanted);
    let merged = ("account.account.merged".to_owned(), "done".to_owned());
    let lines = office.audit().await.into_iter().filter(|line| *line == merged).count();
    assert_eq!(lines, 2, "of either account");
}

async fn documents_and_the_permissions_to_fetch_them_go_on_working(db: Db) {
    let (office, stays, ends) = two(db).await;
    let content = bytes(100_000);
    let document = store(&office, ends, "1", &content).await.document_id;
    let grant = grant(&office, ends, &document, true).await.grant_id;
    merge(&office, stays, ends).await.unwrap();
    assert_eq!(fetch(&office, stays, &document).await.unwrap(), content);
    let fetched = redeem(&office, "bauamt", "r1", &grant).await.unwrap();
    assert_eq!(fetched, content);
    let log = office.person(stays).list_disclosures(ListDisclosuresRequest::default()).await;
    let log = log.unwrap().into_inner().disclosures;
    assert_eq!(log[0].document_name, "Bescheid.pdf", "whoever fetches is in the new log");
}

async fn consents_end_and_what_was_disclosed_stays_readable(db: Db) {
    let (mut office, stays, ends) = two(db).await;
    let before = office.consent(stays, "bauamt", &["city"]).await;
    let consent = office.consent(ends, "bauamt", &["title"]).await;
    let document = store(&office, ends, "1", &bytes(10)).await.document_id;
    let grant = grant(&office, ends, &document, true).await.grant_id;
    redeem(&office, "bauamt", "r1", &grant).await.unwrap();
    let mut staff = SupportServiceClient::new(office.client("land", "auskunft"));
    let look = LookUpAccountRequest {
        request_id: "1".into(),
        account_id: ends.to_string(),
        reason: "Auskunft".into(),
        reference: String::new(),
    };
    staff.look_up_account(look).await.unwrap();
    merge(&office, stays, ends).await.unwrap();
    let past = office.privacy(stays).list_past_consents(ListPastConsentsRequest::default()).await;
    let past = past.unwrap().into_inner().consents;
    let ended: Vec<_> = past
        .iter()
        .map(|p| (p.consent.as_ref().unwrap().consent_id.clone(), p.ended_by.as_str()))
        .collect();
    assert!(ended.contains(&(consent.clone(), "merged")), "{ended:?}");
    assert!(ended.contains(&(before, "")), "that of the account that stays stands: {ended:?}");
    let receipt = GetConsentReceiptRequest { consent_id: consent };
    let receipt = office.privacy(stays).get_consent_receipt(receipt).await.unwrap().into_inner();
    assert_eq!(receipt.receipt.unwrap().ended_by, "merged");
    let log = office.person(stays).list_disclosures(ListDisclosuresRequest::default()).await;
    let log = log.unwrap().into_inner().disclosures;
    assert_eq!(log[0].document_name, "Bescheid.pdf");
    let request = ListStaffAccessesRequest::default();
    let looks = office.privacy(stays).list_staff_accesses(request).await.unwrap().into_inner();
    assert_eq!(looks.accesses[0].reason, "Auskunft");
}

async fn the_account_that_ended_takes_no_more_writes_and_a_repetition_changes_nothing(db: Db) {
    let (office, stays, ends) = two(db).await;
    says(&office, ends, "title", "Dr.").await;
    for _ in 0..2 {
        merge(&office, stays, ends).await.unwrap();
    }
    assert_eq!(values(&office, stays).await.len(), 2);
    let typed = SetAttributeRequest {
        request_id: office.fresh(),
        name: "city".into(),
        value: "Kiel".into(),
        not_applicable: false,
    };
    let status = office.person(ends).set_attribute(typed).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ACCOUNT_UNKNOWN"));
    let again = MergeAccountsRequest { request_id: "other".into(), ..order(stays, ends) };
    let status = office.merges().merge_accounts(again).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ACCOUNT_UNKNOWN"));
}

/// Nothing has moved: both accounts say what they said.
async fn untouched(office: &Office, stays: AccountId, ends: AccountId, why: &str) {
    let before = (values(office, stays).await, values(office, ends).await);
    let hindrances = compare(office, stays, ends).await.hindrances;
    let status = merge(office, stays, ends).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some(why));
    assert_eq!(hindrances, [why], "and that is said before");
    assert_eq!((values(office, stays).await, values(office, ends).await), before);
}

async fn two_people_are_not_merged(db: Db) {
    let (mut office, stays, ends) = two(db).await;
    office.card(stays, &[("date_of_birth", "1980-01-02")]).await;
    office.card(ends, &[("date_of_birth", "1981-01-02"), ("title", "Dr.")]).await;
    untouched(&office, stays, ends, "MERGE_OTHER_PERSON").await;
    let refused = ("account.account.merged".to_owned(), "MERGE_OTHER_PERSON".to_owned());
    assert!(office.audit().await.contains(&refused));
}

async fn documents_that_do_not_fit_hinder_the_whole(db: Db) {
    let (office, stays, ends) = two(db).await;
    let most = bytes(usize::try_from(LARGEST).unwrap());
    store(&office, stays, "1", &most).await;
    let theirs = store(&office, ends, "2", &most).await.document_id;
    says(&office, ends, "title", "Dr.").await;
    untouched(&office, stays, ends, "QUOTA_EXCEEDED").await;
    assert_eq!(fetch(&office, ends, &theirs).await.unwrap(), most);
}

async fn an_offer_that_waits_hinders_the_whole(db: Db) {
    let (office, stays, ends) = two(db).await;
    import(&office, r#"{"id":"1","email":"erika@arbeit.example"}"#).await;
    untouched(&office, stays, ends, "MERGE_OFFER_WAITS").await;
}

async fn a_comparison_tells_names_and_numbers_and_no_value(db: Db) {
    let (mut office, stays, ends) = two(db).await;
    says(&office, stays, "city", "Kiel").await;
    says(&office, ends, "city", "Bonn").await;
    says(&office, ends, "title", "Dr.").await;
    office.consent(ends, "bauamt", &["title"]).await;
    store(&office, ends, "1", &bytes(10)).await;
    let found = compare(&office, stays, ends).await;
    let wanted = CompareAccountsResponse {
        comes: vec!["title".into()],
        differs: vec!["city".into()],
        documents: 1,
        consents: 1,
        hindrances: Vec::new(),
    };
    assert_eq!(found, wanted);
    assert_eq!(values(&office, stays).await.len(), 2, "and moves nothing");
}

async fn an_account_is_not_merged_with_itself_nor_with_none(db: Db) {
    let (mut office, stays, _) = two(db).await;
    assert_eq!(
        merge(&office, stays, stays).await.unwrap_err().code(),
        tonic::Code::InvalidArgument
    );
    let nobody: AccountId = "acc_00000000000000000000000000000009".parse().unwrap();
    let status = merge(&office, stays, nobody).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ACCOUNT_UNKNOWN"));
    office.card(stays, &[("city", "Kiel")]).await;
    assert_eq!(values(&office, stays).await.len(), 2, "and is still there");
}
