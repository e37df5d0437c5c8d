//! Documents of proof: receipts one by one, the proof of a letter.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};

use serde_json::Value;
use siegel_crypto::{KeySet, b64, sha256};
use siegel_db::Db;
use siegel_grpc::{Caller, reason};
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::set_opt_out_request::About;
use siegel_receipt::{KeyTrust, PublishedKeys, ReceiptFile, verify_published};
use siegel_testkit::on_each_backend;
use tonic::{Status, Streaming};

use super::world::{CLIENT, OTHER_CLIENT, World, client, formal, person};

on_each_backend! { &crate::MIGRATIONS =>
    the_proof_has_all_twelve_items_each_present_or_with_a_reason,
    the_proof_names_every_file_with_its_digest_under_a_signature,
    the_receipts_of_a_proof_verify_with_its_own_keys_and_lie_in_their_documents,
    the_senders_proof_never_shows_the_place_in_the_mailbox,
    the_recipients_proof_carries_the_head_of_the_mailbox,
    the_proof_holds_what_the_recipient_had_chosen_when_the_letter_came,
    the_proof_of_formal_service_carries_rule_instruction_and_answer,
    a_proof_is_had_by_the_parties_and_by_nobody_else,
    taking_a_proof_out_is_on_record,
    removed_content_leaves_a_receipt_and_the_proof_stays
}

pub type Files = BTreeMap<String, Vec<u8>>;

pub fn unzip(archive: Vec<u8>) -> Files {
    let mut zip = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut files = Files::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        let name = file.name().unwrap().into_owned();
        assert!(files.insert(name.clone(), content).is_none(), "{name}");
    }
    files
}

pub fn json(files: &Files, path: &str) -> Value {
    serde_json::from_slice(files.get(path).unwrap_or_else(|| panic!("{path} is missing"))).unwrap()
}

pub async fn senders(world: &World, caller: Caller, letter_id: &str) -> Result<Files, Status> {
    let request = pb::ExportProofRequest { letter_id: letter_id.into(), language: String::new() };
    let stream = world.sender_as(caller).export_proof(request).await?.into_inner();
    collect(stream, |message| message.chunk).await
}

pub async fn recipients(world: &World, n: u128, letter_id: &str) -> Result<Files, Status> {
    let request = pb::MailboxServiceExportProofRequest {
        letter_id: letter_id.into(),
        organisation_id: String::new(),
        language: "en".into(),
        ..Default::default()
    };
    let stream = world.reader(n, TrustLevel::High).export_proof(request).await?.into_inner();
    collect(stream, |message| message.chunk).await
}

async fn collect<T>(
    mut stream: Streaming<T>,
    chunk: impl Fn(T) -> Vec<u8>,
) -> Result<Files, Status> {
    let mut archive = Vec::new();
    while let Some(message) = stream.message().await? {
        archive.extend(chunk(message));
    }
    Ok(unzip(archive))
}

pub fn own() -> Caller {
    client(CLIENT, "musterstadt")
}

pub fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

pub async fn download(world: &World, opened: &pb::OpenResponse) {
    let request = pb::DownloadAttachmentRequest {
        letter_id: opened.letter.as_ref().unwrap().letter_id.clone(),
        attachment_id: opened.attachments[0].attachment_id.clone(),
        organisation_id: String::new(),
        ..Default::default()
    };
    let stream = world.reader(1, TrustLevel::High).download_attachment(request).await;
    let mut stream = stream.unwrap().into_inner();
    while stream.message().await.unwrap().is_some() {}
}

async fn the_proof_has_all_twelve_items_each_present_or_with_a_reason(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    download(&world, &opened).await;
    world.settle().await;
    let files = senders(&world, own(), &done.letter_id).await.unwrap();
    let index = json(&files, "index.json");
    assert_eq!(
        (index["format"].as_str(), index["made_for"].as_str()),
        (Some("siegel-proof/1"), Some("sender"))
    );
    let items = index["items"].as_array().unwrap();
    let found: Vec<_> = items
        .iter()
        .map(|item| (item["name"].as_str().unwrap(), item["status"] == "present"))
        .collect();
    assert_eq!(
        found,
        [
            ("sender", true),
            ("content", true),
            ("provision", true),
            ("entitled", true),
            ("choice", false),
            ("notification", true),
            ("first_access", true),
            ("downloads", true),
            ("rule", true),
            ("renewed", false),
            ("provision_ended", false),
            ("mailbox_closed", false),
        ]
    );
    for entry in items {
        let item = json(&files, entry["file"].as_str().unwrap());
        if entry["status"] == "present" {
            assert!(item["facts"].is_object() && !item["receipts"].as_array().unwrap().is_empty());
        } else {
            assert!(item["why"]["de"].is_string() && item["why"]["en"].is_string());
        }
        let text = entry["file"].as_str().unwrap().replace(".json", ".txt");
        assert!(!files[&text].is_empty());
    }
    assert_eq!(json(&files, "items/09-rule.json")["facts"]["row"]["rule_id"], "ozg-9/2");
    assert_eq!(json(&files, "items/01-sender.json")["facts"]["sender_reference"], "Az. 2025-17");
    let told = &json(&files, "items/06-notification.json")["facts"]["notifications"][0];
    assert_eq!(
        (told["result"].as_str(), told["same_day"].as_bool()),
        (Some("notified"), Some(true))
    );
}

