//! Uploads that are refused, given up or forgotten.

use std::time::Duration;

use futures_util::stream;
use siegel_db::Db;
use siegel_grpc::fact;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::Code;

use super::uploads::{
    create, declared, is, large, naming, progress, send, sender, uploaded, uploader,
};
use super::world::{DAY, FOREIGN_CLIENT, PDF, World, client, letter, request};

on_each_backend! { &crate::MIGRATIONS =>
    an_upload_with_a_wrong_digest_can_never_be_used,
    an_upload_of_another_media_type_can_never_be_used,
    more_bytes_than_declared_can_never_be_used,
    a_late_piece_takes_nothing_from_the_letter_that_took_the_upload,
    an_upload_that_is_not_complete_is_in_no_letter,
    names_that_are_paths_or_hold_control_characters_begin_no_upload,
    an_upload_over_the_limit_does_not_begin,
    a_tenant_with_the_large_profile_may_upload_more,
    a_zip_bomb_is_refused,
    ten_thousand_attachments_are_refused,
    an_abandoned_upload_is_removed_after_seven_days,
    a_cancelled_upload_leaves_nothing,
    a_letter_that_was_refused_leaves_its_uploads_usable,
    a_lost_object_store_stops_an_upload_with_a_reason
}

async fn refused_for_good(world: &World, upload: &pb::Upload, wanted: &str) {
    let status = send(world, sender(), &upload.upload_id, (0, PDF)).await.unwrap_err();
    is(&status, Code::FailedPrecondition, "UPLOAD_REFUSED");
    assert_eq!(fact(&status, "reason").as_deref(), Some(wanted));
    let there = progress(world, sender(), &upload.upload_id).await.unwrap();
    assert_eq!((there.state(), there.refusal.as_str()), (pb::UploadState::Refused, wanted));
    let mut letter = request("r1", &world.handle(1).await);
    naming(&mut letter, upload);
    let status = world.sender().submit(letter).await.unwrap_err();
    is(&status, Code::FailedPrecondition, "UPLOAD_INCOMPLETE");
    assert_eq!((world.objects(), world.count("attachment_parts").await), (0, 0));
}

async fn an_upload_with_a_wrong_digest_can_never_be_used(db: Db) {
    let world = World::new(db).await;
    let mut wrong = declared("a.pdf", "application/pdf", PDF);
    wrong.sha256 = vec![1; 32];
    let begun = create(&world, sender(), wrong).await.unwrap();
    let status = send(&world, sender(), &begun.upload_id, (0, PDF)).await.unwrap_err();
    is(&status, Code::InvalidArgument, "DIGEST_MISMATCH");
    refused_for_good(&world, &begun, "DIGEST_MISMATCH").await;
}

async fn an_upload_of_another_media_type_can_never_be_used(db: Db) {
    let world = World::new(db).await;
    let begun = create(&world, sender(), declared("a.png", "image/png", PDF)).await.unwrap();
    let status = send(&world, sender(), &begun.upload_id, (0, PDF)).await.unwrap_err();
    is(&status, Code::InvalidArgument, "MEDIA_TYPE_MISMATCH");
    refused_for_good(&world, &begun, "MEDIA_TYPE_MISMATCH").await;
}

