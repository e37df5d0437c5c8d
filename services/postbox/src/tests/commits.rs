//! Letters written together whose commit fails, or whose commit nobody hears of: every sender is told
//! to come again, and then has one letter.

use std::net::SocketAddr;
use std::str::FromStr as _;

use siegel_db::{Db, Target, Tx};
use siegel_grpc::reason;
use siegel_testkit::{Backend, on_each_backend, test_db};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tonic::Code;

use super::together::{Answer, Busy, handles, plain, send, until};
use super::world::World;

on_each_backend! { &crate::MIGRATIONS =>
    a_commit_that_fails_leaves_nothing_of_any_letter_and_all_may_come_again,
}

const LETTERS: usize = 6;

/// So many letters that are written by one transaction, and the two that kept everybody waiting.
async fn group(world: &World, handles: &[String]) -> (Busy, Vec<Answer>) {
    let busy = Busy::new(world).await;
    let letter = |(n, handle): (usize, &String)| send(world, plain(&format!("r-{n}"), handle));
    let answers: Vec<Answer> = handles.iter().enumerate().map(letter).collect();
    until(|| world.postbox.press.waiting() == LETTERS).await;
    (busy, answers)
}

/// All of them were told to come again.
async fn put_off(busy: Busy, answers: Vec<Answer>) {
    drop(busy.hold);
    for answer in busy.first.into_iter().chain(answers) {
        let status = answer.await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert_eq!(reason(&status).as_deref(), Some("EVIDENCE_STORE_DOWN"));
    }
}

/// They come again, and each has one whole letter.
async fn all_come_again(world: &World, people: &[String]) {
    let firsts = handles(world, 1..3).await;
    let firsts = firsts.iter().enumerate().map(|(n, to)| (format!("busy-{n}"), to));
    let all = people.iter().enumerate().map(|(n, to)| (format!("r-{n}"), to)).chain(firsts);
    for (request, to) in all {
        let done = world.sender().submit(plain(&request, to)).await.unwrap().into_inner();
        assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"]);
        for receipt in &done.receipts {
            world.verified(receipt).await;
        }
    }
    let whole = i64::try_from(LETTERS).unwrap() + 2;
    for table in ["letters", "sent_letters", "mailbox_heads"] {
        assert_eq!(world.count(table).await, whole, "{table}");
    }
    assert_eq!(world.count("evidence").await, 2 * whole);
    assert_eq!(world.count("log_leaves").await, 3 * whole);
}

/// From now on no transaction that writes a letter commits, though every statement works.
async fn doom(db: &Db) {
    const SQLITE: &str = "CREATE TABLE none (id INTEGER PRIMARY KEY); \
        CREATE TABLE doom (id INTEGER REFERENCES none (id) DEFERRABLE INITIALLY DEFERRED); \
        CREATE TRIGGER doomed AFTER INSERT ON letters BEGIN INSERT INTO doom VALUES (1); END";
    const POSTGRES: &str = "CREATE FUNCTION doom() RETURNS trigger LANGUAGE plpgsql AS \
            $$ BEGIN RAISE EXCEPTION 'doomed'; END $$; \
        CREATE CONSTRAINT TRIGGER doomed AFTER INSERT ON letters \
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION doom()";
    change(db, SQLITE, POSTGRES).await;
}

pub async fn change(db: &Db, sqlite: &'static str, postgres: &'static str) {
    let mut tx = db.begin().await.unwrap();
    match &mut tx {
        Tx::Sqlite(c) => drop(sqlx::raw_sql(sqlite).execute(&mut **c).await.unwrap()),
        Tx::Postgres(c) => drop(sqlx::raw_sql(postgres).execute(&mut **c).await.unwrap()),
    }
    tx.commit().await.unwrap();
}

async fn a_commit_that_fails_leaves_nothing_of_any_letter_and_all_may_come_again(db: Db) {
    let world = World::new(db).await;
    let people = handles(&world, 10..10 + LETTERS as u128).await;
    doom(&world.db).await;
    let (busy, answers) = group(&world, &people).await;
    put_off(busy, answers).await;
    assert_eq!((world.count("letters").await, world.count("evidence").await), (0, 0));
    change(&world.db, "DROP TRIGGER doomed", "DROP TRIGGER doomed ON letters").await;
    all_come_again(&world, &people).await;
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_doubles_no_letter_on_postgres() {
    let Some(test) = test_db(Backend::Postgres, &crate::MIGRATIONS).await else { return };
    let Target::Postgres { url, .. } = &test.target else { panic!("another database") };
    let options = PgConnectOptions::from_str(url).unwrap();
    let (lossy, losing) = (lossy_wire(&options).await, watch::Sender::new(false));
    tokio::spawn(lossy.1.run(losing.subscribe()));
    let options = options.host("127.0.0.1").port(lossy.0).options([("search_path", "own")]);
    let pool = PgPoolOptions::new().max_connections(10).connect_with(options).await.unwrap();
    let world = World::new(Db::Postgres(pool)).await;
    let people = handles(&world, 10..10 + LETTERS as u128).await;
    let (busy, answers) = group(&world, &people).await;
    losing.send_replace(true);
    put_off(busy, answers).await;
    losing.send_replace(false);
    assert_eq!(world.count("letters").await, i64::try_from(LETTERS).unwrap() + 2, "all is stored");
    all_come_again(&world, &people).await;
    world.db.close().await;
    test.drop_database().await;
}

/// A wire to PostgreSQL on which answers to commits can be lost.
struct Lossy {
    listener: TcpListener,
    server: SocketAddr,
}

async fn lossy_wire(options: &PgConnectOptions) -> (u16, Lossy) {
    let server = format!("{}:{}", options.get_host(), options.get_port());
    let server = tokio::net::lookup_host(server).await.unwrap().next().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    (listener.local_addr().unwrap().port(), Lossy { listener, server })
}

impl Lossy {
    async fn run(self, losing: watch::Receiver<bool>) {
        while let Ok((client, _)) = self.listener.accept().await {
            let server = TcpStream::connect(self.server).await.unwrap();
            tokio::spawn(carry(client, server, losing.clone()));
        }
    }
}

/// Carries both ways; a commit is heard, and nobody hears the answer.
async fn carry(mut client: TcpStream, mut server: TcpStream, losing: watch::Receiver<bool>) {
    let (mut out, mut back) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        tokio::select! {
            read = client.read(&mut out) => {
                let Ok(size @ 1..) = read else { return };
                if server.write_all(&out[..size]).await.is_err() {
                    return;
                }
                let commits = out[..size].windows(6).any(|word| word == b"COMMIT");
                if commits && *losing.borrow() {
                    let _ = server.read(&mut back).await;
                    return;
                }
            }
            read = server.read(&mut back) => {
                let Ok(size @ 1..) = read else { return };
                if client.write_all(&back[..size]).await.is_err() {
                    return;
                }
            }
        }
    }
}
