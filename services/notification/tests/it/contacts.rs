use siegel_db::Db;
use siegel_proto::notification::v1::{NotificationState as State, SetContactRequest};
use siegel_testkit::on_each_backend;
use tonic::Code;

use crate::office::{CLUB, ERIKA, Office, contact, notice, reason};

on_each_backend! { crate::office::TABLES =>
    a_notice_goes_to_the_latest_address_in_its_language,
    setting_twice_with_one_request_sets_once,
    the_same_request_id_for_another_address_is_refused,
    a_bad_recipient_address_or_language_sets_nothing,
    an_address_is_stored_sealed,
    setting_and_removing_are_audited_under_a_pseudonym,
    an_organisation_has_an_address_of_its_own,
}

async fn a_notice_goes_to_the_latest_address_in_its_language(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    let mut newer = contact();
    (newer.request_id, newer.email, newer.locale) =
        ("contact-2".into(), "muster@example.org".into(), "en".into());
    office.set_contact(newer).await.unwrap();
    assert_eq!(office.notify(notice()).await.unwrap(), State::Queued);
    let mail = office.mails.mail().await;
    assert_eq!(mail.to, ["muster@example.org"]);
    assert_eq!(mail.header("Subject"), ["A new message is waiting in your postbox"]);
    assert_eq!(mail.header("Content-Language"), ["en"]);
}

async fn setting_twice_with_one_request_sets_once(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    office.set_contact(contact()).await.unwrap();
    assert_eq!(office.count("SELECT COUNT(*) FROM contacts").await, 1);
    assert_eq!(office.count("SELECT COUNT(*) FROM audit").await, 1);
}

async fn the_same_request_id_for_another_address_is_refused(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    let mut other = contact();
    other.email = "other@example.org".into();
    let status = office.set_contact(other).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
}

async fn a_bad_recipient_address_or_language_sets_nothing(db: Db) {
    let office = Office::open(db).await;
    let no_recipient = "mbx_0123456789abcdef0123456789abcdef".into();
    let with_header = "erika@example.org\r\nBcc: all@example.org".into();
    let bad = [
        SetContactRequest { recipient: no_recipient, ..contact() },
        SetContactRequest { email: with_header, ..contact() },
        SetContactRequest { locale: "fr".into(), ..contact() },
        SetContactRequest { request_id: String::new(), ..contact() },
    ];
    for request in bad {
        let status = office.set_contact(request).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    }
    assert_eq!(office.count("SELECT COUNT(*) FROM contacts").await, 0);
    assert_eq!(office.count("SELECT COUNT(*) FROM requests").await, 0);
}

async fn an_address_is_stored_sealed(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    let stored = office.bytes("SELECT address FROM contacts").await.unwrap();
    assert!(stored.len() > "erika@example.org".len());
    assert!(!String::from_utf8_lossy(&stored).contains("erika"));
}

async fn setting_and_removing_are_audited_under_a_pseudonym(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    let mut removed = contact();
    (removed.request_id, removed.email) = ("contact-2".into(), String::new());
    office.set_contact(removed).await.unwrap();
    let pseudonym = siegel_grpc::audit_name(ERIKA.parse().unwrap());
    let line = |detail: &str| ("notification.contact.set".into(), pseudonym.clone(), detail.into());
    assert_eq!(office.audit().await, [line("set"), line("removed")]);
    assert_eq!(office.bytes("SELECT address FROM contacts").await, None);
}

async fn an_organisation_has_an_address_of_its_own(db: Db) {
    let office = Office::open(db).await;
    let mut club = contact();
    (club.recipient, club.email) = (CLUB.into(), "club@example.org".into());
    office.set_contact(club).await.unwrap();
    let mut to_club = notice();
    to_club.recipient = CLUB.into();
    assert_eq!(office.notify(to_club).await.unwrap(), State::Queued);
    assert_eq!(office.mails.mail().await.to, ["club@example.org"]);
}
