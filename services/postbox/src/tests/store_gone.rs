//! The object store is gone: whoever needs it is told to come again, and gets everything then.

use siegel_crypto::b64;
use siegel_db::Db;
use siegel_grpc::{Caller, reason};
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_receipt::ReceiptFile;
use siegel_testkit::on_each_backend;
use tonic::{Code, Response, Status, Streaming};
use tonic_types::StatusExt as _;

use super::replies::{asked, order, reply};
use super::world::{PDF, World, attachment, letter, request};

on_each_backend! { &crate::MIGRATIONS =>
    whatever_needs_the_object_store_says_when_to_come_again
}

/// How a stream ended.
async fn end<T>(answer: Result<Response<Streaming<T>>, Status>) -> Status {
    let mut stream = match answer {
        Ok(answer) => answer.into_inner(),
        Err(status) => return status,
    };
    loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => return Status::ok(""),
            Err(status) => return status,
        }
    }
}

/// What each call comes to.
async fn calls(world: &World, letter_id: &str, reply_id: &str, leaf: &[u8]) -> Vec<Status> {
    let own = || world.reader(1, TrustLevel::High);
    let (letter_id, organisation_id) = (letter_id.to_owned(), String::new());
    let all = pb::DownloadAllRequest {
        letter_id: letter_id.clone(),
        organisation_id,
        ..Default::default()
    };
    let get = pb::GetReplyRequest { letter_id: letter_id.clone(), reply_id: reply_id.into() };
    let got = world.sender().get_reply(get).await.unwrap().into_inner();
    let file = pb::DownloadReplyAttachmentRequest {
        letter_id: letter_id.clone(),
        reply_id: reply_id.into(),
        attachment_id: got.attachments[0].attachment_id.clone(),
        offset_bytes: 0,
    };
    let proof = pb::GetInclusionProofRequest { leaf: leaf.to_vec(), tree_size: 0 };
    let mut sent = request("r2", &world.handle(1).await);
    letter(&mut sent).subject = "Noch einer".into();
    sent.attachments = vec![attachment("a.pdf", "application/pdf", PDF)];
    let done = |status: Option<Status>| status.unwrap_or_else(|| Status::ok(""));
    vec![
        end(own().download_all(all).await).await,
        end(world.sender().download_reply_attachment(file).await).await,
        done(world.evidence(Caller::Anyone).get_inclusion_proof(proof).await.err()),
        done(world.sender().submit(sent).await.err()),
        done(own().reply(order("a2", &letter_id)).await.err()),
    ]
}

async fn whatever_needs_the_object_store_says_when_to_come_again(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    let replied = reply(&world, order("a1", &letter_id)).await.unwrap();
    world.postbox.sequence().await.unwrap();
    let file = ReceiptFile::parse(&replied.receipt.unwrap().file).unwrap();
    let leaf = siegel_receipt::leaf(&b64::decode(&file.leaf_salt).unwrap(), &file.jws);
    let objects = world.dir.path().join("objects");
    let aside = world.dir.path().join("aside");
    std::fs::rename(&objects, &aside).unwrap();
    std::fs::write(&objects, "not a directory").unwrap();
    for (call, status) in
        calls(&world, &letter_id, &replied.reply_id, &leaf).await.iter().enumerate()
    {
        assert_eq!(status.code(), Code::Unavailable, "call {call}: {status:?}");
        assert_eq!(reason(status).as_deref(), Some("OBJECT_STORE_DOWN"), "call {call}");
        let hint = status.get_details_retry_info().and_then(|info| info.retry_delay);
        assert!(hint.is_some(), "call {call} does not say when");
    }
    std::fs::remove_file(&objects).unwrap();
    std::fs::rename(&aside, &objects).unwrap();
    for (call, status) in
        calls(&world, &letter_id, &replied.reply_id, &leaf).await.iter().enumerate()
    {
        assert_eq!(status.code(), Code::Ok, "call {call}: {status:?}");
    }
}
