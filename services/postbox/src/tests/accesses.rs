//! Who looked at what in a mailbox.

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::proof::{contains, download, recipients};
use super::world::{DAY, World, company, request};

on_each_backend! { &crate::MIGRATIONS =>
    accesses_say_who_looked_at_what_and_through_which_program,
    looking_again_on_the_same_day_is_one_access_and_on_the_next_another,
    a_refused_opening_is_among_the_accesses,
    colleagues_see_each_others_accesses_and_nobody_elses,
    who_it_was_stands_nowhere_in_the_clear,
    accesses_come_in_pages
}

async fn accesses(
    world: &World,
    n: u128,
    bend: impl FnOnce(&mut pb::ListAccessesRequest),
) -> Result<pb::ListAccessesResponse, Status> {
    let mut request = pb::ListAccessesRequest::default();
    bend(&mut request);
    Ok(world.reader(n, TrustLevel::High).list_accesses(request).await?.into_inner())
}

fn seen(listed: &pb::ListAccessesResponse) -> Vec<pb::AccessKind> {
    listed.accesses.iter().map(pb::Access::kind).collect()
}

async fn accesses_say_who_looked_at_what_and_through_which_program(db: Db) {
    use pb::AccessKind as K;
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.unread().await;
    world.summary(&done.letter_id).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    download(&world, &opened).await;
    recipients(&world, 1, &done.letter_id).await.unwrap();
    let listed = accesses(&world, 1, |_| {}).await.unwrap();
    let wanted = [K::ProofExported, K::Downloaded, K::Opened, K::Previewed, K::Listed];
    assert_eq!(seen(&listed), wanted);
    for access in &listed.accesses {
        assert!(access.own && access.person.starts_with("per_"), "{access:?}");
        assert_eq!((access.client_id.as_str(), access.path.as_str()), ("portal", ""));
        assert_eq!(
            (access.trust_level(), access.outcome.as_str()),
            (siegel_proto::common::v1::TrustLevel::High, "done")
        );
        let of_letter = access.kind() != K::Listed;
        assert_eq!(access.letter_id == done.letter_id, of_letter);
    }
    assert_eq!(listed.accesses[1].attachment_id, opened.attachments[0].attachment_id);
    let other = world.deliver("r2", |_| {}).await;
    let of_letter = accesses(&world, 1, |r| r.letter_id = other.letter_id).await.unwrap();
    assert!(of_letter.accesses.is_empty(), "none to the other letter");
    let of_letter = accesses(&world, 1, |r| r.letter_id = done.letter_id).await.unwrap();
    assert_eq!(of_letter.accesses.len(), 4);
}

async fn looking_again_on_the_same_day_is_one_access_and_on_the_next_another(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    for _ in 0..3 {
        world.unread().await;
    }
    assert_eq!(accesses(&world, 1, |_| {}).await.unwrap().accesses.len(), 1);
    world.clock.advance(DAY);
    world.unread().await;
    assert_eq!(accesses(&world, 1, |_| {}).await.unwrap().accesses.len(), 2);
}

async fn a_refused_opening_is_among_the_accesses(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let request = pb::OpenRequest {
        request_id: "o".into(),
        letter_id: done.letter_id.clone(),
        organisation_id: String::new(),
        ..Default::default()
    };
    world.reader(1, TrustLevel::Low).open(request).await.unwrap_err();
    let listed = accesses(&world, 1, |_| {}).await.unwrap();
    assert_eq!(listed.accesses[0].outcome, "TRUST_TOO_LOW");
    assert_eq!(listed.accesses[0].kind(), pb::AccessKind::Opened);
}

async fn colleagues_see_each_others_accesses_and_nobody_elses(db: Db) {
    let world = World::new(db).await;
    let owner = pb::issue_handle_request::Owner::OrganisationId(company().to_string());
    let handle = world.handle_for(owner, "musterstadt").await;
    let done = world.sender().submit(request("r1", &handle)).await.unwrap().into_inner();
    world.deliver("r2", |_| {}).await;
    let open = |n| {
        let request = pb::OpenRequest {
            request_id: "o".into(),
            letter_id: done.letter_id.clone(),
            organisation_id: company().to_string(),
            ..Default::default()
        };
        let mut reader = world.reader(n, TrustLevel::High);
        async move { reader.open(request).await }
    };
    open(1).await.unwrap();
    open(3).await.unwrap();
    let listed = accesses(&world, 1, |r| r.organisation_id = company().to_string()).await.unwrap();
    let [theirs, mine] = &listed.accesses[..] else { panic!("{listed:?}") };
    assert_eq!((theirs.own, mine.own), (false, true));
    assert_ne!(theirs.person, mine.person);
    assert_eq!(theirs.path, "member:owner");
    // Neither their own mailbox nor a stranger sees them.
    assert!(accesses(&world, 1, |_| {}).await.unwrap().accesses.is_empty());
    let status = accesses(&world, 2, |r| r.organisation_id = company().to_string()).await;
    assert_eq!(reason(&status.unwrap_err()).unwrap(), "ORGANISATION_UNKNOWN");
}

async fn who_it_was_stands_nowhere_in_the_clear(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let row = crate::store::mailboxes::any(&mut tx).await.unwrap().unwrap();
    let page = crate::store::accesses::page(&mut tx, row.id, None, (i64::MAX, 10)).await.unwrap();
    let account = super::world::account(1);
    assert_eq!(page.len(), 1);
    for words in [account.to_string(), account.as_uuid().simple().to_string(), "portal".into()] {
        assert!(!contains(&page[0].sealed, words.as_bytes()), "{words}");
    }
}

async fn accesses_come_in_pages(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    for _ in 0..5 {
        world.open(&done.letter_id).await.unwrap();
    }
    let first = accesses(&world, 1, |r| r.page_size = 3).await.unwrap();
    assert_eq!(first.accesses.len(), 3);
    let rest = accesses(&world, 1, |r| r.page_token = first.next_page_token).await.unwrap();
    assert_eq!((rest.accesses.len(), rest.next_page_token.as_str()), (2, ""));
    let status = accesses(&world, 1, |r| r.page_token = "made up".into()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}
