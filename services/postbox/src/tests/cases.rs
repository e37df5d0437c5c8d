//! How far an application is.

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::common::v1::TrustLevel as WireLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::world::{DAY, FOREIGN_CLIENT, World, client, company};

on_each_backend! { &crate::MIGRATIONS =>
    the_recipient_reads_how_far_the_case_is_newest_first,
    every_status_of_a_case_arrives_as_it_was_sent,
    one_case_is_found_by_its_id_and_pages_go_on,
    below_the_level_neither_case_nor_note_nor_authority_is_shown,
    the_same_request_gives_the_same_answer_and_no_second_update,
    a_handle_of_another_sector_and_nobodys_are_the_same_refusal,
    news_without_a_case_or_a_status_are_refused,
    somebody_elses_news_are_not_shown,
    case_and_note_lie_sealed
}

async fn tell(
    world: &World,
    request_id: &str,
    bend: impl FnOnce(&mut pb::UpdateCaseStatusRequest),
) -> Result<pb::UpdateCaseStatusResponse, Status> {
    let mut request = pb::UpdateCaseStatusRequest {
        request_id: request_id.into(),
        handle: world.handle(1).await,
        case_id: "BA-2025-17".into(),
        status: pb::CaseStatus::Processing.into(),
        note: "Die Unterlagen werden gesichtet".into(),
        required_level: WireLevel::Substantial.into(),
    };
    bend(&mut request);
    Ok(world.sender().update_case_status(request).await?.into_inner())
}

async fn list(
    world: &World,
    (n, level): (u128, TrustLevel),
    bend: impl FnOnce(&mut pb::ListCaseUpdatesRequest),
) -> pb::ListCaseUpdatesResponse {
    let mut request = pb::ListCaseUpdatesRequest::default();
    bend(&mut request);
    world.reader(n, level).list_case_updates(request).await.unwrap().into_inner()
}

async fn the_recipient_reads_how_far_the_case_is_newest_first(db: Db) {
    let world = World::new(db).await;
    tell(&world, "u1", |r| r.status = pb::CaseStatus::Received.into()).await.unwrap();
    world.clock.advance(DAY);
    let told = tell(&world, "u2", |_| {}).await.unwrap();
    let updates = list(&world, (1, TrustLevel::High), |_| {}).await.updates;
    let seen: Vec<_> = updates.iter().map(pb::CaseUpdate::status).collect();
    assert_eq!(seen, [pb::CaseStatus::Processing, pb::CaseStatus::Received]);
    assert_eq!(updates[0].case_id, "BA-2025-17");
    assert_eq!(updates[0].note, "Die Unterlagen werden gesichtet");
    assert_eq!(updates[0].authority, "Bauamt Musterstadt");
    assert_eq!(updates[0].updated_at, told.updated_at);
    assert_eq!(world.count("evidence").await, 0, "news are no letters");
}

async fn every_status_of_a_case_arrives_as_it_was_sent(db: Db) {
    use pb::CaseStatus as S;
    let world = World::new(db).await;
    let all: Vec<S> = (1..=100).map_while(|number| S::try_from(number).ok()).collect();
    assert!(all.contains(&S::Initiated) && all.contains(&S::Completed), "{all:?}");
    for status in &all {
        let id = format!("u{}", i32::from(*status));
        tell(&world, &id, |r| r.status = (*status).into()).await.unwrap();
        world.clock.advance(DAY);
    }
    let updates = list(&world, (1, TrustLevel::High), |r| r.page_size = 50).await.updates;
    let seen: Vec<_> = updates.iter().rev().map(pb::CaseUpdate::status).collect();
    assert_eq!(seen, all);
}

async fn one_case_is_found_by_its_id_and_pages_go_on(db: Db) {
    let world = World::new(db).await;
    for n in 0..5 {
        let case_id = if n % 2 == 0 { "even" } else { "odd" };
        tell(&world, &format!("u{n}"), |r| {
            r.case_id = case_id.into();
            r.note = n.to_string();
        })
        .await
        .unwrap();
    }
    let who = (1, TrustLevel::High);
    let notes = |l: &pb::ListCaseUpdatesResponse| {
        l.updates.iter().map(|u| u.note.clone()).collect::<Vec<_>>()
    };
    let odd = list(&world, who, |r| r.case_id = "odd".into()).await;
    assert_eq!(notes(&odd), ["3", "1"]);
    let first = list(&world, who, |r| r.page_size = 3).await;
    assert_eq!(notes(&first), ["4", "3", "2"]);
    let rest = list(&world, who, |r| r.page_token = first.next_page_token).await;
    assert_eq!((notes(&rest), rest.next_page_token.as_str()), (vec!["1".into(), "0".into()], ""));
}

