//! Heads of mailboxes: what the owner can prove about all letters at once.

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_log::{Checkpoint, Hash, NoteVerifier, verify_inclusion};
use siegel_proto::postbox::v1 as pb;
use siegel_receipt::{MailboxLink, ReceiptFile, head_leaf};
use siegel_testkit::on_each_backend;

use super::world::{DAY, World, company, letter, person};

on_each_backend! { &crate::MIGRATIONS =>
    heads_commit_to_every_letter_in_its_order,
    a_head_is_in_the_log_after_a_round,
    a_letter_that_waits_moves_no_head,
    only_who_may_read_a_mailbox_learns_its_head,
}

async fn head(
    world: &World,
    account: u128,
    organisation_id: &str,
    sequence: i64,
) -> Result<pb::GetMailboxHeadResponse, tonic::Status> {
    let organisation_id = organisation_id.to_owned();
    let request = pb::GetMailboxHeadRequest { organisation_id, sequence, ..Default::default() };
    let mut service = world.evidence(person(account, TrustLevel::High));
    Ok(service.get_mailbox_head(request).await?.into_inner())
}

/// The head that follows from what is said about it.
fn computed(said: &pb::GetMailboxHeadResponse) -> [u8; 32] {
    let link = MailboxLink {
        mailbox_id: &said.mailbox_id,
        sequence: said.sequence.unsigned_abs(),
        previous: &said.previous,
        letter_id: &said.letter_id,
        content_digest: &said.content_digest,
        provided_digest: &said.provided_digest,
    };
    link.head()
}

async fn heads_commit_to_every_letter_in_its_order(db: Db) {
    let world = World::new(db).await;
    let mut previous = Vec::new();
    for (sequence, request_id) in (1..).zip(["r1", "r2", "r3"]) {
        let done = world.deliver(request_id, |_| {}).await;
        let said = head(&world, 1, "", sequence).await.unwrap();
        assert_eq!((said.sequence, &said.letter_id), (sequence, &done.letter_id));
        assert_eq!(said.previous, previous);
        assert_eq!(computed(&said).to_vec(), said.head);
        let provided = ReceiptFile::parse(&done.receipts[1].file).unwrap();
        let token = siegel_crypto::sha256(provided.jws.as_bytes());
        assert_eq!(said.provided_digest, token);
        let verified = world.verified(&done.receipts[1]).await;
        let digest = siegel_crypto::b64::encode(&said.content_digest);
        assert_eq!(digest, verified.body.content_digest);
        previous = said.head;
    }
    assert_eq!(head(&world, 1, "", 0).await.unwrap().sequence, 3, "the newest");
}

async fn a_head_is_in_the_log_after_a_round(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    assert_eq!(head(&world, 1, "", 1).await.unwrap().place, None);
    world.postbox.sequence().await.unwrap();
    let said = head(&world, 1, "", 1).await.unwrap();
    let place = said.place.unwrap();
    let key = NoteVerifier::parse(&world.postbox.log_key().unwrap()).unwrap();
    let newest = Checkpoint::open(&place.checkpoint, &key).unwrap();
    let proof: Vec<Hash> =
        place.proof.iter().map(|step| step.as_slice().try_into().unwrap()).collect();
    let leaf = head_leaf(&said.leaf_salt, &said.head);
    let index = place.index.unsigned_abs();
    verify_inclusion(&leaf, index, newest.size, &proof, &newest.root).unwrap();
}

async fn a_letter_that_waits_moves_no_head(db: Db) {
    let world = World::new(db).await;
    let later = world.postbox.now().legal.plus(DAY);
    let publish_at = siegel_proto::convert::timestamp(later);
    let waiting = world.deliver("r1", |r| letter(r).publish_at = Some(publish_at)).await;
    let status = head(&world, 1, "", 0).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
    world.wait(DAY).await;
    assert_eq!(head(&world, 1, "", 0).await.unwrap().letter_id, waiting.letter_id);
}

async fn only_who_may_read_a_mailbox_learns_its_head(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    for (account, sequence) in [(2, 0), (2, 1), (1, 2), (1, -1)] {
        let status = head(&world, account, "", sequence).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
    }
    let status = head(&world, 2, &company().to_string(), 0).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"));
}
