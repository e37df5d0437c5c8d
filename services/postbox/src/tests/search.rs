//! Searching a mailbox by words of which the store knows nothing.

use siegel_db::{Db, StoreError, Tx, on};
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::common::v1::TrustLevel as WireLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::Code;

use super::world::{DAY, World, company, formal, letter, request};
use crate::store::{mailboxes, words};

on_each_backend! { &crate::MIGRATIONS =>
    a_listed_letter_is_found_by_subject_sender_and_case_however_they_are_written,
    several_words_must_all_stand_in_a_letter,
    texts_and_file_names_are_found_once_the_letter_is_opened,
    confirming_a_letter_makes_its_texts_found_as_opening_does,
    a_hidden_letter_is_not_found_before_it_is_opened,
    below_its_level_a_letter_is_found_only_by_what_lists_show,
    a_scheduled_letter_is_found_when_it_is_provided,
    no_table_holds_a_word_of_a_letter,
    a_word_has_another_tag_in_every_mailbox,
    nobody_finds_letters_of_another_mailbox,
    a_search_comes_in_pages_newest_first_and_says_how_much_there_is,
    the_trash_is_searched_only_when_it_is_named,
    filters_of_a_search_do_as_those_of_a_list,
    a_search_without_a_word_is_refused,
    a_letter_whose_content_is_destroyed_is_found_no_more,
    after_the_end_of_provision_a_letter_is_found_only_by_what_lists_show,
    the_index_of_a_closed_mailbox_is_gone
}

async fn search_as(
    world: &World,
    n: u128,
    level: TrustLevel,
    query: &str,
    bend: impl FnOnce(&mut pb::SearchRequest),
) -> pb::SearchResponse {
    let mut request = pb::SearchRequest { query: query.into(), ..Default::default() };
    bend(&mut request);
    world.reader(n, level).search(request).await.unwrap().into_inner()
}

pub async fn found(world: &World, query: &str) -> Vec<String> {
    let found = search_as(world, 1, TrustLevel::High, query, |_| {}).await;
    assert_eq!(found.total, i64::try_from(found.letters.len()).ok());
    found.letters.into_iter().map(|l| l.letter_id).collect()
}

const NOTHING: [&str; 0] = [];

async fn a_listed_letter_is_found_by_subject_sender_and_case_however_they_are_written(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| letter(r).subject = "Straßenbau: Müllerweg".into()).await;
    for query in
        ["straßenbau", "STRASSENBAU", "Muellerweg", "müllerweg", "Bauamt", "musterstadt", "BA-2025"]
    {
        assert_eq!(found(&world, query).await, std::slice::from_ref(&done.letter_id), "{query}");
    }
    for query in ["Müller", "Gaube", "Bescheid"] {
        assert_eq!(found(&world, query).await, NOTHING, "{query}");
    }
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"], "and not opened");
}

async fn several_words_must_all_stand_in_a_letter(db: Db) {
    let world = World::new(db).await;
    let one = world.deliver("r1", |r| letter(r).subject = "Gaube und Dach".into()).await.letter_id;
    let two = world.deliver("r2", |r| letter(r).subject = "Dach und Fach".into()).await.letter_id;
    assert_eq!(found(&world, "dach").await, [two.clone(), one.clone()]);
    assert_eq!(found(&world, "gaube DACH").await, [one]);
    assert_eq!(found(&world, "Dach, Fach").await, [two]);
    assert_eq!(found(&world, "Gaube Fach").await, NOTHING);
}

async fn texts_and_file_names_are_found_once_the_letter_is_opened(db: Db) {
    let world = World::new(db).await;
    let done = world
        .deliver("r1", |r| letter(r).bodies[0].easy_text = "Das ist leicht gesagt".into())
        .await;
    let words = ["Guten Tag", "leicht", "pdf", "Az"];
    for query in words {
        assert_eq!(found(&world, query).await, NOTHING, "{query}");
    }
    world.open(&done.letter_id).await.unwrap();
    for query in words {
        assert_eq!(found(&world, query).await, std::slice::from_ref(&done.letter_id), "{query}");
    }
    let rows = world.count("letter_words").await;
    world.open(&done.letter_id).await.unwrap();
    assert_eq!(world.count("letter_words").await, rows, "once is enough");
}

