//! Taking a whole mailbox out.

use siegel_crypto::{b64, sha256};
use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::Status;

use super::proof::{json, unzip};
use super::world::{PDF, World, attachment, letter, request};

on_each_backend! { &crate::MIGRATIONS =>
    an_export_holds_opened_letters_with_content_attachments_and_proof,
    an_export_opens_no_letter_and_lists_unopened_ones_without_content,
    a_letter_above_the_level_is_an_entry_without_content,
    an_export_names_every_file_with_its_digest,
    an_export_goes_on_after_its_cursor_and_loses_no_letter,
    attachments_keep_their_names_behind_their_place_in_the_letter,
    an_exported_attachment_counts_as_downloaded,
    news_about_cases_come_with_the_first_part,
    an_export_of_an_empty_mailbox_is_an_archive,
    an_export_shows_no_other_mailbox,
    taking_a_mailbox_out_is_on_record_and_among_the_accesses,
    a_recalled_letter_is_an_entry_without_content
}

pub struct Exported {
    pub files: std::collections::BTreeMap<String, Vec<u8>>,
    cursor: String,
    more: bool,
    largest: usize,
}

async fn export(
    world: &World,
    (n, level): (u128, TrustLevel),
    (cursor, limit): (&str, i32),
) -> Result<Exported, Status> {
    let request = pb::ExportMailboxRequest {
        organisation_id: String::new(),
        cursor: cursor.into(),
        limit,
        ..Default::default()
    };
    let mut stream = world.reader(n, level).export_mailbox(request).await?.into_inner();
    let (mut archive, mut last, mut largest) = (Vec::new(), None, 0);
    while let Some(message) = stream.message().await? {
        largest = largest.max(message.chunk.len());
        archive.extend(&message.chunk);
        last = Some(message);
    }
    let last = last.unwrap();
    assert!(last.complete);
    Ok(Exported { files: unzip(archive), cursor: last.cursor, more: last.more, largest })
}

pub async fn whole(world: &World) -> Exported {
    export(world, (1, TrustLevel::High), ("", 0)).await.unwrap()
}

pub fn entries(exported: &Exported) -> Vec<serde_json::Value> {
    json(&exported.files, "index.json")["letters"].as_array().unwrap().clone()
}

async fn an_export_holds_opened_letters_with_content_attachments_and_proof(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    let exported = whole(&world).await;
    let entry = &entries(&exported)[0];
    assert_eq!(
        (entry["content"].as_str(), entry["subject"].as_str()),
        (Some("included"), Some("Ihr Bescheid zur Gaube"))
    );
    let folder = entry["folder"].as_str().unwrap();
    let file = |name: &str| &exported.files[&format!("{folder}{name}")];
    assert_eq!(file("letter.json"), opened.content_json.as_bytes());
    assert!(String::from_utf8_lossy(file("letter.txt")).contains("der Bescheid liegt bei"));
    assert_eq!(file("attachments/01-Bescheid.pdf"), PDF);
    assert_eq!(
        json(&exported.files, &format!("{folder}proof/index.json"))["format"],
        "siegel-proof/1"
    );
    let page = String::from_utf8_lossy(&exported.files["index.html"]);
    assert!(page.contains("Ihr Bescheid zur Gaube") && page.contains("letter.txt"));
}

async fn an_export_opens_no_letter_and_lists_unopened_ones_without_content(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let exported = whole(&world).await;
    let entry = &entries(&exported)[0];
    assert_eq!(entry["content"], "unopened");
    assert!(
        !exported
            .files
            .keys()
            .any(|path| path.contains("/letter.") || path.contains("/attachments/"))
    );
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"]);
    assert_eq!(world.unread().await, 1);
    for (path, content) in &exported.files {
        let found = content.windows(13).any(|w| w == b"Bescheid lieg");
        assert!(!found, "{path} shows the content");
    }
}

async fn a_letter_above_the_level_is_an_entry_without_content(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| letter(r).hide_preview = true).await;
    world.open(&done.letter_id).await.unwrap();
    let exported = export(&world, (1, TrustLevel::Low), ("", 0)).await.unwrap();
    let entry = &entries(&exported)[0];
    assert_eq!(entry["content"], "level_too_low");
    assert_eq!((entry["subject"].as_str(), entry["authority"].as_str()), (Some(""), Some("")));
    assert_eq!((entry["proof"].as_bool(), exported.files.len()), (Some(false), 3));
}

async fn an_export_names_every_file_with_its_digest(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    let exported = whole(&world).await;
    let index = json(&exported.files, "index.json");
    let files = index["files"].as_array().unwrap();
    assert_eq!(files.len() + 1, exported.files.len());
    for file in files {
        let path = file["path"].as_str().unwrap();
        assert_eq!(file["sha256"], b64::encode(sha256(&exported.files[path])), "{path}");
    }
}

