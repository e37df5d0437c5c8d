//! Uploads that go on after an interruption, and the letters that take them.

use futures_util::stream;
use siegel_db::Db;
use siegel_grpc::{Caller, fact, reason};
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::upload_attachment_request::Part;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::world::{CLIENT, FOREIGN_CLIENT, OTHER_CLIENT, PDF, World, client, person, request};
use crate::app::resumable::UploadError;
use crate::app::submit::SubmitError;
use crate::app::uploads::{Progress, Uploader};
use crate::domain::upload::{Owner, PART};
use crate::start::build;

on_each_backend! { &crate::MIGRATIONS =>
    an_upload_becomes_an_attachment_of_the_letter_that_names_it,
    an_upload_goes_on_where_a_broken_stream_left_it,
    after_a_restart_an_upload_goes_on_from_the_last_durable_byte,
    an_upload_of_many_parts_is_checked_as_a_whole,
    a_wrong_offset_is_told_the_right_one,
    the_last_request_may_be_repeated,
    of_two_requests_at_once_one_counts_and_the_other_leaves_nothing,
    an_upload_is_taken_by_one_letter_only,
    a_letter_that_names_an_upload_is_the_same_when_it_is_repeated,
    the_same_request_finds_the_same_upload,
    an_upload_that_a_letter_took_is_answered_as_before,
    an_upload_of_somebody_else_is_not_there,
    a_person_uploads_for_their_mailbox,
    bytes_of_an_upload_do_not_lie_readable_in_the_store,
    an_upload_and_its_letter_are_in_the_audit_trail,
}

pub fn sender() -> Caller {
    client(CLIENT, "musterstadt")
}

pub fn declared(name: &str, media_type: &str, content: &[u8]) -> pb::AttachmentDeclaration {
    pb::AttachmentDeclaration {
        name: name.into(),
        media_type: media_type.into(),
        sha256: siegel_crypto::sha256(content).to_vec(),
        size_bytes: i64::try_from(content.len()).unwrap(),
    }
}

/// A PDF of this many bytes.
pub fn large(bytes: usize) -> Vec<u8> {
    let mut content = PDF.to_vec();
    content.extend((0..251_u8).cycle().take(bytes - PDF.len()));
    content
}

async fn large_world(db: Db) -> World {
    World::with(db, |config| config.limits.attachment_bytes = 64 << 20).await
}

pub async fn create(
    world: &World,
    who: Caller,
    attachment: pb::AttachmentDeclaration,
) -> Result<pb::Upload, Status> {
    let request = pb::CreateUploadRequest {
        request_id: format!("u-{}", attachment.name),
        attachment: Some(attachment),
        organisation_id: String::new(),
        ..Default::default()
    };
    Ok(world.uploads(who).create_upload(request).await?.into_inner().upload.unwrap())
}

pub async fn send(
    world: &World,
    who: Caller,
    upload: &str,
    (offset, content): (usize, &[u8]),
) -> Result<pb::Upload, Status> {
    let head = pb::UploadAttachmentHead {
        upload_id: upload.into(),
        offset_bytes: i64::try_from(offset).unwrap(),
        organisation_id: String::new(),
        ..Default::default()
    };
    let mut parts = vec![Part::Head(head)];
    parts.extend(content.chunks(100_003).map(|piece| Part::Chunk(piece.to_vec())));
    let messages = parts.into_iter().map(|part| pb::UploadAttachmentRequest { part: Some(part) });
    let messages: Vec<_> = messages.collect();
    let answer = world.uploads(who).upload_attachment(stream::iter(messages)).await?;
    Ok(answer.into_inner().upload.unwrap())
}

/// A whole upload of the first sender.
pub async fn uploaded(world: &World, name: &str, content: &[u8]) -> pb::Upload {
    let begun = create(world, sender(), declared(name, "application/pdf", content)).await.unwrap();
    send(world, sender(), &begun.upload_id, (0, content)).await.unwrap()
}

pub fn naming(request: &mut pb::SubmitRequest, upload: &pb::Upload) {
    request.attachments.clear();
    request.upload_ids = vec![upload.upload_id.clone()];
}

