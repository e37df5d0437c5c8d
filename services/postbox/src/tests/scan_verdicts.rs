//! A scanner without a verdict, and every way out of what it found too late.

use std::sync::{Arc, Mutex};

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_testkit::on_each_backend;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;
use tonic::Code;

use super::deposits::deposit;
use super::downloads::all;
use super::export::whole;
use super::scan::{Clamd, content, scanned_world};
use super::world::request;

on_each_backend! { &crate::MIGRATIONS =>
    a_scanner_that_gives_no_verdict_lets_nothing_through,
    a_blocked_attachment_comes_out_by_no_door,
}

/// What it answers now.
type Answer = Arc<Mutex<&'static [u8]>>;

/// A clamd that takes content and answers this, whatever it was.
async fn answering(answer: Answer) -> (String, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let answer = *answer.lock().unwrap();
            tokio::spawn(one(stream, answer));
        }
    });
    (address, AbortOnDropHandle::new(task))
}

async fn one(mut stream: TcpStream, answer: &[u8]) -> Option<()> {
    while stream.read_u8().await.ok()? != 0 {}
    if answer == HANGS_UP {
        return None;
    }
    content(&mut stream).await?;
    stream.write_all(answer).await.ok()
}

const HANGS_UP: &[u8] = b"hangs up";

async fn a_scanner_that_gives_no_verdict_lets_nothing_through(db: Db) {
    let now = Answer::default();
    let (address, _scanner) = answering(now.clone()).await;
    let world = scanned_world(db, &address).await;
    let handle = world.handle(1).await;
    for answer in [
        b"INSTREAM size limit exceeded. ERROR\0".as_slice(),
        b"stream: OK ERROR\0",
        b"OK\0",
        b"\0",
        b"",
        b"\xff\0",
        HANGS_UP,
    ] {
        *now.lock().unwrap() = answer;
        let status = world.sender().submit(request("r1", &handle)).await.unwrap_err();
        let told = (status.code(), reason(&status));
        assert_eq!(told, (Code::Unavailable, Some("SCANNER_DOWN".into())), "{answer:?}");
        world.assert_nothing_stored().await;
    }
    *now.lock().unwrap() = b"stream: OK\0";
    world.sender().submit(request("r1", &handle)).await.unwrap();
}

async fn a_blocked_attachment_comes_out_by_no_door(db: Db) {
    let clamd = Clamd::start().await;
    let world = scanned_world(db, &clamd.address).await;
    let done = world.deliver("r1", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    let before = whole(&world).await.files;
    let holds = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        files.values().any(|file| file == super::world::PDF)
    };
    assert!(holds(&before), "the export shows it while it is clean");
    clamd.signatures.learn(b"(Bescheid)", "ClamAV 1.4.6/2");
    while world.postbox.rescan().await.unwrap() > 0 {}
    let at = (done.letter_id.as_str(), opened.attachments[0].attachment_id.as_str());
    let refused = [
        super::downloads::range(&world, at, (0, 0)).await.err(),
        all(&world, &done.letter_id).await.err(),
        deposit(&world, at, "d1").await.err(),
    ];
    for (door, status) in ["download", "archive", "safe"].into_iter().zip(refused) {
        let status = status.unwrap_or_else(|| panic!("it comes out by the {door}"));
        assert_eq!(reason(&status).as_deref(), Some("ATTACHMENT_BLOCKED"), "{door}");
    }
    let after = whole(&world).await.files;
    assert!(!holds(&after), "it comes out by the export");
    assert!(after.values().any(|file| file == super::world::XML), "the other one is there");
}
