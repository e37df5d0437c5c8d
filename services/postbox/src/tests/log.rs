//! The public log: what is in it, who may add to it, how it is read.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use siegel_crypto::{b64, sha256};
use siegel_db::{Db, on};
use siegel_grpc::reason;
use siegel_log::{
    Checkpoint, Hash, NoteVerifier, TileId, TileSet, leaf_hash, root, verify_consistency,
    verify_inclusion,
};
use siegel_proto::postbox::v1 as pb;
use siegel_receipt::ReceiptFile;
use siegel_testkit::on_each_backend;
use tower::ServiceExt as _;

use super::world::{CLIENT, World, client};
use crate::app::log::LogError;
use crate::domain::{LetterId, MailboxId, ReceiptId};
use crate::store::evidence::EvidenceRow;
use crate::store::log;

on_each_backend! { &crate::MIGRATIONS =>
    every_receipt_is_in_the_log_after_a_round,
    a_receipt_has_no_place_before_the_round,
    a_receipt_is_proven_to_anybody_who_knows_its_leaf,
    the_checkpoint_that_is_answered_is_the_published_one,
    the_log_only_grows_and_proves_it,
    questions_beyond_the_log_have_reasons,
    the_files_of_the_log_give_the_root_that_was_signed,
    tiles_fill_and_every_place_stays_provable,
    a_round_that_broke_off_is_done_again_with_the_same_tiles,
    two_sequencers_cannot_fork_the_log,
    only_the_holder_of_the_lease_sequences,
    the_log_goes_on_only_from_what_was_signed,
    a_log_keeps_its_key_and_its_name,
    without_a_key_there_is_no_log_but_letters_are_delivered,
}

async fn get(world: &World, path: &str) -> (StatusCode, Vec<u8>) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = crate::http::router(world.postbox.clone()).oneshot(request).await.unwrap();
    let status = answer.status();
    (status, answer.into_body().collect().await.unwrap().to_bytes().to_vec())
}

/// The newest checkpoint, as somebody outside reads it.
async fn head(world: &World) -> Checkpoint {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let key = text(get(world, "/log/key").await.1);
    let key = NoteVerifier::parse(key.trim()).unwrap();
    Checkpoint::open(&text(get(world, "/log/checkpoint").await.1), &key).unwrap()
}

fn leaf_of(receipt: &pb::Receipt) -> Vec<u8> {
    let file = ReceiptFile::parse(&receipt.file).unwrap();
    siegel_receipt::leaf(&b64::decode(&file.leaf_salt).unwrap(), &file.jws).to_vec()
}

fn hashes(proof: &[Vec<u8>]) -> Vec<Hash> {
    proof.iter().map(|step| step.as_slice().try_into().unwrap()).collect()
}

async fn prove(
    world: &World,
    leaf: Vec<u8>,
    tree_size: i64,
) -> Result<pb::GetInclusionProofResponse, tonic::Status> {
    let request = pb::GetInclusionProofRequest { leaf, tree_size };
    let mut service = world.evidence(siegel_grpc::Caller::Anyone);
    Ok(service.get_inclusion_proof(request).await?.into_inner())
}

async fn grown(
    world: &World,
    from_size: i64,
    to_size: i64,
) -> Result<pb::GetConsistencyProofResponse, tonic::Status> {
    let request = pb::GetConsistencyProofRequest { from_size, to_size };
    let mut service = world.evidence(siegel_grpc::Caller::Anyone);
    Ok(service.get_consistency_proof(request).await?.into_inner())
}

/// Leaves without letters: only the log sees them.
async fn leaves(world: &World, count: u64) -> Vec<Vec<u8>> {
    let mut tx = world.db.begin().await.unwrap();
    let before = world.count("log_leaves").await;
    let mut made = Vec::new();
    for n in 0..count {
        let id = uuid::Uuid::from_u128(1);
        let leaf = sha256(format!("{before}/{n}").as_bytes()).to_vec();
        let at = world.postbox.now().recorded;
        let row = EvidenceRow {
            mailbox_id: MailboxId::from_uuid(id),
            letter_id: LetterId::from_uuid(id),
            number: 1,
            id: ReceiptId::from_uuid(id),
            kind: String::new(),
            jws: String::new(),
            leaf_salt: Vec::new(),
            leaf: leaf.clone(),
            key_id: String::new(),
            event_at: at,
            recorded_at: at,
        };
        log::enqueue(&mut tx, &row).await.unwrap();
        made.push(leaf);
    }
    tx.commit().await.unwrap();
    made
}

