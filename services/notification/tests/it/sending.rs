use std::time::Duration;

use siegel_db::Db;
use siegel_proto::notification::v1::{NotificationState as State, Template};
use siegel_testkit::on_each_backend;

use crate::office::{Office, already_registered, code, contact, notice};

on_each_backend! { crate::office::TABLES =>
    a_code_arrives_on_a_line_of_its_own,
    a_notice_has_the_link_and_the_level_in_plain_text_and_html,
    a_reminder_says_that_it_is_one,
    the_mail_about_an_account_that_exists_has_no_code,
    a_mail_says_that_a_machine_sent_it,
    a_server_that_is_busy_gets_the_same_mail_again,
    an_address_that_the_server_refuses_is_not_tried_again,
    a_refused_log_in_is_tried_again,
    a_notice_is_given_up_after_five_days,
    a_code_is_given_up_when_it_is_no_longer_valid,
    a_sent_mail_leaves_nothing_of_it_behind,
    many_mails_arrive_once_each,
    a_mail_that_hangs_holds_no_other_back,
}

async fn a_code_arrives_on_a_line_of_its_own(db: Db) {
    let office = Office::open(db).await;
    office.send_code(code()).await.unwrap();
    let mail = office.mails.mail().await;
    assert_eq!(mail.to, ["erika@example.org"]);
    assert_eq!(mail.header("To"), ["erika@example.org"]);
    assert!(mail.raw.contains("\r\n042917\r\n"), "{}", mail.raw);
    office.wait_for("identity", "code-1", State::Sent).await;
}

async fn a_notice_has_the_link_and_the_level_in_plain_text_and_html(db: Db) {
    let office = Office::open(db).await;
    let mut english = contact();
    english.locale = "en".into();
    office.set_contact(english).await.unwrap();
    office.notify(notice()).await.unwrap();
    let mail = office.mails.mail().await;
    // `=E2=80=9C` and `=E2=80=9D` are the quotation marks (RFC 2045 §6.7).
    let text = mail.raw.replace("=\r\n", "").replace("=3D", "=");
    assert_eq!(text.matches("the trust level =E2=80=9Csubstantial=E2=80=9D").count(), 2, "{text}");
    assert!(text.contains("\r\nhttp://localhost:8080/postbox\r\n"), "{text}");
    assert!(text.contains("<a href=\"http://localhost:8080/postbox\">"), "{text}");
    assert!(mail.header("Content-Type").concat().starts_with("multipart/alternative"));
}

async fn a_reminder_says_that_it_is_one(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    let mut reminder = notice();
    reminder.template = Template::LetterReminder.into();
    office.notify(reminder).await.unwrap();
    let mail = office.mails.mail().await;
    assert_eq!(mail.header("Subject"), ["In Ihrem Postfach liegt eine ungelesene Nachricht"]);
}

async fn the_mail_about_an_account_that_exists_has_no_code(db: Db) {
    let office = Office::open(db).await;
    office.send_code(already_registered()).await.unwrap();
    let mail = office.mails.mail().await;
    assert_eq!(mail.header("Subject"), ["Sie haben schon ein Konto"]);
    let body = mail.raw.split_once("\r\n\r\n").unwrap().1;
    let body = body.lines().filter(|line| !line.starts_with("--")).collect::<String>();
    let runs = body.split(|c: char| !c.is_ascii_digit());
    assert!(runs.map(str::len).max() < Some(6), "{body}");
}

async fn a_mail_says_that_a_machine_sent_it(db: Db) {
    let office = Office::open(db).await;
    office.send_code(code()).await.unwrap();
    let mail = office.mails.mail().await;
    assert_eq!(mail.from, "noreply@musterstadt.example");
    assert_eq!(mail.header("From"), ["Servicekonto <noreply@musterstadt.example>"]);
    assert_eq!(mail.header("Auto-Submitted"), ["auto-generated"]);
    assert_eq!(mail.header("Date"), ["Thu, 06 Mar 2025 10:15:00 +0000"]);
    let id = mail.header("Message-ID").concat();
    assert!(id.starts_with("<ntf_") && id.ends_with("@musterstadt.example>"), "{id}");
}

