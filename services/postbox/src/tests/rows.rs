//! What a letter is made of: one test for each part of it that no other file is about.

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::letter_action::Action;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::world::{
    CLIENT, DAY, OTHER_CLIENT, World, XML, attachment, client, formal, letter, request,
};

on_each_backend! { &crate::MIGRATIONS =>
    authority_and_service_come_from_the_registration_not_from_the_caller,
    the_senders_reference_comes_back_to_the_sender,
    a_letter_has_one_text_per_language_each_with_plain_language_and_html,
    html_outside_the_whitelist_or_with_other_links_is_refused,
    every_action_arrives_as_it_was_sent_and_is_signed,
    actions_that_cannot_be_are_refused_by_field,
    only_formal_service_asks_for_a_confirmation,
    every_delivery_type_arrives_as_it_was_sent,
    importance_arrives_as_it_was_sent,
    both_lanes_deliver_and_a_lane_that_is_none_is_refused,
    thread_and_case_group_the_letters_of_one_application,
    a_letter_is_published_at_its_time_and_not_before,
    every_part_of_a_letter_is_part_of_its_request_and_its_digest,
    what_only_the_request_says_is_part_of_it_too,
    numbers_that_not_every_program_reads_exactly_are_refused,
    every_level_opens_its_letters_and_those_below_and_none_above,
    a_request_id_is_its_senders_own,
    a_request_id_is_kept_as_long_as_its_letter
}

async fn refused(world: &World, bend: impl FnOnce(&mut pb::SubmitRequest)) -> Status {
    let mut request = request("bad", &world.handle(1).await);
    bend(&mut request);
    world.sender().submit(request).await.unwrap_err()
}

fn fields(status: &Status) -> Vec<String> {
    use tonic_types::StatusExt as _;
    assert_eq!(reason(status).as_deref(), Some("INVALID_FIELD"), "{status:?}");
    let details = status.get_details_bad_request().unwrap();
    details.field_violations.into_iter().map(|v| v.field).collect()
}

async fn authority_and_service_come_from_the_registration_not_from_the_caller(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let sender = world.entry(&done.letter_id, "accepted").await.body.sender;
    assert_eq!((&*sender.authority, &*sender.ars), ("Bauamt Musterstadt", "010510044044"));
    assert_eq!((&*sender.service_id, &*sender.client_id), ("99012070", CLIENT));
    assert_eq!(world.summary(&done.letter_id).await.authority, "Bauamt Musterstadt");
}

async fn the_senders_reference_comes_back_to_the_sender(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| letter(r).sender_reference = "ü".repeat(255)).await;
    assert_eq!(world.sent(&done.letter_id).await.sender_reference, "ü".repeat(255));
    let status = refused(&world, |r| letter(r).sender_reference = "ü".repeat(256)).await;
    assert_eq!(fields(&status), ["letter.sender_reference"]);
}

fn body(language: &str, html: &str) -> pb::Body {
    pb::Body {
        language: language.into(),
        plain_text: format!("plain {language}"),
        easy_text: format!("easy {language}"),
        html: html.into(),
    }
}

async fn a_letter_has_one_text_per_language_each_with_plain_language_and_html(db: Db) {
    let world = World::new(db).await;
    let link = "<p>Guten Tag, <a href=\"https://amt.example/17\">hier</a>.</p>";
    let bodies = vec![body("de", link), body("en", "<h2>Hello</h2>"), body("uk", "")];
    let done = world.deliver("r1", |r| letter(r).bodies = bodies.clone()).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    assert_eq!(opened.bodies, bodies);
    assert!(opened.content_json.contains("<h2>Hello</h2>"), "it is signed");
    let status = refused(&world, |r| letter(r).bodies = vec![body("de", ""), body("DE", "")]).await;
    assert_eq!(fields(&status), ["letter.bodies[1].language"]);
    let status = refused(&world, |r| letter(r).bodies[0].plain_text.clear()).await;
    assert_eq!(fields(&status), ["letter.bodies[0].plain_text"], "plain text is always there");
}

async fn html_outside_the_whitelist_or_with_other_links_is_refused(db: Db) {
    let world = World::new(db).await;
    for html in [
        "<script>alert(1)</script>",
        "<p onclick=\"x()\">x</p>",
        "<a href=\"http://amt.example\">x</a>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<img src=\"https://amt.example/x.png\">",
        "<p>x",
    ] {
        let status = refused(&world, |r| letter(r).bodies[0].html = html.into()).await;
        assert_eq!(fields(&status), ["letter.bodies[0].html"], "{html}");
    }
    world.assert_nothing_stored().await;
}