async fn the_proof_names_every_file_with_its_digest_under_a_signature(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let files = senders(&world, own(), &done.letter_id).await.unwrap();
    let index = json(&files, "index.json");
    let mut named = BTreeSet::from(["index.json".to_owned(), "index.jws".to_owned()]);
    for file in index["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        assert_eq!(file["sha256"], b64::encode(sha256(&files[path])), "{path}");
        assert_eq!(file["size_bytes"], files[path].len());
        named.insert(path.to_owned());
    }
    assert_eq!(named, files.keys().cloned().collect());
    let token = std::str::from_utf8(&files["index.jws"]).unwrap();
    let keys = KeySet::from_json(&world.postbox.key_set().await.unwrap()).unwrap();
    let key = keys.find(world.postbox.notary.keys[0].signer.kid()).unwrap();
    let claims: Value = siegel_crypto::verify_with_jwk(token, "siegel-proof+jwt", key).unwrap();
    assert_eq!(claims["index_sha256"], b64::encode(sha256(&files["index.json"])));
    assert_eq!(claims["sub"], done.letter_id);
    // No receipt's signature signs an index, nor an index's a receipt.
    assert!(siegel_crypto::verify_with_jwk::<Value>(token, siegel_receipt::TYP, key).is_err());
}

async fn the_receipts_of_a_proof_verify_with_its_own_keys_and_lie_in_their_documents(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    world.postbox.sequence().await.unwrap();
    let files = recipients(&world, 1, &done.letter_id).await.unwrap();
    let keys = std::str::from_utf8(&files["keys.json"]).unwrap();
    let keys = PublishedKeys::from_json(keys).unwrap();
    let receipts: Vec<_> = files
        .iter()
        .filter(|(path, _)| path.starts_with("receipts/") && path.contains(".json"))
        .collect();
    assert_eq!(receipts.len(), 3);
    for (path, content) in receipts {
        let file = ReceiptFile::parse(std::str::from_utf8(content).unwrap()).unwrap();
        let verified = verify_published(&file, &keys, KeyTrust::Beside).unwrap();
        assert_eq!((verified.log, &verified.letter_id), ("included", &done.letter_id));
        assert!(contains(&files[&path.replace(".json", ".pdf")], content), "{path}");
    }
    assert!(files.contains_key("log/checkpoint.txt") && files.contains_key("log/key.txt"));
}

async fn the_senders_proof_never_shows_the_place_in_the_mailbox(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    let files = senders(&world, own(), &done.letter_id).await.unwrap();
    for (path, content) in &files {
        assert!(!contains(content, b"mbx_"), "{path} names the mailbox");
    }
    assert!(!files.contains_key("mailbox-head.json"));
    assert_eq!(
        json(&files, "items/04-entitled.json")["facts"]["recipient"]["handle"],
        world.handle(1).await
    );
}

async fn the_recipients_proof_carries_the_head_of_the_mailbox(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.postbox.sequence().await.unwrap();
    let files = recipients(&world, 1, &done.letter_id).await.unwrap();
    let head = json(&files, "mailbox-head.json");
    assert_eq!(
        (head["letter_id"].as_str(), head["sequence"].as_i64()),
        (Some(done.letter_id.as_str()), Some(1))
    );
    assert!(head["place"]["checkpoint"].is_string());
    assert_eq!(json(&files, "index.json")["made_for"], "recipient");
    // The handle is the sender's.
    let handle = world.handle(1).await;
    assert!(!files.values().any(|content| contains(content, handle.as_bytes())));
}

async fn choose(world: &World, n: usize, about: About, choice: pb::OptOutChoice) {
    let request = pb::SetOptOutRequest {
        request_id: format!("c{n}"),
        about: Some(about),
        choice: choice.into(),
        wording_version: format!("portal-{n}"),
        ..Default::default()
    };
    let mut owner = world.settings(person(1, TrustLevel::Low));
    owner.set_opt_out(request).await.unwrap();
    world.clock.advance(std::time::Duration::from_secs(1));
}

