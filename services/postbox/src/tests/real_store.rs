//! Attachments in a real S3-compatible server that checks signatures. `tests/storage/run` starts
//! it and sets `SIEGEL_TEST_S3`; one test at a time, they share a bucket.

use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::{on_each_backend, server};
use tonic::Code;

use super::uploads::{create, declared, large, naming, send, sender, uploaded};
use super::world::{DAY, PDF, World, XML, attachment, request};
use crate::config::ObjectStoreConfig;
use crate::domain::upload::PART;

on_each_backend! { &crate::MIGRATIONS =>
    a_real_store_keeps_a_letter_and_hands_it_out,
    a_real_store_keeps_large_attachments_in_parts_and_as_multipart,
    a_real_store_is_rid_of_orphans_after_seven_days,
    a_real_store_keeps_the_tiles_of_the_log,
    a_real_store_refuses_a_wrong_key_and_nothing_of_the_letter_is_visible,
    a_store_at_whose_address_nobody_is_refuses_the_letter
}

const KEY_ID: &str = "siegel-test";
const KEY: &str = "siegel-test-secret";

/// A postbox with its attachments there, and nothing of tests before.
async fn stored(db: Db, endpoint: String, key: &str) -> World {
    let keys = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = keys.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let object_store = ObjectStoreConfig::S3 {
        endpoint,
        region: "eu-central-1".into(),
        bucket: "siegel".into(),
        access_key_id_file: file("id", KEY_ID),
        secret_access_key_file: file("secret", key),
    };
    World::with(db, |config| {
        config.object_store = object_store;
        config.limits.attachment_bytes = 64 << 20;
    })
    .await
}

async fn world(db: Db) -> Option<World> {
    let world = stored(db, server("SIEGEL_TEST_S3")?, KEY).await;
    for key in objects(&world).await {
        world.postbox.objects.delete(&key).await.unwrap();
    }
    Some(world)
}

async fn objects(world: &World) -> Vec<String> {
    world.postbox.objects.below("/").await.unwrap()
}

async fn a_real_store_keeps_a_letter_and_hands_it_out(db: Db) {
    let Some(world) = world(db).await else { return };
    let done = world.deliver("r1", |_| {}).await;
    assert_eq!(objects(&world).await.len(), 2);
    let opened = world.open(&done.letter_id).await.unwrap();
    assert_eq!(super::downloads::whole(&world, &opened, 0).await, PDF);
    assert_eq!(super::downloads::whole(&world, &opened, 1).await, XML);
    for key in objects(&world).await {
        world.postbox.objects.delete(&key).await.unwrap();
        world.postbox.objects.delete(&key).await.unwrap();
    }
    assert_eq!(objects(&world).await.len(), 0, "deleting again is no error");
}

async fn a_real_store_keeps_large_attachments_in_parts_and_as_multipart(db: Db) {
    let Some(world) = world(db).await else { return };
    let content = large(3 * PART + 17);
    let upload = uploaded(&world, "parts.pdf", &content).await;
    // Inline bytes end at 3 MiB: streamed, this one is more than one piece of a multipart upload.
    let one = attachment("multipart.pdf", "application/pdf", &content);
    let head = pb::SubmitStreamHead {
        request_id: "r1".into(),
        letter: request("r1", &world.handle(1).await).letter,
        attachments: vec![one.declaration.unwrap()],
        upload_ids: vec![upload.upload_id],
    };
    let part = |part| pb::SubmitStreamRequest { part: Some(part) };
    let mut messages = vec![part(pb::submit_stream_request::Part::Head(head))];
    let chunks = content.chunks(256 * 1024).map(<[u8]>::to_vec);
    messages.extend(chunks.map(|c| part(pb::submit_stream_request::Part::Chunk(c))));
    let done = world.sender().submit_stream(tokio_stream::iter(messages)).await.unwrap();
    let letter = done.into_inner().letter_id;
    assert_eq!(objects(&world).await.len(), 5);
    let opened = world.open(&letter).await.unwrap();
    for (index, file) in opened.attachments.iter().enumerate() {
        assert!(super::downloads::whole(&world, &opened, index).await == content);
        let at = (letter.as_str(), file.attachment_id.as_str());
        let middle = (2 * PART - 5, 70_000);
        let bytes = super::downloads::range(&world, at, middle).await.unwrap();
        assert!(bytes == content[middle.0..middle.0 + middle.1]);
    }
}

async fn a_real_store_is_rid_of_orphans_after_seven_days(db: Db) {
    let Some(world) = world(db).await else { return };
    let kept = uploaded(&world, "kept.pdf", PDF).await;
    world.deliver("r1", |r| naming(r, &kept)).await;
    uploaded(&world, "ready.pdf", PDF).await;
    let half = create(&world, sender(), declared("half.pdf", "application/pdf", PDF)).await;
    send(&world, sender(), &half.unwrap().upload_id, (0, &PDF[..10])).await.unwrap();
    assert_eq!(objects(&world).await.len(), 3);
    world.wait(DAY * 7 + Duration::from_secs(1)).await;
    let left = objects(&world).await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].contains(&kept.upload_id));
}

async fn a_real_store_keeps_the_tiles_of_the_log(db: Db) {
    let Some(world) = world(db).await else { return };
    super::log::fill(&world).await;
    let tiles = objects(&world).await;
    assert!(tiles.iter().any(|key| key.ends_with("tile/0/000")), "{tiles:?}");
}

async fn a_real_store_refuses_a_wrong_key_and_nothing_of_the_letter_is_visible(db: Db) {
    let Some(endpoint) = server("SIEGEL_TEST_S3") else { return };
    let world = stored(db, endpoint, "another-secret").await;
    let letter = request("r1", &world.handle(1).await);
    let status = world.sender().submit(letter).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status).as_deref(), Some("OBJECT_STORE_DOWN"));
    assert_eq!((world.count("letters").await, world.count("evidence").await), (0, 0));
}

async fn a_store_at_whose_address_nobody_is_refuses_the_letter(db: Db) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let world = stored(db, endpoint, KEY).await;
    let letter = request("r1", &world.handle(1).await);
    let status = world.sender().submit(letter).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("OBJECT_STORE_DOWN"));
    assert_eq!((world.count("letters").await, world.count("evidence").await), (0, 0));
}