fn wrap(action: Action) -> pb::LetterAction {
    pb::LetterAction { action: Some(action) }
}

fn pay(url: &str) -> pb::LetterAction {
    let reference = "KZ 4711".to_owned();
    wrap(Action::Pay(pb::PayAction { reference, url: url.into(), amount_cents: 12_345 }))
}

fn reply(due_on: &str) -> pb::LetterAction {
    let (form_id, due_on) = ("nachweis".to_owned(), due_on.to_owned());
    wrap(Action::Reply(pb::ReplyAction { form_id, due_on }))
}

fn confirm(due_on: &str) -> pb::LetterAction {
    wrap(Action::Confirm(pb::ConfirmAction { due_on: due_on.into() }))
}

fn appointment(world: &World, in_days: u32) -> pb::LetterAction {
    let at = world.postbox.now().legal.plus(DAY * in_days);
    wrap(Action::Appointment(pb::AppointmentAction {
        starts_at: Some(timestamp(at)),
        ends_at: Some(timestamp(at.plus(DAY / 24))),
        place: "Zimmer 3".into(),
        url: String::new(),
    }))
}

async fn every_action_arrives_as_it_was_sent_and_is_signed(db: Db) {
    let world = World::new(db).await;
    let actions =
        vec![pay("https://pay.example/4711"), reply("2025-04-01"), appointment(&world, 3)];
    let done = world.deliver("r1", |r| letter(r).actions = actions.clone()).await;
    assert_eq!(world.summary(&done.letter_id).await.due_on, "2025-03-09", "the first of them");
    let opened = world.open(&done.letter_id).await.unwrap();
    assert_eq!(opened.actions, actions);
    assert!(opened.content_json.contains("\"kind\":\"pay\""), "{}", opened.content_json);
    let digest = siegel_crypto::b64::encode(siegel_crypto::sha256(opened.content_json.as_bytes()));
    assert_eq!(world.entry(&done.letter_id, "accepted").await.body.content_digest, digest);
}

async fn actions_that_cannot_be_are_refused_by_field(db: Db) {
    let world = World::new(db).await;
    let over = appointment(&world, 0);
    let cases = [
        (vec![pay("http://pay.example")], "letter.actions[0].pay.url"),
        (vec![reply("2025-03-05")], "letter.actions[0].reply.due_on"),
        (vec![reply("morgen")], "letter.actions[0].reply.due_on"),
        (vec![reply(""), reply("")], "letter.actions[1]"),
        (vec![over], "letter.actions[0].appointment.starts_at"),
        (vec![pb::LetterAction { action: None }], "letter.actions[0]"),
        (vec![pay(""); 9], "letter.actions"),
    ];
    for (actions, field) in cases {
        let status = refused(&world, |r| letter(r).actions = actions).await;
        assert_eq!(fields(&status), [field]);
    }
    world.assert_nothing_stored().await;
}

async fn only_formal_service_asks_for_a_confirmation(db: Db) {
    let world = World::new(db).await;
    let status = refused(&world, |r| letter(r).actions = vec![confirm("2025-03-10")]).await;
    assert_eq!(fields(&status), ["letter.actions[0].confirm"]);
    let asks = |r: &mut pb::SubmitRequest| {
        formal(r);
        letter(r).actions = vec![confirm("2025-03-10")];
    };
    let done = world.deliver("r1", asks).await;
    assert_eq!(world.summary(&done.letter_id).await.due_on, "2025-03-10");
    let confirmed = world.confirm(&done.letter_id).await.unwrap();
    assert_eq!(confirmed.actions, [confirm("2025-03-10")]);
}

async fn every_delivery_type_arrives_as_it_was_sent(db: Db) {
    let world = World::new(db).await;
    for number in 1..=6 {
        let kind = pb::DeliveryType::try_from(number).unwrap();
        let bend = |r: &mut pb::SubmitRequest| {
            if kind == pb::DeliveryType::FormalService {
                formal(r);
            }
            letter(r).delivery_type = kind.into();
        };
        let done = world.deliver(&format!("r{number}"), bend).await;
        assert_eq!(world.summary(&done.letter_id).await.delivery_type(), kind);
    }
    for number in [0, 7] {
        let status = refused(&world, |r| letter(r).delivery_type = number).await;
        assert_eq!(fields(&status), ["letter.delivery_type"]);
    }
}