async fn a_server_that_is_busy_gets_the_same_mail_again(db: Db) {
    let office = Office::open(db).await;
    office.mails.answer(&["450 mailbox busy", "451 try later"]);
    office.set_contact(contact()).await.unwrap();
    office.notify(notice()).await.unwrap();
    office.wait_for("postbox", "letter-1", State::Sent).await;
    assert_eq!(office.mails.attempts(), 3);
    assert_eq!(office.mails.mails(1).await.len(), 1);
    assert_eq!(office.count("SELECT reply_code FROM orders").await, 250);
}

async fn an_address_that_the_server_refuses_is_not_tried_again(db: Db) {
    let office = Office::open(db).await;
    office.mails.answer(&["550 no such user"]);
    office.set_contact(contact()).await.unwrap();
    office.notify(notice()).await.unwrap();
    office.wait_for("postbox", "letter-1", State::Failed).await;
    assert_eq!(office.mails.attempts(), 1);
    assert_eq!(office.count("SELECT reply_code FROM orders").await, 550);
    assert_eq!(office.bytes("SELECT mail FROM orders").await, None);
}

async fn a_refused_log_in_is_tried_again(db: Db) {
    let office = Office::open(db).await;
    office.mails.answer(&["530 authentication required"]);
    office.send_code(code()).await.unwrap();
    office.wait_for("identity", "code-1", State::Sent).await;
    assert_eq!(office.mails.attempts(), 2);
}

async fn a_notice_is_given_up_after_five_days(db: Db) {
    let office = Office::open(db).await;
    office.mails.answer(&["450 mailbox busy"]);
    office.set_contact(contact()).await.unwrap();
    office.notify(notice()).await.unwrap();
    while office.mails.attempts() == 0 {
        tokio::task::yield_now().await;
    }
    office.clock.advance(Duration::from_hours(5 * 24));
    office.wait_for("postbox", "letter-1", State::Failed).await;
    assert_eq!(office.mails.attempts(), 1);
}

async fn a_code_is_given_up_when_it_is_no_longer_valid(db: Db) {
    let office = Office::open(db).await;
    office.mails.answer(&["450 mailbox busy"]);
    office.send_code(code()).await.unwrap();
    while office.mails.attempts() == 0 {
        tokio::task::yield_now().await;
    }
    office.clock.advance(Duration::from_mins(10));
    office.wait_for("identity", "code-1", State::Failed).await;
    assert_eq!(office.mails.attempts(), 1);
    assert_eq!(office.bytes("SELECT mail FROM orders").await, None);
}

async fn a_sent_mail_leaves_nothing_of_it_behind(db: Db) {
    let office = Office::open(db).await;
    office.mails.answer(&["450 mailbox busy"]);
    office.send_code(code()).await.unwrap();
    let stored = office.bytes("SELECT mail FROM orders").await.unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("042917"), "sealed while it waits");
    office.wait_for("identity", "code-1", State::Sent).await;
    assert_eq!(office.bytes("SELECT mail FROM orders").await, None);
}

async fn many_mails_arrive_once_each(db: Db) {
    let office = Office::open(db).await;
    for i in 0..40 {
        let mut one = code();
        (one.request_id, one.email) = (format!("code-{i}"), format!("person{i}@example.org"));
        office.send_code(one).await.unwrap();
    }
    let mails = office.mails.mails(40).await;
    let mut to: Vec<String> = mails.into_iter().flat_map(|mail| mail.to).collect();
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 40);
    assert_eq!(office.mails.attempts(), 40);
}

async fn a_mail_that_hangs_holds_no_other_back(db: Db) {
    let office = Office::open(db).await;
    office.mails.answer(&["hang"]);
    office.send_code(code()).await.unwrap();
    while office.mails.attempts() == 0 {
        tokio::task::yield_now().await;
    }
    let mut other = code();
    (other.request_id, other.email) = ("code-2".into(), "other@example.org".into());
    office.send_code(other).await.unwrap();
    assert_eq!(office.mails.mail().await.to, ["other@example.org"]);
}
