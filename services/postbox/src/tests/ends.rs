//! How a sender ends a letter, and what becomes of letters whose mailbox is closed.

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::world::{
    DAY, FOREIGN_CLIENT, OTHER_CLIENT, World, account, client, formal, letter, request,
};

on_each_backend! { &crate::MIGRATIONS =>
    a_recalled_letter_is_shown_as_such_and_can_no_longer_be_opened,
    a_preview_of_a_recalled_letter_says_that_it_does_not_count,
    recalling_again_gives_the_same_receipt,
    an_opened_letter_is_not_recalled,
    a_letter_whose_fiction_came_true_is_not_recalled,
    a_letter_for_later_that_was_recalled_is_never_published,
    nobody_is_told_of_a_letter_that_was_recalled_at_once,
    another_senders_letter_is_not_recalled_and_does_not_exist,
    superseding_recalls_the_old_letter_and_delivers_the_new_one,
    superseding_again_gives_the_same_answer,
    superseding_an_opened_letter_delivers_nothing,
    a_letter_that_replaces_an_opened_one_leaves_its_state,
    a_letter_is_replaced_once,
    a_letter_names_only_earlier_ones_of_its_sender_to_its_recipient,
    a_letter_in_a_thread_is_taken,
    a_closed_mailbox_makes_unfinished_letters_undeliverable_and_leaves_the_others,
    a_closed_mailbox_is_reached_by_nobody_and_opened_by_nobody,
    a_day_that_passed_before_the_mailbox_was_closed_counts_first,
    a_letter_for_later_whose_handle_alone_ended_is_still_published,
    every_letter_ends_by_its_time_even_if_nobody_ever_acts
}

async fn a_recalled_letter_is_shown_as_such_and_can_no_longer_be_opened(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    assert_eq!(world.unread().await, 1);
    let recalled = world.recall(&done.letter_id).await.unwrap();
    assert_eq!(recalled.state(), pb::DeliveryState::Recalled);
    let entry = world.verified(&recalled.receipt.unwrap()).await;
    assert_eq!(entry.body.actor.role, "sender");
    let shown = world.summary(&done.letter_id).await;
    assert_eq!((shown.state(), shown.can_open), (pb::DeliveryState::Recalled, false));
    assert_eq!(shown.announced_on, "");
    let status = world.open(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_RECALLED"));
    assert_eq!(world.unread().await, 0);
    world.wait(DAY * 400).await;
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided", "recalled"]);
}

async fn a_preview_of_a_recalled_letter_says_that_it_does_not_count(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let preview = async || {
        let letter_id = done.letter_id.clone();
        let request = pb::PreviewRequest { letter_id, ..Default::default() };
        let shown = world.reader(1, TrustLevel::High).preview(request).await.unwrap().into_inner();
        [shown.effect_de, shown.effect_en]
    };
    assert!(preview().await.iter().all(|text| text.contains("2025")), "before");
    world.recall(&done.letter_id).await.unwrap();
    let [de, en] = preview().await;
    assert!(de.contains("gilt nicht als bekanntgegeben") && !de.contains("2025"), "{de}");
    assert!(en.contains("does not count as announced") && !en.contains("2025"), "{en}");
}

async fn recalling_again_gives_the_same_receipt(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let first = world.recall(&done.letter_id).await.unwrap();
    world.clock.advance(DAY);
    assert_eq!(world.recall(&done.letter_id).await.unwrap(), first);
}

async fn an_opened_letter_is_not_recalled(db: Db) {
    let world = World::new(db).await;
    for (request_id, bend) in
        [("r1", (|_| {}) as fn(&mut pb::SubmitRequest)), ("r2", formal as fn(&mut _))]
    {
        let done = world.deliver(request_id, bend).await;
        world.open(&done.letter_id).await.unwrap();
        let status = world.recall(&done.letter_id).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("LETTER_OPENED"));
        assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided", "opened"]);
    }
}

