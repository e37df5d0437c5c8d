//! Content that goes when its time is over, and what forbids it.

use siegel_db::{Db, on};
use siegel_grpc::{fact, reason};
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;

use super::admin::{approve, class, hold, place, propose_release};
use super::world::{DAY, PDF, World, attachment, formal, letter};

on_each_backend! { &crate::MIGRATIONS =>
    content_goes_after_the_days_of_its_class_and_both_sides_get_a_receipt,
    a_class_that_the_tenant_does_not_have_is_refused,
    a_letter_that_names_no_class_gets_the_default_one,
    a_class_that_changes_leaves_the_letters_there_are,
    content_of_a_letter_without_an_end_stays_however_short_its_class,
    content_of_a_decision_stays_while_a_remedy_is_open,
    a_hold_on_the_letter_its_case_or_its_mailbox_keeps_content,
    a_hold_on_another_letter_or_case_keeps_nothing,
    content_goes_once_the_hold_is_released,
    nothing_that_can_be_read_is_left_anywhere,
    what_was_answered_goes_with_the_class_of_its_letter,
    a_purged_letter_is_listed_without_words_and_not_opened,
    the_log_agrees_after_a_purge
}

/// A world in which no remedy keeps content.
pub async fn world(db: Db) -> World {
    World::with(db, |config| config.retention.remedy_days = 0).await
}

/// An information that was opened, under a class of ten days.
pub async fn opened(world: &World, request_id: &str) -> String {
    class(world, "kurz", 10, false).await;
    let done = world
        .deliver(request_id, |r| {
            letter(r).legal_basis.clear();
            letter(r).retention_class = "kurz".into();
        })
        .await;
    world.open(&done.letter_id).await.unwrap();
    done.letter_id
}

pub async fn purged(world: &World, letter_id: &str) -> bool {
    world.summary(letter_id).await.purged
}

async fn content_goes_after_the_days_of_its_class_and_both_sides_get_a_receipt(db: Db) {
    let world = world(db).await;
    let id = opened(&world, "r1").await;
    world.wait(DAY * 9).await;
    assert!(!purged(&world, &id).await);
    assert!(world.open(&id).await.is_ok());
    world.wait(DAY).await;
    assert!(purged(&world, &id).await);
    let entry = world.entry(&id, "purged").await;
    assert_eq!(entry.body.reason.as_deref(), Some("RETENTION_ENDED"));
    let owner = super::world::person(1, TrustLevel::High);
    let request = pb::ListReceiptsRequest { letter_id: id.clone(), ..Default::default() };
    let theirs = world.evidence(owner).list_receipts(request).await.unwrap().into_inner();
    assert!(theirs.receipts.iter().any(|r| r.kind == "purged"), "the owner has no receipt");
    assert_eq!(world.sent(&id).await.state(), pb::DeliveryState::Opened, "the end stays");
    let opening = world.entry(&id, "opened").await;
    assert_eq!(opening.body.content_digest, entry.body.content_digest);
}

async fn a_class_that_the_tenant_does_not_have_is_refused(db: Db) {
    let world = world(db).await;
    let mut order = super::world::request("r1", &world.handle(1).await);
    letter(&mut order).retention_class = "lang".into();
    let status = world.sender().submit(order).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("RETENTION_CLASS_UNKNOWN"));
    world.assert_nothing_stored().await;
}

async fn a_letter_that_names_no_class_gets_the_default_one(db: Db) {
    let world = world(db).await;
    let before = world.deliver("r1", |r| letter(r).legal_basis.clear()).await;
    class(&world, "sonst", 5, true).await;
    class(&world, "usual", 7, true).await;
    let after = world.deliver("r2", |r| letter(r).legal_basis.clear()).await;
    for id in [&before.letter_id, &after.letter_id] {
        world.open(id).await.unwrap();
    }
    world.wait(DAY * 6).await;
    assert!(!purged(&world, &after.letter_id).await, "the later default is the default");
    world.wait(DAY).await;
    assert!(purged(&world, &after.letter_id).await);
    assert!(!purged(&world, &before.letter_id).await, "it was promised nothing else");
}

async fn a_class_that_changes_leaves_the_letters_there_are(db: Db) {
    let world = world(db).await;
    let id = opened(&world, "r1").await;
    class(&world, "kurz", 1, false).await;
    world.wait(DAY * 2).await;
    assert!(!purged(&world, &id).await);
}

async fn content_of_a_letter_without_an_end_stays_however_short_its_class(db: Db) {
    let world = world(db).await;
    class(&world, "tag", 1, true).await;
    let done = world.deliver("r1", formal).await;
    world.open(&done.letter_id).await.unwrap();
    world.wait(DAY * 3).await;
    assert!(!purged(&world, &done.letter_id).await, "formal service waits for its answer");
    world.wait(DAY * 2).await;
    assert_eq!(world.sent(&done.letter_id).await.state(), pb::DeliveryState::DeemedServed);
    world.wait(DAY * 2).await;
    assert!(purged(&world, &done.letter_id).await);
}

