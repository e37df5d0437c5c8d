//! Reminders of letters that nobody opened.

use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::{Caller, reason};
use siegel_proto::convert::timestamp;
use siegel_proto::notification::v1::{NotificationState as Order, NotifyRequest, Template};
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::reminder_service_client::ReminderServiceClient;
use siegel_testkit::on_each_backend;

use super::world::{DAY, World, account, letter};

on_each_backend! { &crate::MIGRATIONS =>
    an_unopened_letter_is_reminded_of_on_its_day_and_its_sender_is_told,
    a_letter_that_was_opened_recalled_or_ended_meanwhile_is_not_reminded_of,
    a_reminder_may_be_wished_for_at_an_instant,
    a_reminder_counts_from_provision,
    a_reminder_of_a_batch_counts_from_its_delivery,
    without_a_wish_nobody_is_reminded,
    a_reminder_that_was_no_longer_needed_when_it_would_leave_is_no_event,
    a_reminder_that_could_not_be_sent_is_an_event_of_its_own,
    a_reminder_is_told_to_the_sender_once,
    a_reminder_has_no_evidence_and_no_legal_meaning,
    the_question_before_sending_is_answered_from_the_state_at_that_moment,
    a_letter_with_a_hidden_preview_is_told_of_without_sender_and_subject,
    a_wish_that_cannot_be_kept_is_refused,
    the_same_request_with_another_reminder_is_refused
}

fn after(request: &mut pb::SubmitRequest, days: i32) {
    // No rule: the letter waits for a year.
    letter(request).legal_basis = String::new();
    letter(request).notification =
        Some(pb::NotificationWish { reminder_after_days: days, ..pb::NotificationWish::default() });
}

fn at(request: &mut pb::SubmitRequest, at: siegel_kernel::Timestamp) {
    letter(request).legal_basis = String::new();
    let reminder_at = Some(siegel_proto::convert::timestamp(at));
    letter(request).notification =
        Some(pb::NotificationWish { reminder_at, ..pb::NotificationWish::default() });
}

/// The reminders that were ordered, each once.
fn reminders(world: &World) -> Vec<NotifyRequest> {
    let orders = world.notifications.orders.lock().unwrap().clone();
    let mut reminders: Vec<_> =
        orders.into_iter().filter(|o| o.template() == Template::LetterReminder).collect();
    reminders.dedup_by(|a, b| a.request_id == b.request_id);
    reminders
}

/// The kinds of all events of the sender.
async fn events(world: &World) -> Vec<pb::LetterEvent> {
    let request = pb::WatchEventsRequest::default();
    let mut stream = world.sender().watch_events(request).await.unwrap().into_inner();
    let mut seen = Vec::new();
    while let Some(event) = stream.message().await.unwrap().unwrap().event {
        seen.push(event);
    }
    seen
}

async fn reminder_events(world: &World) -> Vec<String> {
    let all = events(world).await.into_iter().map(|event| event.kind);
    all.filter(|kind| kind.starts_with("reminder")).collect()
}

async fn an_unopened_letter_is_reminded_of_on_its_day_and_its_sender_is_told(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| after(r, 3)).await;
    world.settle().await;
    world.wait(DAY * 2 + Duration::from_secs(86_399)).await;
    assert_eq!(reminders(&world), []);
    world.wait(Duration::from_secs(1)).await;
    let ordered = reminders(&world);
    assert_eq!(ordered.len(), 1);
    assert_eq!(ordered[0].recipient, account(1).to_string());
    assert!(!ordered[0].reminder_of.is_empty(), "asked about again before it leaves");
    let told = events(&world).await.pop().unwrap();
    assert_eq!((told.kind.as_str(), told.state()), ("reminder_sent", pb::DeliveryState::Provided));
    assert_eq!(told.letter_id, done.letter_id);
}