async fn a_letter_whose_fiction_came_true_is_not_recalled(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    // Before the sweeper came: the law goes first.
    world.clock.advance(DAY * 6);
    let status = world.recall(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_ENDED"));
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided", "deemed_announced"]);
}

async fn a_letter_for_later_that_was_recalled_is_never_published(db: Db) {
    let world = World::new(db).await;
    let later = world.postbox.now().legal.plus(DAY);
    let done = world
        .deliver("r1", |r| {
            letter(r).publish_at = Some(siegel_proto::convert::timestamp(later));
        })
        .await;
    world.recall(&done.letter_id).await.unwrap();
    world.wait(DAY * 2).await;
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "recalled"]);
    let status = world.open(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"), "it never was there");
}

async fn nobody_is_told_of_a_letter_that_was_recalled_at_once(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.recall(&done.letter_id).await.unwrap();
    world.settle().await;
    assert!(world.notifications.orders.lock().unwrap().is_empty());
}

async fn another_senders_letter_is_not_recalled_and_does_not_exist(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    for (client_id, tenant, letter) in [
        (OTHER_CLIENT, "musterstadt", done.letter_id.as_str()),
        (FOREIGN_CLIENT, "neustadt", done.letter_id.as_str()),
        (super::world::CLIENT, "neustadt", done.letter_id.as_str()),
        (super::world::CLIENT, "musterstadt", "ltr_00000000000000000000000000000000"),
        (super::world::CLIENT, "musterstadt", "nonsense"),
    ] {
        let request = pb::RecallRequest { request_id: "b".into(), letter_id: letter.into() };
        let status = world.sender_as(client(client_id, tenant)).recall(request).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_deref()),
            (Code::NotFound, Some("LETTER_UNKNOWN")),
            "{client_id} of {tenant}"
        );
    }
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"]);
}

async fn superseding_recalls_the_old_letter_and_delivers_the_new_one(db: Db) {
    let world = World::new(db).await;
    let old = world.deliver("r1", |_| {}).await;
    let new = world.supersede("r2", &old.letter_id).await.unwrap();
    assert_eq!(new.state(), pb::DeliveryState::Provided);
    let kinds = world.kinds(&old.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "superseded", "recalled"]);
    let entry = world.entry(&old.letter_id, "superseded").await;
    assert_eq!(entry.body.replaced_by.as_deref(), Some(new.letter_id.as_str()));
    let shown = world.summary(&old.letter_id).await;
    assert_eq!(shown.state(), pb::DeliveryState::Recalled);
    assert_eq!(shown.replaced_by, new.letter_id);
    let opened = world.open(&new.letter_id).await.unwrap();
    assert!(opened.content_json.contains(&format!("\"replaces\":\"{}\"", old.letter_id)));
}

async fn superseding_again_gives_the_same_answer(db: Db) {
    let world = World::new(db).await;
    let old = world.deliver("r1", |_| {}).await;
    let first = world.supersede("r2", &old.letter_id).await.unwrap();
    assert_eq!(world.supersede("r2", &old.letter_id).await.unwrap(), first);
    assert_eq!(world.count("letters").await, 2);
    // The same letter without the recall is another request.
    let mut other = request("r2", &world.handle(1).await);
    letter(&mut other).replaces.clone_from(&old.letter_id);
    let status = world.sender().submit(other).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
}

async fn superseding_an_opened_letter_delivers_nothing(db: Db) {
    let world = World::new(db).await;
    let old = world.deliver("r1", |_| {}).await;
    world.open(&old.letter_id).await.unwrap();
    let objects = world.objects();
    let status = world.supersede("r2", &old.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_OPENED"));
    assert_eq!((world.count("letters").await, world.objects()), (1, objects));
    assert_eq!(world.kinds(&old.letter_id).await, ["accepted", "provided", "opened"]);
}

async fn a_letter_that_replaces_an_opened_one_leaves_its_state(db: Db) {
    let world = World::new(db).await;
    let old = world.deliver("r1", |_| {}).await;
    world.open(&old.letter_id).await.unwrap();
    let new = world.deliver("r2", |r| letter(r).replaces.clone_from(&old.letter_id)).await;
    let shown = world.summary(&old.letter_id).await;
    assert_eq!(shown.state(), pb::DeliveryState::Opened);
    assert_eq!(shown.replaced_by, new.letter_id);
    assert!(world.open(&old.letter_id).await.is_ok(), "the first retrieval stays decisive");
    let kinds = world.kinds(&old.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "opened", "superseded"]);
}

