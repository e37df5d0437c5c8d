//! What every entry says of who acted, what happens when none can be written, and what of them is
//! public.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use siegel_db::{Db, on};
use siegel_grpc::{Caller, reason};
use siegel_kernel::TrustLevel;
use siegel_log::{TileId, TileSet};
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::Code;
use tower::ServiceExt as _;

use super::world::{World, account, formal, senders};

on_each_backend! { &crate::MIGRATIONS =>
    every_act_of_a_recipient_names_who_when_logged_in_how_and_through_which_program,
    what_the_sender_and_the_service_did_names_no_person,
    no_act_is_done_whose_evidence_cannot_be_stored,
    the_published_log_holds_salted_hashes_only,
    a_started_postbox_puts_its_receipts_into_the_log_by_itself,
    the_key_set_over_grpc_is_the_published_one_and_for_everybody,
}

/// A letter with formal service that was answered, and one that was opened, downloaded, replied to.
async fn acted(world: &World) -> Vec<String> {
    let asked = super::replies::asked(world).await;
    let confirmed = world.deliver("r2", formal).await.letter_id;
    world.confirm(&confirmed).await.unwrap();
    let refused = world.deliver("r3", formal).await.letter_id;
    world.refuse(&refused).await.unwrap();
    let opened = world.open(&asked).await.unwrap();
    super::downloads::whole(world, &opened, 0).await;
    super::replies::reply(world, super::replies::order("a1", &asked)).await.unwrap();
    vec![confirmed, refused, asked]
}

async fn every_act_of_a_recipient_names_who_when_logged_in_how_and_through_which_program(db: Db) {
    let world = World::new(db).await;
    let mut seen = Vec::new();
    for letter in acted(&world).await {
        for receipt in world.sent(&letter).await.receipts {
            let actor = world.verified(&receipt).await.body.actor;
            if actor.role == "recipient" {
                seen.push(receipt.kind.clone());
                assert!(actor.pseudonym.is_some_and(|name| name.len() > 20), "{}", receipt.kind);
                let level = TrustLevel::High.number();
                assert_eq!(actor.trust_level, Some(level), "{}", receipt.kind);
                let logged_in = actor.authenticated_at.as_deref();
                assert_eq!(logged_in, Some("2025-03-06T10:00:00.000000Z"), "{}", receipt.kind);
                assert_eq!(actor.client_id.as_deref(), Some("portal"), "{}", receipt.kind);
            }
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, ["confirmed", "downloaded", "opened", "refused", "reply_accepted"]);
}

async fn what_the_sender_and_the_service_did_names_no_person(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await.letter_id;
    world.settle().await;
    world.recall(&done).await.unwrap();
    for receipt in world.sent(&done).await.receipts {
        let actor = world.verified(&receipt).await.body.actor;
        let by_sender = ["accepted", "recalled"].contains(&receipt.kind.as_str());
        let expected =
            if by_sender { ("sender", Some(super::world::CLIENT)) } else { ("service", None) };
        assert_eq!((&*actor.role, actor.client_id.as_deref()), expected, "{}", receipt.kind);
        assert_eq!(
            (actor.pseudonym, actor.trust_level, actor.authenticated_at),
            (None, None, None)
        );
    }
}

async fn run(db: &Db, sql: &'static str) -> Result<(), siegel_db::StoreError> {
    let mut tx = db.begin().await?;
    on!(&mut tx, c => sqlx::query(sql).execute(c).await?.rows_affected());
    tx.commit().await
}

async fn no_act_is_done_whose_evidence_cannot_be_stored(db: Db) {
    let world = World::new(db).await;
    let asked = super::replies::asked(&world).await;
    let served = world.deliver("r2", formal).await.letter_id;
    let plain = world.deliver("r3", |_| {}).await.letter_id;
    let before = world.count("evidence").await;
    let unread = world.unread().await;
    run(&world.db, "ALTER TABLE log_leaves RENAME TO log_leaves_gone").await.unwrap();
    let refused = [
        ("open", world.open(&plain).await.err()),
        ("confirm", world.confirm(&served).await.err()),
        ("refuse", world.refuse(&served).await.err()),
        ("recall", world.recall(&plain).await.err()),
        ("supersede", world.supersede("r4", &plain).await.err()),
        ("reply", {
            let order = super::replies::order("a1", &asked);
            super::replies::reply(&world, order).await.err()
        }),
    ];
    run(&world.db, "ALTER TABLE log_leaves_gone RENAME TO log_leaves").await.unwrap();
    for (act, status) in refused {
        let status = status.unwrap_or_else(|| panic!("{act} is done without evidence"));
        assert_eq!(status.code(), Code::Unavailable, "{act}");
        assert_eq!(reason(&status).as_deref(), Some("EVIDENCE_STORE_DOWN"), "{act}");
    }
    assert_eq!((world.count("evidence").await, world.unread().await), (before, unread));
    assert_eq!((world.count("replies").await, world.count("letters").await), (0, 3));
    for letter in [&served, &plain] {
        assert_eq!(world.sent(letter).await.state(), pb::DeliveryState::Provided);
        assert_eq!(world.kinds(letter).await, ["accepted", "provided"]);
    }
    // And all of it can be done afterwards.
    world.supersede("r4", &plain).await.unwrap();
    world.confirm(&served).await.unwrap();
    super::replies::reply(&world, super::replies::order("a1", &asked)).await.unwrap();
}

/// Everything of the log that anybody can fetch: file by file.
fn published(dir: &std::path::Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            published(&path, files);
        } else {
            files.push((path.to_string_lossy().into_owned(), std::fs::read(path).unwrap()));
        }
    }
}

