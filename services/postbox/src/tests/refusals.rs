//! Every way in which a letter is not taken: a stable reason, and nothing stored. Refusals that leave
//! a receipt: `rejections`.

use siegel_db::{Db, on};
use siegel_grpc::{fact, reason};
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};

use super::rejections::told;
use super::world::{
    DAY, FOREIGN_CLIENT, PDF, World, XML, attachment, client, formal, letter, request,
};
use crate::store::{handles, mailboxes};

on_each_backend! { &crate::MIGRATIONS =>
    a_malformed_letter_names_its_fields,
    a_handle_nobody_has_and_a_revoked_one_and_one_of_another_sector_are_the_same_refusal,
    a_client_that_is_not_registered_is_told_so,
    a_client_of_another_tenant_with_the_same_id_is_not_registered,
    a_wrong_digest_is_refused,
    an_attachment_without_a_whole_digest_is_refused,
    content_of_another_media_type_is_refused,
    a_media_type_outside_the_list_is_refused,
    an_attachment_over_the_limit_is_refused,
    inline_attachments_over_three_mebibytes_are_refused,
    a_sixth_attachment_is_refused,
    a_path_as_a_file_name_is_refused,
    a_stream_that_stops_half_way_delivers_nothing,
    a_stream_with_more_bytes_than_declared_delivers_nothing,
    a_stream_in_another_order_delivers_nothing,
    a_stream_whose_connection_breaks_leaves_nothing,
    a_request_id_used_for_another_letter_is_refused,
    a_legal_basis_nobody_knows_is_refused,
    a_rule_for_formal_service_fits_no_other_letter,
    formal_service_without_an_instruction_is_refused,
    an_excluded_postbox_takes_no_letter_with_a_legal_basis,
    evidence_that_cannot_be_stored_refuses_the_letter,
    a_lost_object_store_refuses_the_letter
}

async fn refused(world: &World, bend: impl FnOnce(&mut pb::SubmitRequest)) -> Status {
    let mut request = request("r1", &world.handle(1).await);
    bend(&mut request);
    world.sender().submit(request).await.unwrap_err()
}

async fn expect(db: Db, code: Code, wanted: &str, bend: impl FnOnce(&mut pb::SubmitRequest)) {
    let world = World::new(db).await;
    let status = refused(&world, bend).await;
    assert_eq!((status.code(), reason(&status).as_deref()), (code, Some(wanted)), "{status:?}");
    world.assert_nothing_stored().await;
}

async fn a_malformed_letter_names_its_fields(db: Db) {
    use tonic_types::StatusExt as _;
    let world = World::new(db).await;
    let status = refused(&world, |r| {
        letter(r).subject = "x".repeat(256);
        letter(r).bodies.clear();
    })
    .await;
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    let details = status.get_details_bad_request().unwrap();
    let fields: Vec<_> = details.field_violations.into_iter().map(|v| v.field).collect();
    assert_eq!(fields, ["letter.subject", "letter.bodies"]);
    world.assert_nothing_stored().await;
}

async fn a_handle_nobody_has_and_a_revoked_one_and_one_of_another_sector_are_the_same_refusal(
    db: Db,
) {
    use tonic_types::StatusExt as _;
    let world = World::new(db).await;
    let owner = || pb::issue_handle_request::Owner::AccountId(super::world::account(1).to_string());
    let foreign = world.handle_for(owner(), "neustadt").await;
    let revoked = world.handle(1).await;
    let mut tx = world.db.begin().await.unwrap();
    let (mailbox, now) = (mailboxes::any(&mut tx).await.unwrap().unwrap(), world.postbox.now());
    let id = revoked.parse().unwrap();
    assert!(handles::revoke(&mut tx, mailbox.id, id, now.recorded).await.unwrap());
    tx.commit().await.unwrap();
    let nobody = "hdl_00000000000000000000000000000000".to_owned();
    let mut seen = Vec::new();
    for handle in [nobody, revoked, foreign] {
        let status = refused(&world, |r| letter(r).handle = handle).await;
        seen.push(told(&status));
    }
    assert_eq!(seen[0].0, Code::NotFound);
    assert!(seen.iter().all(|s| *s == seen[0]), "an outsider can tell them apart: {seen:?}");
    world.assert_only_rejected(3).await;
    // What is no handle at all is refused in the same words; it named nobody, and leaves nothing.
    let status = refused(&world, |r| letter(r).handle = "nonsense".into()).await;
    let facts = status.get_details_error_info().unwrap().metadata;
    assert_eq!((status.code(), status.message(), &facts), (seen[0].0, &*seen[0].1, &seen[0].2));
    world.assert_only_rejected(3).await;
}

async fn a_client_that_is_not_registered_is_told_so(db: Db) {
    let world = World::new(db).await;
    let request = request("r1", &world.handle(1).await);
    let mut sender = world.sender_as(client("somebody", "musterstadt"));
    let status = sender.submit(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("SENDER_UNKNOWN"));
    assert_eq!(status.code(), Code::PermissionDenied);
    world.assert_nothing_stored().await;
}