async fn a_letter_is_replaced_once(db: Db) {
    let world = World::new(db).await;
    let old = world.deliver("r1", |_| {}).await;
    world.supersede("r2", &old.letter_id).await.unwrap();
    let status = world.supersede("r3", &old.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_REPLACED"));
    assert_eq!(world.count("letters").await, 2);
}

async fn refused(world: &World, bend: impl FnOnce(&mut pb::Letter)) -> Status {
    let mut order = request("bad", &world.handle(1).await);
    bend(letter(&mut order));
    world.sender().submit(order).await.unwrap_err()
}

async fn a_letter_names_only_earlier_ones_of_its_sender_to_its_recipient(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    let mut other = world.sender_as(client(OTHER_CLIENT, "musterstadt"));
    let of_other = other.submit(request("o", &handle)).await.unwrap().into_inner().letter_id;
    let to_other =
        world.sender().submit(request("t", &world.handle(2).await)).await.unwrap().into_inner();
    let nobodys = "ltr_00000000000000000000000000000000".to_owned();
    let mut seen = Vec::new();
    for id in [of_other.clone(), to_other.letter_id, nobodys] {
        let thread = refused(&world, |l| l.thread.clone_from(&id)).await;
        assert_eq!(reason(&thread).as_deref(), Some("INVALID_FIELD"));
        let replaces = refused(&world, |l| l.replaces.clone_from(&id)).await;
        seen.push((thread.details().to_vec(), replaces.details().to_vec()));
    }
    assert!(seen.iter().all(|s| *s == seen[0]), "they can be told apart");
    assert_eq!(world.count("letters").await, 2);
    let mut others = world.evidence(client(OTHER_CLIENT, "musterstadt"));
    let request = pb::ListReceiptsRequest {
        letter_id: of_other,
        organisation_id: String::new(),
        ..Default::default()
    };
    let receipts = others.list_receipts(request).await.unwrap().into_inner().receipts;
    assert_eq!(receipts.len(), 2, "nothing happened to the letter that was named");
}

async fn a_letter_in_a_thread_is_taken(db: Db) {
    let world = World::new(db).await;
    let first = world.deliver("r1", |_| {}).await;
    let next = world.deliver("r2", |r| letter(r).thread.clone_from(&first.letter_id)).await;
    let opened = world.open(&next.letter_id).await.unwrap();
    assert!(opened.content_json.contains(&format!("\"thread\":\"{}\"", first.letter_id)));
}

async fn a_closed_mailbox_makes_unfinished_letters_undeliverable_and_leaves_the_others(db: Db) {
    let world = World::new(db).await;
    let later = world.postbox.now().legal.plus(DAY * 30);
    let opened = world.deliver("r1", |_| {}).await;
    world.open(&opened.letter_id).await.unwrap();
    let waiting = world.deliver("r2", |_| {}).await;
    let served = world.deliver("r3", formal).await;
    world.open(&served.letter_id).await.unwrap();
    let scheduled = world
        .deliver("r4", |r| {
            letter(r).publish_at = Some(siegel_proto::convert::timestamp(later));
        })
        .await;
    let elses = world.sender().submit(request("r5", &world.handle(2).await)).await.unwrap();
    let elses = elses.into_inner();
    world.settle().await;
    world.close(1).await;
    world.close(1).await;
    world.settle().await;
    for letter in [&waiting, &served, &scheduled] {
        assert_eq!(world.sent(&letter.letter_id).await.state(), pb::DeliveryState::Undeliverable);
        let entry = world.entry(&letter.letter_id, "undeliverable").await;
        assert_eq!(entry.body.reason.as_deref(), Some("MAILBOX_CLOSED"));
    }
    assert_eq!(world.sent(&opened.letter_id).await.state(), pb::DeliveryState::Opened);
    assert_eq!(world.sent(&elses.letter_id).await.state(), pb::DeliveryState::Provided);
    world.wait(DAY * 400).await;
    let kinds = world.kinds(&waiting.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "notified", "undeliverable"]);
}

