//! Witnesses that are asked for their signatures under checkpoints.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use siegel_crypto::{Ed25519Key, b64_padded};
use siegel_db::Db;
use siegel_log::{
    Checkpoint, Hash, NoteVerifier, Policy, SignedNote, Witness, cosign, verify_consistency,
};
use siegel_receipt::{Failure, KeyTrust, PublishedKeys, ReceiptFile, verify_published};
use siegel_testkit::on_each_backend;

use super::world::World;
use crate::app::log::{KnownWitness, WitnessError, Witnesses};
use crate::ports::witness::{CallError, Cosigner, Reply};

on_each_backend! { &crate::MIGRATIONS =>
    a_cosignature_is_published_under_the_checkpoint_and_satisfies_a_policy,
    a_witness_that_is_down_holds_nothing_up_and_catches_up_later,
    a_witness_that_remembers_another_size_is_asked_again_from_there,
    what_is_not_the_witnesss_own_signature_is_not_published,
}

const NAME: &str = "witness.example";
const SEEN: u64 = 1_741_256_100;

/// A witness as C2SP `tlog-witness` describes it, in memory.
#[derive(Debug)]
struct SmallWitness {
    log: NoteVerifier,
    seed: u8,
    last: Mutex<Option<Checkpoint>>,
    down: Mutex<bool>,
}

impl SmallWitness {
    fn answer(&self, body: &str) -> Option<Reply> {
        let (head, note) = body.split_once("\n\n")?;
        let mut lines = head.lines();
        let old: u64 = lines.next()?.strip_prefix("old ")?.parse().ok()?;
        let proof = lines.map(|line| b64_padded::decode(line)?.try_into().ok());
        let proof: Vec<Hash> = proof.collect::<Option<_>>()?;
        let new = Checkpoint::open(note, &self.log).ok()?;
        let mut last = self.last.lock().unwrap();
        let known = last.as_ref().map_or(0, |head| head.size);
        if old != known {
            return Some(Reply { status: 409, body: format!("{known}\n") });
        }
        if let Some(last) = last.as_ref() {
            verify_consistency((last.size, &last.root), (new.size, &new.root), &proof).ok()?;
        }
        let mut note = SignedNote::parse(note).unwrap();
        note.signatures.clear();
        cosign(&mut note, NAME, &Ed25519Key::from_seed(&[self.seed; 32]).unwrap(), SEEN).unwrap();
        *last = Some(new);
        let (_, line) = note
            .to_string()
            .rsplit_once("\n\n")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        Some(Reply { status: 200, body: line })
    }
}

impl Cosigner for SmallWitness {
    fn add_checkpoint<'a>(
        &'a self,
        url: &'a str,
        body: String,
    ) -> BoxFuture<'a, Result<Reply, CallError>> {
        assert_eq!(url, "https://witness.example");
        let down = Reply { status: 503, body: String::new() };
        let refused = Reply { status: 422, body: String::new() };
        let is_down = *self.down.lock().unwrap();
        let reply = if is_down { down } else { self.answer(&body).unwrap_or(refused) };
        Box::pin(async move { Ok(reply) })
    }
}

/// The witness, and how the postbox knows it; `seed` is that of the key it really has.
fn witness(world: &World, seed: u8) -> (Arc<SmallWitness>, Witnesses) {
    let log = NoteVerifier::parse(&world.postbox.log_key().unwrap()).unwrap();
    let small = SmallWitness { log, seed, last: Mutex::default(), down: Mutex::default() };
    let small = Arc::new(small);
    let key = *Ed25519Key::from_seed(&[8; 32]).unwrap().public_key();
    let known = KnownWitness {
        name: NAME.into(),
        key: Witness::new(NAME, key).unwrap(),
        url: "https://witness.example".into(),
    };
    (small.clone(), Witnesses { known: vec![known], calls: small })
}

async fn cosigned(world: &World, witnesses: &Witnesses) -> bool {
    let note = SignedNote::parse(&world.postbox.checkpoint().await.unwrap()).unwrap();
    witnesses.known[0].key.verify(&note).is_ok()
}