async fn a_client_of_another_tenant_with_the_same_id_is_not_registered(db: Db) {
    let world = World::new(db).await;
    let request = request("r1", &world.handle(1).await);
    let mut sender = world.sender_as(client(FOREIGN_CLIENT, "musterstadt"));
    let status = sender.submit(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("SENDER_UNKNOWN"));
}

async fn a_wrong_digest_is_refused(db: Db) {
    expect(db, Code::InvalidArgument, "DIGEST_MISMATCH", |r| {
        r.attachments[1].declaration.as_mut().unwrap().sha256 = vec![1; 32];
    })
    .await;
}

async fn an_attachment_without_a_whole_digest_is_refused(db: Db) {
    use tonic_types::StatusExt as _;
    let world = World::new(db).await;
    for digest in [vec![], siegel_crypto::sha256(XML)[..31].to_vec(), vec![1; 64]] {
        let status = refused(&world, |r| {
            r.attachments[1].declaration.as_mut().unwrap().sha256 = digest;
        })
        .await;
        let details = status.get_details_bad_request().unwrap();
        assert_eq!(details.field_violations[0].field, "attachments[1].sha256");
    }
    world.assert_nothing_stored().await;
}

async fn content_of_another_media_type_is_refused(db: Db) {
    expect(db, Code::InvalidArgument, "MEDIA_TYPE_MISMATCH", |r| {
        r.attachments = vec![attachment("Bescheid.pdf", "application/pdf", XML)];
    })
    .await;
}

async fn a_media_type_outside_the_list_is_refused(db: Db) {
    expect(db, Code::InvalidArgument, "MEDIA_TYPE_NOT_ALLOWED", |r| {
        r.attachments = vec![attachment("a.html", "text/html", b"<html></html>")];
    })
    .await;
}

async fn an_attachment_over_the_limit_is_refused(db: Db) {
    let large = [PDF, &vec![b' '; 200_000]].concat();
    expect(db, Code::InvalidArgument, "ATTACHMENT_TOO_LARGE", |r| {
        r.attachments = vec![attachment("a.pdf", "application/pdf", &large)];
    })
    .await;
}

async fn inline_attachments_over_three_mebibytes_are_refused(db: Db) {
    let large = vec![b' '; 3 * 1024 * 1024 + 1];
    expect(db, Code::InvalidArgument, "ATTACHMENT_TOO_LARGE", |r| {
        r.attachments = vec![attachment("a.txt", "text/plain", &large)];
    })
    .await;
}

async fn a_sixth_attachment_is_refused(db: Db) {
    expect(db, Code::InvalidArgument, "TOO_MANY_ATTACHMENTS", |r| {
        let file = |n| attachment(&format!("{n}.pdf"), "application/pdf", PDF);
        r.attachments = (0..6).map(file).collect();
    })
    .await;
}

async fn a_path_as_a_file_name_is_refused(db: Db) {
    expect(db, Code::InvalidArgument, "INVALID_FIELD", |r| {
        r.attachments = vec![attachment("../../etc/a.pdf", "application/pdf", PDF)];
    })
    .await;
}

async fn stream_head(world: &World) -> pb::SubmitStreamHead {
    let request = request("r1", &world.handle(1).await);
    pb::SubmitStreamHead {
        request_id: "r1".into(),
        letter: request.letter,
        attachments: request.attachments.into_iter().map(|a| a.declaration.unwrap()).collect(),
        ..pb::SubmitStreamHead::default()
    }
}

async fn streamed(world: &World, chunks: &[&[u8]]) -> Status {
    let mut parts = vec![pb::submit_stream_request::Part::Head(stream_head(world).await)];
    parts.extend(chunks.iter().map(|c| pb::submit_stream_request::Part::Chunk(c.to_vec())));
    let messages = parts.into_iter().map(|part| pb::SubmitStreamRequest { part: Some(part) });
    let messages: Vec<_> = messages.collect();
    world.sender().submit_stream(tokio_stream::iter(messages)).await.unwrap_err()
}

async fn a_stream_that_stops_half_way_delivers_nothing(db: Db) {
    let world = World::new(db).await;
    let status = streamed(&world, &[PDF, &XML[..10]]).await;
    assert_eq!(reason(&status).as_deref(), Some("STREAM_INCOMPLETE"));
    world.assert_nothing_stored().await;
}

