//! What a sender may know before writing, and the lists of letters.

use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::letter_action::Action;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::world::{
    CLIENT, DAY, FOREIGN_CLIENT, OTHER_CLIENT, World, account, client, company, letter,
};

on_each_backend! { &crate::MIGRATIONS =>
    checking_recipients_says_who_would_be_reached_in_the_order_asked,
    a_handle_nobody_has_a_revoked_and_a_foreign_one_are_the_same_answer,
    checking_recipients_stores_nothing_and_takes_1000_at_most,
    a_sender_learns_who_reached_the_level_it_asks_for_and_no_other,
    a_senders_letters_are_listed_newest_first_in_pages,
    sent_letters_are_found_by_case_state_and_time,
    letters_of_other_senders_are_in_nobody_elses_list,
    letters_are_listed_by_case,
    the_case_of_a_hidden_letter_is_found_at_its_level_only,
    letters_are_listed_by_the_day_something_is_due,
    archive_and_trash_are_listed_apart,
}

async fn check(world: &World, handles: Vec<String>) -> Result<Vec<pb::RecipientCheck>, Status> {
    let request = pb::CheckRecipientsRequest { handles, required_level: 0 };
    Ok(world.sender().check_recipients(request).await?.into_inner().recipients)
}

async fn checking_recipients_says_who_would_be_reached_in_the_order_asked(db: Db) {
    let world = World::new(db).await;
    let (one, two) = (world.handle(1).await, world.handle(2).await);
    let nobody = "hdl_00000000000000000000000000000000".to_owned();
    let asked = vec![two.clone(), nobody.clone(), one.clone(), two.clone()];
    let told = check(&world, asked.clone()).await.unwrap();
    assert_eq!(told.iter().map(|r| r.handle.clone()).collect::<Vec<_>>(), asked);
    let reachable: Vec<_> = told.iter().map(|r| (r.reachable, r.reason.as_str())).collect();
    let unknown = (false, "RECIPIENT_UNKNOWN");
    assert_eq!(reachable, [(true, ""), unknown, (true, ""), (true, "")]);
    world.close(1).await;
    assert!(!check(&world, vec![one]).await.unwrap()[0].reachable);
}

async fn a_handle_nobody_has_a_revoked_and_a_foreign_one_are_the_same_answer(db: Db) {
    let world = World::new(db).await;
    let owner = || pb::issue_handle_request::Owner::AccountId(account(1).to_string());
    let foreign = world.handle_for(owner(), "neustadt").await;
    let revoked = world.handle(1).await;
    world.revoke(1, &revoked).await.unwrap();
    let nobody = "hdl_00000000000000000000000000000000".to_owned();
    let told = check(&world, vec![foreign, revoked, nobody, "x".into()]).await.unwrap();
    let expected = |handle: &str| pb::RecipientCheck {
        handle: handle.into(),
        reachable: false,
        reason: "RECIPIENT_UNKNOWN".into(),
        ..pb::RecipientCheck::default()
    };
    assert!(told.iter().all(|r| *r == expected(&r.handle)), "{told:?}");
}

async fn checking_recipients_stores_nothing_and_takes_1000_at_most(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    let before = world.count("audit").await;
    let told = check(&world, vec![handle.clone(); 1_000]).await.unwrap();
    assert!(told.len() == 1_000 && told.iter().all(|r| r.reachable));
    for handles in [vec![handle; 1_001], Vec::new()] {
        let status = check(&world, handles).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    }
    let mut stranger = world.sender_as(client("somebody", "musterstadt"));
    let request = pb::CheckRecipientsRequest { handles: vec!["x".into()], required_level: 0 };
    let status = stranger.check_recipients(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("SENDER_UNKNOWN"));
    assert_eq!((world.count("audit").await, world.count("requests").await), (before, 0));
}

