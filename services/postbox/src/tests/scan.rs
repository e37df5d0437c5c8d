//! Viruses: found while they come, found later, and nobody to look.

use std::sync::{Arc, Mutex};

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use tonic::Code;

use super::uploads::{create, declared, naming, send, sender, uploaded};
use super::world::{PDF, World, attachment, client, request};
use crate::app::check_upload;
use crate::config::ScannerConfig;
use crate::store::resumable;

on_each_backend! { &crate::MIGRATIONS =>
    a_clean_attachment_is_shown_as_scanned,
    an_attachment_nobody_looked_at_is_shown_so,
    an_infected_attachment_refuses_its_letter,
    an_infected_upload_can_never_be_used,
    a_scanner_that_is_down_refuses_letters_with_attachments,
    a_letter_without_attachments_needs_no_scanner,
    an_upload_waits_for_a_scanner_that_is_down,
    a_complete_upload_is_not_read_again_with_every_empty_request,
    a_check_that_ended_with_its_process_is_taken_up_by_a_later_request,
    a_tenant_without_scans_delivers_while_the_scanner_is_down,
    a_virus_that_is_known_later_blocks_the_attachment_and_tells_its_sender,
    what_was_seen_with_the_same_signatures_is_not_scanned_again,
    letters_of_a_batch_are_scanned_again_only_after_its_commit,
    an_attachment_whose_object_is_gone_keeps_no_other_from_its_turn,
    a_virus_that_is_known_later_blocks_the_attachment_of_a_reply_too
}

/// What the fake scanner finds, and what it answers to `VERSION`.
#[derive(Clone, Debug, Default)]
pub struct Signatures(Arc<Mutex<(Vec<Vec<u8>>, String)>>);

impl Signatures {
    pub fn learn(&self, signature: &[u8], version: &str) {
        let mut known = self.0.lock().unwrap();
        known.0.push(signature.to_vec());
        version.clone_into(&mut known.1);
    }

    fn find(&self, content: &[u8]) -> bool {
        let known = self.0.lock().unwrap();
        known.0.iter().any(|s| content.windows(s.len()).any(|w| w == s))
    }
}

/// A clamd that finds the bytes it is told to find.
pub struct Clamd {
    pub address: String,
    pub signatures: Signatures,
    scans: Arc<Mutex<usize>>,
    _task: AbortOnDropHandle<()>,
}

impl Clamd {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let signatures = Signatures::default();
        signatures.learn(b"EICAR-STANDARD", "ClamAV 1.4.6/1");
        let scans = Arc::new(Mutex::new(0));
        let (known, count) = (signatures.clone(), scans.clone());
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(stream, known.clone(), count.clone()));
            }
        });
        Self { address, signatures, scans, _task: AbortOnDropHandle::new(task) }
    }
}

/// One connection: `zVERSION` or `zINSTREAM` with its chunks.
async fn answer(
    mut stream: tokio::net::TcpStream,
    known: Signatures,
    count: Arc<Mutex<usize>>,
) -> Option<()> {
    let mut command = Vec::new();
    loop {
        match stream.read_u8().await.ok()? {
            0 => break,
            byte => command.push(byte),
        }
    }
    if command.ends_with(b"VERSION") {
        let version = format!("{}\0", known.0.lock().unwrap().1);
        return stream.write_all(version.as_bytes()).await.ok();
    }
    assert!(command.ends_with(b"INSTREAM"), "{command:?}");
    let content = content(&mut stream).await?;
    *count.lock().unwrap() += 1;
    let verdict: &[u8] =
        if known.find(&content) { b"stream: Test.Signature FOUND\0" } else { b"stream: OK\0" };
    stream.write_all(verdict).await.ok()
}

/// What comes after `zINSTREAM`: chunks behind their lengths, the last one empty.
pub async fn content(stream: &mut tokio::net::TcpStream) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let size = stream.read_u32().await.ok()?;
        if size == 0 {
            return Some(content);
        }
        let mut chunk = vec![0; usize::try_from(size).unwrap()];
        stream.read_exact(&mut chunk).await.ok()?;
        content.extend(chunk);
    }
}

pub async fn scanned_world(db: Db, address: &str) -> World {
    let address = address.to_owned();
    let scanner = ScannerConfig { address, off_for: vec!["neustadt".into()] };
    World::with(db, |config| config.scanner = Some(scanner)).await
}

const INFECTED: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\nEICAR-STANDARD\n";