async fn every_receipt_is_in_the_log_after_a_round(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    world.settle().await;
    world.postbox.sequence().await.unwrap();
    let receipts = world.sent(&done.letter_id).await.receipts;
    assert_eq!(receipts.len(), 4);
    // Between `provided` and `opened` stands the head of the mailbox.
    for (place, receipt) in [0, 1, 3, 4].into_iter().zip(&receipts) {
        let verified = world.verified(receipt).await;
        let entry = verified.log_entry.unwrap();
        assert_eq!((entry.origin.as_str(), entry.size), ("localhost:8080/log", 5));
        assert_eq!(entry.index, place, "in the order in which they were written");
    }
    assert_eq!(head(&world).await.size, 5);
}

async fn a_receipt_has_no_place_before_the_round(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let receipts = world.sent(&done.letter_id).await.receipts;
    assert_eq!(world.verified(&receipts[0]).await.log, "absent");
    world.postbox.sequence().await.unwrap();
    let request = pb::ListReceiptsRequest {
        letter_id: done.letter_id.clone(),
        organisation_id: String::new(),
        ..Default::default()
    };
    let mut evidence = world.evidence(client(CLIENT, "musterstadt"));
    let listed = evidence.list_receipts(request).await.unwrap().into_inner().receipts;
    assert_eq!(world.verified(&listed[0]).await.log, "included");
    // What comes later is not under that checkpoint.
    world.open(&done.letter_id).await.unwrap();
    let receipts = world.sent(&done.letter_id).await.receipts;
    assert_eq!(world.verified(&receipts[0]).await.log, "included");
    assert_eq!(world.verified(receipts.last().unwrap()).await.log, "absent");
}

async fn a_receipt_is_proven_to_anybody_who_knows_its_leaf(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let leaf = leaf_of(&done.receipts[1]);
    assert_eq!(
        reason(&prove(&world, leaf.clone(), 0).await.unwrap_err()).as_deref(),
        Some("BEYOND_END_OF_LOG"),
        "there is no checkpoint yet"
    );
    world.postbox.sequence().await.unwrap();
    let head = head(&world).await;
    let found = prove(&world, leaf.clone(), 0).await.unwrap();
    assert_eq!((found.index, found.tree_size), (1, 3));
    verify_inclusion(&leaf, 1, 3, &hashes(&found.proof), &head.root).unwrap();
    assert_eq!(found.checkpoint.into_bytes(), get(&world, "/log/checkpoint").await.1);
    let unknown = prove(&world, vec![0; 32], 0).await.unwrap_err();
    assert_eq!(reason(&unknown).as_deref(), Some("LEAF_UNKNOWN"));
}

async fn the_checkpoint_that_is_answered_is_the_published_one(db: Db) {
    let world = World::new(db).await;
    let ask = || async {
        let request = pb::GetCheckpointRequest::default();
        world.evidence(siegel_grpc::Caller::Anyone).get_checkpoint(request).await
    };
    leaves(&world, 2).await;
    let status = ask().await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("BEYOND_END_OF_LOG"), "nothing is signed yet");
    for _ in 0..2 {
        world.postbox.sequence().await.unwrap();
        let published = get(&world, "/log/checkpoint").await.1;
        let answered = ask().await.unwrap().into_inner().checkpoint;
        assert_eq!(answered.into_bytes(), published);
        leaves(&world, 3).await;
    }
}

async fn the_log_only_grows_and_proves_it(db: Db) {
    let world = World::new(db).await;
    let first = leaves(&world, 5).await;
    world.postbox.sequence().await.unwrap();
    let old = head(&world).await;
    leaves(&world, 6).await;
    world.postbox.sequence().await.unwrap();
    let new = head(&world).await;
    assert_eq!((old.size, new.size), (5, 11));
    let found = grown(&world, 5, 0).await.unwrap();
    assert_eq!((found.from_size, found.to_size), (5, 11));
    verify_consistency((5, &old.root), (11, &new.root), &hashes(&found.proof)).unwrap();
    // The old tree still answers, under the checkpoint that was signed for it.
    let past = prove(&world, first[3].clone(), 5).await.unwrap();
    verify_inclusion(&first[3], 3, 5, &hashes(&past.proof), &old.root).unwrap();
    assert!(past.checkpoint.starts_with("localhost:8080/log\n5\n"));
    // A size at which nothing was signed has a proof and no checkpoint.
    let between = prove(&world, first[3].clone(), 7).await.unwrap();
    assert_eq!((between.tree_size, between.checkpoint.as_str()), (7, ""));
}