async fn confirming_a_letter_makes_its_texts_found_as_opening_does(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    assert_eq!(found(&world, "Guten").await, NOTHING);
    world.confirm(&done.letter_id).await.unwrap();
    assert_eq!(found(&world, "Guten").await, [done.letter_id]);
}

async fn a_hidden_letter_is_not_found_before_it_is_opened(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| letter(r).hide_preview = true).await;
    for query in ["Gaube", "Bauamt", "Guten"] {
        assert_eq!(found(&world, query).await, NOTHING, "{query}");
    }
    assert_eq!(world.count("letter_words").await, 0);
    world.open(&done.letter_id).await.unwrap();
    for query in ["Gaube", "Bauamt", "Guten"] {
        assert_eq!(found(&world, query).await, std::slice::from_ref(&done.letter_id), "{query}");
        let low = search_as(&world, 1, TrustLevel::Low, query, |_| {}).await;
        assert_eq!((low.letters.len(), low.total), (0, Some(0)), "{query}");
    }
}

async fn below_its_level_a_letter_is_found_only_by_what_lists_show(db: Db) {
    let world = World::new(db).await;
    let done = world
        .deliver("r1", |r| {
            // This word stands in the subject and in the text.
            letter(r).subject = "Ihr Bescheid".into();
            letter(r).required_level = WireLevel::High.into();
        })
        .await;
    world.open(&done.letter_id).await.unwrap();
    for (query, expected) in [("Bescheid", 1), ("Guten", 0), ("Bescheid Guten", 0), ("xml", 0)] {
        let low = search_as(&world, 1, TrustLevel::Substantial, query, |_| {}).await;
        assert_eq!(low.letters.len(), expected, "{query}");
        assert_eq!(found(&world, query).await.len(), 1, "{query}");
    }
}

async fn a_scheduled_letter_is_found_when_it_is_provided(db: Db) {
    let world = World::new(db).await;
    let later = world.postbox.now().legal.plus(DAY);
    let done = world
        .deliver("r1", |r| {
            letter(r).publish_at = Some(siegel_proto::convert::timestamp(later));
        })
        .await;
    assert_eq!(found(&world, "Gaube").await, NOTHING);
    world.wait(DAY * 2).await;
    assert_eq!(found(&world, "Gaube").await, [done.letter_id]);
}

/// Rows of all tables that hold these bytes, and how many columns were looked at.
async fn holding(world: &World, bytes: &[u8]) -> (i64, usize) {
    let columns = siegel_db::columns(&world.db).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let mut rows = 0;
    for column in &columns {
        let (table, name) = (&column.table_name, &column.column_name);
        let holds = match &tx {
            Tx::Sqlite(_) => format!("instr(CAST(\"{name}\" AS BLOB), $1) > 0"),
            Tx::Postgres(_) => {
                format!(
                    "position(encode($1, 'hex') IN encode(convert_to(\"{name}\"::text, 'UTF8'), \
                     'hex')) > 0 OR position(encode($1, 'hex') IN \"{name}\"::text) > 0"
                )
            }
        };
        let sql = format!("SELECT COUNT(*) FROM \"{table}\" WHERE {holds}");
        rows += rows_of(&mut tx, sqlx::AssertSqlSafe(sql), bytes).await.unwrap();
    }
    (rows, columns.len())
}

async fn rows_of(
    tx: &mut Tx,
    sql: sqlx::AssertSqlSafe<String>,
    bytes: &[u8],
) -> Result<i64, StoreError> {
    Ok(on!(tx, c => sqlx::query_scalar(sql).bind(bytes).fetch_one(c).await?))
}

async fn no_table_holds_a_word_of_a_letter(db: Db) {
    let world = World::new(db).await;
    let done = world
        .deliver("r1", |r| {
            letter(r).subject = "Quittengelee".into();
            letter(r).bodies[0].plain_text = "Zwetschgenmus".into();
        })
        .await;
    world.open(&done.letter_id).await.unwrap();
    world.settle().await;
    assert_eq!(found(&world, "quittengelee ZWETSCHGENMUS").await.len(), 1);
    for word in ["Quittengelee", "quittengelee", "Zwetschgenmus", "zwetschgenmus"] {
        let (rows, columns) = holding(&world, word.as_bytes()).await;
        assert_eq!(rows, 0, "{word}");
        assert!(columns > 100, "{columns} columns");
        // Nor what anybody could compute from the word alone.
        let hash = siegel_crypto::sha256(word.as_bytes());
        assert_eq!(holding(&world, &hash[..16]).await.0, 0, "SHA-256 of {word}");
    }
    // The search for plain words does find what lies there in plain.
    assert!(holding(&world, b"Bauamt Musterstadt").await.0 > 0);
    let mut tx = world.db.read().await.unwrap();
    let digest = a_digest(&mut tx).await.unwrap();
    drop(tx);
    assert!(holding(&world, &digest[..16]).await.0 > 0);
}