async fn importance_arrives_as_it_was_sent(db: Db) {
    let world = World::new(db).await;
    for (sent, shown) in [
        (pb::Importance::Important, pb::Importance::Important),
        (pb::Importance::Normal, pb::Importance::Normal),
        (pb::Importance::Unspecified, pb::Importance::Normal),
    ] {
        let id = format!("r{}", i32::from(sent));
        let done = world.deliver(&id, |r| letter(r).importance = sent.into()).await;
        assert_eq!(world.summary(&done.letter_id).await.importance(), shown);
    }
}

async fn both_lanes_deliver_and_a_lane_that_is_none_is_refused(db: Db) {
    let world = World::new(db).await;
    for lane in [pb::Lane::Interactive, pb::Lane::Bulk] {
        let id = format!("r{}", i32::from(lane));
        let done = world.deliver(&id, |r| letter(r).lane = lane.into()).await;
        assert_eq!(done.state(), pb::DeliveryState::Provided);
    }
    let status = refused(&world, |r| letter(r).lane = 9).await;
    assert_eq!(fields(&status), ["letter.lane"]);
}

async fn thread_and_case_group_the_letters_of_one_application(db: Db) {
    let world = World::new(db).await;
    let first = world.deliver("r1", |_| {}).await.letter_id;
    let second = world.deliver("r2", |r| letter(r).thread.clone_from(&first)).await.letter_id;
    let opened = world.open(&second).await.unwrap();
    assert!(opened.content_json.contains(&format!("\"thread\":\"{first}\"")));
    let case = pb::ListLettersRequest { case_id: "BA-2025-17".into(), ..Default::default() };
    let listed = world.reader(1, TrustLevel::High).list_letters(case).await.unwrap().into_inner();
    assert_eq!(listed.letters.len(), 2);
    let nobodys = "ltr_00000000000000000000000000000000";
    let status = refused(&world, |r| letter(r).thread = nobodys.into()).await;
    assert_eq!(fields(&status), ["letter.thread"]);
}

async fn a_letter_is_published_at_its_time_and_not_before(db: Db) {
    let world = World::new(db).await;
    let at = world.postbox.now().legal.plus(DAY * 2);
    let later = |r: &mut pb::SubmitRequest| {
        letter(r).publish_at = Some(timestamp(at));
        letter(r).retrieve_until = Some(timestamp(at.plus(DAY * 30)));
    };
    let done = world.deliver("r1", later).await;
    assert_eq!(done.state(), pb::DeliveryState::Scheduled);
    world.wait(DAY).await;
    assert_eq!(world.open(&done.letter_id).await.unwrap_err().code(), Code::NotFound);
    world.wait(DAY).await;
    let shown = world.summary(&done.letter_id).await;
    assert_eq!((shown.provided_at, shown.can_open), (Some(timestamp(at)), true));
    // Its provision cannot be over before it began.
    let status = refused(&world, |r| {
        letter(r).legal_basis.clear();
        letter(r).publish_at = Some(timestamp(at.plus(DAY * 9)));
        letter(r).retrieve_until = Some(timestamp(at.plus(DAY * 8)));
    })
    .await;
    assert_eq!(fields(&status), ["letter.retrieve_until"]);
}

async fn every_part_of_a_letter_is_part_of_its_request_and_its_digest(db: Db) {
    let world = World::new(db).await;
    let other = world.deliver("other", |_| {}).await.letter_id;
    let first = world.deliver("r1", |_| {}).await.letter_id;
    let digest = async |id: String| world.entry(&id, "accepted").await.body.content_digest;
    let plain = digest(first).await;
    super::admin::class(&world, "kurz", 30, false).await;
    let bends: [fn(&mut pb::Letter, &str); 18] = [
        |l, _| l.sender_reference.push('x'),
        |l, _| l.subject.push('x'),
        |l, _| l.bodies[0].plain_text.push('x'),
        |l, _| l.bodies[0].easy_text.push('x'),
        |l, _| l.bodies[0].html.push('x'),
        |l, _| l.hide_preview = true,
        |l, _| l.required_level = 4,
        |l, _| l.importance = 1,
        |l, _| l.delivery_type = pb::DeliveryType::Status.into(),
        |l, _| l.case_id.push('x'),
        |l, other| l.thread = other.into(),
        |l, other| l.replaces = other.into(),
        |l, _| l.retrieve_until = Some(timestamp(Timestamp::from_seconds(1_750_000_000))),
        |l, _| l.actions = vec![pay("")],
        |l, _| l.publish_at = Some(timestamp(Timestamp::from_seconds(1_745_000_000))),
        |l, _| l.retention_class = "kurz".into(),
        |l, _| l.instruction = Some(instruction()),
        |l, _| l.service_use = Some(choice()),
    ];
    for (n, bend) in bends.into_iter().enumerate() {
        let status = refused(&world, |r| {
            r.request_id = "r1".into();
            bend(letter(r), &other);
        })
        .await;
        assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"), "part {n}");
        let id = format!("part {n}");
        let bent = world.deliver(&id, |r| bend(letter(r), &other)).await;
        assert_ne!(digest(bent.letter_id).await, plain, "part {n}");
    }
}