async fn questions_beyond_the_log_have_reasons(db: Db) {
    let world = World::new(db).await;
    let first = leaves(&world, 3).await;
    world.postbox.sequence().await.unwrap();
    let beyond = Some("BEYOND_END_OF_LOG");
    for (from, to) in [(0, 4), (4, 0), (3, 2), (-1, 0), (0, -1)] {
        assert_eq!(reason(&grown(&world, from, to).await.unwrap_err()).as_deref(), beyond);
    }
    for size in [4, -1, i64::MAX] {
        let refused = prove(&world, first[0].clone(), size).await.unwrap_err();
        assert_eq!(reason(&refused).as_deref(), beyond);
    }
    // The last leaf is not in the tree of the first two.
    let refused = prove(&world, first[2].clone(), 2).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("LEAF_UNKNOWN"));
}

async fn the_files_of_the_log_give_the_root_that_was_signed(db: Db) {
    let world = World::new(db).await;
    let entries = leaves(&world, 7).await;
    world.postbox.sequence().await.unwrap();
    let (status, tile) = get(&world, "/log/tile/0/000.p/7").await;
    assert_eq!(status, StatusCode::OK);
    let mut tiles = TileSet::default();
    tiles.add(TileId::Hashes { level: 0, index: 0, width: 7 }, &tile).unwrap();
    let head = head(&world).await;
    assert_eq!(root(head.size, &mut |l, i| tiles.node(l, i)), Ok(head.root));
    let (_, bundle) = get(&world, "/log/tile/entries/000.p/7").await;
    let read = TileSet::entries(TileId::Entries { index: 0, width: 7 }, &bundle).unwrap();
    assert_eq!(read, entries);
    for (at, entry) in (0..).zip(&read) {
        assert_eq!(tiles.node(0, at), Some(leaf_hash(entry)));
    }
    for path in ["0/000", "0/000.p/8", "1/000.p/1", "0/..%2f..%2fx", "0/0", "data/000"] {
        assert_eq!(get(&world, &format!("/log/tile/{path}")).await.0, StatusCode::NOT_FOUND);
    }
}

async fn tiles_fill_and_every_place_stays_provable(db: Db) {
    fill(&World::new(db).await).await;
}

/// Fills tiles over their borders, and proves places in all of them.
pub async fn fill(world: &World) {
    let mut all = Vec::new();
    for count in [255, 1, 1, 300] {
        all.extend(leaves(world, count).await);
        world.postbox.sequence().await.unwrap();
    }
    let head = head(world).await;
    assert_eq!(head.size, 557);
    for path in ["0/000", "0/001", "0/002.p/45", "1/000.p/2", "entries/001", "entries/002.p/45"] {
        assert_eq!(get(world, &format!("/log/tile/{path}")).await.0, StatusCode::OK, "{path}");
    }
    for at in [0, 255, 256, 511, 512, 556] {
        let leaf = &all[usize::try_from(at).unwrap()];
        let found = prove(world, leaf.clone(), 0).await.unwrap();
        assert_eq!(found.index, i64::try_from(at).unwrap());
        verify_inclusion(leaf, at, 557, &hashes(&found.proof), &head.root).unwrap();
    }
    // Narrow tiles of the past are not needed: wider ones hold them.
    for narrow in world.postbox.objects.below("/").await.unwrap() {
        if narrow.contains("tile/0/000.p/") {
            world.postbox.objects.delete(&narrow).await.unwrap();
        }
    }
    grown(world, 255, 256).await.unwrap();
    grown(world, 257, 557).await.unwrap();
}

async fn a_round_that_broke_off_is_done_again_with_the_same_tiles(db: Db) {
    let world = World::new(db).await;
    leaves(&world, 3).await;
    world.postbox.sequence().await.unwrap();
    let before = get(&world, "/log/checkpoint").await.1;
    let late = leaves(&world, 2).await;
    let journal = world.postbox.journal.clone().unwrap();
    // Killed after the places were given, and again after the tiles were written.
    world.postbox.assign().await.unwrap();
    assert_eq!(get(&world, "/log/checkpoint").await.1, before);
    drop(world.postbox.draft(&journal).await.unwrap().unwrap());
    assert_eq!(get(&world, "/log/checkpoint").await.1, before, "it names only what is stored");
    let tile = get(&world, "/log/tile/0/000.p/5").await;
    assert_eq!(tile.0, StatusCode::OK);
    world.postbox.sequence().await.unwrap();
    assert_eq!(get(&world, "/log/tile/0/000.p/5").await, tile);
    assert_eq!(head(&world).await.size, 5);
    assert_eq!(prove(&world, late[1].clone(), 0).await.unwrap().index, 4);
    grown(&world, 3, 5).await.unwrap();
}

