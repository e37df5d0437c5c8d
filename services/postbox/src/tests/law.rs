//! What time does to letters.

use std::time::Duration;

use siegel_db::{Db, StoreError, Tx, on};
use siegel_grpc::reason;
use siegel_kernel::Timestamp;
use siegel_kernel::berlin::LegalDay;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;

use crate::domain::holidays::Land;
use crate::domain::legal::in_force;

use super::world::{DAY, World, formal, letter};

on_each_backend! { &crate::MIGRATIONS =>
    under_ozg_9_a_letter_nobody_opens_is_deemed_announced_when_the_fourth_day_has_passed,
    a_letter_provided_in_2024_is_deemed_announced_after_three_days,
    an_opened_letter_has_no_second_end,
    opening_after_the_fiction_adds_an_entry_and_changes_nothing_else,
    opening_before_the_sweeper_came_lets_the_law_go_first,
    under_41_2a_a_letter_counts_as_announced_on_the_day_after_it_was_opened,
    under_41_2a_provision_ends_after_ten_days_and_the_letter_cannot_be_opened,
    a_late_notification_moves_the_end_of_a_letter_whose_days_run_from_it,
    under_the_tax_code_the_day_is_shifted_by_the_holidays_of_the_senders_land,
    a_letter_without_a_rule_expires_unread_and_can_still_be_opened,
    a_letter_that_cannot_be_handled_keeps_no_other_from_its_day,
    formal_service_is_not_ended_by_opening,
    the_recipient_is_told_that_a_letter_counts_as_served_and_not_of_other_fictions,
    the_instruction_and_the_choice_in_the_service_stand_in_the_receipt,
    a_notification_on_the_next_day_is_recorded_as_too_late,
    a_letter_for_later_is_invisible_until_its_time,
    a_rule_the_operator_confirmed_says_so_in_the_receipt,
    the_shipped_rows_give_the_published_days
}

async fn under_ozg_9_a_letter_nobody_opens_is_deemed_announced_when_the_fourth_day_has_passed(
    db: Db,
) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    assert_eq!(done.announced_on, "2025-03-10");
    // Thursday, 11:15 in Berlin, and a bit more than 4.5 days: Monday, 23:59:59.
    world.wait(DAY * 4 + Duration::from_secs(12 * 3600 + 44 * 60 + 59)).await;
    assert_eq!(world.summary(&done.letter_id).await.state(), pb::DeliveryState::Provided);
    world.wait(Duration::from_secs(1)).await;
    assert_eq!(world.summary(&done.letter_id).await.state(), pb::DeliveryState::DeemedAnnounced);
    let entry = world.entry(&done.letter_id, "deemed_announced").await;
    assert_eq!(entry.event_time, "2025-03-10T23:00:00.000000Z");
    let effect = entry.body.legal_effect.unwrap();
    assert_eq!((effect.rule.as_str(), effect.day0.as_str()), ("ozg-9/2", "2025-03-06"));
    assert_eq!((effect.days, effect.day.as_str()), (4, "2025-03-10"));
    assert!(!effect.confirmed_by_operator);
}

async fn a_letter_provided_in_2024_is_deemed_announced_after_three_days(db: Db) {
    let world = World::new(db).await;
    world.clock.set(Timestamp::parse_rfc3339("2024-12-30T10:00:00Z").unwrap());
    let done = world.deliver("r1", |_| {}).await;
    assert_eq!(done.announced_on, "2025-01-02");
}

async fn an_opened_letter_has_no_second_end(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    world.wait(DAY * 400).await;
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "opened", "notified"]);
    assert_eq!(world.summary(&done.letter_id).await.announced_on, "2025-03-10");
}

async fn opening_after_the_fiction_adds_an_entry_and_changes_nothing_else(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.settle().await;
    world.wait(DAY * 6).await;
    let opened = world.open(&done.letter_id).await.unwrap().letter.unwrap();
    assert_eq!(opened.state(), pb::DeliveryState::DeemedAnnounced);
    assert_eq!(opened.announced_on, "2025-03-10");
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "notified", "deemed_announced", "opened"]);
}

async fn a_letter_that_cannot_be_handled_keeps_no_other_from_its_day(db: Db) {
    const BREAK: &str = "UPDATE letters SET state = 'of no kind'";
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    let mut tx = world.db.begin().await.unwrap();
    break_all(&mut tx, BREAK).await.unwrap();
    tx.commit().await.unwrap();
    let done = world.deliver("r2", |_| {}).await;
    world.clock.advance(DAY * 6);
    assert!(world.postbox.sweep().await.is_err(), "somebody hears of it");
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "deemed_announced"]);
}

async fn break_all(tx: &mut Tx, sql: &'static str) -> Result<u64, StoreError> {
    Ok(on!(tx, c => sqlx::query(sql).execute(c).await?.rows_affected()))
}

async fn opening_before_the_sweeper_came_lets_the_law_go_first(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.clock.advance(DAY * 6);
    world.open(&done.letter_id).await.unwrap();
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "deemed_announced", "opened"]);
}

