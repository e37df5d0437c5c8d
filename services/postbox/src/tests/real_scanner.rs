//! Attachments before a real clamd. `tests/storage/run` starts it with signatures of its own and
//! sets `SIEGEL_TEST_CLAMD` (address) and `SIEGEL_TEST_CLAMD_DB` (directory of the signatures).

use std::io::Write as _;

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::{on_each_backend, server};

use super::world::{World, attachment, request};
use crate::config::ScannerConfig;

on_each_backend! { &crate::MIGRATIONS =>
    clamd_lets_clean_attachments_pass,
    clamd_finds_the_test_virus_also_inside_an_archive,
    clamd_finds_later_what_it_learns_later,
    clamd_that_was_stopped_refuses_attachments
}

async fn world(db: Db, address: String) -> World {
    let scanner = ScannerConfig { address, off_for: Vec::new() };
    World::with(db, |config| {
        config.scanner = Some(scanner);
        config.limits.media_types.push("application/zip".into());
    })
    .await
}

/// The EICAR test file, in two halves: no scanner shall find it here.
fn eicar() -> Vec<u8> {
    let halves = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];
    halves.concat().into_bytes()
}

fn archive(content: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file("inside.com", options).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap().into_inner()
}

async fn clamd_lets_clean_attachments_pass(db: Db) {
    let Some(address) = server("SIEGEL_TEST_CLAMD") else { return };
    let world = world(db, address).await;
    let zip = archive(b"Guten Tag");
    let done = world
        .deliver("r1", |r| r.attachments.push(attachment("a.zip", "application/zip", &zip)))
        .await;
    let opened = world.open(&done.letter_id).await.unwrap();
    assert!(opened.attachments.iter().all(|a| a.scan() == pb::ScanState::Scanned));
}

async fn clamd_finds_the_test_virus_also_inside_an_archive(db: Db) {
    let Some(address) = server("SIEGEL_TEST_CLAMD") else { return };
    let world = world(db, address).await;
    let (plain, zip) = (eicar(), archive(&eicar()));
    let infected =
        [attachment("a.txt", "text/plain", &plain), attachment("a.zip", "application/zip", &zip)];
    for file in infected {
        let mut letter = request("r1", &world.handle(1).await);
        letter.attachments = vec![file];
        let status = world.sender().submit(letter).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("ATTACHMENT_INFECTED"));
    }
    world.assert_only_rejected(2).await;
}

async fn clamd_finds_later_what_it_learns_later(db: Db) {
    let (Some(address), Some(dir)) = (server("SIEGEL_TEST_CLAMD"), server("SIEGEL_TEST_CLAMD_DB"))
    else {
        return;
    };
    let world = world(db, address.clone()).await;
    // Another word each time: the server goes on knowing what it learned.
    let word =
        format!("Wort {}", siegel_crypto::b64::encode(siegel_crypto::sha256(dir.as_bytes())));
    let word = format!("{word} {:?}", std::time::Instant::now());
    let done = world
        .deliver("r1", |r| r.attachments = vec![attachment("a.txt", "text/plain", word.as_bytes())])
        .await;
    let opened = world.open(&done.letter_id).await.unwrap();
    while world.postbox.rescan().await.unwrap() > 0 {}
    let hex = word.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let path = std::path::Path::new(&dir).join("later.ndb");
    std::fs::write(path, format!("Siegel.Later:0:*:{hex}\n")).unwrap();
    let at = clamav_client::tokio::Tcp { host_address: address.as_str() };
    clamav_client::tokio::reload(at).await.unwrap();
    let letter = done.letter_id.as_str();
    let id = opened.attachments[0].attachment_id.as_str();
    let found = async {
        loop {
            // Signatures of one's own have no version of their own: look at everything again.
            forget_scans(&world).await;
            world.postbox.rescan().await.unwrap();
            if let Err(status) = super::downloads::range(&world, (letter, id), (0, 0)).await {
                return status;
            }
            tokio::task::yield_now().await;
        }
    };
    let limit = std::time::Duration::from_secs(30);
    let status = tokio::time::timeout(limit, found).await.unwrap();
    assert_eq!(reason(&status).as_deref(), Some("ATTACHMENT_BLOCKED"));
}

async fn forget_scans(world: &World) {
    let mut tx = world.db.begin().await.unwrap();
    forget(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

async fn forget(tx: &mut siegel_db::Tx) -> Result<(), siegel_db::StoreError> {
    const SQL: &str = "UPDATE attachments SET scanned_with = ''";
    siegel_db::on!(tx, c => sqlx::query(SQL).execute(c).await?.rows_affected());
    Ok(())
}

async fn clamd_that_was_stopped_refuses_attachments(db: Db) {
    let Some(address) = server("SIEGEL_TEST_CLAMD_STOPPED") else { return };
    let world = world(db, address).await;
    let letter = request("r1", &world.handle(1).await);
    let status = world.sender().submit(letter).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("SCANNER_DOWN"));
    world.assert_nothing_stored().await;
}
