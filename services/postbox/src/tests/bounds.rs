//! What a letter may hold at most, and what is said of one that holds more.

use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic_types::StatusExt as _;

use super::world::{DAY, World, attachment, letter, request};

on_each_backend! { &crate::MIGRATIONS =>
    inline_attachments_over_three_mebibytes_in_all_are_refused_though_each_is_within_its_limit,
    an_inline_attachment_of_another_size_than_declared_is_refused,
    texts_have_a_language_tag_at_most_twenty_languages_and_512_kibibytes,
    a_letter_is_published_within_a_year,
}

async fn inline_attachments_over_three_mebibytes_in_all_are_refused_though_each_is_within_its_limit(
    db: Db,
) {
    const HALF: usize = 3 * 1024 * 1024 / 2;
    let world = World::with(db, |config| {
        config.limits.attachment_bytes = 2 * 1024 * 1024;
    })
    .await;
    let handle = world.handle(1).await;
    let order = |id: &str, second: usize| {
        let mut order = request(id, &handle);
        let file = |size: usize| vec![b' '; size];
        order.attachments = vec![
            attachment("a.txt", "text/plain", &file(HALF)),
            attachment("b.txt", "text/plain", &file(second)),
        ];
        order
    };
    let status = world.sender().submit(order("r1", HALF + 1)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ATTACHMENT_TOO_LARGE"));
    world.assert_nothing_stored().await;
    world.sender().submit(order("r2", HALF)).await.unwrap();
}

async fn an_inline_attachment_of_another_size_than_declared_is_refused(db: Db) {
    let world = World::new(db).await;
    for by in [-1, 1] {
        let mut order = request("r1", &world.handle(1).await);
        order.attachments[1].declaration.as_mut().unwrap().size_bytes += by;
        let status = world.sender().submit(order).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
        let fields = fields(&status);
        assert_eq!(fields, ["attachments[1].declaration.size_bytes"], "{by}");
        world.assert_nothing_stored().await;
    }
}

fn fields(status: &tonic::Status) -> Vec<String> {
    let details = status.get_error_details();
    let bad = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    bad.into_iter().map(|one| one.field).collect()
}

async fn texts_have_a_language_tag_at_most_twenty_languages_and_512_kibibytes(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    let body = |language: &str, text: &str| pb::Body {
        language: language.into(),
        plain_text: text.into(),
        ..Default::default()
    };
    let languages = |n: u8| (0..n).map(|i| body(&format!("de-{i:02}"), "Text")).collect::<Vec<_>>();
    let cases = [
        (vec![body("deutsch!", "Text")], "letter.bodies[0].language"),
        (vec![body("de", "Text"), body("DE", "Text")], "letter.bodies[1].language"),
        (languages(21), "letter.bodies"),
        (vec![body("de", &"x".repeat(512 * 1024 + 1))], "letter.bodies"),
        (vec![body("de", "Gl\u{7}ocke")], "letter.bodies[0].plain_text"),
        (vec![body("de", "\u{202e}verdreht")], "letter.bodies[0].plain_text"),
    ];
    for (bodies, field) in cases {
        let mut order = request("r1", &handle);
        letter(&mut order).bodies = bodies;
        let status = world.sender().submit(order).await.unwrap_err();
        assert!(fields(&status).iter().any(|found| found == field), "{field}: {status:?}");
        world.assert_nothing_stored().await;
    }
    for (id, bodies) in [
        ("r1", languages(20)),
        ("r2", vec![body("de-x-leicht", &"x".repeat(512 * 1024))]),
        ("r3", vec![body("de", "Zeile\r\n\tZeile")]),
    ] {
        let mut order = request(id, &handle);
        letter(&mut order).bodies = bodies;
        world.sender().submit(order).await.unwrap();
    }
}

async fn a_letter_is_published_within_a_year(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    let at = |id: &str, ahead: Duration| {
        let mut order = request(id, &handle);
        letter(&mut order).publish_at = Some(timestamp(world.postbox.now().legal.plus(ahead)));
        order
    };
    let late = at("r1", DAY * 366 + Duration::from_secs(1));
    let status = world.sender().submit(late).await.unwrap_err();
    assert_eq!(fields(&status), ["letter.publish_at"]);
    world.assert_nothing_stored().await;
    world.sender().submit(at("r1", DAY * 366)).await.unwrap();
}