async fn a_clean_attachment_is_shown_as_scanned(db: Db) {
    let clamd = Clamd::start().await;
    let world = scanned_world(db, &clamd.address).await;
    let upload = uploaded(&world, "c.pdf", PDF).await;
    assert_eq!(upload.scan(), pb::ScanState::Scanned);
    let done = world.deliver("r1", |r| r.upload_ids = vec![upload.upload_id.clone()]).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    assert!(opened.attachments.iter().all(|a| a.scan() == pb::ScanState::Scanned));
    assert_eq!(*clamd.scans.lock().unwrap(), 3);
}

async fn an_attachment_nobody_looked_at_is_shown_so(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    assert!(opened.attachments.iter().all(|a| a.scan() == pb::ScanState::NotScanned));
}

async fn an_infected_attachment_refuses_its_letter(db: Db) {
    let clamd = Clamd::start().await;
    let world = scanned_world(db, &clamd.address).await;
    let mut letter = request("r1", &world.handle(1).await);
    letter.attachments.push(attachment("b.pdf", "application/pdf", INFECTED));
    let status = world.sender().submit(letter).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(reason(&status).as_deref(), Some("ATTACHMENT_INFECTED"));
    assert_eq!(siegel_grpc::fact(&status, "attachment").as_deref(), Some("2"));
    world.assert_only_rejected(1).await;
    let letter_id = siegel_grpc::fact(&status, "letter_id").unwrap();
    let body = world.entry(&letter_id, "rejected").await.body;
    assert_eq!(body.reason.as_deref(), Some("ATTACHMENT_INFECTED"));
    let digest = siegel_crypto::b64::encode(siegel_crypto::sha256(INFECTED));
    assert_eq!(
        (body.attachment.as_ref(), body.attachment_digests.last()),
        (Some(&digest), Some(&digest))
    );
    let mut tx = world.db.read().await.unwrap();
    let kinds = siegel_db::audit::kinds(&mut tx).await.unwrap();
    assert!(kinds.iter().any(|kind| kind == "postbox.attachment.infected"));
}

async fn an_infected_upload_can_never_be_used(db: Db) {
    let clamd = Clamd::start().await;
    let world = scanned_world(db, &clamd.address).await;
    let begun = create(&world, sender(), declared("b.pdf", "application/pdf", INFECTED)).await;
    let begun = begun.unwrap();
    // Half of the signature in each request: it is looked at as a whole.
    send(&world, sender(), &begun.upload_id, (0, &INFECTED[..20])).await.unwrap();
    let rest = (20, &INFECTED[20..]);
    let status = send(&world, sender(), &begun.upload_id, rest).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ATTACHMENT_INFECTED"));
    let status = send(&world, sender(), &begun.upload_id, (0, PDF)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("UPLOAD_REFUSED"));
    assert_eq!(world.objects(), 0);
}

/// An address at which nobody answers.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn a_scanner_that_is_down_refuses_letters_with_attachments(db: Db) {
    let world = scanned_world(db, &nobody().await).await;
    let letter = request("r1", &world.handle(1).await);
    let status = world.sender().submit(letter).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status).as_deref(), Some("SCANNER_DOWN"));
    world.assert_nothing_stored().await;
}

async fn a_letter_without_attachments_needs_no_scanner(db: Db) {
    let world = scanned_world(db, &nobody().await).await;
    let done = world.deliver("r1", |r| r.attachments.clear()).await;
    assert_eq!(done.state(), pb::DeliveryState::Provided);
}

async fn an_upload_waits_for_a_scanner_that_is_down(db: Db) {
    let address = nobody().await;
    let world = scanned_world(db, &address).await;
    let begun = create(&world, sender(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    let status = send(&world, sender(), &begun.upload_id, (0, PDF)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("SCANNER_DOWN"));
    // It comes back at the same address.
    let listener = TcpListener::bind(&address).await.unwrap();
    let _task = AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(answer(stream, Signatures::default(), Arc::default()));
        }
    }));
    let done = send(&world, sender(), &begun.upload_id, (PDF.len(), b"")).await.unwrap();
    assert_eq!((done.state(), done.scan()), (pb::UploadState::Ready, pb::ScanState::Scanned));
}

async fn a_complete_upload_is_not_read_again_with_every_empty_request(db: Db) {
    let world = scanned_world(db, &nobody().await).await;
    let begun = create(&world, sender(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    let id = &begun.upload_id;
    send(&world, sender(), id, (0, &PDF[..20])).await.unwrap();
    let status = send(&world, sender(), id, (20, &PDF[20..])).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("SCANNER_DOWN"));
    let again = || send(&world, sender(), id, (PDF.len(), b""));
    for _ in 0..2 {
        let status = again().await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(reason(&status).as_deref(), Some("UPLOAD_BEING_CHECKED"));
    }
    world.clock.advance(std::time::Duration::from_secs(30));
    let status = again().await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("SCANNER_DOWN"), "it is checked again");
}