async fn an_export_goes_on_after_its_cursor_and_loses_no_letter(db: Db) {
    let world = World::new(db).await;
    for n in 1..=5 {
        world.deliver(&format!("r{n}"), |r| letter(r).subject = n.to_string()).await;
    }
    let (mut cursor, mut subjects) = (String::new(), Vec::new());
    loop {
        let part = export(&world, (1, TrustLevel::High), (&cursor, 2)).await.unwrap();
        let found = entries(&part);
        subjects.extend(found.iter().map(|e| e["subject"].as_str().unwrap().to_owned()));
        cursor = part.cursor;
        if !part.more {
            break;
        }
        assert_eq!(found.len(), 2);
    }
    assert_eq!(subjects, ["1", "2", "3", "4", "5"]);
    let status = export(&world, (1, TrustLevel::High), ("made up", 0)).await.err().unwrap();
    assert_eq!(reason(&status).unwrap(), "INVALID_FIELD");
}

async fn attachments_keep_their_names_behind_their_place_in_the_letter(db: Db) {
    let world = World::new(db).await;
    let done = world
        .deliver("r1", |r| {
            r.attachments = vec![
                attachment("Übersicht (2).pdf", "application/pdf", PDF),
                attachment("a.pdf", "application/pdf", &[PDF, b"% another\n"].concat()),
            ];
        })
        .await;
    world.open(&done.letter_id).await.unwrap();
    let exported = whole(&world).await;
    let paths = entries(&exported)[0]["attachments"].as_array().unwrap().clone();
    let ends: Vec<_> =
        paths.iter().map(|p| p.as_str().unwrap().rsplit('/').next().unwrap()).collect();
    assert_eq!(ends, ["01-Übersicht (2).pdf", "02-a.pdf"]);
    assert!(paths.iter().all(|path| exported.files.contains_key(path.as_str().unwrap())));
}

async fn an_exported_attachment_counts_as_downloaded(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    whole(&world).await;
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "downloaded").count(), 2);
}

async fn news_about_cases_come_with_the_first_part(db: Db) {
    let world = World::new(db).await;
    let news = pb::UpdateCaseStatusRequest {
        request_id: "u1".into(),
        handle: world.handle(1).await,
        case_id: "BA-1".into(),
        status: pb::CaseStatus::Received.into(),
        note: "Eingegangen".into(),
        ..Default::default()
    };
    world.sender().update_case_status(news).await.unwrap();
    let exported = whole(&world).await;
    assert_eq!(json(&exported.files, "cases.json")["updates"][0]["case_id"], "BA-1");
    let below = export(&world, (1, TrustLevel::Low), ("", 0)).await.unwrap();
    let update = &json(&below.files, "cases.json")["updates"][0];
    assert!(update["case_id"].is_null() && update["note"].is_null(), "{update}");
}

async fn an_export_of_an_empty_mailbox_is_an_archive(db: Db) {
    let world = World::new(db).await;
    let exported = whole(&world).await;
    assert!(entries(&exported).is_empty() && !exported.more);
}

async fn an_export_shows_no_other_mailbox(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    let handle = world.handle(2).await;
    world.sender().submit(request("r2", &handle)).await.unwrap();
    let exported = export(&world, (2, TrustLevel::High), ("", 0)).await.unwrap();
    let found = entries(&exported);
    assert_eq!(found.len(), 1);
    assert_ne!(found[0]["letter_id"], done.letter_id);
}

async fn taking_a_mailbox_out_is_on_record_and_among_the_accesses(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    let exported = whole(&world).await;
    assert!(exported.largest <= 256 * 1024, "pieces stay small: {}", exported.largest);
    let request = pb::ListAccessesRequest::default();
    let listed = world.reader(1, TrustLevel::High).list_accesses(request).await.unwrap();
    assert_eq!(listed.into_inner().accesses[0].kind(), pb::AccessKind::MailboxExported);
    let mut tx = world.db.read().await.unwrap();
    let kinds = siegel_db::audit::kinds(&mut tx).await.unwrap();
    assert!(kinds.contains(&"postbox.mailbox.exported".into()));
}

async fn a_recalled_letter_is_an_entry_without_content(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.recall(&done.letter_id).await.unwrap();
    let exported = whole(&world).await;
    let entry = &entries(&exported)[0];
    assert_eq!(
        (entry["content"].as_str(), entry["state"].as_str()),
        (Some("never_opened"), Some("recalled"))
    );
}