async fn content_of_a_decision_stays_while_a_remedy_is_open(db: Db) {
    let world = World::new(db).await;
    class(&world, "tag", 1, true).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    // Announced on the fourth day; the remedy without instruction is open for a year (VwGO § 58).
    world.wait(DAY * 300).await;
    assert!(!purged(&world, &done.letter_id).await);
    world.wait(DAY * 72).await;
    assert!(purged(&world, &done.letter_id).await);
}

async fn a_hold_on_the_letter_its_case_or_its_mailbox_keeps_content(db: Db) {
    let world = world(db).await;
    let handle = world.handle(1).await;
    let on_case = pb::PlaceLegalHoldRequest {
        handle: handle.clone(),
        case_id: "BA-2025-17".into(),
        ..hold("h-case")
    };
    let on_mailbox = pb::PlaceLegalHoldRequest { handle, ..hold("h-mailbox") };
    let id = opened(&world, "r1").await;
    let on_letter = pb::PlaceLegalHoldRequest { letter_id: id.clone(), ..hold("h-letter") };
    for order in [on_letter, on_case, on_mailbox] {
        let hold_id = place(&world, order.clone()).await;
        world.wait(DAY * 20).await;
        assert!(!purged(&world, &id).await, "{order:?}");
        // Behind the approval's back, so that nothing is looked at between two holds.
        let hold_id = hold_id.parse().unwrap();
        let mut tx = world.db.begin().await.unwrap();
        let now = world.postbox.now().recorded;
        let released = crate::store::admin::release_hold(&mut tx, "musterstadt", hold_id, now);
        assert!(released.await.unwrap().is_some());
        tx.commit().await.unwrap();
    }
    world.wait(DAY * 2).await;
    assert!(purged(&world, &id).await);
}

async fn a_hold_on_another_letter_or_case_keeps_nothing(db: Db) {
    let world = world(db).await;
    let other = world.deliver("other", |_| {}).await;
    let id = opened(&world, "r1").await;
    place(&world, pb::PlaceLegalHoldRequest { letter_id: other.letter_id, ..hold("h1") }).await;
    let handle = world.handle(1).await;
    let case = pb::PlaceLegalHoldRequest { handle, case_id: "BA-1".into(), ..hold("h2") };
    place(&world, case).await;
    world.wait(DAY * 10).await;
    assert!(purged(&world, &id).await);
}

async fn content_goes_once_the_hold_is_released(db: Db) {
    let world = world(db).await;
    let id = opened(&world, "r1").await;
    let order = pb::PlaceLegalHoldRequest { letter_id: id.clone(), ..hold("h") };
    let hold_id = place(&world, order).await;
    world.wait(DAY * 30).await;
    let proposal = propose_release(&world, &hold_id).await;
    world.settle().await;
    assert!(!purged(&world, &id).await, "a proposal releases nothing");
    approve(&world, "betrieb-2", &proposal).await.unwrap();
    world.settle().await;
    assert!(purged(&world, &id).await);
}

/// Every value of every table as text.
pub(super) async fn everything(db: &Db) -> Vec<u8> {
    let mut all = Vec::new();
    match db {
        Db::Sqlite { .. } => {
            let tables = names(db, "SELECT name FROM sqlite_master WHERE type = 'table'").await;
            for table in tables {
                let columns =
                    names(db, &format!("SELECT name FROM pragma_table_info('{table}')")).await;
                for column in columns {
                    let sql =
                        format!("SELECT hex({column}) FROM {table} WHERE {column} IS NOT NULL");
                    for value in names(db, &sql).await {
                        all.extend(unhex(&value));
                        all.push(b'\n');
                    }
                }
            }
        }
        Db::Postgres(_) => {
            let tables = names(
                db,
                "SELECT table_name::text FROM information_schema.tables \
                 WHERE table_schema = current_schema()",
            )
            .await;
            for table in tables {
                for row in names(db, &format!("SELECT t::text FROM {table} t")).await {
                    all.extend(row.into_bytes());
                    all.push(b'\n');
                }
            }
        }
    }
    all
}

async fn names(db: &Db, sql: &str) -> Vec<String> {
    async fn run(db: &Db, sql: String) -> Result<Vec<String>, siegel_db::StoreError> {
        let mut tx = db.read().await?;
        let sql = sqlx::AssertSqlSafe(sql);
        Ok(on!(&mut tx, c => sqlx::query_scalar(sql).fetch_all(c).await?))
    }
    run(db, sql.to_owned()).await.unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(pair).collect()
}

pub(super) fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|b| format!("{b:02x}").into_bytes()).collect()
}

pub(super) async fn holds_bytes(world: &World, wanted: &[u8]) -> bool {
    let all = everything(&world.db).await;
    let found = |wanted: &[u8]| all.windows(wanted.len()).any(|w| w == wanted);
    // PostgreSQL shows bytes as hexadecimal digits.
    found(wanted) || found(&hex(wanted))
}

