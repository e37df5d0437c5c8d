//! A disk that takes no more while an attachment is written.

use std::process::Command;

use siegel_grpc::reason;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::{Backend, test_db};
use tonic::{Code, Status};

use super::uploads::large;
use super::world::{World, attachment, request};

const NAME: &str =
    "tests::disk::a_disk_that_takes_no_more_refuses_the_letter_and_keeps_no_half_object";
/// Says to the second process that its files are small.
const SMALL: &str = "SIEGEL_TEST_SMALL_FILES";
/// What no file of that process gets over, KiB, and what the attachment has.
const LIMIT: usize = 5_000;
const LARGE: usize = 7 << 20;

/// How large a file may be belongs to the process: it is tested in one of its own. The kernel
/// refuses bytes in the middle of a file as it does on a full disk.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a word from the process that started this one")]
async fn a_disk_that_takes_no_more_refuses_the_letter_and_keeps_no_half_object() {
    if std::env::var(SMALL).is_ok() {
        return within_small_files().await;
    }
    // Without the trap the signal ends the process before a write can fail.
    let script = format!("trap '' XFSZ; ulimit -f {LIMIT}; exec \"$0\" --exact {NAME} --nocapture");
    let mut process = Command::new("bash");
    process.args(["-c", &script]).arg(std::env::current_exe().unwrap());
    assert!(process.env(SMALL, "1").status().unwrap().success(), "with small files");
}

async fn within_small_files() {
    let test = test_db(Backend::Sqlite, &crate::MIGRATIONS).await.unwrap();
    let world = World::with(test.db.clone(), |config| {
        config.limits.attachment_bytes = 8 << 20;
    })
    .await;
    let status = streamed(&world, "r1").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status).as_deref(), Some("OBJECT_STORE_DOWN"));
    world.assert_nothing_stored().await;
    // There is room for what is smaller.
    world.deliver("r2", |_| {}).await;
    assert_eq!(world.objects(), 2);
}

/// Sends a letter whose attachment is larger than any file may be.
async fn streamed(world: &World, request_id: &str) -> Result<pb::SubmitStreamResponse, Status> {
    use pb::submit_stream_request::Part;
    let content = large(LARGE);
    let declared = attachment("plan.pdf", "application/pdf", &content).declaration.unwrap();
    let head = pb::SubmitStreamHead {
        request_id: request_id.into(),
        letter: request(request_id, &world.handle(1).await).letter,
        attachments: vec![declared],
        upload_ids: Vec::new(),
    };
    let chunks = content.chunks(256 * 1024).map(|piece| Part::Chunk(piece.to_vec()));
    let parts: Vec<_> = std::iter::once(Part::Head(head)).chain(chunks).collect();
    let messages = parts.into_iter().map(|part| pb::SubmitStreamRequest { part: Some(part) });
    let answer = world.sender().submit_stream(tokio_stream::iter(messages)).await?;
    Ok(answer.into_inner())
}
