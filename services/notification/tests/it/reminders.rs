//! Reminders are asked about when they leave, and what an hour without a mail server does.

use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::Clock as _;
use siegel_proto::notification::v1::{NotificationState as State, NotifyRequest, Template};
use siegel_testkit::on_each_backend;

use crate::office::{Office, contact, notice, reason};

on_each_backend! { crate::office::TABLES =>
    a_reminder_leaves_while_the_letter_is_unopened,
    a_reminder_of_what_was_done_before_it_left_is_not_sent,
    a_reminder_waits_while_the_postbox_cannot_be_asked,
    only_a_reminder_may_be_asked_about,
    an_hour_without_a_mail_server_loses_no_mail_and_doubles_none,
    a_mail_whose_answer_was_lost_comes_again_under_the_same_message_id,
    a_mail_that_no_server_takes_ends_as_a_failure_and_holds_no_other_back,
    many_mails_share_at_most_eight_connections,
    a_mail_is_in_the_recipients_language_in_both_forms,
    no_mail_about_a_letter_names_sender_subject_or_letter
}

const LETTER: &str = "mbx_0123456789abcdef0123456789abcdef/ltr_0123456789abcdef0123456789abcdef";

fn reminder() -> NotifyRequest {
    NotifyRequest {
        request_id: "reminder-1".into(),
        template: Template::LetterReminder.into(),
        reminder_of: LETTER.into(),
        ..notice()
    }
}

async fn a_reminder_leaves_while_the_letter_is_unopened(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    office.notify(reminder()).await.unwrap();
    let mail = office.mails.mail().await;
    assert_eq!(mail.header("Subject"), ["In Ihrem Postfach liegt eine ungelesene Nachricht"]);
    assert_eq!(office.postbox.asked(), [LETTER]);
    office.wait_for("postbox", "reminder-1", State::Sent).await;
}

async fn a_reminder_of_what_was_done_before_it_left_is_not_sent(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    office.mails.answer(&["450 mailbox busy"]);
    office.notify(reminder()).await.unwrap();
    while office.mails.attempts() == 0 {
        tokio::task::yield_now().await;
    }
    // Opened between the first attempt and the second.
    office.postbox.answer(Some(false));
    office.wait_for("postbox", "reminder-1", State::NotNeeded).await;
    assert_eq!(office.mails.attempts(), 1);
    assert_eq!(office.bytes("SELECT mail FROM orders").await, None);
}

async fn a_reminder_waits_while_the_postbox_cannot_be_asked(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    office.postbox.answer(None);
    office.notify(reminder()).await.unwrap();
    while office.postbox.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(office.mails.attempts(), 0);
    office.postbox.answer(Some(true));
    office.wait_for("postbox", "reminder-1", State::Sent).await;
}

async fn only_a_reminder_may_be_asked_about(db: Db) {
    let office = Office::open(db).await;
    let bad = NotifyRequest { reminder_of: LETTER.into(), ..notice() };
    let status = office.notify(bad).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    let long = NotifyRequest { reminder_of: "a".repeat(129), ..reminder() };
    let status = office.notify(long).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
}

async fn an_hour_without_a_mail_server_loses_no_mail_and_doubles_none(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    office.mails.take_down(true);
    for n in 0..20 {
        office.notify(NotifyRequest { request_id: format!("n{n}"), ..notice() }).await.unwrap();
    }
    let begun = office.clock.now();
    while office.clock.now().since(begun) < Duration::from_hours(1) {
        office.make_retries_due().await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(office.count("SELECT COUNT(*) FROM orders WHERE state = 1").await, 20);
    office.mails.take_down(false);
    for n in 0..20 {
        office.wait_for("postbox", &format!("n{n}"), State::Sent).await;
    }
    let mails = office.mails.mails(20).await;
    let mut ids: Vec<String> =
        mails.iter().map(|mail| mail.header("Message-ID").concat()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((mails.len(), ids.len()), (20, 20), "each once");
}

async fn a_mail_whose_answer_was_lost_comes_again_under_the_same_message_id(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    office.mails.lose_answers(1);
    office.notify(notice()).await.unwrap();
    office.wait_for("postbox", "letter-1", State::Sent).await;
    let mails = office.mails.mails(2).await;
    let mut ids: Vec<_> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    ids.dedup();
    assert_eq!(ids.iter().map(Vec::len).collect::<Vec<_>>(), [1], "two mails, one id: {ids:?}");
}

async fn a_mail_that_no_server_takes_ends_as_a_failure_and_holds_no_other_back(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    office.mails.answer(&["554 poison"]);
    office.notify(NotifyRequest { request_id: "poison".into(), ..notice() }).await.unwrap();
    office.wait_for("postbox", "poison", State::Failed).await;
    office.notify(notice()).await.unwrap();
    office.wait_for("postbox", "letter-1", State::Sent).await;
    assert_eq!(office.mails.attempts(), 2, "the first was not tried again");
}

async fn many_mails_share_at_most_eight_connections(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    for n in 0..60 {
        office.notify(NotifyRequest { request_id: format!("n{n}"), ..notice() }).await.unwrap();
    }
    office.mails.mails(60).await;
    assert!((1..=8).contains(&office.mails.connections()), "{}", office.mails.connections());
}

async fn a_mail_is_in_the_recipients_language_in_both_forms(db: Db) {
    let office = Office::open(db).await;
    for (locale, words) in [("de", "eine ungelesene Nachricht"), ("en", "An unread message")] {
        let contact = siegel_proto::notification::v1::SetContactRequest {
            request_id: format!("contact {locale}"),
            locale: locale.into(),
            ..contact()
        };
        office.set_contact(contact).await.unwrap();
        let one = NotifyRequest { request_id: locale.into(), ..reminder() };
        office.notify(one).await.unwrap();
        office.wait_for("postbox", locale, State::Sent).await;
        let mail = office.mails.mails(1).await.pop().unwrap();
        assert!(mail.header("Subject").concat().contains(words), "{}", mail.raw);
        assert_eq!(mail.header("Content-Language"), [locale]);
        for form in ["text/plain", "text/html"] {
            assert_eq!(mail.raw.matches(&format!("Content-Type: {form}")).count(), 1, "{form}");
        }
    }
}

async fn no_mail_about_a_letter_names_sender_subject_or_letter(db: Db) {
    let office = Office::open(db).await;
    office.set_contact(contact()).await.unwrap();
    let templates =
        [Template::LetterProvided, Template::LetterReminder, Template::LetterDeemedServed];
    for (n, template) in templates.into_iter().enumerate() {
        let reminder_of = match template {
            Template::LetterReminder => LETTER.to_owned(),
            _ => String::new(),
        };
        let order = NotifyRequest {
            request_id: format!("postbox:ltr_0123456789abcdef0123456789abcdef:{n}"),
            template: template.into(),
            reminder_of,
            ..notice()
        };
        office.notify(order).await.unwrap();
    }
    // An order has no place for sender or subject; what it has of the letter stays here.
    for mail in office.mails.mails(3).await {
        for secret in ["ltr_", "mbx_", "acc_", "postbox:"] {
            assert!(!mail.raw.contains(secret), "{secret} in {}", mail.raw);
        }
    }
}