async fn the_proof_holds_what_the_recipient_had_chosen_when_the_letter_came(db: Db) {
    use pb::OptOutChoice::{Allowed, Excluded};
    let world = World::new(db).await;
    world.handle(1).await;
    let this = || About::SenderId(CLIENT.into());
    choose(&world, 1, About::Everybody(true), Allowed).await;
    choose(&world, 2, About::Everybody(true), Excluded).await;
    choose(&world, 3, this(), Excluded).await;
    choose(&world, 4, this(), Allowed).await;
    choose(&world, 5, About::SenderId(OTHER_CLIENT.into()), Excluded).await;
    let done = world.deliver("r1", |_| {}).await;
    world.clock.advance(std::time::Duration::from_secs(1));
    choose(&world, 6, this(), Excluded).await;
    let senders = senders(&world, own(), &done.letter_id).await.unwrap();
    let theirs = recipients(&world, 1, &done.letter_id).await.unwrap();
    for files in [senders, theirs] {
        let item = json(&files, "items/05-choice.json");
        let choices = item["facts"]["mailbox_choices"].as_array().unwrap();
        let held: Vec<_> = choices
            .iter()
            .map(|c| {
                (
                    c["about"].as_str().unwrap(),
                    c["choice"].as_str().unwrap(),
                    c["wording_version"].as_str().unwrap(),
                )
            })
            .collect();
        let wanted =
            [("all_senders", "excluded", "portal-2"), ("this_sender", "allowed", "portal-4")];
        assert_eq!(held, wanted);
        assert_eq!(choices[0]["trust_level"], 2);
    }
}

async fn the_proof_of_formal_service_carries_rule_instruction_and_answer(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    world.confirm(&done.letter_id).await.unwrap();
    let files = senders(&world, own(), &done.letter_id).await.unwrap();
    let choice = json(&files, "items/05-choice.json");
    assert_eq!(choice["facts"]["instruction"]["text_version"], "zustellung-2025-01");
    let access = json(&files, "items/07-first_access.json");
    let kinds: Vec<_> = access["facts"]["accesses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["opened", "confirmed"]);
    let results = &json(&files, "items/09-rule.json")["facts"]["results"];
    let last = results.as_array().unwrap().last().unwrap();
    assert_eq!(
        (last["kind"].as_str(), last["effect"]["effect"].as_str()),
        (Some("confirmed"), Some("served"))
    );
}

async fn a_proof_is_had_by_the_parties_and_by_nobody_else(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    for caller in [client(OTHER_CLIENT, "musterstadt"), client(CLIENT, "neustadt")] {
        let status = senders(&world, caller, &done.letter_id).await.unwrap_err();
        assert_eq!(reason(&status).unwrap(), "LETTER_UNKNOWN");
    }
    let status = recipients(&world, 2, &done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).unwrap(), "LETTER_UNKNOWN");
    let status = senders(&world, own(), "ltr_0").await.unwrap_err();
    assert_eq!(reason(&status).unwrap(), "LETTER_UNKNOWN");
}

async fn taking_a_proof_out_is_on_record(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    senders(&world, own(), &done.letter_id).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    assert!(
        siegel_db::audit::kinds(&mut tx).await.unwrap().contains(&"postbox.proof.exported".into())
    );
}

async fn removed_content_leaves_a_receipt_and_the_proof_stays(db: Db) {
    use crate::app::evidence::Fact;
    use siegel_receipt::Kind;
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let mut tx = world.db.begin().await.unwrap();
    let letter = done.letter_id.parse().unwrap();
    let sent = crate::store::sent::find(&mut tx, CLIENT, letter).await.unwrap().unwrap();
    let row = crate::store::letters::lock(&mut tx, sent.mailbox_id, letter).await.unwrap();
    let (mut row, now) = (row.unwrap(), world.postbox.now());
    let mut fact = Fact::by_service(Kind::Purged, now.legal);
    fact.reason = Some("RETENTION_ENDED");
    world.postbox.attest(&mut tx, &mut row, fact, now).await.unwrap();
    crate::store::letters::save(&mut tx, &row).await.unwrap();
    tx.commit().await.unwrap();
    let purged = world.entry(&done.letter_id, "purged").await;
    assert_eq!(purged.body.reason.as_deref(), Some("RETENTION_ENDED"));
    assert_eq!((purged.body.number, purged.body.previous.is_some()), (3, true));
    let files = senders(&world, own(), &done.letter_id).await.unwrap();
    assert!(files.keys().any(|path| path.starts_with("receipts/03-purged-")));
}
