//! Putting attachments into the document safe of their reader.

use std::sync::{Arc, Mutex};

use siegel_db::Db;
use siegel_grpc::{reason, refusal};
use siegel_kernel::TrustLevel;
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::deposit_document_request::Part;
use siegel_proto::account::v1::document_deposit_service_server::DocumentDepositService;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::{Code, Request, Response, Status, Streaming};

use super::uploads::{large, naming, uploaded};
use super::world::{PDF, World, account as person};
use crate::domain::upload::PART;

on_each_backend! { &crate::MIGRATIONS =>
    an_attachment_goes_into_the_safe_with_its_letter_and_its_sender,
    a_request_id_counts_for_one_person_and_one_attachment,
    what_the_safe_refuses_is_told_with_its_reason,
    nothing_of_a_letter_that_is_not_opened_goes_into_the_safe,
    an_attachment_that_cannot_be_read_to_its_end_is_no_fault_of_the_safe
}

/// Head and bytes of a document.
type Taken = (account::DepositHead, Vec<u8>);

/// A fake `account`: takes whole documents until it is told to refuse.
#[derive(Clone, Default)]
pub struct Safe {
    pub taken: Arc<Mutex<Vec<Taken>>>,
    pub refuses: Arc<Mutex<Option<Status>>>,
}

#[tonic::async_trait]
impl DocumentDepositService for Safe {
    async fn deposit_document(
        &self,
        request: Request<Streaming<account::DepositDocumentRequest>>,
    ) -> Result<Response<account::DepositDocumentResponse>, Status> {
        if let Some(status) = self.refuses.lock().unwrap().clone() {
            return Err(status);
        }
        let (mut messages, mut head, mut bytes) = (request.into_inner(), None, Vec::new());
        while let Some(message) = messages.message().await? {
            match message.part.unwrap() {
                Part::Head(one) => head = Some(one),
                Part::Chunk(chunk) => bytes.extend(chunk),
            }
        }
        let head = head.unwrap();
        if head.document.as_ref().unwrap().sha256 != siegel_crypto::sha256(&bytes) {
            return Err(siegel_grpc::invalid(&[("sha256", "is not that of the bytes")]));
        }
        let mut taken = self.taken.lock().unwrap();
        taken.push((head, bytes));
        let document_id = format!("doc_{:032x}", taken.len());
        Ok(Response::new(account::DepositDocumentResponse { document_id }))
    }
}

pub async fn deposit(
    world: &World,
    (letter, attachment): (&str, &str),
    request_id: &str,
) -> Result<String, Status> {
    let request = pb::DepositAttachmentRequest {
        request_id: request_id.into(),
        letter_id: letter.into(),
        attachment_id: attachment.into(),
    };
    let stored = world.reader(1, TrustLevel::High).deposit_attachment(request).await?;
    Ok(stored.into_inner().document_id)
}

async fn an_attachment_goes_into_the_safe_with_its_letter_and_its_sender(db: Db) {
    let world = World::new(db).await;
    let letter = world.deliver("r1", |_| {}).await.letter_id;
    let opened = world.open(&letter).await.unwrap();
    let attachment = &opened.attachments[0];
    let stored = deposit(&world, (&letter, &attachment.attachment_id), "d1").await.unwrap();
    assert_eq!(stored, format!("doc_{:032x}", 1));
    let taken = world.safe.taken.lock().unwrap().clone();
    let (head, bytes) = &taken[0];
    assert_eq!(bytes, PDF);
    assert_eq!((&head.account_id, &head.letter_id), (&person(1).to_string(), &letter));
    assert_eq!(head.origin(), account::DocumentOrigin::Letter);
    assert_eq!(head.issuer, opened.letter.unwrap().authority);
    assert_eq!(head.tenant, "musterstadt", "whose quota it counts for");
    let document = head.document.as_ref().unwrap();
    assert_eq!((&document.name, &document.media_type), (&attachment.name, &attachment.media_type));
    assert_eq!(document.sha256, attachment.sha256);
    assert!(world.kinds(&letter).await.contains(&"downloaded".to_owned()), "it was handed out");
}

