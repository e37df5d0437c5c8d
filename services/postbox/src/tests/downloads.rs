//! Handing out attachments: whole, in ranges, all at once.

use std::io::{Cursor, Read as _};

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::download_attachment_response::Part;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::uploads::{large, naming, uploaded};
use super::world::{PDF, World, XML, attachment};
use crate::domain::upload::PART;

on_each_backend! { &crate::MIGRATIONS =>
    any_range_of_an_attachment_is_what_it_is_of_the_whole,
    any_range_of_an_attachment_in_parts_is_what_it_is_of_the_whole,
    a_range_beyond_the_end_is_refused,
    a_download_is_recorded_when_its_last_byte_was_handed_out,
    a_range_is_recorded_as_a_range_and_proves_no_download,
    a_download_that_broke_off_is_completed_by_the_rest,
    all_attachments_come_as_one_archive_that_any_program_reads,
    the_archive_of_a_letter_without_attachments_is_not_there,
    the_archive_of_a_letter_that_is_not_opened_is_refused,
    an_attachment_whose_object_is_gone_is_refused_before_its_first_byte,
    a_part_of_an_attachment_that_is_gone_is_noticed,
    files_that_change_places_in_the_store_are_noticed
}

pub async fn range(
    world: &World,
    (letter, attachment): (&str, &str),
    (offset, length): (usize, usize),
) -> Result<Vec<u8>, Status> {
    let request = pb::DownloadAttachmentRequest {
        letter_id: letter.into(),
        attachment_id: attachment.into(),
        organisation_id: String::new(),
        offset_bytes: i64::try_from(offset).unwrap(),
        length_bytes: i64::try_from(length).unwrap(),
        ..Default::default()
    };
    let answer = world.reader(1, TrustLevel::High).download_attachment(request).await?;
    let (mut stream, mut bytes) = (answer.into_inner(), Vec::new());
    while let Some(message) = stream.message().await? {
        if let Some(Part::Chunk(chunk)) = message.part {
            bytes.extend(chunk);
        }
    }
    Ok(bytes)
}

/// All bytes of an attachment of an opened letter.
pub async fn whole(world: &World, opened: &pb::OpenResponse, index: usize) -> Vec<u8> {
    let letter = opened.letter.as_ref().unwrap().letter_id.as_str();
    let attachment = opened.attachments[index].attachment_id.as_str();
    range(world, (letter, attachment), (0, 0)).await.unwrap()
}

pub async fn all(world: &World, letter: &str) -> Result<Vec<u8>, Status> {
    let request = pb::DownloadAllRequest {
        letter_id: letter.into(),
        organisation_id: String::new(),
        ..Default::default()
    };
    let mut stream = world.reader(1, TrustLevel::High).download_all(request).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(message) = stream.message().await? {
        bytes.extend(message.chunk);
    }
    Ok(bytes)
}

/// Every border of chunks and parts, and what lies around.
async fn check_ranges(world: &World, letter: &str, attachment: &str, content: &[u8]) {
    let chunk = siegel_crypto::CHUNK;
    let borders = [0, 1, chunk - 1, chunk, chunk + 1, PART - 1, PART, PART + chunk, content.len()];
    for from in borders.into_iter().filter(|at| *at < content.len()) {
        for length in [1, chunk, chunk + 1, content.len()] {
            let bytes = range(world, (letter, attachment), (from, length)).await.unwrap();
            let end = content.len().min(from + length);
            assert!(bytes == content[from..end], "{length} bytes from {from}");
        }
        let rest = range(world, (letter, attachment), (from, 0)).await.unwrap();
        assert!(rest == content[from..], "the rest from {from}");
    }
}

async fn any_range_of_an_attachment_is_what_it_is_of_the_whole(db: Db) {
    let world = World::new(db).await;
    let content = large(3 * siegel_crypto::CHUNK - 7);
    let done = world
        .deliver("r1", |r| r.attachments = vec![attachment("a.pdf", "application/pdf", &content)])
        .await;
    let opened = world.open(&done.letter_id).await.unwrap();
    let id = &opened.attachments[0].attachment_id;
    check_ranges(&world, &done.letter_id, id, &content).await;
}