async fn a_check_that_ended_with_its_process_is_taken_up_by_a_later_request(db: Db) {
    let world = scanned_world(db, &nobody().await).await;
    let begun = create(&world, sender(), declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    let id = &begun.upload_id;
    send(&world, sender(), id, (0, &PDF[..20])).await.unwrap();
    send(&world, sender(), id, (20, &PDF[20..])).await.unwrap_err();
    world.clock.advance(std::time::Duration::from_secs(30));
    // Another process begins a check, and is killed.
    let now = world.postbox.now().legal;
    let mut tx = world.postbox.db.begin().await.unwrap();
    let claim = (now, now.plus(check_upload::CLAIM));
    assert!(resumable::claim_check(&mut tx, id.parse().unwrap(), claim).await.unwrap());
    tx.commit().await.unwrap();
    let again = || send(&world, sender(), id, (PDF.len(), b""));
    let nearly = check_upload::CLAIM.saturating_sub(std::time::Duration::from_secs(1));
    world.clock.advance(nearly);
    let status = again().await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("UPLOAD_BEING_CHECKED"));
    world.clock.advance(std::time::Duration::from_secs(1));
    let status = again().await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("SCANNER_DOWN"), "it is checked again");
}

async fn a_tenant_without_scans_delivers_while_the_scanner_is_down(db: Db) {
    let world = scanned_world(db, &nobody().await).await;
    let owner = pb::issue_handle_request::Owner::AccountId(super::world::account(1).to_string());
    let handle = world.handle_for(owner, "neustadt").await;
    let foreign = client(super::world::FOREIGN_CLIENT, "neustadt");
    let done = world.sender_as(foreign).submit(request("r1", &handle)).await.unwrap();
    let opened = world.open(&done.into_inner().letter_id).await.unwrap();
    assert!(opened.attachments.iter().all(|a| a.scan() == pb::ScanState::NotScanned));
}

async fn a_virus_that_is_known_later_blocks_the_attachment_and_tells_its_sender(db: Db) {
    let clamd = Clamd::start().await;
    let world = scanned_world(db, &clamd.address).await;
    let upload = uploaded(&world, "c.pdf", PDF).await;
    let done = world
        .deliver("r1", |r| {
            naming(r, &upload);
            r.attachments = vec![attachment("ok.txt", "text/plain", b"Guten Tag")];
        })
        .await;
    let opened = world.open(&done.letter_id).await.unwrap();
    clamd.signatures.learn(b"(Bescheid)", "ClamAV 1.4.6/2");
    while world.postbox.rescan().await.unwrap() > 0 {}
    let at = |n: usize| (done.letter_id.as_str(), opened.attachments[n].attachment_id.as_str());
    let status = super::downloads::range(&world, at(1), (0, 0)).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status).as_deref(), Some("ATTACHMENT_BLOCKED"));
    assert_eq!(super::downloads::range(&world, at(0), (0, 0)).await.unwrap(), b"Guten Tag");
    let again = world.open(&done.letter_id).await.unwrap();
    let scans: Vec<_> = again.attachments.iter().map(pb::Attachment::scan).collect();
    assert_eq!(scans, [pb::ScanState::Scanned, pb::ScanState::Blocked]);
    world.settle().await;
    let who = crate::app::submit::SenderClient {
        client_id: super::world::CLIENT.into(),
        tenant: "musterstadt".into(),
        name: sender().name(),
    };
    let events = world.postbox.events_after(&who, 0).await.unwrap();
    let event = events.iter().find(|e| e.kind == "attachment_blocked").unwrap();
    assert!(event.receipt.is_none());
    assert_eq!(event.letter.to_string(), done.letter_id);
}

async fn what_was_seen_with_the_same_signatures_is_not_scanned_again(db: Db) {
    let clamd = Clamd::start().await;
    let world = scanned_world(db, &clamd.address).await;
    world.deliver("r1", |_| {}).await;
    while world.postbox.rescan().await.unwrap() > 0 {}
    let before = *clamd.scans.lock().unwrap();
    assert_eq!(world.postbox.rescan().await.unwrap(), 0);
    assert_eq!(*clamd.scans.lock().unwrap(), before);
}