pub async fn progress(world: &World, who: Caller, upload: &str) -> Result<pb::Upload, Status> {
    let request = pb::GetUploadRequest {
        upload_id: upload.into(),
        organisation_id: String::new(),
        ..Default::default()
    };
    Ok(world.uploads(who).get_upload(request).await?.into_inner().upload.unwrap())
}

pub fn uploader() -> Uploader {
    let owner = Owner::Sender { tenant: "musterstadt".into(), client_id: CLIENT.into() };
    Uploader { owner, name: sender().name() }
}

/// Sends bytes and then breaks.
async fn break_off(
    world: &World,
    upload: &pb::Upload,
    (offset, content): (usize, &[u8]),
) -> Result<Progress, UploadError> {
    let pieces = content.chunks(100_000).map(|p| Ok(bytes::Bytes::copy_from_slice(p)));
    let pieces: Vec<_> = pieces.chain([Err(SubmitError::StreamIncomplete)]).collect();
    let id = upload.upload_id.parse().unwrap();
    world.postbox.append(&uploader(), id, offset as u64, stream::iter(pieces)).await
}

pub fn is(status: &Status, code: Code, wanted: &str) {
    assert_eq!((status.code(), reason(status).as_deref()), (code, Some(wanted)), "{status:?}");
}

async fn an_upload_becomes_an_attachment_of_the_letter_that_names_it(db: Db) {
    let world = World::new(db).await;
    let upload = uploaded(&world, "Anlage.pdf", PDF).await;
    assert_eq!(upload.state(), pb::UploadState::Ready);
    let done = world.deliver("r1", |r| r.upload_ids = vec![upload.upload_id.clone()]).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    let names: Vec<_> = opened.attachments.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["Bescheid.pdf", "Bescheid.xml", "Anlage.pdf"]);
    assert_eq!(opened.attachments[2].sha256, siegel_crypto::sha256(PDF));
    let provided = world.entry(&done.letter_id, "provided").await;
    assert_eq!(provided.body.attachment_digests.len(), 3, "receipts sign it as any other");
    assert_eq!(super::downloads::whole(&world, &opened, 2).await, PDF);
    assert_eq!(world.count("uploads").await, 0);
    assert_eq!(world.count("resumable_uploads").await, 0);
}

async fn an_upload_goes_on_where_a_broken_stream_left_it(db: Db) {
    let world = large_world(db).await;
    let content = large(600_000);
    let begun = create(&world, sender(), declared("a.pdf", "application/pdf", &content)).await;
    let begun = begun.unwrap();
    break_off(&world, &begun, (0, &content[..500_000])).await.unwrap_err();
    let there = progress(&world, sender(), &begun.upload_id).await.unwrap();
    assert_eq!((there.offset_bytes, there.state()), (500_000, pb::UploadState::Receiving));
    let rest = (500_000, &content[500_000..]);
    let done = send(&world, sender(), &begun.upload_id, rest).await.unwrap();
    assert_eq!((done.offset_bytes, done.state()), (600_000, pb::UploadState::Ready));
}

async fn after_a_restart_an_upload_goes_on_from_the_last_durable_byte(db: Db) {
    let mut world = large_world(db).await;
    let content = large(PART + 300_000);
    let begun = create(&world, sender(), declared("a.pdf", "application/pdf", &content)).await;
    let begun = begun.unwrap();
    // The process ends before the second part is worth storing.
    break_off(&world, &begun, (0, &content[..PART + 100_000])).await.unwrap_err();
    let mut config = crate::Config::in_directory(world.dir.path(), super::world::senders());
    config.limits.attachment_bytes = 64 << 20;
    world.postbox = build(config, &world.outside).await.unwrap();
    let there = progress(&world, sender(), &begun.upload_id).await.unwrap();
    assert_eq!(usize::try_from(there.offset_bytes).unwrap(), PART);
    let done = send(&world, sender(), &begun.upload_id, (PART, &content[PART..])).await.unwrap();
    assert_eq!(done.state(), pb::UploadState::Ready);
    let letter = world.deliver("r1", |r| naming(r, &done)).await;
    let opened = world.open(&letter.letter_id).await.unwrap();
    assert_eq!(super::downloads::whole(&world, &opened, 0).await, content);
}