async fn grown(world: &World, request_id: &str) -> String {
    let letter = world.deliver(request_id, |_| {}).await.letter_id;
    world.postbox.sequence().await.unwrap();
    letter
}

async fn a_cosignature_is_published_under_the_checkpoint_and_satisfies_a_policy(db: Db) {
    let world = World::new(db).await;
    let (_, witnesses) = witness(&world, 8);
    let letter = grown(&world, "r1").await;
    let policy = format!(
        "log {}\nwitness w {}\nquorum w\n",
        world.postbox.log_key().unwrap(),
        witnesses.known[0].key
    );
    let verdict = async || {
        let keys = PublishedKeys::from_json(&world.postbox.key_set().await.unwrap()).unwrap();
        let keys = keys.with_policy(Policy::parse(&policy).unwrap());
        let receipt = world.sent(&letter).await.receipts.remove(0);
        let file = ReceiptFile::parse(&receipt.file).unwrap();
        verify_published(&file, &keys, KeyTrust::Given)
    };
    assert_eq!(verdict().await, Err(Failure::Witnesses));
    assert!(world.postbox.ask_witnesses(&witnesses).await.is_empty());
    assert!(cosigned(&world, &witnesses).await);
    assert_eq!(verdict().await.unwrap().log_entry.unwrap().witnesses, ["w"]);
    // The audit, and who knows only the log, read the note as before.
    let note = world.postbox.checkpoint().await.unwrap();
    let log = NoteVerifier::parse(&world.postbox.log_key().unwrap()).unwrap();
    assert_eq!(Checkpoint::open(&note, &log).unwrap().size, 3);
    // Asked once more, it is not asked.
    assert!(world.postbox.ask_witnesses(&witnesses).await.is_empty());
    assert_eq!(world.postbox.checkpoint().await.unwrap(), note);
}

async fn a_witness_that_is_down_holds_nothing_up_and_catches_up_later(db: Db) {
    let world = World::new(db).await;
    let (small, witnesses) = witness(&world, 8);
    grown(&world, "r1").await;
    world.postbox.ask_witnesses(&witnesses).await;
    *small.down.lock().unwrap() = true;
    for request_id in ["r2", "r3"] {
        grown(&world, request_id).await;
        let failed = world.postbox.ask_witnesses(&witnesses).await;
        assert!(matches!(failed[0].1, WitnessError::Refused(503)), "{failed:?}");
    }
    assert!(!cosigned(&world, &witnesses).await, "and the checkpoint is there all the same");
    *small.down.lock().unwrap() = false;
    assert!(world.postbox.ask_witnesses(&witnesses).await.is_empty());
    assert!(cosigned(&world, &witnesses).await);
    assert_eq!(small.last.lock().unwrap().as_ref().unwrap().size, 9);
}

async fn a_witness_that_remembers_another_size_is_asked_again_from_there(db: Db) {
    let world = World::new(db).await;
    let (small, witnesses) = witness(&world, 8);
    grown(&world, "r1").await;
    world.postbox.ask_witnesses(&witnesses).await;
    *small.last.lock().unwrap() = None; // it was set up anew
    grown(&world, "r2").await;
    assert!(world.postbox.ask_witnesses(&witnesses).await.is_empty());
    assert!(cosigned(&world, &witnesses).await);
    // It saw more than there is: somebody else signs in the log's name, or the log was cut.
    small.last.lock().unwrap().as_mut().unwrap().size = 1_000;
    grown(&world, "r3").await;
    let failed = world.postbox.ask_witnesses(&witnesses).await;
    assert!(matches!(failed[0].1, WitnessError::Ahead(1_000)), "{failed:?}");
}

async fn what_is_not_the_witnesss_own_signature_is_not_published(db: Db) {
    let world = World::new(db).await;
    let (_, witnesses) = witness(&world, 9);
    grown(&world, "r1").await;
    let before = world.postbox.checkpoint().await.unwrap();
    let failed = world.postbox.ask_witnesses(&witnesses).await;
    assert!(matches!(failed[0].1, WitnessError::NotItsOwn), "{failed:?}");
    assert_eq!(world.postbox.checkpoint().await.unwrap(), before);
}
