//! Replies as those who wrote them read them again.

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::replies::{asked, order, reply};
use super::world::World;

on_each_backend! { &crate::MIGRATIONS =>
    who_replied_reads_the_text_again_and_it_is_on_record,
    nobody_else_reads_it_and_nobody_below_the_level_of_the_letter
}

async fn own(
    world: &World,
    (person, level): (u128, TrustLevel),
    [letter_id, reply_id]: [&str; 2],
) -> Result<pb::GetOwnReplyResponse, Status> {
    let request = pb::GetOwnReplyRequest {
        letter_id: letter_id.into(),
        organisation_id: String::new(),
        reply_id: reply_id.into(),
        ..Default::default()
    };
    Ok(world.reader(person, level).get_own_reply(request).await?.into_inner())
}

async fn who_replied_reads_the_text_again_and_it_is_on_record(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    let done = reply(&world, order("a1", &letter_id)).await.unwrap();
    let before = world.count("audit").await;
    let got = own(&world, (1, TrustLevel::High), [&letter_id, &done.reply_id]).await.unwrap();
    assert_eq!(got.text, "Anbei der Nachweis über die Gaube.");
    assert_eq!((got.form_id.as_str(), &got.content_json), ("nachweis-1", &done.content_json));
    let names: Vec<_> = got.attachments.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["Nachweis.pdf", "Daten.xml"]);
    let shown = got.reply.unwrap();
    assert_eq!((shown.reply_id.as_str(), shown.late), (done.reply_id.as_str(), false));
    // The recipient's copy: it names the place in the mailbox, and no handle.
    assert_eq!(shown.receipt, done.receipt);
    assert_eq!(world.count("audit").await, before + 1);
}

async fn nobody_else_reads_it_and_nobody_below_the_level_of_the_letter(db: Db) {
    let world = World::new(db).await;
    let letter_id = asked(&world).await;
    let done = reply(&world, order("a1", &letter_id)).await.unwrap();
    world.handle(2).await;
    let names = [letter_id.as_str(), done.reply_id.as_str()];
    let nobody = [letter_id.as_str(), "rpl_00000000000000000000000000000000"];
    let stranger = own(&world, (2, TrustLevel::High), names).await.unwrap_err();
    assert_eq!(
        (stranger.code(), reason(&stranger).as_deref()),
        (Code::NotFound, Some("LETTER_UNKNOWN"))
    );
    let missing = own(&world, (1, TrustLevel::High), nobody).await.unwrap_err();
    assert_eq!(reason(&missing).as_deref(), Some("REPLY_UNKNOWN"));
    let low = own(&world, (1, TrustLevel::Low), names).await.unwrap_err();
    assert_eq!(
        (low.code(), reason(&low).as_deref()),
        (Code::PermissionDenied, Some("TRUST_TOO_LOW"))
    );
}
