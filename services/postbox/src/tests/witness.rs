//! A small witness: reads the log as anybody can, remembers the last head, and puts its signature
//! only under what goes on from there (C2SP `tlog-cosignature`).

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use siegel_crypto::Ed25519Key;
use siegel_db::{Db, on};
use siegel_grpc::Caller;
use siegel_log::{Checkpoint, Hash, NoteVerifier, SignedNote, Witness, cosign, verify_consistency};
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tower::ServiceExt as _;

use super::world::World;

on_each_backend! { &crate::MIGRATIONS =>
    a_witness_cosigns_a_log_that_grows,
    a_witness_does_not_cosign_a_log_that_was_rewritten,
}

const NAME: &str = "witness.example";
const SEEN: u64 = 1_741_256_100;

struct SmallWitness {
    key: Ed25519Key,
    log: NoteVerifier,
    last: Option<Checkpoint>,
}

impl SmallWitness {
    fn new(world: &World) -> Self {
        let log = NoteVerifier::parse(&world.postbox.log_key().unwrap()).unwrap();
        Self { key: Ed25519Key::from_seed(&[8; 32]).unwrap(), log, last: None }
    }

    /// The newest checkpoint with this witness's signature; `None` when it must not sign.
    async fn look(&mut self, world: &World) -> Option<SignedNote> {
        let request = Request::get("/log/checkpoint").body(Body::empty()).unwrap();
        let answer = crate::http::router(world.postbox.clone()).oneshot(request).await.unwrap();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let new = Checkpoint::open(&text, &self.log).ok()?;
        if let Some(old) = &self.last {
            let request = pb::GetConsistencyProofRequest {
                from_size: i64::try_from(old.size).unwrap(),
                to_size: i64::try_from(new.size).unwrap(),
            };
            let mut service = world.evidence(Caller::Anyone);
            let found = service.get_consistency_proof(request).await.ok()?.into_inner();
            let proof: Vec<Hash> =
                found.proof.iter().map(|step| step.as_slice().try_into().unwrap()).collect();
            verify_consistency((old.size, &old.root), (new.size, &new.root), &proof).ok()?;
        }
        let mut note = SignedNote::parse(&text).unwrap();
        cosign(&mut note, NAME, &self.key, SEEN).unwrap();
        self.last = Some(new);
        Some(note)
    }
}

async fn a_witness_cosigns_a_log_that_grows(db: Db) {
    let world = World::new(db).await;
    let mut witness = SmallWitness::new(&world);
    let known = Witness::new(NAME, *witness.key.public_key()).unwrap();
    for request_id in ["r1", "r2", "r3"] {
        world.deliver(request_id, |_| {}).await;
        world.postbox.sequence().await.unwrap();
        let note = witness.look(&world).await.unwrap();
        let read = SignedNote::parse(&note.to_string()).unwrap();
        assert_eq!(known.verify(&read), Ok(SEEN));
        // Who knows only the log reads it as before.
        let head = Checkpoint::open(&note.to_string(), &witness.log).unwrap();
        assert_eq!(Some(&head), witness.last.as_ref());
    }
    assert_eq!(witness.last.unwrap().size, 9);
}

async fn a_witness_does_not_cosign_a_log_that_was_rewritten(db: Db) {
    let world = World::new(db).await;
    let mut witness = SmallWitness::new(&world);
    world.deliver("r1", |_| {}).await;
    world.postbox.sequence().await.unwrap();
    assert!(witness.look(&world).await.is_some());
    let mut tx = world.db.begin().await.unwrap();
    for sql in [
        "UPDATE log_leaves SET log_index = NULL",
        "DELETE FROM log_leaves WHERE number = 2",
        "DELETE FROM log_checkpoints",
        "UPDATE log_head SET assigned = 0, published = 0, edge = SUBSTR(edge, 1, 0)",
    ] {
        change(&mut tx, sql).await.unwrap();
    }
    tx.commit().await.unwrap();
    world.deliver("r2", |_| {}).await;
    world.postbox.sequence().await.unwrap();
    assert!(witness.look(&world).await.is_none());
    assert_eq!(witness.last.unwrap().size, 3, "it stays with what it saw");
}

async fn change(tx: &mut siegel_db::Tx, sql: &'static str) -> Result<(), siegel_db::StoreError> {
    on!(tx, c => sqlx::query(sql).execute(c).await?.rows_affected());
    Ok(())
}