async fn a_request_id_counts_for_one_person_and_one_attachment(db: Db) {
    let world = World::new(db).await;
    let mut of = Vec::new();
    for n in ["r1", "r2"] {
        let letter = world.deliver(n, |_| {}).await.letter_id;
        let attachment = world.open(&letter).await.unwrap().attachments[0].attachment_id.clone();
        for _ in 0..2 {
            deposit(&world, (&letter, &attachment), "d1").await.unwrap();
        }
        of.push(letter);
    }
    let taken = world.safe.taken.lock().unwrap().clone();
    let asked = |letter: &String| {
        let of = taken.iter().filter(|(head, _)| head.letter_id == *letter);
        of.map(|(head, _)| head.document.as_ref().unwrap().request_id.clone()).collect::<Vec<_>>()
    };
    let (first, second) = (asked(&of[0]), asked(&of[1]));
    assert_eq!(first[0], first[1], "a retry is the same request at the safe");
    assert_ne!(first[0], second[0], "another attachment is another");
    let status = deposit(&world, (&of[0], "att_00000000000000000000000000000000"), "").await;
    assert_eq!(status.unwrap_err().code(), Code::InvalidArgument);
}

async fn what_the_safe_refuses_is_told_with_its_reason(db: Db) {
    let world = World::new(db).await;
    let letter = world.deliver("r1", |_| {}).await.letter_id;
    let attachment = world.open(&letter).await.unwrap().attachments[0].attachment_id.clone();
    let full = refusal(Code::ResourceExhausted, "QUOTA_EXCEEDED", "full", []);
    let off = refusal(Code::FailedPrecondition, "DOCUMENTS_OFF", "off", []);
    let reused = refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", "reused", []);
    let large = siegel_grpc::invalid(&[("head.size_bytes", "is too large")]);
    let away = refusal(Code::NotFound, "ACCOUNT_UNKNOWN", "none", []);
    let told = [
        (full, Code::ResourceExhausted, "SAFE_FULL"),
        (off, Code::FailedPrecondition, "DOCUMENTS_OFF"),
        (reused, Code::AlreadyExists, "REQUEST_ID_REUSED"),
        (large, Code::FailedPrecondition, "NOT_FOR_THE_SAFE"),
        (away, Code::Unavailable, "ACCOUNT_DOWN"),
        (Status::unavailable(""), Code::Unavailable, "ACCOUNT_DOWN"),
    ];
    for (refused, code, why) in told {
        *world.safe.refuses.lock().unwrap() = Some(refused);
        let status = deposit(&world, (&letter, &attachment), why).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_deref()), (code, Some(why)));
    }
}

async fn nothing_of_a_letter_that_is_not_opened_goes_into_the_safe(db: Db) {
    let world = World::new(db).await;
    let letter = world.deliver("r1", |_| {}).await.letter_id;
    let nobodys = "att_00000000000000000000000000000000";
    let status = deposit(&world, (&letter, nobodys), "d1").await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_NOT_OPENED"));
    world.open(&letter).await.unwrap();
    let status = deposit(&world, (&letter, nobodys), "d2").await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ATTACHMENT_UNKNOWN"));
    assert!(world.safe.taken.lock().unwrap().is_empty());
}

async fn an_attachment_that_cannot_be_read_to_its_end_is_no_fault_of_the_safe(db: Db) {
    let world = World::with(db, |config| config.limits.attachment_bytes = 64 << 20).await;
    let upload = uploaded(&world, "a.pdf", &large(2 * PART)).await;
    let letter = world.deliver("r1", |r| naming(r, &upload)).await.letter_id;
    let attachment = world.open(&letter).await.unwrap().attachments[0].attachment_id.clone();
    damage_last_byte(&world.dir.path().join("objects"));
    let status = deposit(&world, (&letter, &attachment), "d1").await.unwrap_err();
    assert_eq!(status.code(), Code::Internal, "{status:?}");
    assert!(world.safe.taken.lock().unwrap().is_empty(), "half of it is no document");
    assert!(!world.kinds(&letter).await.contains(&"downloaded".to_owned()));
}

/// In every file below.
fn damage_last_byte(dir: &std::path::Path) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            damage_last_byte(&path);
        } else {
            let mut bytes = std::fs::read(&path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }
    }
}
