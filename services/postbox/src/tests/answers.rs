//! Formal service: the acknowledgement of receipt, and its refusal.

use siegel_db::Db;
use siegel_grpc::{fact, reason};
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::world::{DAY, World, company, formal, request};

on_each_backend! { &crate::MIGRATIONS =>
    a_confirmed_letter_counts_as_served_on_that_day_and_the_fiction_no_longer_comes,
    confirming_a_letter_nobody_opened_opens_it_in_the_same_transaction,
    confirming_again_gives_the_same_receipt_and_content,
    two_confirmations_at_once_leave_one_entry,
    a_refused_letter_is_not_served_and_can_be_answered_no_more,
    refusing_again_gives_the_same_receipt,
    after_the_fiction_came_true_neither_answer_is_taken,
    the_law_goes_before_an_answer_that_came_after_the_day,
    a_letter_that_is_no_formal_service_is_neither_confirmed_nor_refused,
    an_answer_below_the_level_is_refused_and_recorded,
    somebody_elses_letter_cannot_be_answered_and_does_not_exist,
    a_member_answers_for_an_organisation_and_the_receipt_names_the_path,
    a_preview_says_that_opening_alone_confirms_nothing
}

async fn a_confirmed_letter_counts_as_served_on_that_day_and_the_fiction_no_longer_comes(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    assert!(world.summary(&done.letter_id).await.needs_answer);
    world.open(&done.letter_id).await.unwrap();
    world.wait(DAY).await;
    let confirmed = world.confirm(&done.letter_id).await.unwrap();
    let shown = confirmed.letter.unwrap();
    assert_eq!(shown.state(), pb::DeliveryState::Confirmed);
    assert_eq!((shown.announced_on.as_str(), shown.needs_answer), ("2025-03-07", false));
    let entry = world.verified(&confirmed.receipt.unwrap()).await;
    let effect = entry.body.legal_effect.unwrap();
    assert_eq!((effect.effect.as_str(), effect.day0_event.as_str()), ("served", "answer"));
    assert_eq!((effect.rule.as_str(), effect.day.as_str()), ("vwzg-5-7/2", "2025-03-07"));
    assert_eq!(entry.body.actor.trust_level, Some(4));
    world.wait(DAY * 10).await;
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "opened", "notified", "confirmed"]);
}

async fn confirming_a_letter_nobody_opened_opens_it_in_the_same_transaction(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    let confirmed = world.confirm(&done.letter_id).await.unwrap();
    assert_eq!(confirmed.bodies[0].plain_text, "Guten Tag, der Bescheid liegt bei.");
    let digest = siegel_crypto::sha256(confirmed.content_json.as_bytes());
    let entry = world.verified(&confirmed.receipt.unwrap()).await;
    assert_eq!(entry.body.content_digest, siegel_crypto::b64::encode(digest));
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "opened", "confirmed"]);
    assert_eq!(world.unread().await, 0);
}

async fn confirming_again_gives_the_same_receipt_and_content(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    let first = world.confirm(&done.letter_id).await.unwrap();
    world.clock.advance(DAY);
    assert_eq!(world.confirm(&done.letter_id).await.unwrap(), first);
    // Opening it again shows the receipt of the opening.
    let opened = world.open(&done.letter_id).await.unwrap();
    assert_eq!(opened.receipt.unwrap().kind, "opened");
}

async fn two_confirmations_at_once_leave_one_entry(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    let (one, two) = tokio::join!(world.confirm(&done.letter_id), world.confirm(&done.letter_id));
    assert_eq!(one.unwrap(), two.unwrap());
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "opened", "confirmed"]);
}

async fn a_refused_letter_is_not_served_and_can_be_answered_no_more(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    let refused = world.refuse(&done.letter_id).await.unwrap();
    let shown = refused.letter.unwrap();
    assert_eq!((shown.state(), shown.announced_on.as_str()), (pb::DeliveryState::Refused, ""));
    let effect = world.verified(&refused.receipt.unwrap()).await.body.legal_effect.unwrap();
    assert_eq!((effect.effect.as_str(), effect.day.as_str()), ("not_served", "2025-03-06"));
    let status = world.confirm(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_ENDED"));
    world.wait(DAY * 10).await;
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided", "refused", "notified"]);
    assert_eq!(world.unread().await, 0);
}

async fn refusing_again_gives_the_same_receipt(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    let first = world.refuse(&done.letter_id).await.unwrap();
    world.clock.advance(DAY);
    assert_eq!(world.refuse(&done.letter_id).await.unwrap(), first);
}

async fn after_the_fiction_came_true_neither_answer_is_taken(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    world.wait(DAY * 6).await;
    for status in [
        world.confirm(&done.letter_id).await.unwrap_err(),
        world.refuse(&done.letter_id).await.unwrap_err(),
    ] {
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(reason(&status).as_deref(), Some("LETTER_ENDED"));
    }
    let shown = world.summary(&done.letter_id).await;
    assert_eq!(shown.state(), pb::DeliveryState::DeemedServed);
    assert_eq!((shown.announced_on.as_str(), shown.can_open), ("2025-03-10", true));
}

async fn the_law_goes_before_an_answer_that_came_after_the_day(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    world.clock.advance(DAY * 6);
    assert!(world.confirm(&done.letter_id).await.is_err(), "the sweeper had not come yet");
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "deemed_served"]);
}