async fn under_41_2a_a_letter_counts_as_announced_on_the_day_after_it_was_opened(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| letter(r).legal_basis = "vwvfg-41-2a".into()).await;
    assert_eq!(done.announced_on, "", "nothing is certain yet");
    world.wait(DAY * 3).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    assert_eq!(opened.letter.unwrap().announced_on, "2025-03-10");
    let effect = world.entry(&done.letter_id, "opened").await.body.legal_effect.unwrap();
    assert_eq!((effect.effect.as_str(), effect.day0_event.as_str()), ("announced", "retrieval"));
    assert_eq!((effect.day0.as_str(), effect.day.as_str()), ("2025-03-09", "2025-03-10"));
}

async fn under_41_2a_provision_ends_after_ten_days_and_the_letter_cannot_be_opened(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| letter(r).legal_basis = "vwvfg-41-2a".into()).await;
    world.settle().await;
    world.wait(DAY * 10).await;
    assert_eq!(world.summary(&done.letter_id).await.state(), pb::DeliveryState::Provided);
    world.wait(DAY).await;
    let status = world.open(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("PROVISION_ENDED"));
    let shown = world.summary(&done.letter_id).await;
    assert_eq!((shown.state(), shown.can_open), (pb::DeliveryState::ProvisionEnded, false));
    let effect = world.entry(&done.letter_id, "provision_ended").await.body.legal_effect.unwrap();
    assert_eq!((effect.effect.as_str(), effect.day.as_str()), ("provision_ended", "2025-03-16"));
}

async fn a_late_notification_moves_the_end_of_a_letter_whose_days_run_from_it(db: Db) {
    use siegel_proto::notification::v1::NotificationState;
    let world = World::new(db).await;
    *world.notifications.state.lock().unwrap() = NotificationState::Queued;
    let done = world.deliver("r1", |r| letter(r).legal_basis = "vwvfg-41-2a".into()).await;
    world.settle().await;
    *world.notifications.state.lock().unwrap() = NotificationState::Sent;
    world.wait(DAY * 2).await;
    let notified = world.entry(&done.letter_id, "notified").await.body;
    assert!(!notified.notification.unwrap().same_day);
    assert_eq!(notified.legal_effect.unwrap().day, "2025-03-18");
    world.wait(DAY * 9).await;
    assert_eq!(world.summary(&done.letter_id).await.state(), pb::DeliveryState::Provided);
    world.wait(DAY * 2).await;
    assert_eq!(world.summary(&done.letter_id).await.state(), pb::DeliveryState::ProvisionEnded);
}

async fn under_the_tax_code_the_day_is_shifted_by_the_holidays_of_the_senders_land(db: Db) {
    let world = World::new(db).await;
    world.clock.set(Timestamp::parse_rfc3339("2025-04-17T08:00:00Z").unwrap());
    let done = world.deliver("r1", |r| letter(r).legal_basis = "ao-122-2".into()).await;
    assert_eq!(done.announced_on, "2025-04-22");
    let effect = world.entry(&done.letter_id, "provided").await.body.legal_effect.unwrap();
    assert_eq!((effect.shift.as_str(), effect.calendar.as_deref()), ("working_day", Some("DE-SH")));
}

async fn a_letter_without_a_rule_expires_unread_and_can_still_be_opened(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| letter(r).legal_basis.clear()).await;
    assert_eq!(done.announced_on, "");
    world.wait(DAY * 367).await;
    let shown = world.summary(&done.letter_id).await;
    assert_eq!((shown.state(), shown.can_open), (pb::DeliveryState::ExpiredUnread, true));
    world.open(&done.letter_id).await.unwrap();
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "expired_unread", "notified", "opened"]);
}

async fn formal_service_is_not_ended_by_opening(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    let opened = world.open(&done.letter_id).await.unwrap().letter.unwrap();
    assert_eq!(opened.state(), pb::DeliveryState::Provided);
    assert!(world.entry(&done.letter_id, "opened").await.body.legal_effect.is_none());
    world.wait(DAY * 6).await;
    assert_eq!(world.summary(&done.letter_id).await.state(), pb::DeliveryState::DeemedServed);
    let effect = world.entry(&done.letter_id, "deemed_served").await.body.legal_effect.unwrap();
    assert_eq!((effect.effect.as_str(), effect.day.as_str()), ("served", "2025-03-10"));
}

async fn the_recipient_is_told_that_a_letter_counts_as_served_and_not_of_other_fictions(db: Db) {
    use siegel_proto::notification::v1::{self as notification, Template};
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    world.deliver("r2", formal).await;
    world.settle().await;
    world.wait(DAY * 6).await;
    let orders = world.notifications.orders.lock().unwrap();
    let told: Vec<_> = orders.iter().map(notification::NotifyRequest::template).collect();
    assert_eq!(
        told,
        [Template::LetterProvided, Template::LetterProvided, Template::LetterDeemedServed]
    );
}