async fn below_the_level_neither_case_nor_note_nor_authority_is_shown(db: Db) {
    let world = World::new(db).await;
    tell(&world, "u1", |_| {}).await.unwrap();
    let low = (1, TrustLevel::Low);
    let updates = list(&world, low, |_| {}).await.updates;
    let hidden = (updates[0].case_id.as_str(), updates[0].note.as_str());
    assert_eq!((hidden, updates[0].authority.as_str()), (("", ""), ""));
    assert_eq!(updates[0].required_level(), WireLevel::Substantial);
    let asked = list(&world, low, |r| r.case_id = "BA-2025-17".into()).await;
    assert_eq!(asked.updates.len(), 0, "the case cannot be guessed at");
}

async fn the_same_request_gives_the_same_answer_and_no_second_update(db: Db) {
    let world = World::new(db).await;
    let first = tell(&world, "u1", |_| {}).await.unwrap();
    world.clock.advance(DAY);
    assert_eq!(tell(&world, "u1", |_| {}).await.unwrap(), first);
    assert_eq!(world.count("case_updates").await, 1);
    let status = tell(&world, "u1", |r| r.note.clear()).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
}

async fn a_handle_of_another_sector_and_nobodys_are_the_same_refusal(db: Db) {
    let world = World::new(db).await;
    let owner = pb::issue_handle_request::Owner::OrganisationId(company().to_string());
    let foreign = world.handle_for(owner, "neustadt").await;
    let closed = world.handle(2).await;
    world.close(2).await;
    let revoked = world.handle(3).await;
    world.revoke(3, &revoked).await.unwrap();
    let nobodys = "hdl_00000000000000000000000000000000".to_owned();
    for handle in [foreign, closed, revoked, nobodys, "nonsense".to_owned()] {
        let status = tell(&world, "u1", |r| r.handle = handle).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_deref()),
            (Code::NotFound, Some("RECIPIENT_UNKNOWN"))
        );
    }
    let request = pb::UpdateCaseStatusRequest {
        request_id: "u1".into(),
        handle: world.handle(1).await,
        case_id: "c".into(),
        status: pb::CaseStatus::Received.into(),
        ..pb::UpdateCaseStatusRequest::default()
    };
    for (name, tenant) in [("somebody", "musterstadt"), (FOREIGN_CLIENT, "musterstadt")] {
        let mut sender = world.sender_as(client(name, tenant));
        let status = sender.update_case_status(request.clone()).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("SENDER_UNKNOWN"));
    }
    assert_eq!(world.count("case_updates").await, 0);
}

async fn news_without_a_case_or_a_status_are_refused(db: Db) {
    let world = World::new(db).await;
    let status = tell(&world, "u1", |r| r.case_id.clear()).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    let status = tell(&world, "u1", |r| r.status = 0).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    assert_eq!(world.count("case_updates").await, 0);
}

async fn somebody_elses_news_are_not_shown(db: Db) {
    let world = World::new(db).await;
    tell(&world, "u1", |_| {}).await.unwrap();
    world.handle(2).await;
    for n in [2, 3] {
        assert_eq!(list(&world, (n, TrustLevel::High), |_| {}).await.updates.len(), 0);
    }
    let request = pb::ListCaseUpdatesRequest {
        organisation_id: company().to_string(),
        ..pb::ListCaseUpdatesRequest::default()
    };
    let mut stranger = world.reader(2, TrustLevel::High);
    let status = stranger.list_case_updates(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"));
}

async fn case_and_note_lie_sealed(db: Db) {
    let world = World::new(db).await;
    tell(&world, "u1", |_| {}).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let mailbox = crate::store::mailboxes::any(&mut tx).await.unwrap().unwrap().id;
    let rows = crate::store::cases::page(&mut tx, mailbox, None, (10, 10)).await.unwrap();
    for secret in ["BA-2025-17", "Unterlagen"] {
        let row = format!("{:?}", rows[0]);
        assert!(!row.contains(secret));
        let sealed = [rows[0].sealed.clone(), rows[0].case_tag.clone()].concat();
        assert!(!sealed.windows(secret.len()).any(|w| w == secret.as_bytes()));
    }
}
