use std::time::Duration;

use siegel_db::Db;
use siegel_proto::notification::v1::{
    CodePurpose, NotificationState as State, NotifyRequest, SendCodeRequest,
};
use siegel_testkit::on_each_backend;
use tonic::Code;

use crate::office::{CLUB, ERIKA, Office, already_registered, code, contact, notice, reason};

on_each_backend! { crate::office::TABLES =>
    the_same_order_twice_sends_one_mail,
    the_same_request_id_for_another_code_is_refused,
    an_order_is_seen_by_its_caller_only,
    an_organisation_without_address_is_answered_at_once,
    a_removed_address_is_answered_at_once,
    the_address_of_a_fresh_account_is_waited_for,
    an_account_that_never_gets_an_address_has_none,
    bad_orders_are_refused_and_nothing_is_stored,
    orders_are_audited_without_address_and_code,
}

async fn the_same_order_twice_sends_one_mail(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    assert_eq!(office.notify(notice()).await.unwrap(), State::Queued);
    office.wait_for("postbox", "letter-1", State::Sent).await;
    assert_eq!(office.notify(notice()).await.unwrap(), State::Sent, "the repetition tells more");
    let mut other = notice();
    other.request_id = "letter-2".into();
    office.notify(other).await.unwrap();
    office.wait_for("postbox", "letter-2", State::Sent).await;
    assert_eq!(office.mails.mails(2).await.len(), 2);
}

async fn the_same_request_id_for_another_code_is_refused(db: Db) {
    let office = Office::open(db).await;
    office.send_code(code()).await.unwrap();
    let mut other = code();
    other.code = "000000".into();
    let status = office.send_code(other).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
}

async fn an_order_is_seen_by_its_caller_only(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    office.notify(notice()).await.unwrap();
    assert!(office.state("postbox", "letter-1").await.is_ok());
    for (caller, request_id) in [("organisation", "letter-1"), ("postbox", "letter-2")] {
        let status = office.state(caller, request_id).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(reason(&status).as_deref(), Some("NOTIFICATION_UNKNOWN"));
    }
}

async fn an_organisation_without_address_is_answered_at_once(db: Db) {
    let office = Office::open(db).await;
    let mut to_club = notice();
    to_club.recipient = CLUB.into();
    assert_eq!(office.notify(to_club.clone()).await.unwrap(), State::NoContact);
    assert_eq!(office.notify(to_club).await.unwrap(), State::NoContact);
    assert_eq!(office.state("postbox", "letter-1").await.unwrap(), State::NoContact);
    assert_eq!(office.count("SELECT COUNT(*) FROM outbox").await, 0);
}

async fn a_removed_address_is_answered_at_once(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    let mut removed = contact();
    (removed.request_id, removed.email) = ("contact-2".into(), String::new());
    office.set_contact(removed).await.unwrap();
    assert_eq!(office.notify(notice()).await.unwrap(), State::NoContact);
}

async fn the_address_of_a_fresh_account_is_waited_for(db: Db) {
    let office = Office::open(db).await;
    assert_eq!(office.notify(notice()).await.unwrap(), State::Queued);
    office.set_contact(contact()).await.unwrap();
    office.wait_for("postbox", "letter-1", State::Sent).await;
    assert_eq!(office.mails.mail().await.to, ["erika@example.org"]);
}

async fn an_account_that_never_gets_an_address_has_none(db: Db) {
    let office = Office::open(db).await;
    assert_eq!(office.notify(notice()).await.unwrap(), State::Queued);
    office.clock.advance(Duration::from_mins(15));
    office.wait_for("postbox", "letter-1", State::NoContact).await;
    assert_eq!(office.mails.attempts(), 0);
}

async fn bad_orders_are_refused_and_nothing_is_stored(db: Db) {
    let office = Office::open(db).await;
    let registered = CodePurpose::AlreadyRegistered.into();
    let codes = [
        SendCodeRequest { code: "0429\r\n17".into(), ..code() },
        SendCodeRequest { code: String::new(), ..code() },
        SendCodeRequest { purpose: 0, ..code() },
        SendCodeRequest { email: "\"a\r\nb\"@example.org".into(), ..code() },
        SendCodeRequest { purpose: registered, ..code() },
    ];
    for bad in codes {
        let status = office.send_code(bad).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    }
    let notices = [
        NotifyRequest { path: "//evil.example".into(), ..notice() },
        NotifyRequest { path: "postbox".into(), ..notice() },
        NotifyRequest { required_level: 0, ..notice() },
        NotifyRequest { template: 0, ..notice() },
        NotifyRequest { recipient: "erika@example.org".into(), ..notice() },
        NotifyRequest { request_id: "x".repeat(129), ..notice() },
    ];
    for bad in notices {
        let status = office.notify(bad).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    }
    assert_eq!(office.count("SELECT COUNT(*) FROM orders").await, 0);
    assert_eq!(office.count("SELECT COUNT(*) FROM requests").await, 0);
}

async fn orders_are_audited_without_address_and_code(db: Db) {
    let office = Office::open(db).await;
    office.send_code(already_registered()).await.unwrap();
    office.notify(notice()).await.unwrap();
    let pseudonym = siegel_grpc::audit_name(ERIKA.parse().unwrap());
    let expected: [(String, String, String); 2] = [
        ("notification.code.ordered".into(), String::new(), String::new()),
        ("notification.notice.ordered".into(), pseudonym, "queued".into()),
    ];
    assert_eq!(office.audit().await, expected);
}