async fn a_sender_learns_who_reached_the_level_it_asks_for_and_no_other(db: Db) {
    use pb::RecipientLevel::{NotReached, Reached, Unspecified};
    let world = World::new(db).await;
    let owner = pb::issue_handle_request::Owner::OrganisationId(company().to_string());
    let company = world.handle_for(owner, "musterstadt").await;
    let handles = vec![world.handle(1).await, world.handle(2).await, company, "x".into()];
    let check = async |level: TrustLevel| {
        let required_level = siegel_proto::common::v1::TrustLevel::from(level).into();
        let request = pb::CheckRecipientsRequest { handles: handles.clone(), required_level };
        let told = world.sender().check_recipients(request).await.unwrap().into_inner().recipients;
        told.iter().map(pb::RecipientCheck::level).collect::<Vec<_>>()
    };
    world.levels.set(account(1), TrustLevel::High);
    world.levels.set(account(2), TrustLevel::Low);
    let expected = [Reached, NotReached, Unspecified, Unspecified];
    assert_eq!(check(TrustLevel::Substantial).await, expected);
    assert_eq!(check(TrustLevel::Low).await, [Reached, Reached, Unspecified, Unspecified]);
    let unasked = self::check(&world, handles.clone()).await.unwrap();
    assert!(unasked.iter().all(|r| r.level() == Unspecified), "{unasked:?}");
    // A sender who cannot be told still learns who would be reached.
    world.levels.away();
    assert_eq!(check(TrustLevel::Low).await, [Unspecified; 4]);
    let request = pb::CheckRecipientsRequest { handles, required_level: 9 };
    let status = world.sender().check_recipients(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
}

async fn sent(
    world: &World,
    bend: impl FnOnce(&mut pb::ListSentLettersRequest),
) -> pb::ListSentLettersResponse {
    let mut request = pb::ListSentLettersRequest::default();
    bend(&mut request);
    world.sender().list_sent_letters(request).await.unwrap().into_inner()
}

fn ids(listed: &pb::ListSentLettersResponse) -> Vec<&str> {
    listed.letters.iter().map(|l| l.request_id.as_str()).collect()
}

async fn a_senders_letters_are_listed_newest_first_in_pages(db: Db) {
    let world = World::new(db).await;
    for n in 1..=5 {
        world.deliver(&format!("r{n}"), |_| {}).await;
        // Two of them in the same instant.
        world.clock.advance(Duration::from_secs(u64::from(n != 2)));
    }
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let page = sent(&world, |r| (r.page_size, r.page_token) = (2, page_token)).await;
        seen.extend(page.letters.iter().map(|l| l.request_id.clone()));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!((&seen[..2], &seen[4]), (&["r5".to_owned(), "r4".to_owned()][..], &"r1".to_owned()));
    seen.sort();
    assert_eq!(seen, ["r1", "r2", "r3", "r4", "r5"], "each once");
    let first = sent(&world, |r| r.page_size = 1).await.letters.remove(0);
    assert_eq!((first.sender_reference.as_str(), &*first.case_id), ("Az. 2025-17", "BA-2025-17"));
    assert_eq!((first.state(), &*first.announced_on), (pb::DeliveryState::Provided, "2025-03-10"));
    let bad = pb::ListSentLettersRequest { page_token: "x".into(), ..Default::default() };
    let status = world.sender().list_sent_letters(bad).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

async fn sent_letters_are_found_by_case_state_and_time(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |r| letter(r).case_id = "A".into()).await;
    world.clock.advance(DAY);
    let since = timestamp(world.postbox.now().legal);
    let second = world.deliver("r2", |r| letter(r).case_id = "A".into()).await;
    world.deliver("r3", |r| letter(r).case_id = "B".into()).await;
    world.open(&second.letter_id).await.unwrap();
    assert_eq!(ids(&sent(&world, |r| r.case_id = "A".into()).await), ["r2", "r1"]);
    assert_eq!(ids(&sent(&world, |r| r.case_id = "C".into()).await), [""; 0]);
    let opened = sent(&world, |r| r.set_state(pb::DeliveryState::Opened)).await;
    assert_eq!(ids(&opened), ["r2"]);
    let later = sent(&world, |r| {
        r.since = Some(since);
        r.case_id = "A".into();
    })
    .await;
    assert_eq!(ids(&later), ["r2"]);
}

async fn letters_of_other_senders_are_in_nobody_elses_list(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    for (id, tenant) in
        [(OTHER_CLIENT, "musterstadt"), (FOREIGN_CLIENT, "neustadt"), (CLIENT, "neustadt")]
    {
        for case_id in [String::new(), "BA-2025-17".to_owned()] {
            let request = pb::ListSentLettersRequest { case_id, ..Default::default() };
            let listed = world.sender_as(client(id, tenant)).list_sent_letters(request).await;
            assert!(listed.unwrap().into_inner().letters.is_empty());
        }
    }
}

async fn list(
    world: &World,
    level: TrustLevel,
    bend: impl FnOnce(&mut pb::ListLettersRequest),
) -> Vec<String> {
    let mut request = pb::ListLettersRequest::default();
    bend(&mut request);
    let listed = world.reader(1, level).list_letters(request).await.unwrap().into_inner();
    listed.letters.into_iter().map(|l| l.letter_id).collect()
}

async fn letters_are_listed_by_case(db: Db) {
    let world = World::new(db).await;
    let a = world.deliver("r1", |r| letter(r).case_id = "A".into()).await.letter_id;
    world.deliver("r2", |r| letter(r).case_id = "B".into()).await;
    let c = world.deliver("r3", |r| letter(r).case_id = "A".into()).await.letter_id;
    let of = async |case: &str| list(&world, TrustLevel::High, |r| r.case_id = case.into()).await;
    assert_eq!(of("A").await, [c, a]);
    assert_eq!(of("a").await, [""; 0]);
}

async fn the_case_of_a_hidden_letter_is_found_at_its_level_only(db: Db) {
    let world = World::new(db).await;
    let hidden = world.deliver("r1", |r| letter(r).hide_preview = true).await.letter_id;
    let plain = world.deliver("r2", |_| {}).await.letter_id;
    let case = |r: &mut pb::ListLettersRequest| r.case_id = "BA-2025-17".into();
    assert_eq!(list(&world, TrustLevel::Basic, case).await, std::slice::from_ref(&plain));
    assert_eq!(list(&world, TrustLevel::Substantial, case).await, [plain, hidden]);
}

fn due(day: &str) -> impl FnOnce(&mut pb::SubmitRequest) {
    let reply = pb::ReplyAction { form_id: String::new(), due_on: day.into() };
    move |r| letter(r).actions = vec![pb::LetterAction { action: Some(Action::Reply(reply)) }]
}

async fn letters_are_listed_by_the_day_something_is_due(db: Db) {
    let world = World::new(db).await;
    let early = world.deliver("r1", due("2025-03-20")).await.letter_id;
    let late = world.deliver("r2", due("2025-12-01")).await.letter_id;
    world.deliver("r3", due("")).await;
    world.deliver("r4", |_| {}).await;
    let until =
        async |day: &str| list(&world, TrustLevel::High, |r| r.due_until = day.into()).await;
    assert_eq!(until("2025-03-19").await, [""; 0]);
    assert_eq!(until("2025-03-20").await, std::slice::from_ref(&early));
    assert_eq!(until("2026-01-01").await, [late, early.clone()]);
    assert_eq!(world.summary(&early).await.due_on, "2025-03-20");
    let bad = pb::ListLettersRequest { due_until: "soon".into(), ..Default::default() };
    let status = world.reader(1, TrustLevel::High).list_letters(bad).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
}

async fn archive_and_trash_are_listed_apart(db: Db) {
    let world = World::new(db).await;
    let mut left = Vec::new();
    for n in 0..3 {
        left.push(world.deliver(&format!("r{n}"), due("2025-03-20")).await.letter_id);
    }
    let mut reader = world.reader(1, TrustLevel::High);
    let (request_id, organisation_id) = ("f".to_owned(), String::new());
    let archive = pb::ArchiveRequest {
        request_id: request_id.clone(),
        letter_id: left[0].clone(),
        organisation_id: organisation_id.clone(),
        ..Default::default()
    };
    reader.archive(archive).await.unwrap();
    let trash = pb::TrashRequest {
        request_id,
        letter_id: left[1].clone(),
        organisation_id,
        ..Default::default()
    };
    reader.trash(trash).await.unwrap();
    let folders = [pb::Folder::Archive, pb::Folder::Trash, pb::Folder::Inbox];
    for (folder, id) in folders.into_iter().zip(left) {
        let found = list(&world, TrustLevel::High, |r| {
            r.set_folder(folder);
            r.due_until = "2025-04-01".into();
        })
        .await;
        assert_eq!(found, [id]);
    }
}