async fn the_published_log_holds_salted_hashes_only(db: Db) {
    let world = World::new(db).await;
    let letters = acted(&world).await;
    world.settle().await;
    world.postbox.sequence().await.unwrap();
    let get = Request::get("/log/checkpoint").body(Body::empty()).unwrap();
    let answer = crate::http::router(world.postbox.clone()).oneshot(get).await.unwrap();
    let checkpoint = answer.into_body().collect().await.unwrap().to_bytes().to_vec();
    let mut files = vec![("checkpoint".to_owned(), checkpoint)];
    published(&world.dir.path().join("objects/log"), &mut files);
    let receipts = world.count("evidence").await;
    let size = usize::try_from(world.count("log_leaves").await).unwrap();
    let entries = files.iter().find(|(path, _)| path.contains("entries")).unwrap();
    let id = TileId::Entries { index: 0, width: size };
    let leaves = TileSet::entries(id, &entries.1).unwrap();
    assert!(leaves.len() == size && receipts > 10, "{} leaves of {receipts}", leaves.len());
    assert!(leaves.iter().all(|leaf| leaf.len() == 32), "each is one hash");
    // Salted: nobody who knows a receipt and not its salt finds it.
    for letter in &letters {
        for receipt in world.sent(letter).await.receipts {
            let file = siegel_receipt::ReceiptFile::parse(&receipt.file).unwrap();
            let unsalted = siegel_crypto::sha256(file.jws.as_bytes()).to_vec();
            assert!(!leaves.contains(&unsalted));
        }
    }
    let handle = world.handle(1).await;
    let person = account(1).to_string();
    let names = ["musterstadt", "Bauamt", "portal", &handle, &person].into_iter();
    for name in names.chain(letters.iter().map(String::as_str)) {
        for (path, content) in &files {
            assert!(!super::proof::contains(content, name.as_bytes()), "{name} stands in {path}");
        }
    }
}

async fn a_started_postbox_puts_its_receipts_into_the_log_by_itself(db: Db) {
    let world = World::new(db).await;
    let mut config = crate::Config::in_directory(world.dir.path(), senders());
    config.limits.attachment_bytes = 200_000;
    let _running = crate::start(config, world.outside.clone()).await.unwrap();
    let done = world.deliver("r1", |_| {}).await;
    let provable = async {
        loop {
            let receipts = world.sent(&done.letter_id).await.receipts;
            if world.verified(&receipts[0]).await.log == "included" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), provable).await.expect("nobody sequences");
}

async fn the_key_set_over_grpc_is_the_published_one_and_for_everybody(db: Db) {
    let world = World::new(db).await;
    let get = Request::get("/log/keys.json").body(Body::empty()).unwrap();
    let answer = crate::http::router(world.postbox.clone()).oneshot(get).await.unwrap();
    let published = answer.into_body().collect().await.unwrap().to_bytes();
    let mut anybody = world.evidence(Caller::Anyone);
    let keys = anybody.list_signing_keys(pb::ListSigningKeysRequest {}).await.unwrap();
    assert_eq!(keys.into_inner().jwks.as_bytes(), published);
}