async fn large_letter(db: Db, content: &[u8]) -> (World, pb::OpenResponse) {
    let world = World::with(db, |config| config.limits.attachment_bytes = 64 << 20).await;
    let upload = uploaded(&world, "a.pdf", content).await;
    let done = world.deliver("r1", |r| naming(r, &upload)).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    (world, opened)
}

async fn any_range_of_an_attachment_in_parts_is_what_it_is_of_the_whole(db: Db) {
    let content = large(PART + 2 * siegel_crypto::CHUNK + 3);
    let (world, opened) = large_letter(db, &content).await;
    let letter = opened.letter.unwrap().letter_id;
    check_ranges(&world, &letter, &opened.attachments[0].attachment_id, &content).await;
}

async fn a_range_beyond_the_end_is_refused(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    let id = &opened.attachments[0].attachment_id;
    let at = (done.letter_id.as_str(), id.as_str());
    assert_eq!(range(&world, at, (PDF.len(), 0)).await.unwrap(), b"");
    let status = range(&world, at, (PDF.len() + 1, 0)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

async fn a_download_is_recorded_when_its_last_byte_was_handed_out(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    let at = (done.letter_id.as_str(), opened.attachments[0].attachment_id.as_str());
    range(&world, at, (0, 5)).await.unwrap();
    assert!(!world.kinds(&done.letter_id).await.contains(&"downloaded".to_owned()));
    range(&world, at, (5, PDF.len() - 5)).await.unwrap();
    assert!(world.kinds(&done.letter_id).await.contains(&"downloaded".to_owned()));
}

fn downloads(kinds: &[String]) -> usize {
    kinds.iter().filter(|kind| *kind == "downloaded").count()
}

async fn a_range_is_recorded_as_a_range_and_proves_no_download(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    let at = (done.letter_id.as_str(), opened.attachments[0].attachment_id.as_str());
    range(&world, at, (PDF.len() - 1, 0)).await.unwrap();
    range(&world, at, (5, 7)).await.unwrap();
    assert_eq!(downloads(&world.kinds(at.0).await), 0, "the first bytes were never handed out");
    range(&world, at, (0, 0)).await.unwrap();
    range(&world, at, (0, PDF.len() + 9)).await.unwrap();
    assert_eq!(downloads(&world.kinds(at.0).await), 1);
    let request =
        pb::ListAccessesRequest { letter_id: done.letter_id.clone(), ..Default::default() };
    let listed = world.reader(1, TrustLevel::High).list_accesses(request).await.unwrap();
    let parts: Vec<_> = listed
        .into_inner()
        .accesses
        .iter()
        .filter(|access| access.kind() == pb::AccessKind::Downloaded)
        .map(|access| (access.offset_bytes, access.length_bytes))
        .collect();
    let last = i64::try_from(PDF.len()).unwrap() - 1;
    assert_eq!(parts, [(0, 0), (0, 0), (5, 7), (last, 1)]);
}

async fn a_download_that_broke_off_is_completed_by_the_rest(db: Db) {
    let content = large(16 << 20);
    let (world, opened) = large_letter(db, &content).await;
    let letter = opened.letter.unwrap().letter_id;
    let at = (letter.as_str(), opened.attachments[0].attachment_id.as_str());
    let request = pb::DownloadAttachmentRequest {
        letter_id: letter.clone(),
        attachment_id: at.1.into(),
        ..Default::default()
    };
    let mut reader = world.reader(1, TrustLevel::High);
    let mut stream = reader.download_attachment(request).await.unwrap().into_inner();
    let mut came = 0;
    while came == 0 {
        if let Some(Part::Chunk(chunk)) = stream.message().await.unwrap().unwrap().part {
            came = chunk.len();
        }
    }
    drop((stream, reader));
    let noted = async {
        while world.count("attachments WHERE handed_out_bytes > 0").await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), noted).await.expect("it is noted");
    assert_eq!(downloads(&world.kinds(&letter).await), 0, "the rest is missing");
    range(&world, at, (came, 0)).await.unwrap();
    assert_eq!(downloads(&world.kinds(&letter).await), 1);
}

async fn all_attachments_come_as_one_archive_that_any_program_reads(db: Db) {
    let content = large(PART + 100_000);
    let world = World::with(db, |config| config.limits.attachment_bytes = 64 << 20).await;
    let upload = uploaded(&world, "Größe.pdf", &content).await;
    let done = world.deliver("r1", |r| r.upload_ids = vec![upload.upload_id.clone()]).await;
    world.open(&done.letter_id).await.unwrap();
    let bytes = all(&world, &done.letter_id).await.unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let wanted = [("Bescheid.pdf", PDF), ("Bescheid.xml", XML), ("Größe.pdf", &content)];
    assert_eq!(archive.len(), wanted.len());
    for (index, (name, content)) in wanted.into_iter().enumerate() {
        let mut file = archive.by_index(index).unwrap();
        assert_eq!(file.name().unwrap(), name);
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        assert!(bytes == content, "{name}");
    }
    let downloaded = world.kinds(&done.letter_id).await;
    assert_eq!(downloaded.iter().filter(|kind| *kind == "downloaded").count(), 3);
}

async fn the_archive_of_a_letter_without_attachments_is_not_there(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| r.attachments.clear()).await;
    world.open(&done.letter_id).await.unwrap();
    let status = all(&world, &done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ATTACHMENT_UNKNOWN"));
}

async fn the_archive_of_a_letter_that_is_not_opened_is_refused(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let status = all(&world, &done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_NOT_OPENED"));
    let status = all(&world, "ltr_00000000000000000000000000000000").await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
}

async fn an_attachment_whose_object_is_gone_is_refused_before_its_first_byte(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    std::fs::remove_dir_all(world.dir.path().join("objects/letters")).unwrap();
    let at = (done.letter_id.as_str(), opened.attachments[0].attachment_id.as_str());
    let status = range(&world, at, (0, 0)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("OBJECT_STORE_DOWN"));
}

async fn a_part_of_an_attachment_that_is_gone_is_noticed(db: Db) {
    let content = large(2 * PART);
    let (world, opened) = large_letter(db, &content).await;
    let mut tx = world.db.begin().await.unwrap();
    drop_last_part(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let letter = opened.letter.unwrap().letter_id;
    let at = (letter.as_str(), opened.attachments[0].attachment_id.as_str());
    assert_eq!(range(&world, at, (0, 10)).await.unwrap_err().code(), Code::Internal);
}

async fn drop_last_part(tx: &mut siegel_db::Tx) -> Result<(), siegel_db::StoreError> {
    const SQL: &str = "DELETE FROM attachment_parts WHERE number = 1";
    siegel_db::on!(tx, c => sqlx::query(SQL).execute(c).await?.rows_affected());
    Ok(())
}

async fn files_that_change_places_in_the_store_are_noticed(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    let keys = world.postbox.objects.below("/").await.unwrap();
    let [one, other] =
        keys.iter().map(|key| path(&world, key)).collect::<Vec<_>>().try_into().unwrap();
    let aside = world.dir.path().join("aside");
    for (from, to) in [(&one, &aside), (&other, &one), (&aside, &other)] {
        std::fs::rename(from, to).unwrap();
    }
    for attachment in &opened.attachments {
        let at = (done.letter_id.as_str(), attachment.attachment_id.as_str());
        assert_eq!(range(&world, at, (0, 0)).await.unwrap_err().code(), Code::Internal);
    }
}

fn path(world: &World, key: &str) -> std::path::PathBuf {
    world.dir.path().join("objects").join(key)
}