async fn a_digest(tx: &mut Tx) -> Result<Vec<u8>, StoreError> {
    const SQL: &str = "SELECT content_digest FROM letters";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).fetch_one(c).await?))
}

async fn tags(tx: &mut Tx) -> Result<Vec<Vec<u8>>, StoreError> {
    const SQL: &str = "SELECT tag FROM letter_words ORDER BY tag";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).fetch_all(c).await?))
}

async fn a_word_has_another_tag_in_every_mailbox(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    let other = request("r2", &world.handle(2).await);
    world.sender().submit(other).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let mut tags = tags(&mut tx).await.unwrap();
    let all = tags.len();
    tags.dedup();
    assert!(all > 10 && tags.len() == all, "two mailboxes share a tag");
}

async fn nobody_finds_letters_of_another_mailbox(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    let owner = pb::issue_handle_request::Owner::OrganisationId(company().to_string());
    let handle = world.handle_for(owner, "musterstadt").await;
    let of_company = world.sender().submit(request("r2", &handle)).await.unwrap().into_inner();
    world.handle(2).await;
    for n in [2, 3] {
        let other = search_as(&world, n, TrustLevel::High, "Gaube", |_| {}).await;
        assert_eq!((other.letters.len(), other.total), (0, Some(0)));
    }
    let organisation = company().to_string();
    let by_member = search_as(&world, 1, TrustLevel::High, "Gaube", |r| {
        r.organisation_id.clone_from(&organisation);
    })
    .await;
    let ids: Vec<_> = by_member.letters.into_iter().map(|l| l.letter_id).collect();
    assert_eq!(ids, [of_company.letter_id]);
    let request = pb::SearchRequest {
        query: "Gaube".into(),
        organisation_id: organisation,
        ..Default::default()
    };
    let status = world.reader(2, TrustLevel::High).search(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"));
}

async fn a_search_comes_in_pages_newest_first_and_says_how_much_there_is(db: Db) {
    let world = World::new(db).await;
    for n in 1..=5 {
        world.deliver(&format!("r{n}"), |r| letter(r).subject = format!("Gaube {n}")).await;
        world.deliver(&format!("x{n}"), |r| letter(r).subject = "Anderes".into()).await;
    }
    let subjects = |page: &pb::SearchResponse| {
        page.letters.iter().map(|l| l.subject.clone()).collect::<Vec<_>>()
    };
    let search = async |token: &str| {
        let token = token.to_owned();
        search_as(&world, 1, TrustLevel::High, "gaube", |r| {
            r.page_size = 2;
            r.page_token = token;
        })
        .await
    };
    let first = search("").await;
    assert_eq!(
        (subjects(&first), first.total),
        (vec!["Gaube 5".into(), "Gaube 4".into()], Some(5))
    );
    let second = search(&first.next_page_token).await;
    assert_eq!((subjects(&second), second.total), (vec!["Gaube 3".into(), "Gaube 2".into()], None));
    let third = search(&second.next_page_token).await;
    assert_eq!((subjects(&third), third.next_page_token.as_str()), (vec!["Gaube 1".into()], ""));
}

async fn the_trash_is_searched_only_when_it_is_named(db: Db) {
    let world = World::new(db).await;
    let one = world.deliver("r1", |_| {}).await.letter_id;
    let two = world.deliver("r2", |_| {}).await.letter_id;
    let (request_id, organisation_id) = (String::from("t"), String::new());
    let mut reader = world.reader(1, TrustLevel::High);
    let trash = pb::TrashRequest {
        request_id: request_id.clone(),
        letter_id: one.clone(),
        organisation_id: organisation_id.clone(),
        ..Default::default()
    };
    reader.trash(trash).await.unwrap();
    let archive = pb::ArchiveRequest {
        request_id,
        letter_id: two.clone(),
        organisation_id,
        ..Default::default()
    };
    reader.archive(archive).await.unwrap();
    assert_eq!(found(&world, "Gaube").await, [two]);
    let trashed = search_as(&world, 1, TrustLevel::High, "Gaube", |r| {
        r.folder = pb::Folder::Trash.into();
    })
    .await;
    assert_eq!(trashed.letters[0].letter_id, one);
    assert_eq!((trashed.letters.len(), trashed.total), (1, Some(1)));
}

async fn filters_of_a_search_do_as_those_of_a_list(db: Db) {
    let world = World::new(db).await;
    let plain = world
        .deliver("r1", |r| letter(r).importance = pb::Importance::Normal.into())
        .await
        .letter_id;
    let important = world.deliver("r2", |_| {}).await.letter_id;
    world.open(&important).await.unwrap();
    let only = async |unread_only, important_only| {
        let page = search_as(&world, 1, TrustLevel::High, "Gaube", |r| {
            r.unread_only = unread_only;
            r.important_only = important_only;
        })
        .await;
        assert_eq!(page.total, i64::try_from(page.letters.len()).ok(), "the count is filtered too");
        page.letters.into_iter().map(|l| l.letter_id).collect::<Vec<_>>()
    };
    assert_eq!(only(true, false).await, [plain]);
    assert_eq!(only(false, true).await, [important]);
    assert_eq!(only(true, true).await, NOTHING);
}

async fn a_search_without_a_word_is_refused(db: Db) {
    let world = World::new(db).await;
    for query in ["", "§ … !", &"x".repeat(201), "1 2 3 4 5 6 7 8 9 10 11"] {
        let request = pb::SearchRequest { query: query.into(), ..Default::default() };
        let status = world.reader(1, TrustLevel::High).search(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{query:?}");
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
        assert!(!status.message().contains('x'), "the words are nobody's business");
    }
}

async fn a_letter_whose_content_is_destroyed_is_found_no_more(db: Db) {
    let world = World::new(db).await;
    let gone = world.deliver("r1", |_| {}).await.letter_id;
    let stays = world.deliver("r2", |_| {}).await.letter_id;
    world.open(&gone).await.unwrap();
    let mut tx = world.db.begin().await.unwrap();
    let mailbox = mailboxes::any(&mut tx).await.unwrap().unwrap().id;
    words::forget_letter(&mut tx, mailbox, gone.parse().unwrap()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(found(&world, "Gaube").await, [stays]);
    assert_eq!(found(&world, "Guten").await, NOTHING);
}

async fn after_the_end_of_provision_a_letter_is_found_only_by_what_lists_show(db: Db) {
    let world = World::new(db).await;
    let until = world.postbox.now().legal.plus(DAY * 30);
    let withdrawn = |hidden: bool| {
        move |r: &mut pb::SubmitRequest| {
            letter(r).legal_basis.clear();
            letter(r).hide_preview = hidden;
            letter(r).retrieve_until = Some(siegel_proto::convert::timestamp(until));
        }
    };
    let open = world.deliver("r1", withdrawn(false)).await.letter_id;
    let hidden = world.deliver("r2", withdrawn(true)).await.letter_id;
    for id in [&open, &hidden] {
        world.open(id).await.unwrap();
    }
    let both = [hidden, open];
    for query in ["Guten Tag", "pdf", "Gaube", "Gaube Guten"] {
        assert_eq!(found(&world, query).await, both, "{query}");
    }
    world.wait(DAY * 31).await;
    for query in ["Gaube", "BA-2025-17", "Bauamt Gaube"] {
        assert_eq!(found(&world, query).await, both, "{query} stands in the list");
    }
    for query in ["Guten Tag", "pdf", "Gaube Guten", "Az"] {
        assert_eq!(found(&world, query).await, NOTHING, "{query} can be read nowhere");
    }
}

async fn the_index_of_a_closed_mailbox_is_gone(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    let other = request("r2", &world.handle(2).await);
    world.sender().submit(other).await.unwrap();
    let all = world.count("letter_words").await;
    world.close(1).await;
    let rest = world.count("letter_words").await;
    assert!(0 < rest && rest < all, "{rest} of {all} words are left");
    let others = search_as(&world, 2, TrustLevel::High, "Gaube", |_| {}).await;
    assert_eq!(others.letters.len(), 1);
}