async fn an_upload_of_many_parts_is_checked_as_a_whole(db: Db) {
    let world = large_world(db).await;
    let content = large(2 * PART + 17);
    let mut wrong = declared("a.pdf", "application/pdf", &content);
    wrong.sha256[0] ^= 1;
    let begun = create(&world, sender(), wrong).await.unwrap();
    for offset in [0, PART] {
        let there = (offset, &content[offset..offset + PART]);
        send(&world, sender(), &begun.upload_id, there).await.unwrap();
    }
    let last = (2 * PART, &content[2 * PART..]);
    let status = send(&world, sender(), &begun.upload_id, last).await.unwrap_err();
    is(&status, Code::InvalidArgument, "DIGEST_MISMATCH");
    assert_eq!(world.objects(), 0, "nothing of it stays");
}

async fn a_wrong_offset_is_told_the_right_one(db: Db) {
    let world = World::new(db).await;
    let begun = create(&world, sender(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    send(&world, sender(), &begun.upload_id, (0, &PDF[..10])).await.unwrap();
    for offset in [0, 9, 11] {
        let status =
            send(&world, sender(), &begun.upload_id, (offset, &PDF[10..])).await.unwrap_err();
        is(&status, Code::FailedPrecondition, "UPLOAD_OFFSET");
        assert_eq!(fact(&status, "offset_bytes").as_deref(), Some("10"));
    }
}

async fn the_last_request_may_be_repeated(db: Db) {
    let world = World::new(db).await;
    let done = uploaded(&world, "a.pdf", PDF).await;
    let again = send(&world, sender(), &done.upload_id, (0, PDF)).await.unwrap();
    assert_eq!(again, done);
}

async fn of_two_requests_at_once_one_counts_and_the_other_leaves_nothing(db: Db) {
    let world = World::new(db).await;
    let begun = create(&world, sender(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    let id = &begun.upload_id;
    let (one, two) =
        tokio::join!(send(&world, sender(), id, (0, PDF)), send(&world, sender(), id, (0, PDF)));
    assert!(one.is_ok() || two.is_ok());
    for refused in [one, two].into_iter().filter_map(Result::err) {
        is(&refused, Code::FailedPrecondition, "UPLOAD_OFFSET");
    }
    assert_eq!((world.count("attachment_parts").await, world.objects()), (1, 1));
    let done = progress(&world, sender(), id).await.unwrap();
    let letter = world.deliver("r1", |r| naming(r, &done)).await;
    let opened = world.open(&letter.letter_id).await.unwrap();
    assert_eq!(super::downloads::whole(&world, &opened, 0).await, PDF);
}

async fn an_upload_is_taken_by_one_letter_only(db: Db) {
    let world = World::new(db).await;
    let upload = uploaded(&world, "a.pdf", PDF).await;
    world.deliver("r1", |r| naming(r, &upload)).await;
    let mut second = request("r2", &world.handle(1).await);
    naming(&mut second, &upload);
    let status = world.sender().submit(second.clone()).await.unwrap_err();
    is(&status, Code::NotFound, "UPLOAD_UNKNOWN");
    second.request_id = "r3".into();
    second.upload_ids = vec!["nonsense".into()];
    let nonsense = world.sender().submit(second).await.unwrap_err();
    assert_eq!((nonsense.code(), nonsense.message()), (status.code(), status.message()));
    assert_eq!(world.count("letters").await, 1);
}

async fn a_letter_that_names_an_upload_is_the_same_when_it_is_repeated(db: Db) {
    let world = World::new(db).await;
    let upload = uploaded(&world, "a.pdf", PDF).await;
    let first = world.deliver("r1", |r| naming(r, &upload)).await;
    let again = world.deliver("r1", |r| naming(r, &upload)).await;
    assert_eq!(first, again);
    let mut other = request("r1", &world.handle(1).await);
    other.attachments.clear();
    let status = world.sender().submit(other).await.unwrap_err();
    is(&status, Code::AlreadyExists, "REQUEST_ID_REUSED");
}

async fn the_same_request_finds_the_same_upload(db: Db) {
    let world = World::new(db).await;
    let first = uploaded(&world, "a.pdf", PDF).await;
    let again = create(&world, sender(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    assert_eq!(again, first);
    let mut other = declared("a.pdf", "application/pdf", PDF);
    other.size_bytes += 1;
    let status = create(&world, sender(), other).await.unwrap_err();
    is(&status, Code::AlreadyExists, "REQUEST_ID_REUSED");
}

async fn an_upload_that_a_letter_took_is_answered_as_before(db: Db) {
    let world = World::new(db).await;
    let upload = uploaded(&world, "a.pdf", PDF).await;
    let done = world.deliver("r1", |r| naming(r, &upload)).await;
    let again = create(&world, sender(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    assert_eq!(again, upload);
    let same = world.deliver("r1", |r| naming(r, &again)).await;
    assert_eq!(same.letter_id, done.letter_id, "whoever repeats everything has the same letter");
    let mut second = request("r2", &world.handle(1).await);
    naming(&mut second, &again);
    let status = world.sender().submit(second).await.unwrap_err();
    is(&status, Code::NotFound, "UPLOAD_UNKNOWN");
    assert_eq!((world.count("letters").await, world.count("resumable_uploads").await), (1, 0));
}

async fn an_upload_of_somebody_else_is_not_there(db: Db) {
    let world = World::new(db).await;
    world.handle(1).await;
    let upload = uploaded(&world, "a.pdf", PDF).await;
    let id = &upload.upload_id;
    let nobody = "upl_00000000000000000000000000000000";
    for other in [
        client(OTHER_CLIENT, "musterstadt"),
        client(FOREIGN_CLIENT, "neustadt"),
        client(CLIENT, "neustadt"),
        person(1, TrustLevel::High),
    ] {
        let missing = progress(&world, other.clone(), nobody).await.unwrap_err();
        is(&missing, Code::NotFound, "UPLOAD_UNKNOWN");
        let same = |status: Status| {
            assert_eq!(
                (status.code(), status.message(), status.details()),
                (missing.code(), missing.message(), missing.details())
            );
        };
        same(progress(&world, other.clone(), id).await.unwrap_err());
        same(send(&world, other.clone(), id, (0, PDF)).await.unwrap_err());
        let cancel = pb::CancelUploadRequest {
            request_id: "c".into(),
            upload_id: id.clone(),
            organisation_id: String::new(),
            ..Default::default()
        };
        same(world.uploads(other).cancel_upload(cancel).await.unwrap_err());
    }
    let mut stolen = request("r1", &world.handle(1).await);
    naming(&mut stolen, &upload);
    let mut other = world.sender_as(client(OTHER_CLIENT, "musterstadt"));
    is(&other.submit(stolen).await.unwrap_err(), Code::NotFound, "UPLOAD_UNKNOWN");
}

async fn a_person_uploads_for_their_mailbox(db: Db) {
    let world = World::new(db).await;
    world.handle(1).await;
    let who = || person(1, TrustLevel::Substantial);
    let begun = create(&world, who(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    let done = send(&world, who(), &begun.upload_id, (0, PDF)).await.unwrap();
    assert_eq!(done.state(), pb::UploadState::Ready);
    world.handle(2).await;
    let other = person(2, TrustLevel::High);
    let status = progress(&world, other, &begun.upload_id).await.unwrap_err();
    is(&status, Code::NotFound, "UPLOAD_UNKNOWN");
}

async fn bytes_of_an_upload_do_not_lie_readable_in_the_store(db: Db) {
    let world = World::new(db).await;
    uploaded(&world, "a.pdf", PDF).await;
    let mut everything = Vec::new();
    super::submit::collect(&world.dir.path().join("objects"), &mut everything);
    assert!(everything.len() > PDF.len());
    assert!(!everything.windows(5).any(|w| w == b"%PDF-"));
}

async fn an_upload_and_its_letter_are_in_the_audit_trail(db: Db) {
    let world = World::new(db).await;
    uploaded(&world, "a.pdf", PDF).await;
    let mut tx = world.db.read().await.unwrap();
    let kinds = siegel_db::audit::kinds(&mut tx).await.unwrap();
    for kind in ["postbox.upload.created", "postbox.upload.stored"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind}");
    }
}