async fn sealed(world: &World, column: &str) -> Vec<u8> {
    async fn run(db: &Db, sql: String) -> Result<Vec<u8>, siegel_db::StoreError> {
        let mut tx = db.read().await?;
        let sql = sqlx::AssertSqlSafe(sql);
        Ok(on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await?))
    }
    run(&world.db, format!("SELECT {column} FROM letters")).await.unwrap()
}

async fn nothing_that_can_be_read_is_left_anywhere(db: Db) {
    let world = world(db).await;
    let id = opened(&world, "r1").await;
    let label = pb::SetFlagsRequest {
        request_id: "f".into(),
        letter_id: id.clone(),
        labels: Some(pb::Labels { labels: vec!["Dachgaube".into()] }),
        ..Default::default()
    };
    world.reader(1, TrustLevel::High).set_flags(label).await.unwrap();
    let mut planted = Vec::new();
    for column in ["wrapped_key", "sealed_head", "sealed_content", "sealed_labels"] {
        planted.push(sealed(&world, column).await);
    }
    for value in &planted {
        assert!(holds_bytes(&world, value).await, "the search finds what is there");
    }
    assert_eq!(world.objects(), 2);
    world.wait(DAY * 10).await;
    for value in &planted {
        assert!(!holds_bytes(&world, value).await, "sealed bytes are left");
    }
    for word in ["Gaube", "Guten Tag", "Az. 2025-17", "BA-2025-17", "Bescheid.pdf"] {
        assert!(!holds_bytes(&world, word.as_bytes()).await, "{word} is left");
    }
    assert_eq!(world.objects(), 0);
    for table in ["attachments", "letter_labels", "doomed_objects", "retention", "uploads"] {
        assert_eq!(world.count(table).await, 0, "{table} holds rows");
    }
}

/// A letter of a class of ten days, opened at once and answered after nine.
pub(super) async fn answered(world: &World) -> String {
    use pb::letter_action::Action;
    class(world, "kurz", 10, false).await;
    let done = world
        .deliver("r1", |r| {
            letter(r).legal_basis.clear();
            letter(r).retention_class = "kurz".into();
            let reply = pb::ReplyAction { form_id: "f".into(), due_on: String::new() };
            letter(r).actions = vec![pb::LetterAction { action: Some(Action::Reply(reply)) }];
        })
        .await;
    world.open(&done.letter_id).await.unwrap();
    world.wait(DAY * 9).await;
    let reply = pb::ReplyRequest {
        request_id: "a1".into(),
        letter_id: done.letter_id.clone(),
        text: "Anbei der Nachweis.".into(),
        attachments: vec![attachment("Nachweis.pdf", "application/pdf", PDF)],
        ..Default::default()
    };
    world.reader(1, TrustLevel::High).reply(reply).await.unwrap();
    assert_eq!((world.count("replies").await, world.objects()), (1, 3));
    done.letter_id
}

async fn what_was_answered_goes_with_the_class_of_its_letter(db: Db) {
    let world = world(db).await;
    let id = answered(&world).await;
    world.wait(DAY * 9).await;
    assert!(!purged(&world, &id).await, "the authority may not have fetched it yet");
    world.wait(DAY).await;
    assert!(purged(&world, &id).await);
    assert_eq!((world.count("replies").await, world.count("reply_attachments").await), (0, 0));
    assert_eq!(world.objects(), 0);
    assert!(world.kinds(&id).await.contains(&"reply_accepted".to_owned()));
}

async fn a_purged_letter_is_listed_without_words_and_not_opened(db: Db) {
    let world = world(db).await;
    let id = opened(&world, "r1").await;
    world.wait(DAY * 10).await;
    let listed =
        world.reader(1, TrustLevel::High).list_letters(pb::ListLettersRequest::default()).await;
    let listed = listed.unwrap().into_inner().letters;
    assert_eq!((listed.len(), listed[0].subject.as_str(), listed[0].can_open), (1, "", false));
    let status = world.open(&id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_PURGED"));
    assert_eq!(fact(&status, "party").as_deref(), Some("caller"));
    let label = pb::SetFlagsRequest {
        letter_id: id.clone(),
        labels: Some(pb::Labels { labels: vec!["x".into()] }),
        ..Default::default()
    };
    let status = world.reader(1, TrustLevel::High).set_flags(label).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_PURGED"));
    // The sender's stream goes on, and the same request is still the same letter.
    assert!(world.kinds(&id).await.contains(&"purged".to_owned()));
    let again = world
        .deliver("r1", |r| {
            letter(r).legal_basis.clear();
            letter(r).retention_class = "kurz".into();
        })
        .await;
    assert_eq!(again.letter_id, id);
}

async fn the_log_agrees_after_a_purge(db: Db) {
    let world = world(db).await;
    let id = opened(&world, "r1").await;
    world.wait(DAY * 10).await;
    assert!(purged(&world, &id).await);
    world.postbox.sequence().await.unwrap();
    let config = crate::Config::in_directory(world.dir.path(), Vec::new());
    let report = crate::audit_log(&config, &world.db, None, &[]).await.unwrap();
    assert_eq!(report.differences, []);
}
