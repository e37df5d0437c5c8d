//! What one person, one sender or one request may take of a postbox that others use as well.

use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::{fact, reason};
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status, Streaming};

use super::admin::quota;
use super::uploads::{create, declared, large, naming, send, sender, uploaded};
use super::world::{PDF, World, request};

on_each_backend! { &crate::MIGRATIONS =>
    a_third_archive_of_one_person_is_refused_until_one_is_closed,
    a_seventeenth_stream_of_one_person_is_refused_and_anothers_is_not,
    an_upload_counts_against_its_senders_bytes_once,
    an_upload_that_is_refused_costs_nothing
}

async fn archive(
    world: &World,
    letter: &str,
) -> Result<Streaming<pb::DownloadAllResponse>, Status> {
    let request = pb::DownloadAllRequest {
        letter_id: letter.into(),
        organisation_id: String::new(),
        ..Default::default()
    };
    Ok(world.reader(1, TrustLevel::High).download_all(request).await?.into_inner())
}

async fn a_third_archive_of_one_person_is_refused_until_one_is_closed(db: Db) {
    let world = World::with(db, |config| config.limits.attachment_bytes = 64 << 20).await;
    // More than fits on the way to a reader that takes nothing.
    let upload = uploaded(&world, "a.pdf", &large(16 << 20)).await;
    let done = world.deliver("r1", |r| naming(r, &upload)).await;
    world.open(&done.letter_id).await.unwrap();
    let first = archive(&world, &done.letter_id).await.unwrap();
    let _second = archive(&world, &done.letter_id).await.unwrap();
    let status = archive(&world, &done.letter_id).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status).as_deref(), Some("TOO_MANY_DOWNLOADS"));
    drop(first);
    let third = async {
        while archive(&world, &done.letter_id).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), third).await.expect("the place is free again");
}

async fn watch(world: &World, n: u128) -> Result<Streaming<pb::WatchMailboxResponse>, Status> {
    let request = pb::WatchMailboxRequest::default();
    Ok(world.reader(n, TrustLevel::High).watch_mailbox(request).await?.into_inner())
}

async fn a_seventeenth_stream_of_one_person_is_refused_and_anothers_is_not(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    let mut open = Vec::new();
    for _ in 0..16 {
        open.push(watch(&world, 1).await.unwrap());
    }
    let status = watch(&world, 1).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status).as_deref(), Some("TOO_MANY_STREAMS"));
    assert!(watch(&world, 2).await.is_ok());
}

async fn bytes_per_day(world: &World, bytes_per_day: i64) {
    quota(world, "q", pb::Quota { bytes_per_day, ..Default::default() }).await.unwrap();
}

async fn an_upload_counts_against_its_senders_bytes_once(db: Db) {
    let world = World::new(db).await;
    // One PDF of 54 bytes and one letter of 34.
    bytes_per_day(&world, 100).await;
    let upload = uploaded(&world, "a.pdf", PDF).await;
    let status = create(&world, sender(), declared("b.pdf", "application/pdf", PDF)).await;
    let status = status.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("QUOTA_EXCEEDED"));
    assert_eq!(fact(&status, "quota").as_deref(), Some("bytes"));
    assert_eq!(uploaded(&world, "a.pdf", PDF).await, upload, "the same one again");
    world.deliver("r1", |r| naming(r, &upload)).await;
    let mut second = request("r2", &world.handle(1).await);
    second.attachments.clear();
    let status = world.sender().submit(second).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("QUOTA_EXCEEDED"));
}

async fn an_upload_that_is_refused_costs_nothing(db: Db) {
    let world = World::new(db).await;
    bytes_per_day(&world, 100).await;
    for name in ["a.exe", "../a.pdf", "a"] {
        let declared = declared(name, "application/pdf", PDF);
        create(&world, sender(), declared).await.unwrap_err();
    }
    let begun = create(&world, sender(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    assert!(send(&world, sender(), &begun.upload_id, (0, PDF)).await.is_ok());
}
