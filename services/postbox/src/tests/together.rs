//! Letters that are written by one transaction: each is whole, once, and for itself.

use std::time::Duration;

use siegel_db::{Db, Tx};
use siegel_grpc::reason;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tokio::task::JoinHandle;
use tonic::Status;

use super::world::{World, account, request};
use crate::store::mailboxes::{self, Owner};

on_each_backend! { &crate::MIGRATIONS =>
    letters_that_wait_are_written_together_and_each_is_whole,
    a_letter_that_cannot_be_written_does_not_keep_the_others,
    one_request_id_twice_among_them_is_one_letter,
    letters_to_one_mailbox_keep_its_sequence_without_a_gap,
    a_caller_who_goes_away_leaves_one_whole_letter,
}

pub type Answer = JoinHandle<Result<pb::SubmitResponse, Status>>;

/// A letter without attachments, which nothing keeps from being written at once.
pub fn plain(id: &str, handle: &str) -> pb::SubmitRequest {
    pb::SubmitRequest { attachments: Vec::new(), ..request(id, handle) }
}

pub fn send(world: &World, request: pb::SubmitRequest) -> Answer {
    let mut sender = world.sender();
    tokio::spawn(async move { Ok(sender.submit(request).await?.into_inner()) })
}

/// Keeps every writer busy: both of them with letters to two mailboxes that somebody holds.
pub struct Busy {
    pub hold: Tx,
    pub first: Vec<Answer>,
}

impl Busy {
    pub async fn new(world: &World) -> Self {
        let handles = [world.handle(1).await, world.handle(2).await];
        let mut hold = world.db.begin().await.unwrap();
        for n in [1, 2] {
            let owner = Owner::Account(account(n));
            let mailbox = mailboxes::of_owner(&mut hold, owner).await.unwrap().unwrap();
            mailboxes::hold(&mut hold, mailbox.id).await.unwrap();
        }
        let mut first = Vec::new();
        for (n, handle) in handles.iter().enumerate() {
            first.push(send(world, plain(&format!("busy-{n}"), handle)));
            until(|| world.postbox.press.writers() == n + 1 && world.postbox.press.waiting() == 0)
                .await;
        }
        Self { hold, first }
    }

    /// Lets them go on when so many letters wait.
    async fn release(self, world: &World, waiting: usize) {
        until(|| world.postbox.press.waiting() == waiting).await;
        drop(self.hold);
        for answer in self.first {
            answer.await.unwrap().unwrap();
        }
    }
}

pub async fn until(done: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it did not come to that");
}

pub async fn handles(world: &World, people: std::ops::Range<u128>) -> Vec<String> {
    let mut handles = Vec::new();
    for n in people {
        handles.push(world.handle(n).await);
    }
    handles
}

async fn letters_that_wait_are_written_together_and_each_is_whole(db: Db) {
    let world = World::new(db).await;
    let handles = handles(&world, 10..22).await;
    let busy = Busy::new(&world).await;
    let letter = |(n, handle): (usize, &String)| send(&world, plain(&format!("r-{n}"), handle));
    let answers: Vec<Answer> = handles.iter().enumerate().map(letter).collect();
    busy.release(&world, 12).await;
    for answer in answers {
        let submitted = answer.await.unwrap().unwrap();
        assert_eq!(submitted.receipts.len(), 2);
        for receipt in &submitted.receipts {
            world.verified(receipt).await;
        }
        assert_eq!(world.kinds(&submitted.letter_id).await, ["accepted", "provided"]);
    }
    assert_eq!(world.count("letters").await, 14);
    assert_eq!(world.count("mailbox_heads").await, 14);
    if let Tx::Postgres(mut tx) = world.db.read().await.unwrap() {
        const SQL: &str = "SELECT COUNT(DISTINCT xmin::TEXT) FROM letters";
        let commits: i64 = sqlx::query_scalar(SQL).fetch_one(&mut *tx).await.unwrap();
        assert!(commits <= 4, "{commits} transactions for 14 letters");
    }
}

async fn a_letter_that_cannot_be_written_does_not_keep_the_others(db: Db) {
    let world = World::new(db).await;
    let handles = handles(&world, 10..14).await;
    let closed = world.handle(14).await;
    let busy = Busy::new(&world).await;
    let letter = |(n, handle): (usize, &String)| send(&world, plain(&format!("r-{n}"), handle));
    let answers: Vec<Answer> = handles.iter().enumerate().map(letter).collect();
    let late = send(&world, plain("late", &closed));
    until(|| world.postbox.press.waiting() == 5).await;
    let mut busy = busy;
    let owner = Owner::Account(account(14));
    let now = world.postbox.now().recorded;
    mailboxes::close(&mut busy.hold, owner, now).await.unwrap();
    busy.hold.commit().await.unwrap();
    for answer in answers {
        answer.await.unwrap().unwrap();
    }
    let refused = late.await.unwrap().unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("RECIPIENT_UNKNOWN"));
    for answer in busy.first {
        answer.await.unwrap().unwrap();
    }
    assert_eq!(world.count("letters WHERE state = 'provided'").await, 6);
    assert_eq!(world.count("letters").await, 7, "and the one that was rejected");
}

async fn one_request_id_twice_among_them_is_one_letter(db: Db) {
    let world = World::new(db).await;
    let handles = handles(&world, 10..12).await;
    let busy = Busy::new(&world).await;
    let mut answers = vec![send(&world, plain("other", &handles[1]))];
    // As one that lost its answer and was sent again, by way of another mailbox's group.
    for _ in 0..3 {
        answers.push(send(&world, plain("same", &handles[0])));
    }
    busy.release(&world, 4).await;
    let mut ids = Vec::new();
    for answer in answers {
        ids.push(answer.await.unwrap().unwrap().letter_id);
    }
    assert!(ids[0] != ids[1] && ids[1] == ids[2] && ids[2] == ids[3], "{ids:?}");
    assert_eq!(world.count("letters").await, 4);
}

async fn letters_to_one_mailbox_keep_its_sequence_without_a_gap(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(10).await;
    let answers: Vec<Answer> =
        (0..12).map(|n| send(&world, plain(&format!("r-{n}"), &handle))).collect();
    for answer in answers {
        answer.await.unwrap().unwrap();
    }
    let mut tx = world.db.read().await.unwrap();
    let owner = Owner::Account(account(10));
    let mailbox = mailboxes::of_owner(&mut tx, owner).await.unwrap().unwrap();
    let mut previous = Vec::new();
    for sequence in 1..=12 {
        let head = crate::store::heads::at(&mut tx, mailbox.id, sequence).await.unwrap().unwrap();
        assert_eq!(head.previous, previous, "head {sequence} does not follow the one before");
        previous = head.head;
    }
    assert_eq!((mailbox.letters, mailbox.unread), (12, 12));
}

async fn a_caller_who_goes_away_leaves_one_whole_letter(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(10).await;
    let busy = Busy::new(&world).await;
    let gone = send(&world, plain("gone", &handle));
    until(|| world.postbox.press.waiting() == 1).await;
    gone.abort();
    busy.release(&world, 1).await;
    let again = world.sender().submit(plain("gone", &handle)).await.unwrap().into_inner();
    assert_eq!(world.kinds(&again.letter_id).await, ["accepted", "provided"]);
    assert_eq!(world.count("letters").await, 3);
}