async fn a_letter_that_was_opened_recalled_or_ended_meanwhile_is_not_reminded_of(db: Db) {
    let world = World::new(db).await;
    let opened = world.deliver("r1", |r| after(r, 3)).await;
    let recalled = world.deliver("r2", |r| after(r, 3)).await;
    world
        .deliver("r3", |r| {
            after(r, 10);
            letter(r).legal_basis = "ozg-9".into();
        })
        .await;
    world.open(&opened.letter_id).await.unwrap();
    world.recall(&recalled.letter_id).await.unwrap();
    world.wait(DAY * 11).await;
    assert_eq!(reminders(&world), []);
    assert_eq!(reminder_events(&world).await, Vec::<String>::new());
    world.deliver("r4", |r| after(r, 3)).await;
    world.settle().await;
    world.close(1).await;
    world.wait(DAY * 3).await;
    assert_eq!(reminders(&world), [], "nobody is there any more");
}

async fn a_reminder_may_be_wished_for_at_an_instant(db: Db) {
    let world = World::new(db).await;
    let due = world.postbox.now().legal.plus(DAY * 5);
    world.deliver("r1", |r| at(r, due)).await;
    world.wait(DAY * 4).await;
    assert_eq!(reminders(&world), []);
    world.wait(DAY).await;
    assert_eq!(reminders(&world).len(), 1);
}

async fn a_reminder_counts_from_provision(db: Db) {
    let world = World::new(db).await;
    let later = world.postbox.now().legal.plus(DAY * 10);
    world
        .deliver("r1", |r| {
            after(r, 3);
            letter(r).publish_at = Some(siegel_proto::convert::timestamp(later));
        })
        .await;
    world.wait(DAY * 10).await;
    world.wait(DAY * 2).await;
    assert_eq!(reminders(&world), []);
    world.wait(DAY).await;
    assert_eq!(reminders(&world).len(), 1);
}

async fn a_reminder_of_a_batch_counts_from_its_delivery(db: Db) {
    use super::batches::{add, commit, letters, work};
    let world = World::new(db).await;
    let mut wished = letters(&world, 3).await;
    let now = world.postbox.now().legal;
    for (n, one) in wished.iter_mut().enumerate() {
        let letter = one.letter.as_mut().unwrap();
        letter.legal_basis.clear();
        letter.notification = Some(pb::NotificationWish {
            reminder_after_days: if n == 1 { 0 } else { 3 },
            reminder_at: (n == 1).then(|| timestamp(now.plus(Duration::from_hours(1)))),
            ..Default::default()
        });
        letter.publish_at = (n == 2).then(|| timestamp(now.plus(DAY * 5)));
    }
    add(&world, wished).await.unwrap();
    world.wait(Duration::from_hours(20)).await;
    assert_eq!(world.count("outbox").await, 0, "nobody has the letters yet");
    commit(&world, false).await.unwrap();
    work(&world).await;
    world.settle().await;
    assert_eq!(reminders(&world).len(), 1, "its instant was over: at once with the provision");
    world.wait(DAY * 2 + Duration::from_secs(86_399)).await;
    assert_eq!(reminders(&world).len(), 1);
    world.wait(Duration::from_secs(1)).await;
    assert_eq!(reminders(&world).len(), 2);
    // The scheduled one is published four hours and a day later.
    world.wait(DAY + Duration::from_hours(4)).await;
    world.wait(DAY * 2 + Duration::from_secs(86_399)).await;
    assert_eq!(reminders(&world).len(), 2);
    world.wait(Duration::from_secs(1)).await;
    assert_eq!(reminders(&world).len(), 3);
}

async fn without_a_wish_nobody_is_reminded(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |r| letter(r).legal_basis = String::new()).await;
    world.settle().await;
    world.wait(DAY * 100).await;
    assert_eq!(reminders(&world), []);
    assert_eq!(world.count("reminders").await, 0);
}

async fn a_reminder_that_was_no_longer_needed_when_it_would_leave_is_no_event(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |r| after(r, 3)).await;
    world.settle().await;
    *world.notifications.state.lock().unwrap() = Order::NotNeeded;
    world.wait(DAY * 3).await;
    assert_eq!(reminders(&world).len(), 1);
    assert_eq!(reminder_events(&world).await, Vec::<String>::new());
    assert_eq!(world.count("outbox").await, 0);
}

async fn a_reminder_that_could_not_be_sent_is_an_event_of_its_own(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |r| after(r, 3)).await;
    world.settle().await;
    *world.notifications.state.lock().unwrap() = Order::Failed;
    world.wait(DAY * 3).await;
    assert_eq!(reminder_events(&world).await, ["reminder_failed"]);
}

