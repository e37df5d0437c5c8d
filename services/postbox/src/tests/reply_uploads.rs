//! Replies whose attachments were uploaded before.

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;

use super::replies::{asked, download, order, reply};
use super::uploads::{create, declared, send, uploaded};
use super::world::{PDF, World, person};

on_each_backend! { &crate::MIGRATIONS =>
    a_reply_takes_uploads_that_were_made_before,
    an_upload_that_is_not_the_persons_own_or_not_complete_is_in_no_reply
}

/// An upload of account 1.
async fn own_upload(world: &World, name: &str) -> pb::Upload {
    let who = || person(1, TrustLevel::High);
    let begun = create(world, who(), declared(name, "application/pdf", PDF)).await.unwrap();
    send(world, who(), &begun.upload_id, (0, PDF)).await.unwrap()
}

async fn a_reply_takes_uploads_that_were_made_before(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    let upload = own_upload(&world, "Vorher.pdf").await;
    let mut sent = order("a1", &letter_id);
    sent.upload_ids = vec![upload.upload_id.clone()];
    let done = reply(&world, sent.clone()).await.unwrap();
    let signed = world.verified(done.receipt.as_ref().unwrap()).await.body.reply.unwrap();
    assert_eq!(signed.attachment_digests.len(), 3, "receipts sign it as any other");
    assert_eq!(reply(&world, sent.clone()).await.unwrap(), done, "again, with the same answer");
    let get = pb::GetReplyRequest { letter_id: letter_id.clone(), reply_id: done.reply_id.clone() };
    let got = world.sender().get_reply(get).await.unwrap().into_inner();
    let names: Vec<_> = got.attachments.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["Nachweis.pdf", "Daten.xml", "Vorher.pdf"]);
    let file = &got.attachments[2].attachment_id;
    assert_eq!(download(&world, &letter_id, &done.reply_id, file, 7).await, PDF[7..]);
    assert_eq!((world.count("uploads").await, world.count("resumable_uploads").await), (0, 0));
    // It is taken: neither another reply nor another request has it.
    for (request_id, wanted) in [("a2", "UPLOAD_UNKNOWN"), ("a1", "REQUEST_ID_REUSED")] {
        let mut other = order(request_id, &letter_id);
        other.attachments.clear();
        other.upload_ids = vec![upload.upload_id.clone()];
        let status = reply(&world, other).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some(wanted));
    }
}

async fn an_upload_that_is_not_the_persons_own_or_not_complete_is_in_no_reply(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    world.handle(2).await;
    let two = person(2, TrustLevel::High);
    let theirs = create(&world, two, declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    let senders = uploaded(&world, "a.pdf", PDF).await;
    let one = person(1, TrustLevel::High);
    let begun = create(&world, one, declared("a.pdf", "application/pdf", PDF)).await.unwrap();
    for (upload, wanted) in [
        (theirs.upload_id, "UPLOAD_UNKNOWN"),
        (senders.upload_id, "UPLOAD_UNKNOWN"),
        ("made up".into(), "UPLOAD_UNKNOWN"),
        (begun.upload_id, "UPLOAD_INCOMPLETE"),
    ] {
        let mut sent = order("a1", &letter_id);
        sent.upload_ids = vec![upload];
        let status = reply(&world, sent).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some(wanted));
    }
    let upload = own_upload(&world, "b.pdf").await;
    let mut six = order("a1", &letter_id);
    six.upload_ids = vec![upload.upload_id.clone(); 4];
    let status = reply(&world, six).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("TOO_MANY_ATTACHMENTS"));
    assert_eq!(world.count("replies").await, 0);
}