async fn a_stream_in_another_order_delivers_nothing(db: Db) {
    use pb::submit_stream_request::Part;
    let world = World::new(db).await;
    let head = Part::Head(stream_head(&world).await);
    let chunk = |bytes: &[u8]| Part::Chunk(bytes.to_vec());
    let orders = [
        vec![chunk(PDF), head.clone(), chunk(XML)],
        vec![head.clone(), chunk(PDF), head.clone(), chunk(XML)],
        vec![chunk(PDF), chunk(XML)],
        vec![],
    ];
    for parts in orders {
        let told = format!("{} parts", parts.len());
        let mut messages: Vec<_> =
            parts.into_iter().map(|part| pb::SubmitStreamRequest { part: Some(part) }).collect();
        messages.push(pb::SubmitStreamRequest { part: None });
        let sent = world.sender().submit_stream(tokio_stream::iter(messages)).await;
        assert_eq!(sent.unwrap_err().code(), Code::InvalidArgument, "{told}");
        world.assert_nothing_stored().await;
    }
}

async fn a_stream_whose_connection_breaks_leaves_nothing(db: Db) {
    use pb::submit_stream_request::Part;
    let world = World::new(db).await;
    let parts = [Part::Head(stream_head(&world).await), Part::Chunk(PDF.to_vec())];
    let parts = parts.map(|part| pb::SubmitStreamRequest { part: Some(part) });
    let never_ends = tokio_stream::iter(parts).chain(tokio_stream::pending());
    let mut sender = world.sender();
    let call = sender.submit_stream(never_ends);
    let cut = tokio::time::timeout(std::time::Duration::from_millis(500), call).await;
    assert!(cut.is_err(), "it was answered before its end");
    // Of what had come, notes may be left, which go after seven days like every orphan.
    for _ in 0..100 {
        world.wait(DAY * 8).await;
        if world.objects() == 0 && world.count("uploads").await == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    world.assert_nothing_stored().await;
}

async fn a_stream_with_more_bytes_than_declared_delivers_nothing(db: Db) {
    let world = World::new(db).await;
    let status = streamed(&world, &[PDF, XML, b"more"]).await;
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    world.assert_nothing_stored().await;
}

async fn a_request_id_used_for_another_letter_is_refused(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    let status = refused(&world, |r| letter(r).subject.push('!')).await;
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!((world.count("letters").await, world.objects()), (1, 2));
}

async fn a_legal_basis_nobody_knows_is_refused(db: Db) {
    expect(db, Code::InvalidArgument, "LEGAL_BASIS_UNKNOWN", |r| {
        letter(r).legal_basis = "bgb-130".into();
    })
    .await;
}

async fn a_rule_for_formal_service_fits_no_other_letter(db: Db) {
    expect(db, Code::InvalidArgument, "INVALID_FIELD", |r| {
        letter(r).legal_basis = "vwzg-5-7".into();
    })
    .await;
}

async fn formal_service_without_an_instruction_is_refused(db: Db) {
    expect(db, Code::InvalidArgument, "INVALID_FIELD", |r| {
        formal(r);
        letter(r).instruction = None;
    })
    .await;
}

async fn an_excluded_postbox_takes_no_letter_with_a_legal_basis(db: Db) {
    let world = World::new(db).await;
    let exclude = |r: &mut pb::SubmitRequest| {
        letter(r).service_use = Some(pb::ServiceUse {
            wording_version: "1".into(),
            excluded: true,
            chosen_at: Some(siegel_proto::convert::timestamp(world.postbox.now().legal)),
        });
    };
    let status = refused(&world, exclude).await;
    assert_eq!(reason(&status).as_deref(), Some("POSTBOX_EXCLUDED"));
    assert_eq!(status.code(), Code::FailedPrecondition);
    world.assert_nothing_stored().await;
    // What only informs may still come.
    world
        .deliver("r2", |r| {
            exclude(r);
            letter(r).legal_basis.clear();
        })
        .await;
}

async fn rename(db: &Db, sql: &'static str) -> Result<(), siegel_db::StoreError> {
    let mut tx = db.begin().await?;
    on!(&mut tx, c => sqlx::query(sql).execute(c).await?.rows_affected());
    tx.commit().await
}

async fn evidence_that_cannot_be_stored_refuses_the_letter(db: Db) {
    let world = World::new(db).await;
    world.handle(1).await;
    rename(&world.db, "ALTER TABLE evidence RENAME TO evidence_gone").await.unwrap();
    let status = refused(&world, |_| {}).await;
    assert_eq!(reason(&status).as_deref(), Some("EVIDENCE_STORE_DOWN"));
    assert_eq!(status.code(), Code::Unavailable);
    rename(&world.db, "ALTER TABLE evidence_gone RENAME TO evidence").await.unwrap();
    world.assert_nothing_stored().await;
    world.deliver("r1", |_| {}).await;
}

async fn a_lost_object_store_refuses_the_letter(db: Db) {
    let world = World::new(db).await;
    let objects = world.dir.path().join("objects");
    std::fs::remove_dir_all(&objects).unwrap();
    std::fs::write(&objects, b"not a directory").unwrap();
    let status = refused(&world, |_| {}).await;
    assert_eq!(reason(&status).as_deref(), Some("OBJECT_STORE_DOWN"));
    assert_eq!(fact(&status, "party").as_deref(), Some("retry"));
    assert_eq!((world.count("letters").await, world.count("evidence").await), (0, 0));
}