async fn a_reminder_is_told_to_the_sender_once(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |r| after(r, 3)).await;
    world.settle().await;
    *world.notifications.state.lock().unwrap() = Order::Queued;
    world.wait(DAY * 3).await;
    assert_eq!(reminder_events(&world).await, Vec::<String>::new(), "nobody knows yet");
    *world.notifications.state.lock().unwrap() = Order::Sent;
    world.wait(DAY).await;
    world.wait(DAY).await;
    assert_eq!(reminder_events(&world).await, ["reminder_sent"]);
    assert_eq!(reminders(&world).len(), 1);
}

async fn a_reminder_has_no_evidence_and_no_legal_meaning(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| after(r, 3)).await;
    world.settle().await;
    let before = (world.kinds(&done.letter_id).await, world.summary(&done.letter_id).await);
    world.wait(DAY * 3).await;
    assert_eq!(events(&world).await.pop().unwrap().receipt, None);
    assert_eq!((world.kinds(&done.letter_id).await, world.summary(&done.letter_id).await), before);
}

async fn the_question_before_sending_is_answered_from_the_state_at_that_moment(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| after(r, 3)).await;
    world.settle().await;
    world.wait(DAY * 3).await;
    let subject = reminders(&world)[0].reminder_of.clone();
    let asked = async |subject_id: &str| {
        let channel = world.channel(Caller::Sibling("notification".into()));
        let request = pb::CheckReminderRequest { subject_id: subject_id.into() };
        let answer = ReminderServiceClient::new(channel).check_reminder(request).await;
        answer.unwrap().into_inner().still_unopened
    };
    assert!(asked(&subject).await);
    world.open(&done.letter_id).await.unwrap();
    assert!(!asked(&subject).await);
    for nothing in ["", "made up", &done.letter_id, &subject.replace("ltr_", "ltr_0")] {
        assert!(!asked(nothing).await, "{nothing}");
    }
}

async fn a_letter_with_a_hidden_preview_is_told_of_without_sender_and_subject(db: Db) {
    let world = World::new(db).await;
    world
        .deliver("r1", |r| {
            after(r, 3);
            letter(r).hide_preview = true;
        })
        .await;
    world.settle().await;
    world.wait(DAY * 3).await;
    let orders = format!("{:?}", world.notifications.orders.lock().unwrap());
    assert_eq!(orders.matches("LetterProvided").count() + reminders(&world).len(), 2, "{orders}");
    for secret in ["Bauamt", "Gaube", "BA-2025-17", "Az. 2025-17"] {
        assert!(!orders.contains(secret), "{secret} in {orders}");
    }
}

async fn a_wish_that_cannot_be_kept_is_refused(db: Db) {
    let world = World::new(db).await;
    let soon = Some(siegel_proto::convert::timestamp(world.postbox.now().legal.plus(DAY)));
    let far = Some(siegel_proto::convert::timestamp(world.postbox.now().legal.plus(DAY * 400)));
    let wish = |reminder_after_days, reminder_at, channels| pb::NotificationWish {
        reminder_after_days,
        reminder_at,
        channels,
    };
    let handle = world.handle(1).await;
    for bad in [
        wish(-1, None, vec![]),
        wish(366, None, vec![]),
        wish(3, soon, vec![]),
        wish(0, far, vec![]),
        wish(3, None, vec![0]),
        wish(3, None, vec![7]),
    ] {
        let mut request = super::world::request("r1", &handle);
        letter(&mut request).notification = Some(bad);
        let status = world.sender().submit(request).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    }
    let email = pb::NotificationChannel::Email.into();
    world.deliver("r1", |r| letter(r).notification = Some(wish(3, None, vec![email]))).await;
}

async fn the_same_request_with_another_reminder_is_refused(db: Db) {
    let world = World::new(db).await;
    let first = world.deliver("r1", |r| after(r, 3)).await;
    assert_eq!(world.deliver("r1", |r| after(r, 3)).await.letter_id, first.letter_id);
    let mut request = super::world::request("r1", &world.handle(1).await);
    after(&mut request, 4);
    let status = world.sender().submit(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
    assert_eq!(world.count("reminders").await, 1);
}
