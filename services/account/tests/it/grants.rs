//! Documents that a service fetches: by whom, how often, until when.

use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::Clock as _;
use siegel_proto::account::v1 as pb;
use siegel_proto::convert;
use siegel_testkit::on_each_backend;

use crate::documents::{bytes, grant, granting, grants, redeem, store};
use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    a_grant_for_one_fetch_is_one_and_its_repetition_counts_once,
    a_link_that_ends_in_the_code_is_as_good_as_the_code,
    a_fetch_is_in_the_persons_log_with_purpose_and_document,
    a_grant_is_worth_nothing_to_another_client_after_its_end_or_once_revoked,
    a_grant_for_many_fetches_counts_and_logs_each,
    a_grant_ends_within_thirty_days,
}

async fn a_grant_for_one_fetch_is_one_and_its_repetition_counts_once(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let content = bytes(100_000);
    let stored = store(&office, account, "1", &content).await;
    let grant = grant(&office, account, &stored.document_id, false).await;
    assert!(grant.open);
    assert_eq!(redeem(&office, "bauamt", "r", &grant.grant_id).await.unwrap(), content);
    assert_eq!(redeem(&office, "bauamt", "r", &grant.grant_id).await.unwrap(), content);
    let status = redeem(&office, "bauamt", "s", &grant.grant_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("DOCUMENT_GRANT_UNKNOWN"));
    let shown = grants(&office, account).await;
    assert_eq!((shown[0].fetches, shown[0].open), (1, false));
    assert_eq!(office.count("SELECT COUNT(*) FROM disclosures").await, 1);
}

async fn a_link_that_ends_in_the_code_is_as_good_as_the_code(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let stored = store(&office, account, "1", &bytes(10)).await;
    let grant = grant(&office, account, &stored.document_id, false).await;
    let link = format!("https://konto.example/account/shared/{}", grant.grant_id);
    assert!(redeem(&office, "finanzamt", "r", &link).await.is_err(), "for its service only");
    assert_eq!(redeem(&office, "bauamt", "r", &link).await.unwrap(), bytes(10));
    for bad in ["https://konto.example/account/shared/", "/", ""] {
        let status = redeem(&office, "bauamt", "s", bad).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("DOCUMENT_GRANT_UNKNOWN"), "{bad}");
    }
}

async fn a_fetch_is_in_the_persons_log_with_purpose_and_document(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let stored = store(&office, account, "1", &bytes(10)).await;
    let grant = grant(&office, account, &stored.document_id, false).await;
    redeem(&office, "bauamt", "r", &grant.grant_id).await.unwrap();
    let request = pb::ListDisclosuresRequest::default();
    let log = office.person(account).list_disclosures(request).await.unwrap().into_inner();
    let [line] = &log.disclosures[..] else { unreachable!("one line") };
    assert_eq!((line.client_id.as_str(), line.client_name.as_str()), ("bauamt", "Bauamt"));
    assert_eq!((line.purpose.as_str(), line.level), ("Bauantrag", 1));
    assert_eq!(line.document_id, stored.document_id);
    assert_eq!(line.document_name, "Bescheid.pdf");
    let audited = ("account.document.redeemed".to_owned(), "done".to_owned());
    assert!(office.audit().await.contains(&audited));
}

async fn a_grant_is_worth_nothing_to_another_client_after_its_end_or_once_revoked(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let stored = store(&office, account, "1", &bytes(10)).await;
    let first = grant(&office, account, &stored.document_id, true).await;
    let unknown = redeem(&office, "bauamt", "r", "dgr_00000000000000000000000000000000").await;
    let unknown = unknown.unwrap_err();
    let other = redeem(&office, "finanzamt", "r", &first.grant_id).await.unwrap_err();
    assert_eq!((other.code(), other.message()), (unknown.code(), unknown.message()));
    let revoke =
        pb::RevokeDocumentGrantRequest { request_id: "v".into(), grant_id: first.grant_id.clone() };
    for _ in 0..2 {
        office.safe(account).revoke_document_grant(revoke.clone()).await.unwrap();
    }
    assert!(redeem(&office, "bauamt", "r", &first.grant_id).await.is_err());
    let second = grant(&office, account, &stored.document_id, true).await;
    redeem(&office, "bauamt", "a", &second.grant_id).await.unwrap();
    office.clock.advance(Duration::from_hours(24));
    for id in ["a", "b"] {
        assert!(redeem(&office, "bauamt", id, &second.grant_id).await.is_err(), "not even again");
    }
}

async fn a_grant_for_many_fetches_counts_and_logs_each(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let stored = store(&office, account, "1", &bytes(10)).await;
    let grant = grant(&office, account, &stored.document_id, true).await;
    for id in ["a", "b", "c"] {
        redeem(&office, "bauamt", id, &grant.grant_id).await.unwrap();
    }
    let shown = grants(&office, account).await;
    assert_eq!((shown[0].fetches, shown[0].open), (3, true));
    assert_eq!(office.count("SELECT COUNT(*) FROM disclosures").await, 3);
}

async fn a_grant_ends_within_thirty_days(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let stored = store(&office, account, "1", &bytes(10)).await;
    let now = office.clock.now();
    let late = now.plus(Duration::from_hours(24 * 30 + 1));
    for until in [Some(now), Some(late), None] {
        let request = pb::GrantDocumentRequest {
            valid_until: until.map(convert::timestamp),
            ..granting(&office, &stored.document_id, true)
        };
        let status = office.safe(account).grant_document(request).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    }
}