async fn letters_of_a_batch_are_scanned_again_only_after_its_commit(db: Db) {
    use super::batches::{add, commit, get, letters, work};
    let clamd = Clamd::start().await;
    let world = scanned_world(db, &clamd.address).await;
    add(&world, letters(&world, 1).await).await.unwrap();
    clamd.signatures.learn(b"(Bescheid)", "ClamAV 1.4.6/2");
    let before = *clamd.scans.lock().unwrap();
    assert_eq!(world.postbox.rescan().await.unwrap(), 0);
    assert_eq!(*clamd.scans.lock().unwrap(), before, "nobody has it yet");
    world.settle().await;
    assert_eq!(world.count("events").await, 0, "nor is there anything to tell of");
    commit(&world, false).await.unwrap();
    work(&world).await;
    while world.postbox.rescan().await.unwrap() > 0 {}
    let letter_id = get(&world).await.entries[0].letter_id.clone();
    let opened = world.open(&letter_id).await.unwrap();
    assert_eq!(opened.attachments[0].scan(), pb::ScanState::Blocked);
}

async fn a_virus_that_is_known_later_blocks_the_attachment_of_a_reply_too(db: Db) {
    use pb::letter_action::Action;
    let clamd = Clamd::start().await;
    let world = scanned_world(db, &clamd.address).await;
    let asks = |r: &mut pb::SubmitRequest| {
        r.attachments.clear();
        let reply = pb::ReplyAction { form_id: "f".into(), due_on: String::new() };
        let action = pb::LetterAction { action: Some(Action::Reply(reply)) };
        super::world::letter(r).actions = vec![action];
    };
    let letter_id = world.deliver("r1", asks).await.letter_id;
    world.open(&letter_id).await.unwrap();
    let who = || super::world::person(1, siegel_kernel::TrustLevel::High);
    let begun = create(&world, who(), declared("b.pdf", "application/pdf", PDF)).await.unwrap();
    send(&world, who(), &begun.upload_id, (0, PDF)).await.unwrap();
    let sent = pb::ReplyRequest {
        request_id: "a1".into(),
        letter_id: letter_id.clone(),
        attachments: vec![attachment("ok.txt", "text/plain", b"Guten Tag")],
        upload_ids: vec![begun.upload_id],
        ..Default::default()
    };
    let mut reader = world.reader(1, siegel_kernel::TrustLevel::High);
    let reply_id = reader.reply(sent).await.unwrap().into_inner().reply_id;
    let scans = async || {
        let get = pb::GetReplyRequest { letter_id: letter_id.clone(), reply_id: reply_id.clone() };
        let got = world.sender().get_reply(get).await.unwrap().into_inner();
        let scans: Vec<_> = got.attachments.iter().map(pb::Attachment::scan).collect();
        (got.attachments[1].attachment_id.clone(), scans)
    };
    assert_eq!(scans().await.1, [pb::ScanState::Scanned, pb::ScanState::Scanned]);
    clamd.signatures.learn(b"(Bescheid)", "ClamAV 1.4.6/2");
    while world.postbox.rescan().await.unwrap() > 0 {}
    let (attachment_id, seen) = scans().await;
    assert_eq!(seen, [pb::ScanState::Scanned, pb::ScanState::Blocked]);
    let request = pb::DownloadReplyAttachmentRequest {
        letter_id: letter_id.clone(),
        reply_id: reply_id.clone(),
        attachment_id,
        offset_bytes: 0,
    };
    let status = world.sender().download_reply_attachment(request).await.err().unwrap();
    assert_eq!(reason(&status).as_deref(), Some("ATTACHMENT_BLOCKED"));
    world.settle().await;
    assert_eq!(world.count("events WHERE kind = 'attachment_blocked'").await, 1);
}

async fn an_attachment_whose_object_is_gone_keeps_no_other_from_its_turn(db: Db) {
    let clamd = Clamd::start().await;
    let world = scanned_world(db, &clamd.address).await;
    let lost = world.deliver("r1", |_| {}).await;
    let objects = world.dir.path().join("objects/letters");
    std::fs::remove_dir_all(&objects).unwrap();
    let done = world.deliver("r2", |_| {}).await;
    clamd.signatures.learn(b"(Bescheid)", "ClamAV 1.4.6/2");
    while world.postbox.rescan().await.unwrap() > 0 {}
    let opened = world.open(&done.letter_id).await.unwrap();
    assert_eq!(opened.attachments[0].scan(), pb::ScanState::Blocked);
    assert!(world.open(&lost.letter_id).await.is_ok());
}
