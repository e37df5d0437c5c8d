//! Staff who look, and the person who sees it.

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::account::v1::support_service_client::SupportServiceClient;
use siegel_proto::account::v1::{ListStaffAccessesRequest, LookUpAccountRequest};
use siegel_testkit::on_each_backend;
use tonic::Code;

use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    a_look_of_staff_is_in_the_persons_list_with_reason_and_reference,
    the_same_look_twice_is_one_line_and_shows_nothing_newer,
    staff_of_another_tenant_sees_nothing_and_the_attempt_is_audited,
    a_look_without_a_reason_is_refused,
    nobody_sees_who_looked_at_somebody_else,
}

fn look(id: &str, account: AccountId) -> LookUpAccountRequest {
    LookUpAccountRequest {
        request_id: id.into(),
        account_id: account.to_string(),
        reason: "Auskunft nach Art. 15 DSGVO".into(),
        reference: "AZ 12/25".into(),
    }
}

async fn a_look_of_staff_is_in_the_persons_list_with_reason_and_reference(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let mut staff = SupportServiceClient::new(office.client("land", "auskunft"));
    let seen = staff.look_up_account(look("1", account)).await.unwrap().into_inner();
    assert_eq!(seen.attributes.len(), 1);
    let request = ListStaffAccessesRequest::default();
    let list = office.privacy(account).list_staff_accesses(request).await.unwrap().into_inner();
    let [one] = &list.accesses[..] else { unreachable!("one look") };
    assert_eq!((one.staff.as_str(), one.what.as_str()), ("land/auskunft", "account"));
    assert_eq!(
        (one.reason.as_str(), one.reference.as_str()),
        ("Auskunft nach Art. 15 DSGVO", "AZ 12/25")
    );
    let audited = ("account.staff.looked_up".to_owned(), "done".to_owned());
    assert!(office.audit().await.contains(&audited));
}

async fn the_same_look_twice_is_one_line_and_shows_nothing_newer(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let mut staff = SupportServiceClient::new(office.client("land", "auskunft"));
    let first = staff.look_up_account(look("1", account)).await.unwrap().into_inner();
    office.card(account, &[("given_name", "Erika")]).await;
    let again = staff.look_up_account(look("1", account)).await.unwrap().into_inner();
    assert_eq!(first, again, "an old request id is no way to look unseen");
    assert_eq!(office.count("SELECT COUNT(*) FROM staff_accesses").await, 1);
}

async fn staff_of_another_tenant_sees_nothing_and_the_attempt_is_audited(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let mut staff = SupportServiceClient::new(office.client("musterstadt", "auskunft"));
    let status = staff.look_up_account(look("1", account)).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(reason(&status).as_deref(), Some("NOT_OPERATOR"));
    let audited = ("account.staff.looked_up".to_owned(), "NOT_OPERATOR".to_owned());
    assert!(office.audit().await.contains(&audited));
}

async fn a_look_without_a_reason_is_refused(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let mut staff = SupportServiceClient::new(office.client("land", "auskunft"));
    let bare = LookUpAccountRequest { reason: " ".into(), ..look("1", account) };
    let status = staff.look_up_account(bare).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    let nobody = LookUpAccountRequest { account_id: "x".into(), ..look("2", account) };
    let status = staff.look_up_account(nobody).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ACCOUNT_UNKNOWN"));
}

async fn nobody_sees_who_looked_at_somebody_else(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let max = office.account("max@example.org").await;
    let mut staff = SupportServiceClient::new(office.client("land", "auskunft"));
    staff.look_up_account(look("1", account)).await.unwrap();
    let request = ListStaffAccessesRequest::default();
    let list = office.privacy(max).list_staff_accesses(request).await.unwrap().into_inner();
    assert!(list.accesses.is_empty());
}