async fn two_sequencers_cannot_fork_the_log(db: Db) {
    let world = World::new(db).await;
    leaves(&world, 3).await;
    let journal = world.postbox.journal.clone().unwrap();
    world.postbox.assign().await.unwrap();
    let slow = world.postbox.draft(&journal).await.unwrap().unwrap();
    let also = world.postbox.draft(&journal).await.unwrap().unwrap();
    leaves(&world, 4).await;
    world.postbox.assign().await.unwrap();
    let fast = world.postbox.draft(&journal).await.unwrap().unwrap();
    assert!(world.postbox.publish(&fast).await.unwrap());
    let newest = head(&world).await;
    assert!(!world.postbox.publish(&slow).await.unwrap(), "it began before the other ended");
    assert!(!world.postbox.publish(&also).await.unwrap());
    assert_eq!((head(&world).await, newest.size), (newest.clone(), 7));
    assert_eq!(world.count("log_checkpoints").await, 1);
    leaves(&world, 1).await;
    world.postbox.sequence().await.unwrap();
    let found = grown(&world, 7, 8).await.unwrap();
    let last = head(&world).await;
    verify_consistency((7, &newest.root), (8, &last.root), &hashes(&found.proof)).unwrap();
}

async fn only_the_holder_of_the_lease_sequences(db: Db) {
    let world = World::new(db).await;
    let config = crate::Config::in_directory(world.dir.path(), Vec::new());
    let other = crate::start::build(config, &world.outside).await.unwrap();
    world.postbox.sequence().await.unwrap();
    leaves(&world, 2).await;
    other.sequence().await.unwrap();
    assert_eq!(head(&world).await.size, 0, "the first process is still there");
    world.clock.advance(std::time::Duration::from_secs(16));
    other.sequence().await.unwrap();
    assert_eq!(head(&world).await.size, 2);
}

async fn the_log_goes_on_only_from_what_was_signed(db: Db) {
    let world = World::new(db).await;
    leaves(&world, 3).await;
    world.postbox.sequence().await.unwrap();
    // Somebody bends the tree that the next checkpoint would go on from.
    let mut tx = world.db.begin().await.unwrap();
    let mut edge = log::head(&mut tx).await.unwrap().edge;
    edge[40] ^= 1;
    put_edge(&mut tx, &edge).await.unwrap();
    tx.commit().await.unwrap();
    leaves(&world, 1).await;
    assert!(matches!(world.postbox.sequence().await, Err(LogError::Broken(_))));
    assert_eq!(head(&world).await.size, 3);
}

async fn put_edge(tx: &mut siegel_db::Tx, edge: &[u8]) -> Result<(), siegel_db::StoreError> {
    const SQL: &str = "UPDATE log_head SET edge = $1";
    on!(tx, c => sqlx::query(SQL).bind(edge).execute(c).await?.rows_affected());
    Ok(())
}

async fn a_log_keeps_its_key_and_its_name(db: Db) {
    let world = World::new(db).await;
    world.postbox.sequence().await.unwrap();
    let config = || crate::Config::in_directory(world.dir.path(), Vec::new());
    let mut moved = world.outside.clone();
    moved.origin = "https://other.example".into();
    let again = crate::start::build(config(), &moved).await.unwrap();
    assert_eq!(again.log_key(), world.postbox.log_key());
    assert!(again.log_key().unwrap().starts_with("localhost:8080/log+"));
    std::fs::remove_file(world.dir.path().join("log-signing-key.pem")).unwrap();
    let refused = crate::start::build(config(), &world.outside).await.err().unwrap();
    assert!(matches!(refused, crate::StartError::OtherLogKey), "{refused}");
}

async fn without_a_key_there_is_no_log_but_letters_are_delivered(db: Db) {
    let mut world = World::new(db).await;
    let mut config = crate::Config::in_directory(world.dir.path(), super::world::senders());
    config.log_signing_key_file = None;
    world.postbox = crate::start::build(config, &world.outside).await.unwrap();
    let done = world.deliver("r1", |_| {}).await;
    world.postbox.sequence().await.unwrap();
    assert_eq!(world.verified(&done.receipts[0]).await.log, "absent");
    let refused = grown(&world, 0, 0).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("LOG_OFF"));
    assert_eq!(get(&world, "/log/checkpoint").await.0, StatusCode::NOT_FOUND);
    assert_eq!(get(&world, "/log/key").await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.count("log_leaves").await, 3, "they wait for the day there is a log");
}
