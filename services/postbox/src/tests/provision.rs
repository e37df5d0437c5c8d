//! How long a letter can be read.

use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::Status;

use super::world::{DAY, World, formal, letter};

on_each_backend! { &crate::MIGRATIONS =>
    a_letter_without_a_rule_expires_unread_at_the_end_of_its_provision,
    an_opened_letter_cannot_be_read_after_the_end_of_its_provision,
    the_end_of_provision_may_not_cut_short_what_the_law_sets,
    provision_under_vwvfg_41_2a_ends_after_ten_days_whatever_the_sender_set,
    a_late_notification_moves_the_end_of_provision_with_the_law,
    a_confirmation_that_came_before_the_end_of_provision_keeps_its_receipt,
}

fn until(at: Timestamp) -> impl FnOnce(&mut pb::SubmitRequest) {
    move |r| letter(r).retrieve_until = Some(timestamp(at))
}

/// Seconds into the test clock's day.
fn days(world: &World, n: u32) -> Timestamp {
    world.postbox.now().legal.plus(DAY * n)
}

async fn a_letter_without_a_rule_expires_unread_at_the_end_of_its_provision(db: Db) {
    let world = World::new(db).await;
    let end = days(&world, 5);
    let done = world
        .deliver("r1", |r| {
            letter(r).legal_basis.clear();
            until(end)(r);
        })
        .await;
    world.wait((DAY * 5).saturating_sub(Duration::from_secs(1))).await;
    assert_eq!((world.kinds(&done.letter_id).await.len(), world.unread().await), (3, 1));
    world.clock.advance(Duration::from_secs(1));
    // The sweeper has not come by, and still it is over.
    let status = world.open(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("PROVISION_ENDED"));
    let entry = world.entry(&done.letter_id, "expired_unread").await;
    assert_eq!(entry.body.event_time, end.to_rfc3339());
    let shown = world.summary(&done.letter_id).await;
    assert_eq!((shown.state(), shown.can_open), (pb::DeliveryState::ExpiredUnread, false));
    assert_eq!((shown.retrieve_until, world.unread().await), (Some(timestamp(end)), 0));
}

async fn an_opened_letter_cannot_be_read_after_the_end_of_its_provision(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", until(days(&world, 30))).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    world.wait((DAY * 30).saturating_sub(Duration::from_secs(1))).await;
    assert_eq!(world.open(&done.letter_id).await.unwrap().receipt, opened.receipt);
    world.clock.advance(Duration::from_secs(1));
    let status = world.open(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("PROVISION_ENDED"));
    let request = pb::DownloadAttachmentRequest {
        letter_id: done.letter_id.clone(),
        attachment_id: opened.attachments[0].attachment_id.clone(),
        ..Default::default()
    };
    let status =
        world.reader(1, TrustLevel::High).download_attachment(request).await.err().unwrap();
    assert_eq!(reason(&status).as_deref(), Some("PROVISION_ENDED"));
    // The end of provision is no second end of the delivery.
    assert_eq!(world.sent(&done.letter_id).await.state(), pb::DeliveryState::Opened);
}

async fn refused(world: &World, bend: impl FnOnce(&mut pb::SubmitRequest)) -> Status {
    let mut request = super::world::request("bad", &world.handle(1).await);
    bend(&mut request);
    world.sender().submit(request).await.unwrap_err()
}

async fn the_end_of_provision_may_not_cut_short_what_the_law_sets(db: Db) {
    use tonic_types::StatusExt as _;
    let world = World::new(db).await;
    let too_early = days(&world, 4);
    let bends: [fn(&mut pb::SubmitRequest); 3] =
        [|_| {}, formal, |r| letter(r).legal_basis = "vwvfg-41-2a".into()];
    for bend in bends {
        let status = refused(&world, |r| {
            bend(r);
            until(too_early)(r);
        })
        .await;
        let details = status.get_details_bad_request().unwrap();
        assert_eq!(details.field_violations[0].field, "letter.retrieve_until");
    }
    let status = refused(&world, |r| {
        letter(r).legal_basis.clear();
        until(world.postbox.now().legal)(r);
    })
    .await;
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"), "it would be over at once");
    world.assert_nothing_stored().await;
    world.deliver("good", until(days(&world, 6))).await;
}

async fn provision_under_vwvfg_41_2a_ends_after_ten_days_whatever_the_sender_set(db: Db) {
    let world = World::new(db).await;
    let done = world
        .deliver("r1", |r| {
            letter(r).legal_basis = "vwvfg-41-2a".into();
            until(days(&world, 60))(r);
        })
        .await;
    world.settle().await;
    world.wait(DAY * 11).await;
    assert_eq!(world.sent(&done.letter_id).await.state(), pb::DeliveryState::ProvisionEnded);
    let status = world.open(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("PROVISION_ENDED"));
}

async fn a_late_notification_moves_the_end_of_provision_with_the_law(db: Db) {
    use siegel_proto::notification::v1::NotificationState;
    let world = World::new(db).await;
    *world.notifications.state.lock().unwrap() = NotificationState::Queued;
    // What the sender set is over on the day on which ten days from provision are.
    let done = world
        .deliver("r1", |r| {
            letter(r).legal_basis = "vwvfg-41-2a".into();
            until(days(&world, 11))(r);
        })
        .await;
    world.postbox.sweep().await.unwrap();
    world.clock.advance(DAY * 3);
    *world.notifications.state.lock().unwrap() = NotificationState::Sent;
    world.settle().await;
    world.wait(DAY * 9).await;
    for _ in 0..2 {
        world.open(&done.letter_id).await.unwrap();
    }
    world.wait(DAY * 2).await;
    let status = world.open(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("PROVISION_ENDED"));
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "notified", "opened"]);
}

async fn a_confirmation_that_came_before_the_end_of_provision_keeps_its_receipt(db: Db) {
    let world = World::new(db).await;
    let done = world
        .deliver("r1", |r| {
            formal(r);
            until(days(&world, 30))(r);
        })
        .await;
    world.confirm(&done.letter_id).await.unwrap();
    world.wait(DAY * 31).await;
    let status = world.confirm(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("PROVISION_ENDED"));
    let state = world.sent(&done.letter_id).await.state();
    assert_eq!(state, pb::DeliveryState::Confirmed);
    assert!(world.kinds(&done.letter_id).await.contains(&"confirmed".to_owned()));
}