async fn the_instruction_and_the_choice_in_the_service_stand_in_the_receipt(db: Db) {
    let world = World::new(db).await;
    let chosen_at = Timestamp::parse_rfc3339("2025-01-15T14:00:00Z").unwrap();
    let done = world
        .deliver("r1", |r| {
            formal(r);
            letter(r).service_use = Some(pb::ServiceUse {
                wording_version: "ozg-9-angebot-2".into(),
                excluded: false,
                chosen_at: Some(siegel_proto::convert::timestamp(chosen_at)),
            });
        })
        .await;
    let body = world.entry(&done.letter_id, "provided").await.body;
    let instruction = body.instruction.unwrap();
    assert_eq!(instruction.text_version, "zustellung-2025-01");
    assert_eq!(instruction.given_at, "2025-02-01T09:00:00.000000Z");
    let choice = body.service_use.unwrap();
    assert_eq!((choice.wording_version.as_str(), choice.excluded), ("ozg-9-angebot-2", false));
    // The sender's words are part of what is signed, and of what the recipient reads.
    let opened = world.open(&done.letter_id).await.unwrap();
    assert!(opened.content_json.contains("zustellung-2025-01"));
}

async fn a_notification_on_the_next_day_is_recorded_as_too_late(db: Db) {
    use siegel_proto::notification::v1::NotificationState;
    let world = World::new(db).await;
    let on_time = world.deliver("r1", |_| {}).await;
    world.settle().await;
    *world.notifications.state.lock().unwrap() = NotificationState::Queued;
    let late = world.deliver("r2", |_| {}).await;
    world.settle().await;
    *world.notifications.state.lock().unwrap() = NotificationState::Sent;
    world.wait(DAY).await;
    for (letter, held) in [(on_time, true), (late, false)] {
        let body = world.entry(&letter.letter_id, "notified").await.body;
        assert_eq!(body.notification.unwrap().same_day, held);
    }
}

async fn a_letter_for_later_is_invisible_until_its_time(db: Db) {
    let world = World::new(db).await;
    let later = world.postbox.now().legal.plus(DAY);
    let done = world
        .deliver("r1", |r| {
            letter(r).publish_at = Some(siegel_proto::convert::timestamp(later));
        })
        .await;
    assert_eq!((done.state(), done.announced_on.as_str()), (pb::DeliveryState::Scheduled, ""));
    assert_eq!(done.receipts.len(), 1);
    let status = world.open(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
    world.wait(DAY).await;
    let shown = world.summary(&done.letter_id).await;
    assert_eq!(
        (shown.state(), shown.announced_on.as_str()),
        (pb::DeliveryState::Provided, "2025-03-11")
    );
    world.open(&done.letter_id).await.unwrap();
}

async fn a_rule_the_operator_confirmed_says_so_in_the_receipt(db: Db) {
    let world = World::new(db).await;
    let mut tx = world.db.begin().await.unwrap();
    assert!(crate::store::rules::confirm(&mut tx, "ozg-9/2").await.unwrap());
    tx.commit().await.unwrap();
    let done = world.deliver("r1", |_| {}).await;
    let effect = world.entry(&done.letter_id, "provided").await.body.legal_effect.unwrap();
    assert!(effect.confirmed_by_operator);
}

/// The vectors of the calendar arithmetic: provision or sending, rule, sender's Land, deemed day.
const DAYS: [(&str, &str, &str, &str); 12] = [
    ("2024-12-30", "ozg-9", "01", "2025-01-02"),
    ("2025-01-01", "ozg-9", "01", "2025-01-05"),
    ("2025-01-01", "ao-122-2", "01", "2025-01-06"),
    ("2025-01-01", "ao-122-2", "08", "2025-01-07"),
    ("2025-01-01", "ao-122-2", "09", "2025-01-07"),
    ("2025-01-01", "ao-122-2", "15", "2025-01-07"),
    ("2025-03-03", "ozg-9", "01", "2025-03-07"),
    ("2025-03-05", "ozg-9", "01", "2025-03-09"),
    ("2025-03-05", "ao-122-2", "01", "2025-03-10"),
    ("2025-04-17", "ozg-9", "01", "2025-04-21"),
    ("2025-04-17", "ao-122-2", "01", "2025-04-22"),
    ("2025-03-03", "vwvfg-41-2a", "01", "2025-03-13"),
];

async fn the_shipped_rows_give_the_published_days(db: Db) {
    let mut tx = db.read().await.unwrap();
    for (day0, basis, ars, expected) in DAYS {
        let day0 = LegalDay::parse(day0).unwrap();
        let rows = crate::store::rules::of_basis(&mut tx, basis).await.unwrap();
        let rule = in_force(&rows, basis, day0).unwrap();
        let effect = rule.on_provision(day0, Land::of_ars(ars));
        assert_eq!(effect.day.to_string(), expected, "{basis} from {day0} in {ars}");
    }
    let rows = crate::store::rules::of_basis(&mut tx, "vwvfg-41-2a").await.unwrap();
    let retrieved = LegalDay::parse("2025-03-06").unwrap();
    let rule = in_force(&rows, "vwvfg-41-2a", retrieved).unwrap();
    let effect = rule.on_retrieval(retrieved, None).unwrap();
    assert_eq!(effect.day.to_string(), "2025-03-07");
}