async fn more_bytes_than_declared_can_never_be_used(db: Db) {
    let world = World::new(db).await;
    let begun = create(&world, sender(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    let more = [PDF, b" "].concat();
    let status = send(&world, sender(), &begun.upload_id, (0, &more)).await.unwrap_err();
    is(&status, Code::InvalidArgument, "SIZE_MISMATCH");
    refused_for_good(&world, &begun, "SIZE_MISMATCH").await;
}

async fn a_late_piece_takes_nothing_from_the_letter_that_took_the_upload(db: Db) {
    let world = World::new(db).await;
    let begun = create(&world, sender(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    let (asked, reached) = tokio::sync::oneshot::channel();
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    // Asked for its first bytes, a request has read how far the upload is.
    let more = stream::once(async move {
        let _ = asked.send(());
        let _ = released.await;
        Ok(bytes::Bytes::from([PDF, b" "].concat()))
    });
    let (postbox, id) = (world.postbox.clone(), begun.upload_id.parse().unwrap());
    let late = tokio::spawn(async move {
        postbox.append(&uploader(), id, 0, Box::pin(more)).await.map(|_| ())
    });
    reached.await.unwrap();
    send(&world, sender(), &begun.upload_id, (0, PDF)).await.unwrap();
    let done = world.deliver("r1", |r| naming(r, &begun)).await;
    release.send(()).unwrap();
    late.await.unwrap().unwrap_err();
    let opened = world.open(&done.letter_id).await.unwrap();
    assert_eq!(super::downloads::whole(&world, &opened, 0).await, PDF);
}

async fn an_upload_that_is_not_complete_is_in_no_letter(db: Db) {
    let world = World::new(db).await;
    let begun = create(&world, sender(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    send(&world, sender(), &begun.upload_id, (0, &PDF[..10])).await.unwrap();
    let mut letter = request("r1", &world.handle(1).await);
    naming(&mut letter, &begun);
    let status = world.sender().submit(letter).await.unwrap_err();
    is(&status, Code::FailedPrecondition, "UPLOAD_INCOMPLETE");
    assert_eq!(world.count("letters").await, 0);
}

async fn names_that_are_paths_or_hold_control_characters_begin_no_upload(db: Db) {
    let world = World::new(db).await;
    for name in ["../a.pdf", "a/b.pdf", "c:\\a.pdf", "a\u{7}.pdf", "a\u{202e}fdp.exe", ".pdf"] {
        let status =
            create(&world, sender(), declared(name, "application/pdf", PDF)).await.unwrap_err();
        is(&status, Code::InvalidArgument, "INVALID_FIELD");
    }
    assert_eq!(world.count("resumable_uploads").await, 0);
}

async fn an_upload_over_the_limit_does_not_begin(db: Db) {
    let world = World::new(db).await;
    let content = large(200_001);
    let status = create(&world, sender(), declared("a.pdf", "application/pdf", &content)).await;
    is(&status.unwrap_err(), Code::InvalidArgument, "ATTACHMENT_TOO_LARGE");
}

async fn a_tenant_with_the_large_profile_may_upload_more(db: Db) {
    let world =
        World::with(db, |config| config.limits.large_tenants = vec!["neustadt".into()]).await;
    let mut huge = declared("a.pdf", "application/pdf", PDF);
    huge.size_bytes = 2 << 30;
    let foreign = client(FOREIGN_CLIENT, "neustadt");
    assert!(create(&world, foreign.clone(), huge.clone()).await.is_ok());
    huge.size_bytes += 1;
    huge.name = "b.pdf".into();
    let status = create(&world, foreign, huge.clone()).await.unwrap_err();
    is(&status, Code::InvalidArgument, "ATTACHMENT_TOO_LARGE");
    huge.size_bytes = 200_001;
    let status = create(&world, sender(), huge).await.unwrap_err();
    is(&status, Code::InvalidArgument, "ATTACHMENT_TOO_LARGE");
}

/// An archive with one file that says it unpacks to 3 GiB.
fn bomb() -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file("a.txt", options).unwrap();
    writer.write_all(&[0; 4_000]).unwrap();
    let mut bytes = writer.finish().unwrap().into_inner();
    let at = bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    bytes[at + 24..at + 28].copy_from_slice(&(3_u32 << 30).to_le_bytes());
    bytes
}

async fn a_zip_bomb_is_refused(db: Db) {
    let zips = |config: &mut crate::Config| {
        config.limits.media_types.push("application/zip".into());
    };
    let world = World::with(db, zips).await;
    let bomb = bomb();
    let begun = create(&world, sender(), declared("a.zip", "application/zip", &bomb)).await;
    let begun = begun.unwrap();
    let status = send(&world, sender(), &begun.upload_id, (0, &bomb)).await.unwrap_err();
    is(&status, Code::InvalidArgument, "ARCHIVE_UNSAFE");
    refused_for_good(&world, &begun, "ARCHIVE_UNSAFE").await;
    let mut letter = request("r1", &world.handle(1).await);
    letter.attachments = vec![super::world::attachment("a.zip", "application/zip", &bomb)];
    let status = world.sender().submit(letter).await.unwrap_err();
    is(&status, Code::InvalidArgument, "ARCHIVE_UNSAFE");
}

async fn ten_thousand_attachments_are_refused(db: Db) {
    let world = World::new(db).await;
    let mut letter = request("r1", &world.handle(1).await);
    let one = |n: usize| super::world::attachment(&format!("{n}.pdf"), "application/pdf", PDF);
    letter.attachments = (0..10_000).map(one).collect();
    let status = world.sender().submit(letter).await.unwrap_err();
    is(&status, Code::InvalidArgument, "TOO_MANY_ATTACHMENTS");
    let mut letter = request("r1", &world.handle(1).await);
    letter.upload_ids = (0..10_000).map(|n| format!("upl_{n:032x}")).collect();
    let status = world.sender().submit(letter).await.unwrap_err();
    is(&status, Code::InvalidArgument, "TOO_MANY_ATTACHMENTS");
    world.assert_nothing_stored().await;
}

async fn an_abandoned_upload_is_removed_after_seven_days(db: Db) {
    let world = World::new(db).await;
    let ready = uploaded(&world, "a.pdf", PDF).await;
    let begun = create(&world, sender(), declared("b.pdf", "application/pdf", PDF)).await.unwrap();
    send(&world, sender(), &begun.upload_id, (0, &PDF[..10])).await.unwrap();
    world.wait(DAY * 6).await;
    assert_eq!((world.objects(), world.count("resumable_uploads").await), (2, 2));
    world.wait(DAY + Duration::from_secs(1)).await;
    assert_eq!((world.objects(), world.count("resumable_uploads").await), (0, 0));
    assert_eq!((world.count("attachment_parts").await, world.count("uploads").await), (0, 0));
    for upload in [ready, begun] {
        let status = progress(&world, sender(), &upload.upload_id).await.unwrap_err();
        is(&status, Code::NotFound, "UPLOAD_UNKNOWN");
    }
}

async fn a_cancelled_upload_leaves_nothing(db: Db) {
    let world = World::new(db).await;
    let upload = uploaded(&world, "a.pdf", PDF).await;
    let cancel = pb::CancelUploadRequest {
        request_id: "c".into(),
        upload_id: upload.upload_id.clone(),
        organisation_id: String::new(),
        ..Default::default()
    };
    world.uploads(sender()).cancel_upload(cancel).await.unwrap();
    assert_eq!((world.objects(), world.count("uploads").await), (0, 0));
    assert_eq!(world.count("attachment_parts").await, 0);
}

async fn a_letter_that_was_refused_leaves_its_uploads_usable(db: Db) {
    let world = World::new(db).await;
    let upload = uploaded(&world, "a.pdf", PDF).await;
    let mut bad = request("r1", &world.handle(1).await);
    naming(&mut bad, &upload);
    letter(&mut bad).legal_basis = "unknown".into();
    world.sender().submit(bad).await.unwrap_err();
    let done = world.deliver("r2", |r| naming(r, &upload)).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    assert_eq!(super::downloads::whole(&world, &opened, 0).await, PDF);
}

async fn a_lost_object_store_stops_an_upload_with_a_reason(db: Db) {
    let world = World::new(db).await;
    let begun = create(&world, sender(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    let objects = world.dir.path().join("objects");
    std::fs::remove_dir_all(&objects).unwrap();
    std::fs::write(&objects, "not a directory").unwrap();
    let status = send(&world, sender(), &begun.upload_id, (0, PDF)).await.unwrap_err();
    is(&status, Code::Unavailable, "OBJECT_STORE_DOWN");
    std::fs::remove_file(&objects).unwrap();
    std::fs::create_dir(&objects).unwrap();
    let done = send(&world, sender(), &begun.upload_id, (0, PDF)).await.unwrap();
    assert_eq!(done.state(), pb::UploadState::Ready);
}