async fn a_letter_that_is_no_formal_service_is_neither_confirmed_nor_refused(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    for opened in [false, true] {
        if opened {
            world.open(&done.letter_id).await.unwrap();
        }
        let status = world.confirm(&done.letter_id).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("NOT_FORMAL_SERVICE"));
        let status = world.refuse(&done.letter_id).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("NOT_FORMAL_SERVICE"));
    }
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided", "opened"]);
}

async fn confirm_as(world: &World, n: u128, level: TrustLevel, letter: &str) -> Status {
    let (request_id, organisation_id) = ("c".to_owned(), String::new());
    let request = pb::ConfirmRequest {
        request_id,
        letter_id: letter.into(),
        organisation_id,
        ..Default::default()
    };
    world.reader(n, level).confirm(request).await.unwrap_err()
}

async fn refuse_as(world: &World, n: u128, level: TrustLevel, letter: &str) -> Status {
    let (request_id, organisation_id) = ("c".to_owned(), String::new());
    let request = pb::RefuseRequest {
        request_id,
        letter_id: letter.into(),
        organisation_id,
        ..Default::default()
    };
    world.reader(n, level).refuse(request).await.unwrap_err()
}

async fn an_answer_below_the_level_is_refused_and_recorded(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    let before = world.count("audit").await;
    for status in [
        confirm_as(&world, 1, TrustLevel::Low, &done.letter_id).await,
        refuse_as(&world, 1, TrustLevel::Low, &done.letter_id).await,
    ] {
        assert_eq!(reason(&status).as_deref(), Some("TRUST_TOO_LOW"));
        assert_eq!(fact(&status, "needed").as_deref(), Some("substantial"));
    }
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"]);
    assert_eq!(world.count("audit").await, before + 2);
}

async fn somebody_elses_letter_cannot_be_answered_and_does_not_exist(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    world.handle(2).await;
    for (n, letter) in [
        (2, done.letter_id.as_str()),
        (3, done.letter_id.as_str()),
        (1, "ltr_00000000000000000000000000000000"),
        (1, "nonsense"),
    ] {
        for status in [
            confirm_as(&world, n, TrustLevel::High, letter).await,
            refuse_as(&world, n, TrustLevel::High, letter).await,
        ] {
            assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
            assert_eq!(status.code(), Code::NotFound);
        }
    }
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"]);
}

async fn a_member_answers_for_an_organisation_and_the_receipt_names_the_path(db: Db) {
    let world = World::new(db).await;
    let owner = pb::issue_handle_request::Owner::OrganisationId(company().to_string());
    let mut order = request("r1", &world.handle_for(owner, "musterstadt").await);
    formal(&mut order);
    let done = world.sender().submit(order).await.unwrap().into_inner();
    let request = pb::ConfirmRequest {
        request_id: "c".into(),
        letter_id: done.letter_id.clone(),
        organisation_id: company().to_string(),
        ..Default::default()
    };
    let stranger = world.reader(2, TrustLevel::High).confirm(request.clone()).await.unwrap_err();
    assert_eq!(reason(&stranger).as_deref(), Some("ORGANISATION_UNKNOWN"));
    let confirmed = world.reader(1, TrustLevel::High).confirm(request).await.unwrap().into_inner();
    let entry = world.verified(&confirmed.receipt.unwrap()).await;
    assert_eq!(entry.body.on_behalf_of.unwrap().path, "member:owner");
}

async fn a_preview_says_that_opening_alone_confirms_nothing(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    let request = pb::PreviewRequest {
        letter_id: done.letter_id,
        organisation_id: String::new(),
        ..Default::default()
    };
    let shown = world.reader(1, TrustLevel::High).preview(request).await.unwrap().into_inner();
    assert!(shown.effect_de.contains("Öffnen allein bestätigt nichts"), "{}", shown.effect_de);
    assert!(shown.effect_en.contains("served on 2025-03-10"), "{}", shown.effect_en);
}