fn instruction() -> pb::Instruction {
    let given_at = Some(timestamp(Timestamp::from_seconds(1_740_000_000)));
    pb::Instruction { text_version: "zustellung-2025-01".into(), given_at }
}

fn choice() -> pb::ServiceUse {
    let chosen_at = Some(timestamp(Timestamp::from_seconds(1_740_000_000)));
    pb::ServiceUse { wording_version: "angebot-2".into(), excluded: false, chosen_at }
}

async fn what_only_the_request_says_is_part_of_it_too(db: Db) {
    let world = World::new(db).await;
    let other = world.handle(2).await;
    world.deliver("r1", |_| {}).await;
    let bends: [fn(&mut pb::SubmitRequest, &str); 4] = [
        |r, other| letter(r).handle = other.into(),
        |r, _| letter(r).lane = pb::Lane::Bulk.into(),
        |r, _| r.attachments.truncate(1),
        |r, _| r.attachments[1] = attachment("Anlage.xml", "application/xml", XML),
    ];
    for (n, bend) in bends.into_iter().enumerate() {
        let status = refused(&world, |r| {
            r.request_id = "r1".into();
            bend(r, &other);
        })
        .await;
        assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"), "part {n}");
    }
    assert_eq!(world.count("letters").await, 1);
}

async fn numbers_that_not_every_program_reads_exactly_are_refused(db: Db) {
    let world = World::new(db).await;
    let sum = |amount_cents| {
        let (reference, url) = ("KZ 4711".to_owned(), String::new());
        vec![wrap(Action::Pay(pb::PayAction { reference, url, amount_cents }))]
    };
    let largest = (1 << 53) - 1;
    let done = world.deliver("r1", |r| letter(r).actions = sum(largest)).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    assert!(opened.content_json.contains("\"amount_cents\":9007199254740991,"));
    for amount in [largest + 1, i64::MAX, -1] {
        let status = refused(&world, |r| letter(r).actions = sum(amount)).await;
        assert_eq!(fields(&status), ["letter.actions[0].pay.amount_cents"], "{amount}");
    }
}

async fn every_level_opens_its_letters_and_those_below_and_none_above(db: Db) {
    const LEVELS: [TrustLevel; 4] =
        [TrustLevel::Basic, TrustLevel::Low, TrustLevel::Substantial, TrustLevel::High];
    let world = World::new(db).await;
    for needed in LEVELS {
        let id = format!("r{}", needed.number());
        let done = world.deliver(&id, |r| letter(r).required_level = needed.number().into()).await;
        for held in LEVELS {
            let open = pb::OpenRequest { letter_id: done.letter_id.clone(), ..Default::default() };
            let opened = world.reader(1, held).open(open).await;
            assert_eq!(opened.is_ok(), held >= needed, "{held} opens {needed}");
        }
    }
    for none in [5, -1] {
        let status = refused(&world, |r| letter(r).required_level = none).await;
        assert_eq!(fields(&status), ["letter.required_level"]);
    }
}

async fn a_request_id_is_its_senders_own(db: Db) {
    let world = World::new(db).await;
    let mut ids = std::collections::BTreeSet::new();
    let handle = world.handle(1).await;
    for sender in [CLIENT, OTHER_CLIENT] {
        let mut sender = world.sender_as(client(sender, "musterstadt"));
        for _ in 0..2 {
            let done = sender.submit(request("r1", &handle)).await.unwrap().into_inner();
            ids.insert(done.letter_id);
        }
    }
    assert_eq!(ids.len(), 2, "one letter each");
}

async fn a_request_id_is_kept_as_long_as_its_letter(db: Db) {
    let world = World::new(db).await;
    let first = world.deliver("r1", |_| {}).await;
    world.settle().await;
    for _ in 0..10 {
        world.wait(DAY * 366).await;
    }
    assert_eq!(world.deliver("r1", |_| {}).await, first, "after ten years");
    assert_eq!(world.count("letters").await, 1);
}
