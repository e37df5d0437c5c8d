//! The level of a letter holds for everything that shows its content, not for its opening alone.

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::organisation::v1::Action;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::Status;

use super::acting::{BUILDING, beside, member};
use super::world::{World, company};

on_each_backend! { &crate::MIGRATIONS =>
    attachments_of_an_opened_letter_need_its_level_one_by_one_and_all_together,
    a_read_without_effect_needs_the_letters_level,
}

fn assert_too_low(door: &str, status: Option<Status>) {
    let status = status.unwrap_or_else(|| panic!("{door}: shown below the level"));
    assert_eq!(reason(&status).as_deref(), Some("TRUST_TOO_LOW"), "{door}: {status:?}");
}

async fn attachments_of_an_opened_letter_need_its_level_one_by_one_and_all_together(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    let (letter_id, attachment_id) = (done.letter_id, opened.attachments[0].attachment_id.clone());
    let mut low = world.reader(1, TrustLevel::Low);
    let one = pb::DownloadAttachmentRequest {
        letter_id: letter_id.clone(),
        attachment_id: attachment_id.clone(),
        ..Default::default()
    };
    assert_too_low("download", low.download_attachment(one).await.err());
    let all = pb::DownloadAllRequest { letter_id: letter_id.clone(), ..Default::default() };
    assert_too_low("archive", low.download_all(all).await.err());
    let keep = pb::DepositAttachmentRequest { request_id: "d".into(), letter_id, attachment_id };
    assert_too_low("safe", low.deposit_attachment(keep).await.err());
}

async fn a_read_without_effect_needs_the_letters_level(db: Db) {
    let world = World::new(db).await;
    world.access.allow(member(2, BUILDING, &[Action::ReadMail, Action::ReadHighMail]));
    let letter_id = beside(&world, "r1", BUILDING).await;
    let open = pb::OpenRequest {
        request_id: "o".into(),
        letter_id,
        organisation_id: company().to_string(),
        mailbox_id: BUILDING.into(),
        ..Default::default()
    };
    let low = world.reader(2, TrustLevel::Low).open(open.clone()).await.err();
    assert_too_low("read", low);
    let read = world.reader(2, TrustLevel::Substantial).open(open).await.unwrap().into_inner();
    assert!(read.receipt.is_none() && !read.bodies.is_empty());
}
