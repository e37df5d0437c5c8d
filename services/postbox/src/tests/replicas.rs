//! Two processes of the postbox on one database, whose letters meet in the same mailboxes.

use siegel_db::Db;
use siegel_grpc::Outside;
use siegel_grpc::testing::serve;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::sender_service_client::SenderServiceClient;
use siegel_testkit::on_each_backend;
use tokio::task::JoinSet;
use tonic::transport::Channel;

use super::together::{handles, plain};
use super::world::{CLIENT, World, account, client, senders};
use crate::app::Postbox;
use crate::config::Config;
use crate::start::{build, services};
use crate::store::heads;
use crate::store::mailboxes::{self, Owner};

on_each_backend! { &crate::MIGRATIONS =>
    groups_of_two_replicas_that_meet_in_the_same_mailboxes_double_and_lose_nothing,
    one_request_at_two_replicas_at_once_is_one_letter,
}

const PEOPLE: u128 = 9;
/// Letters of each replica to each person.
const EACH: usize = 6;

/// Another process at the same database, with connections of its own.
async fn other(world: &World) -> Postbox {
    let db = match &world.db {
        Db::Postgres(pool) => {
            let options = pool.connect_options().as_ref().clone();
            let pool = sqlx::postgres::PgPoolOptions::new().max_connections(10);
            Db::Postgres(pool.connect_with(options).await.unwrap())
        }
        // One process has the file.
        sqlite @ Db::Sqlite { .. } => sqlite.clone(),
    };
    let outside = Outside { db, ..world.outside.clone() };
    build(Config::in_directory(world.dir.path(), senders()), &outside).await.unwrap()
}

fn sender(postbox: &Postbox) -> SenderServiceClient<Channel> {
    SenderServiceClient::new(serve(&services(postbox), client(CLIENT, "musterstadt")))
}

async fn whole(world: &World, people: std::ops::Range<u128>, each: i64) {
    let mut tx = world.db.read().await.unwrap();
    for person in people {
        let owner = Owner::Account(account(person));
        let mailbox = mailboxes::of_owner(&mut tx, owner).await.unwrap().unwrap();
        assert_eq!((mailbox.letters, mailbox.unread), (each, each), "person {person}");
        let mut previous = Vec::new();
        for sequence in 1..=each {
            let head = heads::at(&mut tx, mailbox.id, sequence).await.unwrap().unwrap();
            assert_eq!(head.previous, previous, "head {sequence} does not follow");
            previous = head.head;
        }
    }
}

async fn groups_of_two_replicas_that_meet_in_the_same_mailboxes_double_and_lose_nothing(db: Db) {
    let world = World::new(db).await;
    let handles = handles(&world, 10..10 + PEOPLE).await;
    let replicas = [world.postbox.clone(), other(&world).await];
    let mut all = JoinSet::new();
    for round in 0..EACH {
        for (replica, postbox) in replicas.iter().enumerate() {
            // One from the first to the last, the other from the last to the first.
            let mut order: Vec<usize> = (0..handles.len()).collect();
            if replica == 1 {
                order.reverse();
            }
            for person in order {
                let id = format!("r-{replica}-{round}-{person}");
                let (request, mut sender) = (plain(&id, &handles[person]), sender(postbox));
                all.spawn(async move { sender.submit(request).await.unwrap().into_inner() });
            }
        }
    }
    let answers: Vec<pb::SubmitResponse> = all.join_all().await;
    let letters = i64::try_from(answers.len()).unwrap();
    assert_eq!(letters, i64::try_from(2 * EACH * handles.len()).unwrap());
    let ids: std::collections::HashSet<_> = answers.iter().map(|a| &a.letter_id).collect();
    assert_eq!(ids.len(), answers.len(), "each its own letter");
    for answer in &answers {
        assert_eq!(world.kinds(&answer.letter_id).await, ["accepted", "provided"]);
    }
    assert_eq!(world.count("letters").await, letters);
    assert_eq!(world.count("evidence").await, 2 * letters);
    whole(&world, 10..10 + PEOPLE, i64::try_from(2 * EACH).unwrap()).await;
    if let siegel_db::Tx::Postgres(mut tx) = world.db.read().await.unwrap() {
        const SQL: &str = "SELECT COUNT(DISTINCT xmin::TEXT) FROM letters";
        let commits: i64 = sqlx::query_scalar(SQL).fetch_one(&mut *tx).await.unwrap();
        assert!(commits < letters, "{commits} transactions: none was a group");
    }
}

async fn one_request_at_two_replicas_at_once_is_one_letter(db: Db) {
    let world = World::new(db).await;
    let handles = handles(&world, 10..10 + PEOPLE).await;
    let replicas = [world.postbox.clone(), other(&world).await];
    let mut all = JoinSet::new();
    for (person, handle) in handles.iter().enumerate() {
        for postbox in &replicas {
            let (request, mut sender) = (plain(&format!("r-{person}"), handle), sender(postbox));
            all.spawn(async move {
                (person, sender.submit(request).await.unwrap().into_inner().letter_id)
            });
        }
    }
    let mut letters = std::collections::HashMap::new();
    for (person, letter) in all.join_all().await {
        let first = letters.entry(person).or_insert_with(|| letter.clone());
        assert_eq!(*first, letter, "two letters for one request");
    }
    assert_eq!(world.count("letters").await, i64::try_from(PEOPLE).unwrap());
    whole(&world, 10..10 + PEOPLE, 1).await;
}