async fn a_closed_mailbox_is_reached_by_nobody_and_opened_by_nobody(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    let done = world.deliver("r1", |_| {}).await;
    world.close(1).await;
    let mut tx = world.db.read().await.unwrap();
    let kinds = siegel_db::audit::kinds(&mut tx).await.unwrap();
    drop(tx);
    assert!(kinds.contains(&"postbox.mailbox.closed".to_owned()), "{kinds:?}");
    let status = world.sender().submit(request("r2", &handle)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("RECIPIENT_UNKNOWN"));
    let status = world.open(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
    let owner = pb::issue_handle_request::Owner::AccountId(account(1).to_string());
    let order = pb::IssueHandleRequest {
        request_id: "h".into(),
        owner: Some(owner),
        sector: "musterstadt".into(),
        ..Default::default()
    };
    let status = world.handles().issue_handle(order).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("MAILBOX_CLOSED"));
}

async fn a_day_that_passed_before_the_mailbox_was_closed_counts_first(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.clock.advance(DAY * 6);
    world.close(1).await;
    world.settle().await;
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "deemed_announced"]);
}

async fn a_letter_for_later_whose_handle_alone_ended_is_still_published(db: Db) {
    let world = World::new(db).await;
    let later = world.postbox.now().legal.plus(DAY);
    let done = world
        .deliver("r1", |r| {
            letter(r).publish_at = Some(siegel_proto::convert::timestamp(later));
        })
        .await;
    let handle = world.handle(1).await;
    world.revoke(1, &handle).await.unwrap();
    world.wait(DAY).await;
    assert_eq!(world.sent(&done.letter_id).await.state(), pb::DeliveryState::Provided);
}

async fn unfinished(world: &World, also: &'static str) -> i64 {
    let from = "letters WHERE state IN ('accepted', 'scheduled', 'provided')";
    let sql: &'static str = Box::leak(format!("{from} {also}").into_boxed_str());
    world.count(sql).await
}

async fn every_letter_ends_by_its_time_even_if_nobody_ever_acts(db: Db) {
    let world = World::new(db).await;
    let later = world.postbox.now().legal.plus(DAY * 100);
    let bases = ["", "ozg-9", "vwvfg-41-2", "vwvfg-41-2a", "ao-122-2", "ao-122a", "sgbx-37"];
    for (n, basis) in bases.into_iter().enumerate() {
        for publish in [None, Some(siegel_proto::convert::timestamp(later))] {
            let request_id = format!("r{n}-{}", publish.is_some());
            world
                .deliver(&request_id, |r| {
                    letter(r).legal_basis = basis.into();
                    letter(r).publish_at = publish;
                })
                .await;
        }
    }
    world.deliver("formal", formal).await;
    assert_eq!(unfinished(&world, "").await, 15);
    assert_eq!(unfinished(&world, "AND due_at_us IS NULL").await, 0, "the sweeper knows of all");
    world.settle().await;
    // Publication, then the last day: a letter without a rule waits a year.
    for days in [100, 366] {
        world.wait(DAY * days).await;
    }
    assert_eq!(unfinished(&world, "").await, 0);
    assert_eq!(world.count("letters WHERE due_at_us IS NOT NULL").await, 0);
    let ends = "evidence WHERE kind IN ('deemed_announced', 'deemed_served', 'provision_ended', \
        'expired_unread')";
    assert_eq!(world.count(ends).await, 15, "one end each");
}
